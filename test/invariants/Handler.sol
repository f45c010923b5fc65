// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Currencies} from "../../contracts/currencies/Currencies.sol";
import {ICurrencies} from "../../contracts/interfaces/ICurrencies.sol";
import {IJobEscrow} from "../../contracts/interfaces/IJobEscrow.sol";
import {IProviderRegistry} from "../../contracts/interfaces/IProviderRegistry.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {JobEscrow} from "../../contracts/jobs/JobEscrow.sol";
import {MockStablecoin} from "../../contracts/mocks/MockStablecoin.sol";
import {ProviderRegistry} from "../../contracts/registry/ProviderRegistry.sol";
import {Vault} from "../../contracts/staking/Vault.sol";
import {AthToken} from "../../contracts/token/AthToken.sol";
import {Job, JobId} from "../../contracts/types/Job.sol";
import {JobState, JobStatus} from "../../contracts/types/JobState.sol";
import {Assert} from "../support/Assert.sol";
import {gpus} from "../support/Hardware.sol";
import {System} from "../support/System.sol";
import {vm} from "../support/Vm.sol";
import {Model} from "./Model.sol";

/// @dev Longer than 400 lines: one contract, because the runner calls each of its functions as an action on one state.
/// @notice Clients, providers, strangers and governance that do anything in any order. Each action does what it can or nothing: it never
/// reverts, so that a revert is a finding. A second book, in `Model`, is kept by the definitions alone.
contract Handler is Assert {
    struct Opened {
        Job job;
        JobId id;
        JobStatus status;
        uint40 submittedAt;
        uint32 count;
        uint16 liveChallenges;
        bytes32 root;
    }

    /// @dev What a conviction would take, or whether there was one; kept apart from the contracts.
    struct Conviction {
        bool jailed;
        uint96 deposit;
    }

    System public system;
    Model public model;
    // Nothing is immutable: the runner finds a contract's ABI by its bytecode, in which immutables are zeros.
    // Held here because a getter between `vm.prank` and the call it is meant for would use the prank up.
    Vault internal _vault;
    ProviderRegistry internal _providers;
    JobEscrow private _escrow;
    Currencies private _currencies;
    AthToken internal _ath;
    MockStablecoin internal _coin;
    bytes32 internal _modelRoot;
    uint32 private constant ESCROW_BIT = 2;
    address[4] public clients;
    address[3] public owners;
    address public constant STRANGER = address(0x5712a96e7);
    /// @notice Plays the dispute game: challenges, verdicts and no rules.
    address public constant GAME = address(0x6a3e);
    uint256 public supply;
    uint256 public donatedAth;
    uint256 public donatedCoin;
    uint256 public ended;
    /// @notice How often an action, by its selector, did what it is for, and how often that was refused as it must be.
    mapping(bytes4 action => uint256) public done;
    mapping(bytes4 action => uint256) public refused;
    address internal _test = msg.sender;
    /// @notice What slashes and penalties ever took of an owner's stake.
    mapping(address owner => uint256) public taken;
    mapping(address owner => bool) private _resting;
    mapping(address owner => bool) private _suspended;
    mapping(address module => uint256) private _pausedUntil;
    mapping(address module => uint256) private _pausableFrom;
    uint64 private _salt;
    Opened[] private _jobs;
    mapping(address owner => Conviction) internal _convictions;
    mapping(address owner => mapping(address token => bool)) private _offered;

    constructor() {
        system = new System(address(this));
        model = new Model();
        (_vault, _providers, _escrow) = (system.vault(), system.providers(), system.escrow());
        _currencies = system.currencies();
        (_ath, _coin, _modelRoot) = (system.ath(), system.coin(), system.modelRoot());
        vm.etch(GAME, hex"00");
        _providers.setDisputeGame(GAME);
        _escrow.setDisputeGame(GAME);
        for (uint160 i = 0; i < 4; ++i) {
            address client = address(0xc11e00 + i);
            clients[i] = client;
            _credit(client, address(_ath), 10_000e18);
            _credit(client, address(_coin), 10_000e6);
            _ath.transfer(client, 1_000e18);
            _coin.mint(client, 1_000e6);
            vm.startPrank(client);
            _vault.approveModules(address(_ath), ESCROW_BIT);
            _vault.approveModules(address(_coin), ESCROW_BIT);
            vm.stopPrank();
        }
        for (uint160 i = 0; i < 3; ++i) {
            address owner = address(0x90e00 + i);
            owners[i] = owner;
            _credit(owner, address(_ath), 4_000e18);
            vm.startPrank(owner);
            _vault.stake(3_000e18);
            model.debit(address(_ath), owner, 3_000e18);
            _vault.approveStakeModules(3);
            _providers.register(_profile(i));
            _convictions[owner].deposit = 500e18;
            vm.stopPrank();
            setOffer(i, true, 125e9, 175e9);
            setOffer(i, false, 1e11 + 123, 3e11 + 765);
        }
        supply = _coin.totalSupply();
    }

    // --------------------------------------------------------------------------------------------- money

    function deposit(uint256 who, bool inAth, uint256 amount, uint256 forWhom) public {
        address token = _token(inAth);
        address owner = actor(forWhom);
        amount = bound(amount, 0, IERC20(token).balanceOf(actor(who)));
        if (amount == 0) return;
        vm.startPrank(actor(who));
        IERC20(token).approve(address(_vault), amount);
        _vault.deposit(token, amount, owner);
        vm.stopPrank();
        model.credit(token, owner, amount);
        ++done[msg.sig];
    }

    function withdraw(uint256 who, bool inAth, uint256 amount) public {
        address token = _token(inAth);
        _withdraw(actor(who), token, _part(amount, model.available(token, actor(who))));
    }

    function donate(uint256 who, bool inAth, uint256 amount) public {
        address token = _token(inAth);
        amount = bound(amount, 0, IERC20(token).balanceOf(actor(who)));
        vm.prank(actor(who));
        IERC20(token).transfer(address(_vault), amount);
        if (inAth) donatedAth += amount;
        else donatedCoin += amount;
        ++done[msg.sig];
    }

    function stake(uint256 who, uint256 amount) public {
        amount = _part(amount, model.available(address(_ath), actor(who)));
        if (amount == 0) return;
        vm.prank(actor(who));
        _vault.stake(amount);
        model.debit(address(_ath), actor(who), amount);
        ++done[msg.sig];
    }

    function unbond(uint256 who, uint256 amount) public {
        IVault.Stake memory position = _vault.stakeOf(actor(who));
        _unbond(actor(who), _part(amount, position.staked - position.locked));
    }

    function claimUnbonded(uint256 who) public {
        IVault.Unbonding memory unbonding = _vault.unbondingOf(actor(who));
        if (unbonding.amount == 0 || block.timestamp < unbonding.releaseAt) return;
        vm.prank(STRANGER);
        _vault.claimUnbonded(actor(who));
        model.credit(address(_ath), actor(who), unbonding.amount);
        ++done[msg.sig];
    }

    /// @notice Approvals come and go wherever the vault lets them.
    function toggleApproval(uint256 who, bool inAth, uint256 dice) public {
        address token = _token(inAth);
        IVault.Account memory account = _vault.accountOf(token, actor(who));
        if (account.escrowed != 0 || (account.modules != 0 && dice % 4 != 0)) return;
        vm.prank(actor(who));
        if (account.modules == 0) _vault.approveModules(token, ESCROW_BIT);
        else _vault.revokeModules(token);
        ++done[msg.sig];
    }

    // --------------------------------------------------------------------------------------------- providers

    function setOffer(uint256 which, bool inAth, uint256 input, uint256 output) public {
        uint256 maximum = 1e12;
        address owner = owners[which % 3];
        if (!_providers.providerOf(owner).registered || _convictions[owner].jailed) return;
        _offered[owner][_token(inAth)] = true;
        vm.prank(owner);
        _providers.setOffer(
            _modelRoot,
            _token(inAth),
            uint64(bound(input, 0, maximum)),
            uint64(bound(output, 0, maximum))
        );
        ++done[msg.sig];
    }

    function changeHardware(uint256 which, uint256 first, uint256 second) public {
        address owner = owners[which % 3];
        IProviderRegistry.Provider memory provider = _providers.providerOf(owner);
        IVault.Stake memory position = _vault.stakeOf(owner);
        if (_convictions[owner].jailed) return;
        IProviderRegistry.Profile memory profile = _profile(which % 3);
        // Of the first class, of the second, or of both.
        first = bound(first, 0, 8);
        second = bound(second, first == 0 ? 1 : 0, 4);
        profile.hardware = gpus(uint32(first), uint32(second));
        uint96 due = _providers.fraudDepositFor(profile.hardware);
        uint256 hardware = 100e18 * first + 250e18 * second;
        if (!provider.registered) {
            if (hardware + due > position.staked - position.locked) return;
            vm.prank(owner);
            _providers.register(profile);
        } else {
            if (keccak256(abi.encode(profile.hardware)) == keccak256(abi.encode(provider.profile.hardware)))
                due = _convictions[owner].deposit;
            if (due < _convictions[owner].deposit) due = _convictions[owner].deposit;
            if (hardware + due > provider.reserved + position.staked - position.locked) return;
            vm.prank(owner);
            _providers.update(profile);
        }
        _convictions[owner].deposit = due;
        ++done[msg.sig];
    }

    function deregister(uint256 which) public {
        address owner = owners[which % 3];
        if (!_providers.providerOf(owner).registered) return;
        if (_vault.stakeOf(owner).openWork != 0) return;
        _removeOffers(owner);
        vm.prank(owner);
        _providers.deregister();
        ++done[msg.sig];
    }

    /// @notice ATH units: what the classes of a provider's hardware need together.
    function hardwareStakeOf(address owner) external view returns (uint256 amount) {
        IProviderRegistry.Hardware[] memory hardware = _providers.providerOf(owner).profile.hardware;
        for (uint256 i = 0; i < hardware.length; ++i) {
            amount += (hardware[i].hardwareClass == 0 ? 100e18 : 250e18) * uint256(hardware[i].count);
        }
    }

    // --------------------------------------------------------------------------------------------- jobs

    /// @dev Providers are clients too, of themselves as well.
    function create(
        uint256 who,
        uint256 which,
        bool inAth,
        uint256 prompt,
        uint256 output,
        uint256 time
    ) public {
        address client = who % 4 == 0 ? actor(who >> 2) : clients[(who >> 2) % 4];
        address owner = owners[which % 3];
        address token = _token(inAth);
        if (!_offers(owner, token)) return;
        IJobEscrow.Request memory request = IJobEscrow.Request({
            provider: owner,
            modelRoot: _modelRoot,
            token: token,
            generation: bytes32(bound(output, 1, 24)),
            maxInputPrice: type(uint80).max,
            maxOutputPrice: type(uint80).max,
            maxCost: type(uint128).max,
            submitDeadline: uint40(block.timestamp + bound(time, 30, 1 days)),
            seed: 1,
            salt: ++_salt,
            promptTokens: new bytes(4 * bound(prompt, 1, 40)),
            stopSequences: ""
        });
        IVault.Account memory account = _vault.accountOf(token, client);
        IVault.Stake memory position = _vault.stakeOf(owner);
        if (account.modules == 0) return;
        if (position.staked - position.locked < _escrow.parameters().stakePerJob) return;
        Job memory job = _expectedJob(client, request);
        uint256 price = model.priceOf(job, job.maxTokens) + job.exitBounty;
        if (account.available < price) return;
        bool may = _opensWork(address(_escrow), owner);
        JobId id;
        vm.prank(client);
        try _escrow.create(request) returns (JobId created) {
            assertTrue(may, "WORK-1: a job where no new work begins");
            id = created;
        } catch {
            assertTrue(!may, "WORK-1: a job refused");
            ++refused[msg.sig];
            return;
        }
        JobState state = _escrow.jobState(id);
        assertTrue(state.status() == JobStatus.Created, "JOB-1: the terms are those that were on offer");
        job.inputRoot = _inputRoot(request);
        assertTrue(_escrow.jobIdOf(job) == id, "JOB-1: the id is that of the expected terms");
        _jobs.push(Opened(job, id, JobStatus.Created, 0, 0, 0, 0));
        model.escrow(token, client, price);
        ++done[msg.sig];
    }

    function submit(uint256 which, uint256 count) public {
        if (_jobs.length == 0) return;
        Opened storage opened = _jobs[_find(which, _isAnswerable)];
        if (opened.status != JobStatus.Created || block.timestamp > opened.job.submitDeadline) return;
        count = bound(count, 1, opened.job.maxTokens);
        bytes memory tokens = new bytes(4 * count);
        address operator = _providers.operatorOf(opened.job.provider);
        vm.prank(operator);
        _escrow.submit(opened.job, tokens);
        (opened.status, opened.submittedAt, opened.count) = (
            JobStatus.Submitted,
            uint40(block.timestamp),
            uint32(count)
        );
        opened.root = keccak256(abi.encodePacked(uint8(0), new bytes(128)));
        ++done[msg.sig];
    }

    function finalize(uint256 which, uint256 forWhom) public {
        if (_jobs.length == 0) return;
        _finalize(_jobs[_find(which, _finalizable)], actor(forWhom));
    }

    function finalizeBatch(uint256 first, uint256 length, uint256 forWhom) public {
        if (_jobs.length == 0) return;
        length = bound(length, 1, 4);
        Job[] memory jobs = new Job[](length);
        IJobEscrow.Output[] memory outputs = new IJobEscrow.Output[](length);
        uint256 expected = 0;
        for (uint256 i = 0; i < length; ++i) {
            Opened storage opened = _jobs[((first % _jobs.length) + i) % _jobs.length];
            (jobs[i], outputs[i]) = (opened.job, IJobEscrow.Output(opened.count, opened.root));
            if (!_finalizable(opened)) continue;
            ++expected;
            _pay(opened, actor(forWhom));
        }
        vm.prank(STRANGER);
        assertEqual(_escrow.finalizeBatch(jobs, outputs, actor(forWhom)), expected, "JOB-3: batch");
    }

    function expire(uint256 which, uint256 forWhom) public {
        if (_jobs.length == 0) return;
        _expire(_jobs[_find(which, _isExpirable)], actor(forWhom));
    }

    function decline(uint256 which) public {
        if (_jobs.length == 0) return;
        Opened storage opened = _jobs[_find(which, _isAnswerable)];
        if (opened.status != JobStatus.Created || block.timestamp > opened.job.submitDeadline) return;
        address operator = _providers.operatorOf(opened.job.provider);
        vm.prank(operator);
        _escrow.decline(opened.job);
        _refund(opened, JobStatus.Declined, 0, address(0));
    }

    // --------------------------------------------------------------------------------------------- disputes

    function challenge(uint256 which) public {
        if (_jobs.length == 0) return;
        Opened storage opened = _jobs[_find(which, _isSubmitted)];
        if (opened.status != JobStatus.Submitted) return;
        if (block.timestamp >= uint256(opened.submittedAt) + opened.job.challengeWindow) return;
        vm.prank(GAME);
        _escrow.challengeOpened(opened.job, IJobEscrow.Output(opened.count, opened.root));
        ++opened.liveChallenges;
        ++done[msg.sig];
    }

    function closeChallenge(uint256 which) public {
        if (_jobs.length == 0) return;
        _closeChallenge(_jobs[_find(which, _isChallenged)]);
    }

    /// @notice Rarely, so that most runs keep a provider that works.
    function convict(uint256 which, uint256 payout, uint256 dice) public {
        address owner = owners[which % 3];
        Conviction storage conviction = _convictions[owner];
        if (dice % 4 != 0 || conviction.jailed || !_providers.providerOf(owner).registered) return;
        payout = bound(payout, 0, conviction.deposit / 2);
        vm.prank(GAME);
        (uint256 forfeited, uint256 paid) = _providers.convict(owner, payout, GAME);
        assertEqual(forfeited, conviction.deposit, "SLASH-1: the whole deposit of the registration");
        assertEqual(paid, payout, "SLASH-1: what the game asked for");
        model.slash(address(_ath), GAME, forfeited, payout);
        (conviction.jailed, conviction.deposit) = (true, 0);
        taken[owner] += forfeited;
        ++done[msg.sig];
    }

    function refund(uint256 which, uint256 forWhom) public {
        if (_jobs.length == 0) return;
        _refundConvicted(_jobs[_find(which, _isRefundable)], actor(forWhom));
    }

    // --------------------------------------------------------------------------------------------- new work

    function rest(uint256 which, uint256 dice) public {
        address owner = owners[which % 3];
        _resting[owner] = dice % 4 == 0;
        vm.prank(owner);
        _vault.setResting(dice % 4 == 0);
        ++done[msg.sig];
    }

    function suspend(uint256 which, uint256 dice) public {
        address owner = owners[which % 3];
        _suspended[owner] = dice % 4 == 0;
        vm.prank(address(_providers));
        _vault.setSuspended(owner, dice % 4 == 0);
        ++done[msg.sig];
    }

    /// @notice The guardian pauses whatever and whenever it likes, and ends pauses.
    function pause(uint256 which, uint256 duration, uint256 dice) public {
        address module = _pausable(which);
        if (block.timestamp < _pausedUntil[module] && dice % 2 == 0) {
            _vault.resumeModule(module);
            _pausedUntil[module] = 0;
            ++done[msg.sig];
            return;
        }
        duration = bound(duration, 0, 8 days);
        bool may = duration != 0 && duration <= 7 days && block.timestamp >= _pausableFrom[module];
        try _vault.pauseModule(module, uint40(duration)) {
            assertTrue(may, "WORK-2: paused against the rules");
            _pausedUntil[module] = block.timestamp + duration;
            _pausableFrom[module] = block.timestamp + duration + 30 days;
            ++done[msg.sig];
        } catch {
            assertTrue(!may, "WORK-2: a pause refused");
            ++refused[msg.sig];
        }
    }

    /// @notice A module that the owner approved takes what it locked before.
    function penalise(uint256 which, uint256 amount, uint256 payout) public {
        address owner = owners[which % 3];
        IVault.Stake memory position = _vault.stakeOf(owner);
        amount = bound(amount, 0, (position.staked - position.locked) / 8);
        payout = bound(payout, 0, amount);
        vm.startPrank(address(_providers));
        _vault.lockStake(owner, amount);
        try _vault.penalise(owner, amount, payout) {
            assertAtMost(payout, amount / 2, "SLASH-4: half is burned");
            model.slash(address(_ath), address(_providers), amount, payout);
            taken[owner] += amount;
            ++done[msg.sig];
        } catch {
            assertTrue(payout > amount / 2, "SLASH-4: a penalty refused");
            _vault.unlockStake(owner, amount);
            ++refused[msg.sig];
        }
        vm.stopPrank();
    }

    // --------------------------------------------------------------------------------------------- world

    function passTime(uint256 time) public {
        vm.warp(block.timestamp + bound(time, 1, time % 2 == 0 ? 1 hours : 1 days));
        ++done[msg.sig];
    }

    /// @notice Governance changes everything it can, within its bounds.
    function govern(uint256 what, uint256 value) public {
        if (what % 5 == 4) {
            _movePrice(_token(value % 2 == 0), value);
        } else if (what % 5 == 0) {
            _escrow.setParameters(
                system.defaultParameters(
                    uint96(bound(value, 1e18, 200e18)),
                    uint32(bound(value, 10 minutes, 1 days))
                )
            );
        } else if (what % 5 == 1) {
            bool inAth = value % 2 == 0;
            _escrow.setTokenTerms(
                _token(inAth),
                IJobEscrow.TokenTerms({
                    accepted: true,
                    feeBasisPoints: uint16(bound(value, 0, 2_000)),
                    exitBounty: uint96(bound(value, 0, inAth ? 1e18 : 1e6)),
                    minimumCharge: uint96(bound(value >> 8, 0, inAth ? 1e18 : 1e6))
                })
            );
        } else if (what % 5 == 2) {
            _providers.setFraudDeposit(uint96(bound(value, 10e18, 900e18)));
            _providers.setHardwareDepositShare(uint16(bound(value >> 96, 1_000, 6_000)));
            _vault.setUnbondingPeriod(uint40(bound(value, 14 days, 90 days)));
        } else {
            bool inAth = value % 2 == 0;
            address token = _token(inAth);
            uint256 fees = model.available(token, address(_escrow));
            if (fees == 0) return;
            _escrow.collectFees(token);
            model.collect(token, address(_escrow), fees, inAth);
        }
        ++done[msg.sig];
    }

    // --------------------------------------------------------------------------------------------- exits

    /// @notice Everybody ends everything and takes out all there is. Only for the test: the runner, which calls everything, does nothing here.
    function drain() external {
        if (!_isTest()) return;
        // The worst moment to leave.
        for (uint256 i = 0; i < 2; ++i) pause(i, 7 days, 1);
        for (uint256 i = 0; i < _jobs.length; ++i) {
            Opened storage opened = _jobs[i];
            if (opened.status == JobStatus.Created && block.timestamp <= opened.job.submitDeadline) {
                vm.warp(uint256(opened.job.submitDeadline) + 1);
            }
            _expire(opened, STRANGER);
            _refundConvicted(opened, STRANGER);
            while (opened.liveChallenges != 0) _closeChallenge(opened);
            if (opened.status == JobStatus.Submitted && !_finalizable(opened)) {
                vm.warp(uint256(opened.submittedAt) + opened.job.challengeWindow);
            }
            _finalize(opened, STRANGER);
        }
        for (uint256 i = 0; i < 3; ++i) deregister(i);
        for (uint256 i = 0; i < 8; ++i) _unbond(actor(i), _vault.stakeOf(actor(i)).staked);
        vm.warp(block.timestamp + 90 days);
        for (uint256 i = 0; i < 8; ++i) claimUnbonded(i);
        for (uint256 i = 0; i < 2; ++i) {
            govern(3, i);
            for (uint256 j = 0; j < 8; ++j) {
                _withdraw(actor(j), _token(i == 0), model.available(_token(i == 0), actor(j)));
            }
        }
        _withdraw(GAME, address(_ath), model.available(address(_ath), GAME));
        _withdraw(address(_providers), address(_ath), model.available(address(_ath), address(_providers)));
    }

    // --------------------------------------------------------------------------------------------- views

    /// @notice Everybody who can own anything: four clients, three providers, a stranger.
    function actor(uint256 index) public view returns (address) {
        index %= 8;
        return
            index < 4
                ? clients[index]
                : index < 7
                    ? owners[index - 4]
                    : STRANGER;
    }

    /// @notice What the second book knows of a provider's conviction.
    function convictionOf(address owner) external view returns (Conviction memory) {
        return _convictions[owner];
    }

    function jobCount() external view returns (uint256) {
        return _jobs.length;
    }

    function jobAt(uint256 index) external view returns (Opened memory) {
        return _jobs[index];
    }

    // --------------------------------------------------------------------------------------------- internal

    /// @dev Whether new work of a module may begin with a provider, as far as standing and pauses go.
    function _opensWork(address module, address owner) internal view returns (bool) {
        return block.timestamp >= _pausedUntil[module] && !_resting[owner] && !_suspended[owner];
    }

    function _pausable(uint256 which) private view returns (address) {
        return which % 2 == 0 ? address(_escrow) : address(system.channels());
    }

    function _removeOffers(address owner) private {
        for (uint256 i = 0; i < 2; ++i) {
            address token = _token(i == 0);
            // Not `_offers`: a convicted provider's offers stand until it removes them, but nobody finds them.
            if (!_offered[owner][token]) continue;
            vm.prank(owner);
            _providers.removeOffer(_modelRoot, token);
            _offered[owner][token] = false;
        }
    }

    function _withdraw(address owner, address token, uint256 amount) private {
        if (amount == 0) return;
        vm.prank(owner);
        _vault.withdraw(token, amount, owner);
        model.debit(token, owner, amount);
        ++done[msg.sig];
    }

    function _unbond(address owner, uint256 amount) private {
        if (amount == 0) return;
        vm.prank(owner);
        _vault.unbond(amount);
        ++done[msg.sig];
    }

    /// @dev Mostly a small part, so that something is left for other actions.
    function _part(uint256 dice, uint256 whole) internal pure returns (uint256) {
        return bound(dice >> 3, 0, dice % 8 == 0 ? whole : whole / 8);
    }

    /// @dev The next job from `which` on of which that holds, if there is one: by chance alone, few actions would meet a job that they can act on.
    function _find(
        uint256 which,
        function(Opened storage) view returns (bool) holds
    ) private view returns (uint256 index) {
        for (uint256 i = 0; i < _jobs.length; ++i) {
            index = ((which % _jobs.length) + i) % _jobs.length;
            if (holds(_jobs[index])) return index;
        }
        return which % _jobs.length;
    }

    function _isAnswerable(Opened storage opened) private view returns (bool) {
        return opened.status == JobStatus.Created && block.timestamp <= opened.job.submitDeadline;
    }

    function _isExpirable(Opened storage opened) private view returns (bool) {
        return opened.status == JobStatus.Created && block.timestamp > opened.job.submitDeadline;
    }

    function _isSubmitted(Opened storage opened) private view returns (bool) {
        return opened.status == JobStatus.Submitted;
    }

    function _isChallenged(Opened storage opened) private view returns (bool) {
        return opened.liveChallenges != 0;
    }

    function _isRefundable(Opened storage opened) private view returns (bool) {
        return _convictions[opened.job.provider].jailed && opened.status <= JobStatus.Submitted;
    }

    function _finalizable(Opened storage opened) private view returns (bool) {
        return
            opened.status == JobStatus.Submitted &&
            opened.liveChallenges == 0 &&
            !_convictions[opened.job.provider].jailed &&
            block.timestamp >= uint256(opened.submittedAt) + opened.job.challengeWindow;
    }

    function _finalize(Opened storage opened, address bountyRecipient) private {
        if (!_finalizable(opened)) return;
        vm.prank(STRANGER);
        _escrow.finalize(opened.job, IJobEscrow.Output(opened.count, opened.root), bountyRecipient);
        _pay(opened, bountyRecipient);
    }

    function _expire(Opened storage opened, address bountyRecipient) private {
        if (opened.status != JobStatus.Created || block.timestamp <= opened.job.submitDeadline) return;
        vm.prank(STRANGER);
        _escrow.expire(opened.job, bountyRecipient);
        bool inGrace = block.timestamp <= uint256(opened.job.submitDeadline) + 10 minutes;
        _refund(opened, JobStatus.Expired, inGrace ? 0 : opened.job.exitBounty, bountyRecipient);
    }

    function _closeChallenge(Opened storage opened) private {
        if (opened.liveChallenges == 0) return;
        vm.prank(GAME);
        _escrow.challengeClosed(opened.id);
        --opened.liveChallenges;
        ++done[msg.sig];
    }

    function _refundConvicted(Opened storage opened, address bountyRecipient) private {
        if (!_convictions[opened.job.provider].jailed) return;
        bool answered = opened.status == JobStatus.Submitted;
        if (!answered && opened.status != JobStatus.Created) return;
        vm.prank(STRANGER);
        _escrow.refund(opened.job, bountyRecipient);
        uint256 end =
            answered ? uint256(opened.submittedAt) + opened.job.challengeWindow : opened.job.submitDeadline;
        bool free = block.timestamp <= end + 10 minutes;
        _refund(opened, JobStatus.Refunded, free ? 0 : opened.job.exitBounty, bountyRecipient);
    }

    function _pay(Opened storage opened, address bountyRecipient) private {
        model.pay(opened.job, opened.count, address(_escrow), bountyRecipient);
        opened.status = JobStatus.Finalized;
        ++ended;
        ++done[msg.sig];
    }

    function _refund(
        Opened storage opened,
        JobStatus status,
        uint256 bounty,
        address bountyRecipient
    ) private {
        model.refund(opened.job, bounty, bountyRecipient);
        opened.status = status;
        ++ended;
        ++done[msg.sig];
    }

    function _expectedJob(
        address client,
        IJobEscrow.Request memory request
    ) private view returns (Job memory job) {
        IJobEscrow.Parameters memory parameters = _escrow.parameters();
        IJobEscrow.TokenTerms memory terms = _escrow.tokenTermsOf(request.token);
        IProviderRegistry.Offer memory offer = _providers.offerOf(
            request.provider,
            request.modelRoot,
            request.token
        );
        job.client = client;
        job.salt = request.salt;
        job.submitDeadline = request.submitDeadline;
        job.provider = request.provider;
        // At most 64 positions of a million multiply-adds at 10^9 a second: one second, rounded up.
        job.challengeWindow = parameters.challengeWindow + 1;
        job.feeBasisPoints = terms.feeBasisPoints;
        job.token = request.token;
        job.exitBounty = terms.exitBounty;
        job.stakeLock = parameters.stakePerJob;
        (job.inputPrice, job.outputPrice) = (
            _tokenPrice(request.token, offer.inputMicrocents),
            _tokenPrice(request.token, offer.outputMicrocents)
        );
        job.minimumCharge = terms.minimumCharge;
        job.promptTokens = uint32(request.promptTokens.length / 4);
        job.maxTokens = uint32(uint256(request.generation));
        job.vocabularySize = system.VOCABULARY();
        job.modelRoot = request.modelRoot;
    }

    /// @dev Prompts here are zeros, of one or two tiles.
    function _inputRoot(IJobEscrow.Request memory request) private pure returns (bytes32) {
        bytes32 root = keccak256(abi.encodePacked(uint8(0), new bytes(128)));
        if (request.promptTokens.length > 128)
            root = keccak256(abi.encodePacked(uint8(1), uint8(1), root, root));
        return
            keccak256(
                abi.encodePacked(
                    uint8(4),
                    uint32(request.promptTokens.length / 4),
                    uint32(0),
                    request.seed,
                    request.generation,
                    keccak256(hex"07"),
                    root
                )
            );
    }

    /// @dev As far as one step goes, and as soon as it may.
    function _movePrice(address token, uint256 value) private {
        ICurrencies.Currency memory currency = _currencies.currencyOf(token);
        if (block.timestamp < uint256(currency.changedAt) + 6 hours) return;
        uint256 current = currency.referenceMicrocents;
        uint256 step = current / 10;
        uint256 moved = bound(value, current - step, current + step);
        // Where the dearest offer still fits a job.
        if (moved < 1_000_000 || moved > 1e10) return;
        _currencies.setReference(token, uint56(moved), type(uint32).max);
    }

    function _tokenPrice(address token, uint256 microcents) private view returns (uint80) {
        uint256 scaled = microcents * (token == address(_ath) ? 1e18 : 1e6);
        uint256 rate = _currencies.currencyOf(token).referenceMicrocents;
        return uint80(scaled / rate + (scaled % rate == 0 ? 0 : 1));
    }

    function _offers(address owner, address token) private view returns (bool) {
        try _providers.offerOf(owner, _modelRoot, token) {
            return true;
        } catch {
            return false;
        }
    }

    function _profile(uint256 index) private pure returns (IProviderRegistry.Profile memory) {
        return
            IProviderRegistry.Profile({
                operator: address(uint160(0x09e7a7000 + index)),
                watchtower: address(0),
                encryptionKey: 0,
                endpoint: "",
                hardware: gpus(1, 0)
            });
    }

    function _token(bool inAth) internal view returns (address) {
        return inAth ? address(_ath) : address(_coin);
    }

    function _credit(address owner, address token, uint256 amount) private {
        if (token == address(_coin)) _coin.mint(address(this), amount);
        IERC20(token).approve(address(_vault), amount);
        _vault.deposit(token, amount, owner);
        model.credit(token, owner, amount);
    }

    /// @dev The runner may pick the test's own address as a sender; it then is the origin, too.
    function _isTest() internal view returns (bool) {
        // solhint-disable-next-line avoid-tx-origin
        return msg.sender == _test && tx.origin != _test;
    }
}
