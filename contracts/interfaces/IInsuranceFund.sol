// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title The insurance of the protocol
/// @notice Holds what it is sent, of any token: a part of the fees, and of penalties. Governance pays damages out of it, with a reason that everybody can read,
/// and never more than a quarter of a token within 30 days, so that whoever captures governance takes a part, slowly. Nobody else moves anything.
interface IInsuranceFund {
    /// @notice Damages were paid; token units.
    event DamagesPaid(address indexed token, address indexed recipient, uint256 amount, string reason);

    /// @notice A payment has a reason, 1 to 256 bytes of UTF-8.
    error ReasonLengthOutOfBounds(uint256 length, uint256 minimum, uint256 maximum);
    /// @notice The limit of any 30 days allows less. Pay less, or later.
    error PaymentAboveLimit(address token, uint256 amount, uint256 limit);
    error ZeroAmount();

    /// @notice Pays damages.
    /// @param amount Token units; at most `payableNow`.
    /// @param reason What for; published.
    function pay(address token, uint256 amount, address recipient, string calldata reason) external;

    /// @notice What can be paid now, token units: a quarter of what there would be without the payments of the last 30 days, less these payments.
    function payableNow(address token) external view returns (uint256);

    /// @notice Token units paid within the last 30 days.
    function recentlyPaid(address token) external view returns (uint256);
}
