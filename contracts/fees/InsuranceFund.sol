// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {IInsuranceFund} from "../interfaces/IInsuranceFund.sol";

/// @title Insurance fund
/// @notice See `IInsuranceFund`, which is the specification, and docs/fees.md.
contract InsuranceFund is IInsuranceFund, AccessManaged {
    using Checkpoints for Checkpoints.Trace208;
    using SafeCast for uint256;
    using SafeERC20 for IERC20;

    uint256 private constant PERIOD = 30 days;
    /// @dev One part of so many can be paid within a period.
    uint256 private constant PARTS = 4;
    uint256 private constant MAX_REASON_LENGTH = 256;

    /// @dev Everything paid so far, by the second after which it was.
    mapping(address token => Checkpoints.Trace208) private _paid;

    /// @param authority The AccessManager that decides who may pay.
    constructor(address authority) AccessManaged(authority) {}

    /// @inheritdoc IInsuranceFund
    function pay(
        address token,
        uint256 amount,
        address recipient,
        string calldata reason
    ) external restricted {
        uint256 length = bytes(reason).length;
        if (length == 0 || length > MAX_REASON_LENGTH)
            revert ReasonLengthOutOfBounds(length, 1, MAX_REASON_LENGTH);
        if (amount == 0) revert ZeroAmount();
        uint256 limit = payableNow(token);
        // INVARIANT: whoever governs, three quarters of what there was 30 days ago are still there.
        if (amount > limit) revert PaymentAboveLimit(token, amount, limit);
        Checkpoints.Trace208 storage paid = _paid[token];
        paid.push(uint48(block.timestamp), (paid.latest() + amount).toUint208());
        emit DamagesPaid(token, recipient, amount, reason);
        IERC20(token).safeTransfer(recipient, amount);
    }

    /// @inheritdoc IInsuranceFund
    function payableNow(address token) public view returns (uint256) {
        uint256 recent = recentlyPaid(token);
        uint256 share = (IERC20(token).balanceOf(address(this)) + recent) / PARTS;
        return share > recent ? share - recent : 0;
    }

    /// @inheritdoc IInsuranceFund
    function recentlyPaid(address token) public view returns (uint256) {
        Checkpoints.Trace208 storage paid = _paid[token];
        return paid.latest() - paid.upperLookupRecent(uint48(block.timestamp - PERIOD));
    }
}
