// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title What the quality court does to a registered provider's stake
/// @notice The registry is a module that every provider approved; the court acts through it, on the stake of the provider's hardware alone. The fraud deposit stays
/// whole, whatever the court does, and so does what backs open work.
interface IProviderPenalties {
    /// @notice ATH units of the stake of a provider's hardware back nothing until their case ends.
    event StakeFrozen(address indexed provider, uint96 amount);
    /// @notice ATH units that were frozen are given back: they back the hardware again, or are free if its requirement is met without them.
    event StakeReleased(address indexed provider, uint96 amount);
    /// @notice ATH units that were frozen are lost: `payout` waits in the registry's vault account for the court to divide, the rest is burned. The provider is suspended.
    event StakePenalised(address indexed provider, uint96 amount, uint96 payout);
    /// @notice A provider that was suspended takes work again; `reserved` ATH units of its stake are locked now.
    event ProviderReinstated(address indexed provider, uint96 reserved);
    /// @notice The contract that penalises is this one, for good.
    event CourtSet(address court);

    /// @notice Hardware is examined by this contract, for good.
    event HardwareExamsSet(address exams);

    /// @notice Only the quality court calls this.
    error NotCourt(address caller);
    /// @notice Only the contract that examines hardware calls this.
    error NotHardwareExams(address caller);
    /// @notice The contract that examines hardware is set once, for good.
    error HardwareExamsAlreadySet(address exams);
    /// @notice It is a contract.
    error HardwareExamsWithoutCode(address exams);
    /// @notice The court is set once, for good.
    error CourtAlreadySet(address court);
    /// @notice The court is a contract.
    error CourtWithoutCode(address court);
    /// @notice More than half of the stake of the provider's hardware, or nothing.
    error FreezeOutOfBounds(uint96 amount, uint96 maximum);
    /// @notice A part of the provider's stake is frozen already.
    error AlreadyFrozen(address provider, uint96 amount);
    /// @notice Less of the provider's stake is frozen.
    error FrozenTooLittle(address provider, uint96 frozen, uint96 amount);

    /// @notice Names the quality court, once and for good.
    function setCourt(address court) external;

    /// @notice Takes a part of the stake of a provider's hardware out of `reserved`. It stays locked in the vault. Only the court.
    /// @param amount ATH units, at most half.
    function freeze(address provider, uint96 amount) external;

    /// @notice Gives back all that is frozen. Only the court.
    function liftFreeze(address provider) external;

    /// @notice Takes `amount` of what is frozen, gives back the rest, and suspends the provider. Registered or not, convicted or not. Only the court.
    /// @param amount ATH units.
    /// @param payout ATH units of it for the registry's own vault account, at most half; the rest burns.
    function penaliseFrozen(address provider, uint96 amount, uint96 payout) external;

    /// @notice Sends ATH units of earlier payouts to `recipient`. Only the court.
    function pay(address recipient, uint256 amount) external;

    /// @notice Brings a suspended provider's lock to what its hardware requires today, of closed classes too, and ends the suspension. The fraud deposit never falls. Only the court.
    function reinstate(address provider) external;

    /// @notice Names the contract that examines hardware, once and for good.
    function setHardwareExams(address exams) external;

    /// @notice Keeps a provider from new work until its hardware passed an exam, or no longer; see docs/checkers.md. A suspension by the court is another one. Only the contract that
    /// examines hardware.
    function setAwaitingExam(address provider, bool awaiting) external;

    /// @notice The contract that examines hardware; zero until it is set.
    function hardwareExams() external view returns (address);

    /// @notice The quality court; zero until it is set.
    function penaltyCourt() external view returns (address);

    /// @notice ATH units of a provider's stake that are frozen: locked, and not in `reserved`. They stay when the provider deregisters.
    function frozenStakeOf(address provider) external view returns (uint96);

    /// @notice ATH units that back a provider's hardware: `reserved` without the fraud deposit. Reverts with `NotRegistered`.
    function hardwareLockOf(address provider) external view returns (uint96);
}
