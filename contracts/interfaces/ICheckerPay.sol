// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title What checkers are paid
/// @notice Nothing but fees: what comes in during an epoch is the epoch's pot, divided by the shares that were earned for it. Tokens are held here, not in the vault.
interface ICheckerPay {
    /// @notice The pot of an epoch grew; token units.
    event Collected(uint32 indexed epoch, address indexed token, uint256 amount);
    /// @notice A checker earned shares of an epoch's pot.
    event SharesEarned(uint32 indexed epoch, address indexed checker, uint256 shares);
    /// @notice A checker was paid for an epoch; token units.
    event PayClaimed(uint32 indexed epoch, address indexed token, address indexed checker, uint256 amount);
    /// @notice A pot that nobody had earned went on to another epoch; token units.
    event RolledOver(uint32 indexed epoch, uint32 indexed toEpoch, address indexed token, uint256 amount);

    /// @notice Only a task contract may call this.
    error NotATask(address caller);
    /// @notice The epoch's pay is not settled yet, or already.
    error WrongEpoch(uint32 epoch, uint32 current);
    /// @notice There is nothing of the token for it.
    error NothingToPay(uint32 epoch, address token);
    /// @notice Somebody earned a share of the pot.
    error SharesStanding(uint32 epoch, uint256 shares);

    /// @notice Has the fee distributor pay the checkers' part, and adds all that came in to the current epoch's pot. Anyone.
    /// @return amount Token units.
    function collect(address token) external returns (uint256 amount);

    /// @notice Sends a checker its part of an epoch's pot, once, three epochs later or any time after. Anyone.
    /// @return amount Token units.
    function claim(uint32 epoch, address token, address checker) external returns (uint256 amount);

    /// @notice Adds the pot of an epoch in which nobody earned a share to the current one's. Anyone.
    function rollOver(uint32 epoch, address token) external;

    /// @notice Notes that a checker earned shares of an epoch's pot. Only tasks, up to the third epoch after it.
    function credit(uint32 epoch, address checker, uint256 shares) external;

    /// @notice What came in for an epoch; token units.
    function potOf(uint32 epoch, address token) external view returns (uint256);

    /// @notice Shares that all checkers earned of an epoch.
    function totalShares(uint32 epoch) external view returns (uint256);

    /// @notice Shares that a checker earned of an epoch.
    function sharesOf(uint32 epoch, address checker) external view returns (uint256);

    /// @notice Whether a checker was paid for an epoch in a token.
    function isClaimed(uint32 epoch, address token, address checker) external view returns (bool);
}
