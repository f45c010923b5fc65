// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IChannelEscrow} from "../../../contracts/interfaces/IChannelEscrow.sol";
import {IDelegationPool} from "../../../contracts/interfaces/IDelegationPool.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {Channel, ChannelStatus, Voucher} from "../../../contracts/types/Channel.sol";
import {sign, signCompactly} from "../../support/Signing.sol";
import {vm} from "../../support/Vm.sol";
import {World} from "./World.sol";

/// @notice Channels between the clients and both providers. `ChannelHandler` plays every detail of vouchers; here they pay, and bind stake.
abstract contract Sessions is World {
    struct Session {
        Channel terms;
        bytes32 id;
        ChannelStatus status;
        uint256 closesAt;
        uint256 deposit;
        uint256 paid;
        uint64 nonce;
    }

    uint256 private constant MOST_SESSIONS = 12;
    uint256 private constant VOUCHER_KEY = 0x70c4e4;
    uint256 private constant GRACE = 10 minutes;

    uint64 private _salt;
    Session[] private _sessions;

    function openChannel(uint256 who, uint256 which, bool inAth, uint256 amount, uint256 time) external {
        address owner = provider(which);
        address client = clients[who % 2];
        IChannelEscrow.Parameters memory current = _channels.parameters();
        IChannelEscrow.TokenTerms memory price = _channels.tokenTermsOf(_token(inAth));
        amount = _part(amount, _vault.accountOf(_token(inAth), client).available);
        if (_sessions.length == MOST_SESSIONS || !price.accepted || amount <= price.exitBounty) return;
        if (!_takesWork(owner, address(_channels)) || _free(owner) < current.stakePerChannel) return;
        Session memory session;
        (session.status, session.deposit) = (ChannelStatus.Open, amount);
        session.terms = Channel({
            client: client,
            salt: ++_salt,
            notice: current.notice,
            provider: owner,
            receiptLife: current.receiptLife,
            feeBasisPoints: price.feeBasisPoints,
            token: _token(inAth),
            exitBounty: price.exitBounty,
            voucherKey: vm.addr(VOUCHER_KEY),
            expiresAt: uint40(block.timestamp + current.notice + bound(time, 0, 20 days)),
            stakeLock: current.stakePerChannel,
            workPerSecond: current.workPerSecond
        });
        (session.id, session.closesAt) = (_channels.channelIdOf(session.terms), session.terms.expiresAt);
        _entrust(client, session, which);
        _move(session.terms.token, client, address(_channels), amount);
        _sessions.push(session);
        _count(msg.sig);
    }

    function settleChannel(uint256 which, uint256 amount) external {
        (bool found, uint256 index) = _find(which, _isSettling);
        if (!found) return;
        Session storage session = _sessions[index];
        uint256 most = session.deposit - session.terms.exitBounty;
        if (session.paid == most) return;
        amount = bound(amount, session.paid + 1, most);
        Channel memory terms = session.terms;
        Voucher memory voucher = Voucher(++session.nonce, 0, uint96(amount), 0, 0, keccak256(hex"02"));
        bytes memory signature = sign(VOUCHER_KEY, _channels.voucherDigest(session.id, voucher));
        _do(STRANGER, address(_channels), abi.encodeCall(IChannelEscrow.settle, (terms, voucher, signature)));
        uint256 due = amount - session.paid;
        uint256 fee = _ceilDiv(due * terms.feeBasisPoints, BASIS_POINTS);
        // The fee stays where the deposit lies.
        _move(terms.token, address(_channels), terms.provider, due - fee);
        session.paid = amount;
        _count(msg.sig);
    }

    /// @notice By the provider; of a pool that has retired by anyone.
    function closeChannel(uint256 which) external {
        (bool found, uint256 index) = _find(which, _isClosable);
        if (!found) return;
        Session storage session = _sessions[index];
        address owner = session.terms.provider;
        if (_canAct(owner))
            _act(owner, address(_channels), abi.encodeCall(IChannelEscrow.close, (session.terms)));
        else _do(STRANGER, owner, abi.encodeCall(IDelegationPool.closeChannel, (session.terms)));
        _close(session);
        _count(msg.sig);
    }

    function finishChannel(uint256 which) external {
        (bool found, uint256 index) = _find(which, _isOver);
        if (found) _finish(_sessions[index]);
    }

    function releaseChannel(uint256 which, uint256 forWhom) external {
        (bool found, uint256 index) = _find(which, _isReleasable);
        if (found) _release(_sessions[index], person(forWhom));
    }

    // ----------------------------------------------------------------------------------------------- views

    /// @notice Number of a provider's unreleased channels, and ATH units of its stake that back them.
    function channelsOf(address owner) public view returns (uint256 count, uint256 locked) {
        for (uint256 i = 0; i < _sessions.length; ++i) {
            Session storage session = _sessions[i];
            if (session.status == ChannelStatus.Released || session.terms.provider != owner) continue;
            ++count;
            locked += session.terms.stakeLock;
        }
    }

    /// @notice What the channels of a token still have to pay or to give back, by what was paid and returned.
    function depositsIn(address token) public view returns (uint256 amount) {
        for (uint256 i = 0; i < _sessions.length; ++i) {
            Session storage session = _sessions[i];
            if (session.terms.token != token || session.status == ChannelStatus.Released) continue;
            amount +=
                session.status == ChannelStatus.Open
                    ? session.deposit - session.paid
                    : session.terms.exitBounty;
        }
    }

    // -------------------------------------------------------------------------------------------- internal

    /// @dev Ends what can be ended without client and provider.
    function _endChannels() internal {
        for (uint256 i = 0; i < _sessions.length; ++i) {
            Session storage session = _sessions[i];
            if (_isOver(session)) _finish(session);
            if (session.terms.provider != PLAIN && !_canAct(session.terms.provider) && _isClosable(session)) {
                _do(STRANGER, address(pool), abi.encodeCall(IDelegationPool.closeChannel, (session.terms)));
                _close(session);
            }
            if (_isReleasable(session)) _release(session, STRANGER);
        }
    }

    function _entrust(address client, Session memory session, uint256 which) private {
        bytes32 digest = _channels.acceptanceDigest(session.id, 0, type(uint40).max);
        (bytes32 r, bytes32 vs) = signCompactly(_receiptKey(which), digest);
        bytes memory data = abi.encode(
            IChannelEscrow.Opening(session.terms, IChannelEscrow.Acceptance(0, type(uint40).max, r, vs))
        );
        _do(
            client,
            address(_vault),
            abi.encodeCall(
                IVault.entrustBalance,
                (address(_channels), session.terms.token, session.deposit, data)
            )
        );
    }

    function _finish(Session storage session) private {
        _do(STRANGER, address(_channels), abi.encodeCall(IChannelEscrow.finish, (session.terms)));
        _close(session);
        _count(this.finishChannel.selector);
    }

    function _close(Session storage session) private {
        Channel memory terms = session.terms;
        uint256 rest = session.deposit - session.paid - terms.exitBounty;
        _move(terms.token, address(_channels), terms.client, rest);
        session.status = ChannelStatus.Closed;
        if (_now() < session.closesAt) session.closesAt = _now();
    }

    function _release(Session storage session, address recipient) private {
        Channel memory terms = session.terms;
        _do(STRANGER, address(_channels), abi.encodeCall(IChannelEscrow.release, (terms, recipient)));
        uint256 until = session.closesAt + terms.receiptLife;
        if (session.status == ChannelStatus.Open) _close(session);
        if (_vault.isJailed(terms.provider) && _now() <= until + GRACE) recipient = terms.client;
        _move(terms.token, address(_channels), recipient, terms.exitBounty);
        session.status = ChannelStatus.Released;
        _count(this.releaseChannel.selector);
    }

    function _isSettling(Session storage session) private view returns (bool) {
        return
            session.status == ChannelStatus.Open &&
            _now() <= session.closesAt &&
            !_vault.isJailed(session.terms.provider);
    }

    function _isClosable(Session storage session) private view returns (bool) {
        if (session.status != ChannelStatus.Open) return false;
        if (_canAct(session.terms.provider)) return true;
        uint256 retiredAt = pool.book().retiredAt;
        return retiredAt != 0 && _now() >= retiredAt + 7 days;
    }

    function _isOver(Session storage session) private view returns (bool) {
        return
            session.status == ChannelStatus.Open &&
            (_now() > session.closesAt || _vault.isJailed(session.terms.provider));
    }

    function _isReleasable(Session storage session) private view returns (bool) {
        if (session.status == ChannelStatus.Released) return false;
        if (_vault.isJailed(session.terms.provider)) return true;
        return _now() > session.closesAt + session.terms.receiptLife;
    }

    function _find(
        uint256 which,
        function(Session storage) view returns (bool) holds
    ) private view returns (bool found, uint256 index) {
        for (uint256 i = 0; i < _sessions.length; ++i) {
            index = ((which % _sessions.length) + i) % _sessions.length;
            if (holds(_sessions[index])) return (true, index);
        }
    }
}
