// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDelegationPool} from "../../../contracts/interfaces/IDelegationPool.sol";
import {IProviderRegistry} from "../../../contracts/interfaces/IProviderRegistry.sol";
import {IQualityCourt} from "../../../contracts/interfaces/IQualityCourt.sol";
import {IVault} from "../../../contracts/interfaces/IVault.sol";
import {CaseStatus} from "../../../contracts/types/CaseStatus.sol";
import {Delegation} from "./Delegation.sol";

/// @notice Quality cases and convictions of both providers. Harmed are a client and whoever is the provider's friend.
abstract contract Cases is Delegation {
    // solhint-disable-next-line gas-struct-packing
    struct Trial {
        bytes32 id;
        address owner;
        uint256 amount;
        IQualityCourt.Parameters terms;
        bool hasHarmed;
        address[2] harmed;
        uint64[2] shares;
        bool[2] paid;
        CaseStatus status;
        uint256 appealUntil;
        uint256 decideUntil;
        uint256 claimUntil;
        uint256 set;
        uint256 unclaimed;
    }

    uint256 private constant MOST_CASES = 16;

    Trial[] internal _trials;

    function announce(uint256 which, uint256 amount, uint64 first, uint64 second, uint256 dice) external {
        address owner = provider(which);
        IQualityCourt.Standing memory standing = court.standingOf(owner);
        if (_trials.length == MOST_CASES || !_isRegistered(owner) || standing.open) return;
        if (block.timestamp < standing.nextCaseAt) return;
        uint256 hardware = _providers.hardwareLockOf(owner);
        if (hardware < 1e18) return;
        Trial memory trial;
        trial.owner = owner;
        trial.terms = court.parameters();
        // A report may ask for more than can be frozen.
        amount = bound(amount, _ceilDiv(hardware, 100), hardware / 8);
        trial.amount = amount < hardware / 10 ? amount : hardware / 10;
        trial.hasHarmed = dice % 4 != 0;
        trial.harmed = [clients[dice % 2], person(2 + ((dice >> 8) % 5))];
        // Mostly parts of a whole, sometimes more than it.
        trial.shares = [first % 7e17, second % 7e17];
        trial.id = court.caseIdOf(owner, standing.cases + 1);
        trial.status = CaseStatus.Announced;
        trial.appealUntil = block.timestamp + trial.terms.appealPeriod;
        trial.decideUntil = trial.appealUntil + trial.terms.decisionPeriod;
        bytes32 root = 0;
        if (trial.hasHarmed) {
            root = keccak256(abi.encodePacked(uint8(1), uint8(1), _leaf(trial, 0), _leaf(trial, 1)));
        }
        _do(
            REPORTER,
            address(court),
            abi.encodeCall(IQualityCourt.announce, (owner, uint96(amount), root, "slow"))
        );
        _trials.push(trial);
        _count(msg.sig);
    }

    function appeal(uint256 which) external {
        (bool found, uint256 index) = _find(which, _isAppealable);
        if (!found) return;
        Trial storage trial = _trials[index];
        address owner = trial.owner;
        bytes memory data = abi.encodeCall(IQualityCourt.appeal, (trial.id, "not so slow"));
        if (which % 2 == 0 && _canAct(owner)) _act(owner, address(court), data);
        else _do(_providers.operatorOf(owner), address(court), data);
        trial.status = CaseStatus.Appealed;
        _count(msg.sig);
    }

    /// @notice Governance decides an appeal, or drops a case that nobody appealed.
    function decide(uint256 which, bool uphold) external {
        (bool found, uint256 index) = _find(which, _isDecidable);
        if (!found) return;
        Trial storage trial = _trials[index];
        if (trial.status == CaseStatus.Announced && (uphold || which % 4 != 0)) return;
        IDelegationPool.Book memory before = pool.book();
        court.decide(trial.id, uphold);
        if (uphold) _penalise(trial, trial.amount, before);
        else trial.status = CaseStatus.Dropped;
        _count(msg.sig);
    }

    function execute(uint256 which) external {
        (bool found, uint256 index) = _find(which, _isExecutable);
        if (found) _execute(_trials[index]);
    }

    function lapse(uint256 which) external {
        (bool found, uint256 index) = _find(which, _isLapsable);
        if (found) _lapse(_trials[index]);
    }

    function claimShare(uint256 which, uint256 whose) external {
        (bool found, uint256 index) = _find(which, _isClaimable);
        if (found) _claimShare(_trials[index], whose % 2);
    }

    function sweep(uint256 which) external {
        (bool found, uint256 index) = _find(which, _isSweepable);
        if (found) _sweep(_trials[index]);
    }

    function reinstate(uint256 which) external {
        address owner = provider(which);
        uint256 until = court.standingOf(owner).suspendedUntil;
        if (until == 0 || block.timestamp < until || _vault.isJailed(owner)) return;
        if (!_isRegistered(owner) || !_canAct(owner)) return;
        IProviderRegistry.Provider memory state = _providers.providerOf(owner);
        uint256 required = _providers.requiredStake(state.profile.hardware);
        uint256 lowest = _providers.fraudDepositFor(state.profile.hardware);
        if (state.fraudDeposit > lowest) required += state.fraudDeposit - lowest;
        if (required > state.reserved + _free(owner)) return;
        _act(owner, address(court), abi.encodeCall(IQualityCourt.reinstate, ()));
        assertTrue(!_vault.stakeOf(owner).suspended, "CASE-3: whose suspension is over works again");
        assertEqual(_providers.providerOf(owner).reserved, required, "CASE-3: with the whole lock");
        _count(msg.sig);
    }

    /// @notice The dispute game convicts whom it likes. Rarely, for it is for good.
    function convict(uint256 which, uint256 payout, uint256 dice) external {
        address owner = provider(which);
        if (dice % 8 != 0 || _vault.isJailed(owner) || !_isRegistered(owner)) return;
        uint256 deposit = _providers.fraudDepositOf(owner);
        payout = bound(payout, 0, deposit / 2);
        uint256 most = _vault.stakeOf(owner).staked;
        IDelegationPool.Book memory before = pool.book();
        bytes memory result = _do(
            GAME,
            address(_providers),
            abi.encodeCall(IProviderRegistry.convict, (owner, payout, CHALLENGER))
        );
        (uint256 forfeited, uint256 paid) = abi.decode(result, (uint256, uint256));
        assertEqual(forfeited, deposit, "SLASH-1: the whole deposit, whatever the court took");
        assertEqual(paid, payout, "SLASH-1: what the game asked for");
        assertAtMost(forfeited, most, "SLASH-5: no more than is staked");
        _slash(owner, forfeited, CHALLENGER, payout);
        if (owner != PLAIN) _bookPoolLoss(forfeited, before);
        _count(msg.sig);
    }

    // ----------------------------------------------------------------------------------------------- views

    /// @notice ATH units that a provider's open case has frozen.
    function frozenOf(address owner) public view returns (uint256 amount) {
        for (uint256 i = 0; i < _trials.length; ++i) {
            if (_trials[i].owner == owner && _isPending(_trials[i])) amount += _trials[i].amount;
        }
    }

    /// @notice ATH units that penalties set aside and nobody has claimed yet.
    function unclaimed() external view returns (uint256 amount) {
        for (uint256 i = 0; i < _trials.length; ++i) amount += _trials[i].unclaimed;
    }

    /// @notice Whether each case is where it must be.
    function casesAreAsTheyShould() external view returns (bool) {
        for (uint256 i = 0; i < _trials.length; ++i) {
            IQualityCourt.Case memory found = court.caseOf(_trials[i].id);
            if (found.status != _trials[i].status || found.unclaimed != _trials[i].unclaimed) return false;
        }
        return true;
    }

    // -------------------------------------------------------------------------------------------- internal

    /// @dev Ends every case that anyone can end.
    function _endCases() internal {
        for (uint256 i = 0; i < _trials.length; ++i) {
            Trial storage trial = _trials[i];
            if (_isExecutable(trial)) _execute(trial);
            if (_isLapsable(trial)) _lapse(trial);
            if (_isClaimable(trial)) {
                _claimShare(trial, 0);
                _claimShare(trial, 1);
            }
            if (_isSweepable(trial)) _sweep(trial);
        }
    }

    function _execute(Trial storage trial) private {
        IDelegationPool.Book memory before = pool.book();
        _do(STRANGER, address(court), abi.encodeCall(IQualityCourt.execute, (trial.id)));
        uint256 discount = (trial.amount * trial.terms.discountBasisPoints) / BASIS_POINTS;
        _penalise(trial, trial.amount - discount, before);
        _count(this.execute.selector);
    }

    function _lapse(Trial storage trial) private {
        _do(STRANGER, address(court), abi.encodeCall(IQualityCourt.lapse, (trial.id)));
        trial.status = CaseStatus.Dropped;
        _count(this.lapse.selector);
    }

    function _claimShare(Trial storage trial, uint256 whose) private {
        if (trial.paid[whose]) return;
        bytes32[] memory path = new bytes32[](1);
        path[0] = _leaf(trial, 1 - whose);
        _do(
            STRANGER,
            address(court),
            abi.encodeCall(
                IQualityCourt.claim,
                (trial.id, trial.harmed[whose], trial.shares[whose], whose, path)
            )
        );
        uint256 amount = (trial.set * trial.shares[whose]) / 1e18;
        if (amount > trial.unclaimed) amount = trial.unclaimed;
        trial.unclaimed -= amount;
        trial.paid[whose] = true;
        _move(address(_ath), address(_providers), trial.harmed[whose], amount);
        _count(this.claimShare.selector);
    }

    function _sweep(Trial storage trial) private {
        _do(STRANGER, address(court), abi.encodeCall(IQualityCourt.sweep, (trial.id)));
        _move(address(_ath), address(_providers), address(_insurance), trial.unclaimed);
        trial.unclaimed = 0;
        _count(this.sweep.selector);
    }

    /// @dev What a penalty does by the terms of its announcement.
    function _penalise(Trial storage trial, uint256 penalty, IDelegationPool.Book memory before) private {
        IQualityCourt.Parameters memory terms = trial.terms;
        uint256 harmed = (penalty * terms.harmedBasisPoints) / BASIS_POINTS;
        uint256 insured = (penalty * terms.insuredBasisPoints) / BASIS_POINTS;
        if (!trial.hasHarmed) (harmed, insured) = (0, insured + harmed);
        (trial.status, trial.set, trial.unclaimed) = (CaseStatus.Executed, harmed, harmed);
        trial.claimUntil = _now() + ONE_YEAR;
        assertAtMost(penalty, trial.amount, "SLASH-5: no more than was frozen");
        _slash(trial.owner, penalty, address(_providers), harmed + insured);
        _move(address(_ath), address(_providers), address(_insurance), insured);
        IVault.Stake memory position = _vault.stakeOf(trial.owner);
        assertTrue(position.suspended, "CASE-2: a penalty suspends");
        if (trial.owner != PLAIN) _bookPoolLoss(penalty, before);
    }

    function _leaf(Trial memory trial, uint256 whose) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(uint8(0), trial.id, trial.harmed[whose], trial.shares[whose]));
    }

    function _isPending(Trial storage trial) internal view returns (bool) {
        return trial.status == CaseStatus.Announced || trial.status == CaseStatus.Appealed;
    }

    function _isAppealable(Trial storage trial) private view returns (bool) {
        return
            trial.status == CaseStatus.Announced && _now() <= trial.appealUntil && _isRegistered(trial.owner);
    }

    function _isDecidable(Trial storage trial) private view returns (bool) {
        return _isPending(trial) && _now() <= trial.decideUntil;
    }

    function _isExecutable(Trial storage trial) private view returns (bool) {
        return trial.status == CaseStatus.Announced && _now() > trial.appealUntil;
    }

    function _isLapsable(Trial storage trial) private view returns (bool) {
        return trial.status == CaseStatus.Appealed && _now() > trial.decideUntil;
    }

    function _isClaimable(Trial storage trial) private view returns (bool) {
        return
            trial.status == CaseStatus.Executed &&
            trial.hasHarmed &&
            _now() <= trial.claimUntil &&
            !(trial.paid[0] && trial.paid[1]);
    }

    function _isSweepable(Trial storage trial) private view returns (bool) {
        return trial.status == CaseStatus.Executed && trial.unclaimed != 0 && _now() > trial.claimUntil;
    }

    function _find(
        uint256 which,
        function(Trial storage) view returns (bool) holds
    ) private view returns (bool found, uint256 index) {
        for (uint256 i = 0; i < _trials.length; ++i) {
            index = ((which % _trials.length) + i) % _trials.length;
            if (holds(_trials[index])) return (true, index);
        }
    }
}
