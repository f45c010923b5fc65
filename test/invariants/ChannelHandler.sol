// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ChannelEscrow} from "../../contracts/channels/ChannelEscrow.sol";
import {ReceiptResults} from "../../contracts/channels/ReceiptResults.sol";
import {IChannelEscrow} from "../../contracts/interfaces/IChannelEscrow.sol";
import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Channel, ChannelStatus, Receipt, Voucher} from "../../contracts/types/Channel.sol";
import {Job, JobId} from "../../contracts/types/Job.sol";
import {sign, signCompactly} from "../support/Signing.sol";
import {vm} from "../support/Vm.sol";
import {Handler} from "./Handler.sol";

/// @dev Longer than 400 lines: one contract, because the runner calls each of its functions as an action on one state.
/// @notice The actors of `Handler` with channels between them, beside their jobs: keys that sign vouchers and receipts, right ones, old ones and
/// those of strangers. What must be refused is tried, too, and fails the run if it is not.
contract ChannelHandler is Handler {
    // solhint-disable-next-line gas-struct-packing
    struct Life {
        Channel terms;
        bytes32 id;
        ChannelStatus status;
        uint40 closesAt;
        uint16 live;
        uint256 deposit;
        uint256 paid;
        uint256 returned;
        uint256 promised;
        uint64 nonce;
        uint256 key;
        uint256 previousKey;
        uint256 previousUntil;
    }

    /// @dev A challenge of a receipt that is undecided.
    struct Doubt {
        uint256 channel;
        JobId result;
    }

    uint256 private constant FIRST_KEY = 0xa11ce;
    uint256 private constant STRANGERS_KEY = 0xbad;
    uint256 private constant MOST_CHANNELS = 16;
    /// @dev Of `_request`: ten prompt tokens, at most twenty generated ones.
    uint32 private constant PROMPT = 10;
    uint32 private constant MAX_TOKENS = 20;

    ChannelEscrow private _channels;
    ReceiptResults private _receipts;
    uint256 private _keys = FIRST_KEY;
    uint64 private _channelSalt;
    Life[] private _lives;
    Doubt[] private _doubts;
    mapping(address owner => uint256 key) private _receiptKey;

    constructor() {
        (_channels, _receipts) = (system.channels(), system.receipts());
        _receipts.setDisputeGame(GAME);
        for (uint256 i = 0; i < 3; ++i) {
            vm.prank(owners[i]);
            _vault.approveStakeModules(7);
            _nextReceiptKey(owners[i]);
            openChannel(i, i, i != 1, i == 1 ? 5_000e6 : 1_000e18, 1 days);
        }
    }

    // --------------------------------------------------------------------------------------------- deposits

    function openChannel(uint256 who, uint256 which, bool inAth, uint256 amount, uint256 time) public {
        address client = actor(who);
        address owner = owners[which % 3];
        address token = _token(inAth);
        IChannelEscrow.Parameters memory current = _channels.parameters();
        IChannelEscrow.TokenTerms memory price = _channels.tokenTermsOf(token);
        IVault.Stake memory position = _vault.stakeOf(owner);
        amount = bound(amount, 0, model.available(token, client));
        if (_lives.length == MOST_CHANNELS || amount <= price.exitBounty) return;
        if (position.staked - position.locked < current.stakePerChannel) return;
        Life memory life;
        (life.key, life.status, life.deposit) = (++_keys, ChannelStatus.Open, amount);
        life.terms = Channel({
            client: client,
            salt: ++_channelSalt,
            notice: current.notice,
            provider: owner,
            receiptLife: current.receiptLife,
            feeBasisPoints: price.feeBasisPoints,
            token: token,
            exitBounty: price.exitBounty,
            voucherKey: vm.addr(life.key),
            expiresAt: uint40(block.timestamp + current.notice + bound(time, 0, 2 days)),
            stakeLock: current.stakePerChannel,
            workPerSecond: current.workPerSecond
        });
        (life.id, life.closesAt) = (_channels.channelIdOf(life.terms), life.terms.expiresAt);
        bytes32 digest = _channels.acceptanceDigest(life.id, 0, type(uint40).max);
        (bytes32 r, bytes32 vs) = signCompactly(_receiptKey[owner], digest);
        bytes memory data = abi.encode(
            IChannelEscrow.Opening(life.terms, IChannelEscrow.Acceptance(0, type(uint40).max, r, vs))
        );
        bool may =
            _providers.providerOf(owner).registered &&
                !_convictions[owner].jailed &&
                _opensWork(address(_channels), owner);
        vm.prank(client);
        try _vault.entrustBalance(address(_channels), token, amount, data) {
            _count(may, "CHANNEL-5: a channel with whom nothing can be proven against");
        } catch {
            return _countRefusal(may, "CHANNEL-5: a channel refused");
        }
        model.entrust(token, client, address(_channels), amount);
        _lives.push(life);
    }

    function topUp(uint256 who, uint256 which, uint256 amount) public {
        if (_lives.length == 0) return;
        Life storage life = _lives[_pick(which, _isOpen)];
        address token = life.terms.token;
        amount = bound(amount, 0, model.available(token, actor(who)));
        if (amount == 0) return;
        bool may = life.status == ChannelStatus.Open && block.timestamp <= life.closesAt;
        bytes memory data = abi.encode(life.terms);
        vm.prank(actor(who));
        try _vault.entrustBalance(address(_channels), token, amount, data) {
            _count(may, "CHANNEL-4: topped up against the rules");
        } catch {
            return _countRefusal(may, "CHANNEL-4: a top-up refused");
        }
        model.entrust(token, actor(who), address(_channels), amount);
        life.deposit += amount;
    }

    // --------------------------------------------------------------------------------------------- payments

    /// @notice A voucher, new or old, signed by the right key, the previous one or a stranger's, settles exactly if it must.
    function settleVoucher(uint256 which, uint256 amount, uint256 dice) public {
        if (_lives.length == 0) return;
        Life storage life = _lives[_pick(which, _isOpen)];
        IChannelEscrow.Claim memory claim = _claim(life, amount, dice, 0);
        bool may = _settles(life, claim.voucher.amount, dice) && !_convictions[life.terms.provider].jailed;
        vm.prank(STRANGER);
        try _channels.settle(claim.channel, claim.voucher, claim.signature) {
            _count(may, "CHANNEL-2: settled against the rules");
            _pay(life, claim.voucher.amount);
        } catch {
            _countRefusal(may, "CHANNEL-2: refused against the rules");
        }
    }

    /// @notice The same with the receipt that answers the voucher.
    function settleReceipt(uint256 which, uint256 amount, uint256 price, uint256 dice) public {
        if (_lives.length == 0) return;
        Life storage life = _lives[_pick(which, _isOpen)];
        uint96 limit = uint96(bound(price, 1, life.deposit / 8 + 1));
        IChannelEscrow.Claim memory claim = _claim(life, amount, dice, limit);
        Receipt memory receipt = _receipt(life, uint96(bound(price >> 96, 0, uint256(limit) + limit / 8)));
        bytes memory signature = sign(_receiptKey[life.terms.provider], _channels.receiptDigest(receipt));
        uint256 total = uint256(claim.voucher.amount) + receipt.price;
        bool may =
            _settles(life, total, dice) &&
                receipt.price <= limit &&
                !_convictions[life.terms.provider].jailed;
        vm.prank(STRANGER);
        try _channels.settleWithReceipt(claim.channel, claim.voucher, claim.signature, receipt, signature) {
            _count(may, "CHANNEL-2: settled with a receipt against the rules");
            _pay(life, total);
        } catch {
            _countRefusal(may, "CHANNEL-2: a receipt refused against the rules");
        }
    }

    /// @notice Three vouchers, the first channel twice: exactly those settle that would by themselves, one after the other.
    function settleThree(uint256 first, uint256 second, uint256 amount, uint256 dice) public {
        if (_lives.length == 0) return;
        uint256[3] memory indices = [_pick(first, _isOpen), _pick(second, _isOpen), _pick(first, _isOpen)];
        IChannelEscrow.Claim[] memory claims = new IChannelEscrow.Claim[](3);
        uint256 expected = 0;
        for (uint256 i = 0; i < 3; ++i) {
            Life storage life = _lives[indices[i]];
            claims[i] = _claim(life, amount >> (i * 64), dice >> (i * 8), 0);
        }
        for (uint256 i = 0; i < 3; ++i) {
            Life storage life = _lives[indices[i]];
            uint256 total = claims[i].voucher.amount;
            if (!_settles(life, total, dice >> (i * 8)) || _convictions[life.terms.provider].jailed) continue;
            ++expected;
            _pay(life, total);
        }
        vm.prank(STRANGER);
        assertEqual(_channels.settleBatch(claims), expected, "CHANNEL-2: batch");
        done[msg.sig] += expected;
        refused[msg.sig] += 3 - expected;
    }

    // --------------------------------------------------------------------------------------------- keys

    function rotateVoucherKey(uint256 which) public {
        if (_lives.length == 0) return;
        Life storage life = _lives[_pick(which, _isOpen)];
        bool may = life.status == ChannelStatus.Open && block.timestamp > life.previousUntil;
        uint256 key = ++_keys;
        address named = vm.addr(key);
        Channel memory terms = life.terms;
        vm.prank(terms.client);
        try _channels.rotateVoucherKey(terms, named) {
            _count(may, "CHANNEL-4: a second rotation in a notice");
        } catch {
            return _countRefusal(may, "CHANNEL-4: a rotation refused");
        }
        (life.previousKey, life.key) = (life.key, key);
        life.previousUntil = block.timestamp + terms.notice;
    }

    function changeReceiptKey(uint256 which) public {
        address owner = owners[which % 3];
        address key = vm.addr(_receiptKey[owner]);
        vm.prank(owner);
        _channels.removeReceiptKey(key);
        _nextReceiptKey(owner);
        ++done[msg.sig];
    }

    // --------------------------------------------------------------------------------------------- ends

    function startClosing(uint256 which, uint256 who) public {
        if (_lives.length == 0) return;
        Life storage life = _lives[_pick(which, _isOpen)];
        uint40 closesAt = uint40(block.timestamp) + life.terms.notice;
        Channel memory terms = life.terms;
        address caller = who % 4 == 0 ? actor(who / 4) : terms.client;
        bool may = life.status == ChannelStatus.Open && closesAt < life.closesAt && caller == terms.client;
        vm.prank(caller);
        try _channels.startClosing(terms) {
            _count(may, "CHANNEL-4: closing against the rules");
        } catch {
            return _countRefusal(may, "CHANNEL-4: closing refused");
        }
        life.closesAt = closesAt;
    }

    function closeChannel(uint256 which, uint256 who) public {
        if (_lives.length == 0) return;
        Life storage life = _lives[_pick(which, _isOpen)];
        Channel memory terms = life.terms;
        address caller = who % 4 == 0 ? actor(who / 4) : terms.provider;
        bool may = life.status == ChannelStatus.Open && caller == terms.provider;
        vm.prank(caller);
        try _channels.close(terms) {
            _count(may, "CHANNEL-4: closed against the rules");
            _close(life);
        } catch {
            _countRefusal(may, "CHANNEL-4: a close refused");
        }
    }

    function finishChannel(uint256 which) public {
        if (_lives.length == 0) return;
        Life storage life = _lives[_pick(which, _isOver)];
        Channel memory terms = life.terms;
        bool may =
            life.status == ChannelStatus.Open &&
                (block.timestamp > life.closesAt || _convictions[terms.provider].jailed);
        vm.prank(STRANGER);
        try _channels.finish(terms) {
            _count(may, "CHANNEL-4: finished against the rules");
            _close(life);
        } catch {
            _countRefusal(may, "CHANNEL-4: an end refused");
        }
    }

    function releaseChannel(uint256 which, uint256 forWhom) public {
        if (_lives.length == 0) return;
        _release(_lives[_pick(which, _isReleasable)], actor(forWhom));
    }

    // --------------------------------------------------------------------------------------------- disputes

    /// @notice A receipt, complete or not, becomes the result that its terms make it, and holds the stake while it is doubted.
    function challengeReceipt(uint256 which, uint256 count) public {
        if (_lives.length == 0) return;
        uint256 index = _pick(which, _isHeld);
        Life storage life = _lives[index];
        if (life.status == ChannelStatus.Released || _convictions[life.terms.provider].jailed) return;
        ++life.nonce;
        Receipt memory receipt = _receipt(life, 1);
        receipt.outputCount = uint32(bound(count, 1, MAX_TOKENS));
        receipt.complete = count % 2 == 0;
        bytes32 digest = _channels.receiptDigest(receipt);
        bytes memory signature = sign(_receiptKey[life.terms.provider], digest);
        JobId id = _receipts.present(life.terms, receipt, signature, _request(MAX_TOKENS));
        Job memory job = _resultOf(life.terms, receipt, digest);
        assertTrue(_receipts.jobIdOf(job) == id, "CHANNEL-6: the id is that of the expected terms");
        vm.prank(GAME);
        _receipts.challengeOpened(job, IJobEscrow.Output(receipt.outputCount, receipt.outputTokensRoot));
        ++life.live;
        _doubts.push(Doubt(index, id));
        ++done[msg.sig];
    }

    function endDoubt(uint256 which) public {
        if (_doubts.length == 0) return;
        which %= _doubts.length;
        Doubt memory doubt = _doubts[which];
        _doubts[which] = _doubts[_doubts.length - 1];
        _doubts.pop();
        vm.prank(GAME);
        _receipts.challengeClosed(doubt.result);
        --_lives[doubt.channel].live;
        ++done[msg.sig];
    }

    // --------------------------------------------------------------------------------------------- world

    function governChannels(uint256 what, uint256 value) public {
        address token = _token(value % 2 == 0);
        if (what % 3 == 0) {
            _channels.setParameters(
                IChannelEscrow.Parameters({
                    stakePerChannel: uint96(bound(value, 1e18, 100e18)),
                    notice: uint32(bound(value >> 8, 1 hours, 6 hours)),
                    receiptLife: uint32(bound(value >> 16, 1 hours, 6 hours)),
                    workPerSecond: 1e9
                })
            );
        } else if (what % 3 == 1) {
            _channels.setTokenTerms(
                token,
                IChannelEscrow.TokenTerms(
                    true,
                    uint16(bound(value, 0, 2_000)),
                    uint96(bound(value >> 16, 0, 1e6))
                )
            );
        } else {
            uint256 fees = model.available(token, address(_channels));
            if (fees == 0) return;
            _channels.collectFees(token);
            model.collect(token, address(_channels), fees, value % 2 == 0);
        }
        ++done[msg.sig];
    }

    /// @notice Ends every channel, for the test alone. Before `drain`, and not within: the compiler reads the time once in a call.
    function drainChannels() external {
        if (!_isTest()) return;
        while (_doubts.length != 0) endDoubt(0);
        for (uint256 i = 0; i < _lives.length; ++i) {
            Life storage life = _lives[i];
            if (life.status == ChannelStatus.Released) continue;
            uint256 end = uint256(life.closesAt) + life.terms.receiptLife + 1;
            if (vm.getBlockTimestamp() < end) vm.warp(end);
            _release(life, STRANGER);
            assertTrue(life.status == ChannelStatus.Released, "EXIT-1: every channel has ended");
        }
        for (uint256 i = 0; i < 2; ++i) governChannels(2, i);
    }

    // --------------------------------------------------------------------------------------------- views

    function channelCount() external view returns (uint256) {
        return _lives.length;
    }

    function channelAt(uint256 index) external view returns (Life memory) {
        return _lives[index];
    }

    // --------------------------------------------------------------------------------------------- internal

    /// @dev The next channel from `which` on of which that holds, if there is one; sometimes any.
    function _pick(
        uint256 which,
        function(Life storage) view returns (bool) holds
    ) private view returns (uint256 index) {
        uint256 count = which % 4 == 0 ? 0 : _lives.length;
        which = (which >> 2) % _lives.length;
        for (uint256 i = 0; i < count; ++i) {
            index = (which + i) % count;
            if (holds(_lives[index])) return index;
        }
        return which;
    }

    function _isOpen(Life storage life) private view returns (bool) {
        return life.status == ChannelStatus.Open && block.timestamp <= life.closesAt;
    }

    function _isOver(Life storage life) private view returns (bool) {
        return
            life.status == ChannelStatus.Open &&
            (block.timestamp > life.closesAt || _convictions[life.terms.provider].jailed);
    }

    function _isHeld(Life storage life) private view returns (bool) {
        return life.status != ChannelStatus.Released && !_convictions[life.terms.provider].jailed;
    }

    function _isReleasable(Life storage life) private view returns (bool) {
        if (life.status == ChannelStatus.Released) return false;
        if (_convictions[life.terms.provider].jailed) return true;
        return block.timestamp > uint256(life.closesAt) + life.terms.receiptLife && life.live == 0;
    }

    /// @dev A voucher over a little more than was paid, or over anything up to a tenth more than the deposit; who signs it, the dice say.
    function _claim(
        Life storage life,
        uint256 amount,
        uint256 dice,
        uint96 limit
    ) private returns (IChannelEscrow.Claim memory claim) {
        bytes32 asked = limit == 0 ? bytes32(0) : keccak256(abi.encode(_modelRoot, _inputRootOf(MAX_TOKENS)));
        claim.channel = life.terms;
        claim.voucher = Voucher({
            nonce: ++life.nonce,
            requestHash: asked,
            amount: uint96(
                amount % 2 == 0
                    ? bound(amount, life.paid, life.paid + (life.deposit - life.paid) / 4)
                    : bound(amount, 0, life.deposit + life.deposit / 10)
            ),
            limit: limit,
            receiptCount: 0,
            receiptsRoot: keccak256(hex"02")
        });
        uint256 key = life.key;
        if (dice % 8 == 0) key = STRANGERS_KEY;
        else if (dice % 8 == 1 && life.previousKey != 0) key = life.previousKey;
        uint256 promised = uint256(claim.voucher.amount) + limit;
        if (key != STRANGERS_KEY && promised > life.promised) life.promised = promised;
        claim.signature = sign(key, _channels.voucherDigest(life.id, claim.voucher));
    }

    /// @dev Whether a voucher over `total` settles, by the specification: in time, more than was paid, covered, and signed by a key that counts.
    function _settles(Life storage life, uint256 total, uint256 dice) private view returns (bool) {
        if (dice % 8 == 0) return false;
        if (dice % 8 == 1 && life.previousKey != 0 && block.timestamp > life.previousUntil) return false;
        return
            life.status == ChannelStatus.Open &&
            block.timestamp <= life.closesAt &&
            total > life.paid &&
            total <= life.deposit - life.terms.exitBounty;
    }

    function _count(bool may, string memory what) private {
        assertTrue(may, what);
        ++done[msg.sig];
    }

    function _countRefusal(bool may, string memory what) private {
        assertTrue(!may, what);
        ++refused[msg.sig];
    }

    function _pay(Life storage life, uint256 total) private {
        Channel memory terms = life.terms;
        model.settle(
            terms.token,
            address(_channels),
            terms.provider,
            total - life.paid,
            terms.feeBasisPoints
        );
        life.paid = total;
    }

    function _close(Life storage life) private {
        uint256 rest = life.deposit - life.paid - life.terms.exitBounty;
        model.giveBack(life.terms.token, address(_channels), life.terms.client, rest);
        life.returned += rest;
        life.status = ChannelStatus.Closed;
        if (vm.getBlockTimestamp() < life.closesAt) life.closesAt = uint40(vm.getBlockTimestamp());
    }

    function _release(Life storage life, address recipient) private {
        uint256 until = uint256(life.closesAt) + life.terms.receiptLife;
        bool jailed = _convictions[life.terms.provider].jailed;
        bool over = vm.getBlockTimestamp() > until && life.live == 0;
        bool may = life.status != ChannelStatus.Released && (jailed || over);
        Channel memory terms = life.terms;
        vm.prank(STRANGER);
        try _channels.release(terms, recipient) {
            _count(may, "CHANNEL-4: released against the rules");
        } catch {
            return _countRefusal(may, "CHANNEL-4: a release refused");
        }
        if (life.status == ChannelStatus.Open) _close(life);
        if (jailed && vm.getBlockTimestamp() <= until + 10 minutes) recipient = terms.client;
        model.giveBack(terms.token, address(_channels), recipient, terms.exitBounty);
        life.returned += terms.exitBounty;
        life.status = ChannelStatus.Released;
    }

    function _nextReceiptKey(address owner) private {
        _receiptKey[owner] = ++_keys;
        address key = vm.addr(_keys);
        vm.prank(owner);
        _channels.addReceiptKey(key);
    }

    /// @dev The receipt that answers the latest voucher of a channel.
    function _receipt(Life storage life, uint96 price) private view returns (Receipt memory) {
        return
            Receipt({
                channel: life.id,
                nonce: life.nonce,
                modelRoot: _modelRoot,
                inputRoot: _inputRootOf(MAX_TOKENS),
                outputTokensRoot: keccak256("tokens"),
                outputCount: 7,
                complete: true,
                price: price,
                expiry: uint40(block.timestamp + life.terms.receiptLife)
            });
    }

    function _resultOf(
        Channel memory terms,
        Receipt memory receipt,
        bytes32 digest
    ) private view returns (Job memory job) {
        job.client = terms.client;
        job.salt = uint64(uint256(digest));
        job.exitBounty = uint96(uint256(digest) >> 64);
        job.stakeLock = uint96(uint256(digest) >> 160);
        job.submitDeadline = receipt.expiry;
        job.provider = terms.provider;
        // At most 30 positions of a million multiply-adds at 10^9 a second: one second, rounded up.
        job.challengeWindow = 10 minutes + 1;
        job.feeBasisPoints = terms.feeBasisPoints;
        job.token = terms.token;
        job.minimumCharge = receipt.price;
        (job.promptTokens, job.maxTokens) = (PROMPT, receipt.outputCount);
        job.vocabularySize = system.VOCABULARY();
        job.modelRoot = _modelRoot;
        job.inputRoot = _inputRootOf(receipt.complete ? MAX_TOKENS : receipt.outputCount);
    }

    function _inputRootOf(uint32 maxTokens) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(4), _request(maxTokens)));
    }

    function _request(uint32 maxTokens) private pure returns (bytes memory) {
        return
            abi.encodePacked(
                PROMPT,
                uint32(0),
                uint64(1),
                uint256(maxTokens),
                keccak256(hex"07"),
                keccak256("prompt")
            );
    }
}
