// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {DisputeGame} from "../../contracts/dispute/DisputeGame.sol";
import {ResultSources} from "../../contracts/dispute/ResultSources.sol";
import {IDisputeGame} from "../../contracts/interfaces/IDisputeGame.sol";
import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {IProviderRegistry} from "../../contracts/interfaces/IProviderRegistry.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Claim, ElementAddress, Part} from "../../contracts/types/Claim.sol";
import {Job, JobId} from "../../contracts/types/Job.sol";
import {JobStatus} from "../../contracts/types/JobState.sol";
import {Assert} from "../support/Assert.sol";
import {CountingTrace, Lie} from "../support/CountingTrace.sol";
import {deploy} from "../support/Deploy.sol";
import {gpus} from "../support/Hardware.sol";
import {System} from "../support/System.sol";
import {Vm, vm} from "../support/Vm.sol";

/// @dev Longer than 400 lines: one contract, because the runner calls each of its functions as an action on one state.
/// @notice Everybody around the real dispute game, in any order: a provider whose results are right and who answers in time, one whose results
/// are wrong and who does as it likes; a challenger that challenges what is wrong and moves in time, three that do as they like; strangers.
/// The honest move before any time passes. Each action does what the rules allow or nothing: a revert is a finding.
contract Disputants is Assert {
    struct Result {
        Job job;
        JobId id;
        IJobEscrow.Output output;
        bytes tokens;
        Lie lie;
        bool wrong;
        bool challenged;
    }

    struct Dispute {
        bytes32 id;
        bytes32 salt;
        uint256 result;
        address challenger;
    }

    uint256 private constant MOST_RESULTS = 8;
    uint256 private constant MOST_DISPUTES = 16;
    uint32 private constant CLOCK = 6 hours;
    uint32 private constant GRACE = 1 hours;
    uint32 private constant OPEN_PERIOD = 1 hours;

    address public constant CLIENT = address(0xc11e00);
    address public constant HONEST_PROVIDER = address(0x90e00);
    address public constant LIAR = address(0x90e01);
    address public constant HONEST_CHALLENGER = address(0xcaa00);
    address public constant STRANGER = address(0x5712a96e7);

    System public system;
    DisputeGame public game;
    // Nothing is immutable: the runner finds a contract's ABI by its bytecode, in which immutables are zeros.
    CountingTrace private _trace;
    IVault private _vault;
    IJobEscrow private _escrow;
    IProviderRegistry private _providers;
    address private _test = msg.sender;
    uint64 private _salt;
    Result[] private _results;
    Dispute[] private _disputes;
    /// @notice ATH units that burned as a part of fees.
    uint256 public feesBurned;

    constructor() {
        system = new System(address(this));
        (_vault, _escrow, _providers) = (system.vault(), system.escrow(), system.providers());
        _trace = new CountingTrace();
        // Jobs are the only results here; the sources are the real ones.
        ResultSources sources = ResultSources(
            deploy("ResultSources", abi.encode(system.manager(), _escrow, system.receipts()))
        );
        game = DisputeGame(
            deploy(
                "DisputeGame",
                abi.encode(
                    system.manager(),
                    sources,
                    _providers,
                    _vault,
                    deploy("CountingMachine", ""),
                    0,
                    IDisputeGame.Parameters(
                        CLOCK,
                        GRACE,
                        OPEN_PERIOD,
                        1 gwei,
                        300 gwei,
                        20,
                        100e18,
                        10_000e18
                    )
                )
            )
        );
        system.providers().setDisputeGame(address(game));
        system.escrow().setDisputeGame(address(sources));
        sources.setDisputeGame(address(game));
        _fund(CLIENT, 5_000e18);
        address ath = address(system.ath());
        vm.prank(CLIENT);
        _vault.approveModules(ath, 2);
        _join(HONEST_PROVIDER);
        _join(LIAR);
        for (uint256 i = 0; i < 4; ++i) vm.deal(challengerAt(i), 1_000 ether);
    }

    // -------------------------------------------------------------------------------------------- actions

    /// @notice A request and its answer: right from the one provider, wrong from the other, in its trace or in its tokens.
    function answer(bool byLiar, uint256 dice) public {
        address owner = byLiar ? LIAR : HONEST_PROVIDER;
        IVault.Stake memory position = _vault.stakeOf(owner);
        if (_results.length >= MOST_RESULTS || isConvicted(owner)) return;
        if (position.staked - position.locked < 100e18) return;
        Result storage result = _results.push();
        _create(result, owner);
        result.tokens = abi.encodePacked(uint32(0), uint32(74), uint32(148));
        if (byLiar) {
            result.wrong = true;
            uint32 operator = uint32((dice >> 8) % 3);
            if (dice % 4 == 0) result.tokens = abi.encodePacked(uint32(0), uint32(75), uint32(148));
            else {
                uint32 tile = uint32((dice >> 16) % _trace.tilesOf(operator));
                result.lie = Lie(true, uint32((dice >> 24) % _trace.EXISTING()), operator, tile);
            }
        }
        bytes32 root = keccak256(abi.encodePacked(uint8(0), result.tokens, new bytes(116)));
        result.output = IJobEscrow.Output(3, root);
        vm.prank(operatorOf(owner));
        _escrow.submit(result.job, result.tokens);
    }

    /// @notice The honest challenger commits, and opens a second later.
    function challengeWrong(uint256 which) public {
        if (_results.length == 0 || _disputes.length >= MOST_DISPUTES) return;
        uint256 index = which % _results.length;
        Result storage result = _results[index];
        if (!result.wrong || result.challenged || isConvicted(LIAR)) return;
        if (vm.getBlockTimestamp() + 1 >= _windowEnd(result)) return;
        _commit(index, HONEST_CHALLENGER);
        _wait(1);
        _open(_disputes[_disputes.length - 1]);
        result.challenged = true;
    }

    /// @notice Anybody else commits to a challenge of any result.
    function commit(uint256 which, uint256 who) public {
        if (_results.length == 0 || _disputes.length >= MOST_DISPUTES) return;
        _commit(which % _results.length, challengerAt(1 + (who % 3)));
    }

    function open(uint256 which) public {
        if (_disputes.length == 0) return;
        Dispute storage dispute = _disputes[which % _disputes.length];
        IDisputeGame.Challenge memory state = game.challengeOf(dispute.id);
        if (state.status != IDisputeGame.Status.Committed) return;
        if (vm.getBlockTimestamp() == state.committedAt) return;
        if (vm.getBlockTimestamp() > uint256(state.committedAt) + OPEN_PERIOD) return;
        Result storage result = _results[dispute.result];
        if (!isConvicted(result.job.provider) && vm.getBlockTimestamp() >= _windowEnd(result)) return;
        _open(dispute);
    }

    /// @notice Any move that is allowed to whoever's turn it is; of the liar, and of challengers that are not honest.
    function move(uint256 which, uint256 dice) public {
        if (_disputes.length == 0) return;
        Dispute storage dispute = _disputes[which % _disputes.length];
        (bool isOpen, IDisputeGame.Challenge memory state, bool late) = _look(dispute);
        if (!isOpen || late) return;
        if (_isProvidersTurn(dispute)) _defend(dispute, state);
        else if (dispute.challenger != HONEST_CHALLENGER) _attackAnyhow(dispute, state, dice);
    }

    function timeout(uint256 which) public {
        if (_disputes.length == 0) return;
        Dispute storage dispute = _disputes[which % _disputes.length];
        (bool isOpen, , bool late) = _look(dispute);
        if (!isOpen || !late) return;
        vm.prank(STRANGER);
        game.timeout(dispute.id);
    }

    function reclaim(uint256 which) public {
        if (_disputes.length == 0) return;
        Dispute storage dispute = _disputes[which % _disputes.length];
        if (game.challengeOf(dispute.id).status != IDisputeGame.Status.Live) return;
        if (!isConvicted(_results[dispute.result].job.provider)) return;
        vm.prank(STRANGER);
        game.reclaim(dispute.id);
    }

    function burnUnopened(uint256 which) public {
        if (_disputes.length == 0) return;
        Dispute storage dispute = _disputes[which % _disputes.length];
        IDisputeGame.Challenge memory state = game.challengeOf(dispute.id);
        if (state.status != IDisputeGame.Status.Committed) return;
        if (vm.getBlockTimestamp() <= uint256(state.committedAt) + OPEN_PERIOD) return;
        vm.prank(STRANGER);
        game.burnUnopened(dispute.id);
    }

    function withdrawCredit(uint256 who) public {
        address account = actor(who);
        if (game.credit(account) == 0) return;
        vm.prank(account);
        game.withdraw(payable(account));
    }

    /// @notice A result is final exactly when its window is over, no challenge of it lives, and its provider is not convicted.
    function finalize(uint256 which) public {
        if (_results.length == 0) return;
        Result storage result = _results[which % _results.length];
        bool allowed =
            statusOf(result.id) == JobStatus.Submitted &&
                vm.getBlockTimestamp() >= _windowEnd(result) &&
                liveChallengesOf(which % _results.length) == 0 &&
                !isConvicted(result.job.provider);
        (bool success, ) = address(_escrow).call(
            abi.encodeCall(IJobEscrow.finalize, (result.job, result.output, STRANGER))
        );
        assertTrue(success == allowed, "GAME-3: final exactly when it may be");
    }

    function refund(uint256 which) public {
        if (_results.length == 0) return;
        Result storage result = _results[which % _results.length];
        if (!isConvicted(result.job.provider) || statusOf(result.id) != JobStatus.Submitted) return;
        vm.prank(STRANGER);
        _escrow.refund(result.job, STRANGER);
    }

    /// @notice A provider whose results are disputed takes out all stake that can leave; it answers nothing more.
    function unbondAll(bool liar) public {
        if (_disputes.length != 0) _unbondAll(liar ? LIAR : HONEST_PROVIDER);
    }

    function _unbondAll(address owner) private {
        IVault.Stake memory position = _vault.stakeOf(owner);
        IVault.Unbonding memory unbonding = _vault.unbondingOf(owner);
        if (unbonding.amount != 0 && vm.getBlockTimestamp() >= unbonding.releaseAt)
            _vault.claimUnbonded(owner);
        if (position.staked == position.locked) return;
        vm.prank(owner);
        _vault.unbond(position.staked - position.locked);
    }

    function passTime(uint256 time) public {
        _wait(bound(time, 1, 3 hours));
    }

    // --------------------------------------------------------------------------------------------- exits

    /// @notice Everything ends, by anybody's hand. Only for the test: the runner, which calls everything, does nothing here.
    function drain() external {
        if (!_isTest()) return;
        for (uint256 rounds = 0; _anyIsOpen(); ++rounds) {
            assertAtMost(rounds, 60, "GAME-6: every dispute ends");
            _wait(8 hours);
            for (uint256 i = 0; i < _disputes.length; ++i) timeout(i);
        }
        _wait(1 days);
        for (uint256 i = 0; i < _disputes.length; ++i) reclaim(i);
        for (uint256 i = 0; i < _disputes.length; ++i) burnUnopened(i);
        for (uint256 i = 0; i < _results.length; ++i) {
            finalize(i);
            refund(i);
        }
        for (uint256 i = 0; i < 8; ++i) withdrawCredit(i);
        address ath = address(system.ath());
        uint256 fees = _vault.accountOf(ath, address(_escrow)).available;
        uint256 supply = system.ath().totalSupply();
        if (fees != 0) system.escrow().collectFees(ath);
        feesBurned += supply - system.ath().totalSupply();
        _leaveForGood(HONEST_PROVIDER);
        _leaveForGood(LIAR);
        for (uint256 i = 0; i < 8; ++i) {
            uint256 available = _vault.accountOf(ath, actor(i)).available;
            if (available == 0) continue;
            vm.prank(actor(i));
            _vault.withdraw(ath, available, address(this));
        }
    }

    // --------------------------------------------------------------------------------------------- views

    /// @notice Everybody who can own anything: the client, both providers, four challengers, a stranger.
    function actor(uint256 index) public pure returns (address) {
        index %= 8;
        if (index == 7) return STRANGER;
        return index < 3 ? [CLIENT, HONEST_PROVIDER, LIAR][index] : challengerAt(index - 3);
    }

    /// @notice The first is the honest one.
    function challengerAt(uint256 index) public pure returns (address) {
        return address(uint160(HONEST_CHALLENGER) + uint160(index));
    }

    function operatorOf(address owner) public pure returns (address) {
        return address(uint160(owner) + 0x100);
    }

    function isConvicted(address owner) public view returns (bool) {
        return game.convictionOf(owner) != 0;
    }

    function statusOf(JobId id) public view returns (JobStatus) {
        return _escrow.jobState(id).status();
    }

    function resultCount() external view returns (uint256) {
        return _results.length;
    }

    function resultAt(uint256 index) external view returns (Result memory) {
        return _results[index];
    }

    function disputeCount() external view returns (uint256) {
        return _disputes.length;
    }

    function disputeAt(uint256 index) external view returns (Dispute memory) {
        return _disputes[index];
    }

    function liveChallengesOf(uint256 result) public view returns (uint256 count) {
        for (uint256 i = 0; i < _disputes.length; ++i) {
            if (_disputes[i].result != result) continue;
            if (game.challengeOf(_disputes[i].id).status == IDisputeGame.Status.Live) ++count;
        }
    }

    /// @notice The last second in which any move of a result's challenges can be due.
    function latestDeadline(uint256 result) external view returns (uint256) {
        uint256 submittedAt = _escrow.jobState(_results[result].id).submittedAt();
        return submittedAt + 3 * uint256(_results[result].job.challengeWindow) + 2 * CLOCK + 23 * GRACE;
    }

    // -------------------------------------------------------------------------------------- honest players

    /// @dev Time passes only when the honest have nothing left to do.
    function _wait(uint256 time) private {
        for (bool moved = true; moved;) {
            moved = false;
            for (uint256 i = 0; i < _disputes.length; ++i) moved = _moveHonestly(_disputes[i]) || moved;
        }
        vm.warp(vm.getBlockTimestamp() + time);
    }

    function _moveHonestly(Dispute storage dispute) private returns (bool) {
        (bool isOpen, IDisputeGame.Challenge memory state, bool late) = _look(dispute);
        if (!isOpen) return false;
        bool defends = _results[dispute.result].job.provider == HONEST_PROVIDER;
        bool attacks = dispute.challenger == HONEST_CHALLENGER;
        bool providersTurn = _isProvidersTurn(dispute);
        if (late && (providersTurn ? attacks : defends)) {
            vm.prank(STRANGER);
            game.timeout(dispute.id);
            return true;
        }
        if (providersTurn && state.stage == IDisputeGame.Stage.Named && (attacks || defends)) {
            _step(dispute, state, dispute.challenger);
        } else if (providersTurn && defends) _defend(dispute, state);
        else if (!providersTurn && attacks) _attackWell(dispute, state);
        else return false;
        return true;
    }

    /// @dev To the first difference from the honest trace.
    function _attackWell(Dispute storage dispute, IDisputeGame.Challenge memory state) private {
        Result storage result = _results[dispute.result];
        if (state.stage == IDisputeGame.Stage.Tile) {
            vm.prank(dispute.challenger);
            game.nameElement(dispute.id, state.node, 0);
        } else if (!result.lie.lies) {
            bytes32 root = _trace.rootOf(result.lie);
            vm.prank(dispute.challenger);
            game.disputeOutput(dispute.id, root, 1);
        } else {
            (bytes32[] memory theirs, uint8 height) = _shown(state, result.lie);
            Lie memory none;
            (bytes32[] memory own, ) = _shown(state, none);
            uint32 index = 0;
            while (theirs[index] == own[index]) ++index;
            _narrow(dispute, theirs, index, height);
        }
    }

    // ---------------------------------------------------------------------------------------------- moves

    function _defend(Dispute storage dispute, IDisputeGame.Challenge memory state) private {
        vm.txGasPrice(2 gwei);
        Result storage result = _results[dispute.result];
        address operator = operatorOf(result.job.provider);
        if (state.stage == IDisputeGame.Stage.Named) return _step(dispute, state, operator);
        if (state.stage == IDisputeGame.Stage.Tile) {
            ElementAddress memory place = state.target;
            bytes memory tile = _trace.tile(place.position, place.operator, place.tile, result.lie);
            vm.prank(operator);
            return game.revealTile(dispute.id, tile);
        }
        (bytes32[] memory children, ) = _shown(state, result.lie);
        vm.prank(operator);
        if (state.stage == IDisputeGame.Stage.Root) game.postTrace(dispute.id, children);
        else game.reveal(dispute.id, children);
    }

    function _attackAnyhow(
        Dispute storage dispute,
        IDisputeGame.Challenge memory state,
        uint256 dice
    ) private {
        Result storage result = _results[dispute.result];
        if (state.stage == IDisputeGame.Stage.Tile) {
            vm.prank(dispute.challenger);
            game.nameElement(dispute.id, state.node, uint32(dice % 6));
        } else if (state.stage == IDisputeGame.Stage.Root && dice % 4 == 0) {
            bytes32 root = _trace.rootOf(result.lie);
            vm.prank(dispute.challenger);
            game.disputeOutput(dispute.id, root, uint32((dice >> 8) % 5));
        } else {
            (bytes32[] memory children, uint8 height) = _shown(state, result.lie);
            _narrow(dispute, children, uint32((dice >> 8) % children.length), height);
        }
    }

    function _narrow(Dispute storage dispute, bytes32[] memory children, uint32 index, uint8 height) private {
        bytes32[] memory path = _trace.siblings(children, index, height);
        vm.prank(dispute.challenger);
        game.narrow(dispute.id, index, children[index], path);
    }

    /// @dev Anybody's move: with openings from the provider's trace.
    function _step(Dispute storage dispute, IDisputeGame.Challenge memory state, address sender) private {
        vm.txGasPrice(2 gwei);
        Result storage result = _results[dispute.result];
        bytes memory witness =
            state.target.part == Part.Output
                ? _trace.outputWitness(result.tokens, state.target.element, result.lie)
                : _trace.witness(state.target, result.lie);
        Claim memory claim = Claim({
            modelRoot: result.job.modelRoot,
            inputRoot: result.job.inputRoot,
            outputTokensRoot: result.output.tokensRoot,
            outputCount: result.output.count,
            complete: true,
            positionsRoot: _trace.rootOf(result.lie)
        });
        vm.prank(sender);
        game.step(dispute.id, claim, witness);
    }

    /// @dev What the next reveal of a challenge shows, and how many levels above the leaves it is.
    function _shown(
        IDisputeGame.Challenge memory state,
        Lie memory lie
    ) private view returns (bytes32[] memory children, uint8 height) {
        uint8 levels = game.revealLevels(state.level);
        children = _trace.descendants(state.tree, state.target, state.level, levels, lie);
        height = state.level - levels;
    }

    /// @dev Whether a challenge is played, where it stands, and whether whose turn it is has let its time pass.
    function _look(
        Dispute storage dispute
    ) private view returns (bool isOpen, IDisputeGame.Challenge memory state, bool late) {
        state = game.challengeOf(dispute.id);
        isOpen =
            state.status == IDisputeGame.Status.Live &&
            !isConvicted(_results[dispute.result].job.provider);
        if (!isOpen) return (isOpen, state, late);
        (, uint256 deadline) = game.turnOf(dispute.id);
        late = vm.getBlockTimestamp() > deadline;
    }

    function _isProvidersTurn(Dispute storage dispute) private view returns (bool) {
        (IDisputeGame.Side side, ) = game.turnOf(dispute.id);
        return side == IDisputeGame.Side.Provider;
    }

    function _anyIsOpen() private view returns (bool) {
        for (uint256 i = 0; i < _disputes.length; ++i) {
            (bool isOpen, , ) = _look(_disputes[i]);
            if (isOpen) return true;
        }
        return false;
    }

    // --------------------------------------------------------------------------------------------- internal

    function _commit(uint256 index, address challenger) private {
        bytes32 salt = bytes32(uint256(++_salt));
        bytes32 id = game.challengeIdOf(challenger, _results[index].id, salt);
        uint256 bond = game.bondOf(_results[index].job);
        vm.prank(challenger);
        game.commit{value: bond}(id);
        _disputes.push(Dispute(id, salt, index, challenger));
    }

    function _open(Dispute storage dispute) private {
        Result storage result = _results[dispute.result];
        // A commitment that is older than its result cannot be opened, but nobody commits before.
        vm.prank(dispute.challenger);
        game.open(result.job, result.output, dispute.salt);
    }

    function _create(Result storage result, address owner) private {
        IJobEscrow.Request memory request = IJobEscrow.Request({
            provider: owner,
            modelRoot: system.modelRoot(),
            token: address(system.ath()),
            generation: bytes32(uint256(8)),
            maxInputPrice: type(uint80).max,
            maxOutputPrice: type(uint80).max,
            maxCost: type(uint128).max,
            submitDeadline: uint40(vm.getBlockTimestamp() + 60),
            seed: 1,
            salt: ++_salt,
            promptTokens: new bytes(12),
            stopSequences: ""
        });
        vm.recordLogs();
        vm.prank(CLIENT);
        result.id = _escrow.create(request);
        Vm.Log[] memory logs = vm.getRecordedLogs();
        for (uint256 i = 0; i < logs.length; ++i) {
            if (logs[i].topics[0] != IJobEscrow.JobCreated.selector) continue;
            (result.job, , , , ) = abi.decode(logs[i].data, (Job, uint64, bytes32, bytes, bytes));
        }
    }

    function _windowEnd(Result storage result) private view returns (uint256) {
        return uint256(_escrow.jobState(result.id).submittedAt()) + result.job.challengeWindow;
    }

    function _join(address owner) private {
        _fund(owner, 2_000e18);
        vm.startPrank(owner);
        _vault.stake(1_500e18);
        _vault.approveStakeModules(3);
        _providers.register(
            IProviderRegistry.Profile({
                operator: operatorOf(owner),
                watchtower: address(0),
                encryptionKey: 0,
                endpoint: "",
                hardware: gpus(1, 0)
            })
        );
        _providers.setOffer(system.modelRoot(), address(system.ath()), 25e10, 5e11);
        vm.stopPrank();
    }

    function _leaveForGood(address owner) private {
        bytes32 modelRoot = system.modelRoot();
        address ath = address(system.ath());
        vm.startPrank(owner);
        _providers.removeOffer(modelRoot, ath);
        _providers.deregister();
        vm.stopPrank();
        _unbondAll(owner);
        vm.warp(vm.getBlockTimestamp() + 90 days);
        _unbondAll(owner);
    }

    function _fund(address owner, uint256 amount) private {
        system.ath().approve(address(_vault), amount);
        _vault.deposit(address(system.ath()), amount, owner);
    }

    /// @dev The runner may pick the test's own address as a sender; it then is the origin, too.
    function _isTest() private view returns (bool) {
        // solhint-disable-next-line avoid-tx-origin
        return msg.sender == _test && tx.origin != _test;
    }
}
