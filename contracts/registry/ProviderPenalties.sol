// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IProviderPenalties} from "../interfaces/IProviderPenalties.sol";
import {IVault} from "../interfaces/IVault.sol";

/// @title The part of the provider registry that answers to the quality court
/// @notice See `IProviderPenalties`, which is the specification.
abstract contract ProviderPenalties is IProviderPenalties, AccessManaged {
    /// @dev Bits of `_suspensions`.
    uint8 private constant BY_COURT = 1;
    uint8 private constant BY_EXAMS = 2;

    IVault public immutable vault;

    // -------------------------------------------------------------------------------------------- storage

    /// @param amount ATH units.
    /// @param reserved What was left reserved. As long as it is that, the provider's hardware lacks `amount`; any other value means that its lock was made anew.
    struct Frozen {
        uint96 amount;
        uint96 reserved;
    }

    mapping(address provider => Frozen) private _frozen;
    /// @dev Who keeps a provider from new work. The vault knows whether anybody does.
    mapping(address provider => uint8) private _suspensions;
    /// @inheritdoc IProviderPenalties
    address public penaltyCourt;
    /// @inheritdoc IProviderPenalties
    address public hardwareExams;

    // ---------------------------------------------------------------------------------------- construction

    constructor(IVault vault_) {
        vault = vault_;
    }

    // ---------------------------------------------------------------------------------------------- court

    modifier onlyCourt() {
        if (msg.sender != penaltyCourt) revert NotCourt(msg.sender);
        _;
    }

    /// @inheritdoc IProviderPenalties
    function freeze(address owner, uint96 amount) external onlyCourt {
        (uint96 reserved, uint96 deposit) = _locksOf(owner);
        // INVARIANT: the fraud deposit is never frozen, so a conviction finds it whole.
        uint96 most = (reserved - deposit) / 2;
        if (amount == 0 || amount > most) revert FreezeOutOfBounds(amount, most);
        uint96 frozen = _frozen[owner].amount;
        if (frozen != 0) revert AlreadyFrozen(owner, frozen);
        reserved -= amount;
        _frozen[owner] = Frozen(amount, reserved);
        _setLocks(owner, reserved, deposit);
        emit StakeFrozen(owner, amount);
    }

    /// @inheritdoc IProviderPenalties
    function liftFreeze(address owner) external onlyCourt {
        Frozen memory frozen = _frozen[owner];
        delete _frozen[owner];
        _giveBack(owner, frozen, frozen.amount);
    }

    /// @inheritdoc IProviderPenalties
    function penaliseFrozen(address owner, uint96 amount, uint96 payout) external onlyCourt {
        Frozen memory frozen = _frozen[owner];
        if (frozen.amount < amount) revert FrozenTooLittle(owner, frozen.amount, amount);
        delete _frozen[owner];
        emit StakePenalised(owner, amount, payout);
        _suspend(owner, BY_COURT, true);
        vault.penalise(owner, amount, payout);
        _giveBack(owner, frozen, frozen.amount - amount);
    }

    /// @inheritdoc IProviderPenalties
    function pay(address recipient, uint256 amount) external onlyCourt {
        vault.withdraw(vault.ath(), amount, recipient);
    }

    /// @inheritdoc IProviderPenalties
    function reinstate(address owner) external onlyCourt {
        if (vault.isJailed(owner)) revert IVault.ProviderJailed(owner);
        (uint96 before, ) = _locksOf(owner);
        (uint96 reserved, uint96 deposit) = _requiredOf(owner);
        _setLocks(owner, reserved, deposit);
        emit ProviderReinstated(owner, reserved);

        _suspend(owner, BY_COURT, false);
        if (reserved > before) vault.lockStake(owner, reserved - before);
        if (reserved < before) vault.unlockStake(owner, before - reserved);
    }

    // ---------------------------------------------------------------------------------------------- exams

    /// @inheritdoc IProviderPenalties
    function setAwaitingExam(address owner, bool awaiting) external {
        if (msg.sender != hardwareExams) revert NotHardwareExams(msg.sender);
        _suspend(owner, BY_EXAMS, awaiting);
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IProviderPenalties
    function setHardwareExams(address exams) external restricted {
        // INVARIANT: whoever can keep a provider from new work never changes.
        if (hardwareExams != address(0)) revert HardwareExamsAlreadySet(hardwareExams);
        if (exams.code.length == 0) revert HardwareExamsWithoutCode(exams);
        hardwareExams = exams;
        emit HardwareExamsSet(exams);
    }

    /// @inheritdoc IProviderPenalties
    function setCourt(address court) external restricted {
        // INVARIANT: whoever can penalise is known before anyone registers, and never changes.
        if (penaltyCourt != address(0)) revert CourtAlreadySet(penaltyCourt);
        if (court.code.length == 0) revert CourtWithoutCode(court);
        penaltyCourt = court;
        emit CourtSet(court);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IProviderPenalties
    function frozenStakeOf(address owner) external view returns (uint96) {
        return _frozen[owner].amount;
    }

    /// @inheritdoc IProviderPenalties
    function hardwareLockOf(address owner) external view returns (uint96) {
        (uint96 reserved, uint96 deposit) = _locksOf(owner);
        return reserved - deposit;
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev What a registered provider has locked, the fraud deposit included, and the deposit, ATH units; reverts with `NotRegistered`.
    function _locksOf(address owner) internal view virtual returns (uint96 reserved, uint96 deposit);

    /// @dev The same as today's requirements are; the deposit is at least what it was.
    function _requiredOf(address owner) internal view virtual returns (uint96 reserved, uint96 deposit);

    /// @dev What is locked, or zero if the owner is not registered.
    function _reservedOf(address owner) internal view virtual returns (uint96 reserved);

    function _setLocks(address owner, uint96 reserved, uint96 deposit) internal virtual;

    /// @dev INVARIANT: the end of one suspension does not end the other.
    function _suspend(address owner, uint8 reason, bool suspended) private {
        uint8 reasons = suspended ? _suspensions[owner] | reason : _suspensions[owner] & ~reason;
        _suspensions[owner] = reasons;
        vault.setSuspended(owner, reasons != 0);
    }

    /// @dev INVARIANT: never fails, so that every case ends. Where the hardware's lock was made anew meanwhile, without what was frozen, that is free.
    function _giveBack(address owner, Frozen memory frozen, uint96 amount) private {
        if (amount == 0) return;
        emit StakeReleased(owner, amount);
        uint96 reserved = _reservedOf(owner);
        if (reserved == frozen.reserved && reserved != 0) {
            (, uint96 deposit) = _locksOf(owner);
            _setLocks(owner, reserved + amount, deposit);
        } else {
            vault.unlockStake(owner, amount);
        }
    }
}
