// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ICheckerPay} from "../interfaces/ICheckerPay.sol";
import {ICheckers} from "../interfaces/ICheckers.sol";
import {IFeeDistributor} from "../interfaces/IFeeDistributor.sol";
import {Beneficiary} from "../types/Beneficiary.sol";

/// @title Checkers' pay
/// @notice See `ICheckerPay`, which is the specification, and docs/checkers.md.
contract CheckerPay is ICheckerPay, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;

    /// @dev Epochs after which no more shares of an epoch are earned.
    uint32 private constant SETTLED_AFTER = 3;

    ICheckers public immutable checkers;
    IFeeDistributor public immutable fees;

    // -------------------------------------------------------------------------------------------- storage

    /// @inheritdoc ICheckerPay
    mapping(uint32 epoch => mapping(address token => uint256)) public potOf;
    /// @inheritdoc ICheckerPay
    mapping(uint32 epoch => uint256) public totalShares;
    /// @inheritdoc ICheckerPay
    mapping(uint32 epoch => mapping(address checker => uint256)) public sharesOf;
    /// @inheritdoc ICheckerPay
    mapping(uint32 epoch => mapping(address token => mapping(address checker => bool))) public isClaimed;
    /// @dev What all pots hold of a token, less what was paid.
    mapping(address token => uint256) private _allotted;

    constructor(ICheckers checkers_, IFeeDistributor fees_) {
        checkers = checkers_;
        fees = fees_;
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc ICheckerPay
    function collect(address token) external nonReentrant returns (uint256 amount) {
        fees.distribute(token);
        // The distributor refuses to pay nothing; somebody may have had it pay before.
        if (fees.creditOf(Beneficiary.Checkers, token) != 0) fees.claim(Beneficiary.Checkers, token);
        // INVARIANT: a pot grows by what is there, whatever the token or the distributor says it sent.
        amount = Math.saturatingSub(IERC20(token).balanceOf(address(this)), _allotted[token]);
        uint32 epoch = checkers.currentEpoch();
        _allotted[token] += amount;
        potOf[epoch][token] += amount;
        emit Collected(epoch, token, amount);
    }

    /// @inheritdoc ICheckerPay
    function claim(
        uint32 epoch,
        address token,
        address checker
    ) external nonReentrant returns (uint256 amount) {
        _requireSettled(epoch);
        uint256 shares = sharesOf[epoch][checker];
        if (shares == 0 || isClaimed[epoch][token][checker]) revert NothingToPay(epoch, token);
        // INVARIANT: rounded down, so that all parts together are at most the pot.
        amount = Math.mulDiv(potOf[epoch][token], shares, totalShares[epoch]);
        if (amount == 0) revert NothingToPay(epoch, token);
        isClaimed[epoch][token][checker] = true;
        _allotted[token] -= amount;
        emit PayClaimed(epoch, token, checker, amount);

        IERC20(token).safeTransfer(checker, amount);
    }

    /// @inheritdoc ICheckerPay
    function rollOver(uint32 epoch, address token) external {
        _requireSettled(epoch);
        uint256 shares = totalShares[epoch];
        if (shares != 0) revert SharesStanding(epoch, shares);
        uint256 amount = potOf[epoch][token];
        if (amount == 0) revert NothingToPay(epoch, token);
        uint32 current = checkers.currentEpoch();
        potOf[epoch][token] = 0;
        potOf[current][token] += amount;
        emit RolledOver(epoch, current, token, amount);
    }

    /// @inheritdoc ICheckerPay
    function credit(uint32 epoch, address checker, uint256 shares) external {
        if (!checkers.isTask(msg.sender)) revert NotATask(msg.sender);
        uint32 current = checkers.currentEpoch();
        // INVARIANT: what a share is worth is fixed before the first is paid.
        if (current >= epoch + SETTLED_AFTER) revert WrongEpoch(epoch, current);
        totalShares[epoch] += shares;
        sharesOf[epoch][checker] += shares;
        emit SharesEarned(epoch, checker, shares);
    }

    function _requireSettled(uint32 epoch) private view {
        uint32 current = checkers.currentEpoch();
        if (current < epoch + SETTLED_AFTER) revert WrongEpoch(epoch, current);
    }
}
