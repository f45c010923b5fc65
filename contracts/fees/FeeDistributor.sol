// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {ICurrencies} from "../interfaces/ICurrencies.sol";
import {IFeeDistributor} from "../interfaces/IFeeDistributor.sol";
import {Beneficiary} from "../types/Beneficiary.sol";

/// @title Fee distributor
/// @notice See `IFeeDistributor`, which is the specification, and docs/fees.md.
contract FeeDistributor is IFeeDistributor, AccessManaged, ReentrancyGuardTransient {
    using SafeERC20 for IERC20;
    using SafeCast for uint256;

    // ------------------------------------------------------------------------------------------ constants

    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant MIN_CHECKERS = 2_000;
    uint256 private constant MAX_CHECKERS = 8_000;
    uint256 private constant MIN_INSURANCE = 500;
    uint256 private constant MAX_INSURANCE = 3_000;
    uint256 private constant MIN_BURN = 1_000;
    uint256 private constant MAX_BURN = 5_000;
    uint256 private constant MAX_TREASURY = 3_000;
    uint256 private constant MAX_SALE_DISCOUNT = 300;
    /// @dev Of what there is of a token, one part of so many is sold in a day: whoever knows a price before it changes gains on that part only.
    uint256 private constant SALE_DAYS = 4;

    address public immutable ath;
    ICurrencies public immutable currencies;
    address public immutable insurance;

    // -------------------------------------------------------------------------------------------- storage

    /// @param day The last with a sale, in days since 1970.
    /// @param sold Token units on that day.
    struct Sales {
        uint64 day;
        uint192 sold;
    }

    mapping(Beneficiary => mapping(address token => uint256)) private _credits;
    /// @dev The sum of a token's credits.
    mapping(address token => uint256) private _credited;
    mapping(address token => Sales) private _sales;
    Parameters private _parameters;
    address private _checkers;
    address private _treasury;
    /// @inheritdoc IFeeDistributor
    uint256 public burned;

    // ---------------------------------------------------------------------------------------- construction

    /// @param insurance_ Where the insurance's part goes, for good.
    constructor(
        address authority,
        address athToken,
        ICurrencies currencies_,
        address insurance_,
        address treasury,
        Parameters memory initial
    ) AccessManaged(authority) {
        if (insurance_ == address(0)) revert ZeroAddress();
        ath = athToken;
        currencies = currencies_;
        insurance = insurance_;
        _setTreasury(treasury);
        _setParameters(initial);
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IFeeDistributor
    function distribute(address token) external nonReentrant returns (uint256 amount) {
        uint256 balance = IERC20(token).balanceOf(address(this));
        uint256 credited = _credited[token];
        // A token that takes balances away leaves less than was credited.
        if (balance <= credited) return 0;
        amount = balance - credited;
        Parameters memory split = _parameters;
        uint256 toCheckers = Math.mulDiv(amount, split.checkers, BASIS_POINTS);
        uint256 toInsurance = Math.mulDiv(amount, split.insurance, BASIS_POINTS);
        uint256 toTreasury = Math.mulDiv(amount, split.treasury, BASIS_POINTS);
        // INVARIANT: the parts are the whole; what rounding leaves is burned.
        uint256 toBurn = amount - toCheckers - toInsurance - toTreasury;
        _credits[Beneficiary.Checkers][token] += toCheckers;
        _credits[Beneficiary.Insurance][token] += toInsurance;
        _credits[Beneficiary.Treasury][token] += toTreasury;
        emit FeesDistributed(token, toCheckers, toInsurance, toBurn, toTreasury);
        if (token == ath) {
            _credited[token] = balance - toBurn;
            burned += toBurn;
            ERC20Burnable(ath).burn(toBurn);
        } else {
            _credited[token] = balance;
            _credits[Beneficiary.Burn][token] += toBurn;
        }
    }

    /// @inheritdoc IFeeDistributor
    function claim(Beneficiary beneficiary, address token) external nonReentrant returns (uint256 amount) {
        if (beneficiary == Beneficiary.Burn) revert NotClaimable(beneficiary);
        address receiver = receiverOf(beneficiary);
        if (receiver == address(0)) revert BeneficiaryNotSet(beneficiary);
        amount = _credits[beneficiary][token];
        if (amount == 0) revert NoFeesToClaim(beneficiary, token);
        _credits[beneficiary][token] = 0;
        _credited[token] -= amount;
        emit FeesClaimed(beneficiary, token, receiver, amount);
        IERC20(token).safeTransfer(receiver, amount);
    }

    /// @inheritdoc IFeeDistributor
    function buy(
        address token,
        uint256 amount,
        uint256 maximumCost,
        address recipient
    ) external nonReentrant returns (uint256 cost) {
        if (amount == 0) revert ZeroAmount();
        uint256 available = forSale(token);
        if (amount > available) revert NotForSale(token, available, amount);
        cost = costOf(token, amount);
        // INVARIANT: a price that changes before this transaction costs the buyer no more than it agreed to.
        if (cost > maximumCost) revert CostAboveLimit(cost, maximumCost);
        uint64 day = _today();
        _sales[token] = Sales(day, (_soldOn(day, token) + amount).toUint192());
        _credits[Beneficiary.Burn][token] -= amount;
        _credited[token] -= amount;
        burned += cost;
        emit FeesSold(token, msg.sender, recipient, amount, cost);
        ERC20Burnable(ath).burnFrom(msg.sender, cost);
        IERC20(token).safeTransfer(recipient, amount);
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IFeeDistributor
    function setParameters(Parameters calldata parameters_) external restricted {
        _setParameters(parameters_);
    }

    /// @inheritdoc IFeeDistributor
    function setCheckers(address checkers) external restricted {
        // INVARIANT: the checkers' part never becomes anybody else's.
        if (_checkers != address(0)) revert CheckersAlreadySet(_checkers);
        if (checkers.code.length == 0) revert CheckersWithoutCode(checkers);
        _checkers = checkers;
        emit CheckersSet(checkers);
    }

    /// @inheritdoc IFeeDistributor
    function setTreasury(address treasury) external restricted {
        _setTreasury(treasury);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IFeeDistributor
    function parameters() external view returns (Parameters memory) {
        return _parameters;
    }

    /// @inheritdoc IFeeDistributor
    function receiverOf(Beneficiary beneficiary) public view returns (address) {
        if (beneficiary == Beneficiary.Checkers) return _checkers;
        if (beneficiary == Beneficiary.Insurance) return insurance;
        return beneficiary == Beneficiary.Treasury ? _treasury : address(0);
    }

    /// @inheritdoc IFeeDistributor
    function creditOf(Beneficiary beneficiary, address token) external view returns (uint256) {
        return _credits[beneficiary][token];
    }

    /// @inheritdoc IFeeDistributor
    function forSale(address token) public view returns (uint256) {
        uint256 sold = _soldOn(_today(), token);
        // INVARIANT: never more than there is: of all, a quarter and what rounding adds, less what was sold.
        return Math.ceilDiv(_credits[Beneficiary.Burn][token] + sold, SALE_DAYS) - sold;
    }

    /// @inheritdoc IFeeDistributor
    function costOf(address token, uint256 amount) public view returns (uint256) {
        uint256 unitsPerToken = 10 ** uint256(currencies.currencyOf(token).decimals);
        uint256 unitsPerAth = 10 ** uint256(currencies.currencyOf(ath).decimals);
        uint256 asked = currencies.microcentsPerToken(token) * (BASIS_POINTS - _parameters.saleDiscount);
        // INVARIANT: rounded up, so that no amount is too small to cost something.
        return
            Math.mulDiv(
                amount,
                asked * unitsPerAth,
                currencies.microcentsPerToken(ath) * BASIS_POINTS * unitsPerToken,
                Math.Rounding.Ceil
            );
    }

    // ------------------------------------------------------------------------------------------- internal

    function _today() private view returns (uint64) {
        return uint64(block.timestamp / 1 days);
    }

    function _soldOn(uint64 day, address token) private view returns (uint256) {
        Sales memory sales = _sales[token];
        return sales.day == day ? sales.sold : 0;
    }

    function _setTreasury(address treasury) private {
        if (treasury == address(0)) revert ZeroAddress();
        _treasury = treasury;
        emit TreasurySet(treasury);
    }

    function _setParameters(Parameters memory next) private {
        _requireBetween("checkers", next.checkers, MIN_CHECKERS, MAX_CHECKERS);
        _requireBetween("insurance", next.insurance, MIN_INSURANCE, MAX_INSURANCE);
        _requireBetween("burn", next.burn, MIN_BURN, MAX_BURN);
        _requireBetween("treasury", next.treasury, 0, MAX_TREASURY);
        _requireBetween("saleDiscount", next.saleDiscount, 0, MAX_SALE_DISCOUNT);
        uint256 sum = uint256(next.checkers) + next.insurance + next.burn + next.treasury;
        if (sum != BASIS_POINTS) revert SplitIncomplete(sum, BASIS_POINTS);
        _parameters = next;
        emit ParametersSet(next);
    }

    function _requireBetween(
        bytes32 parameter,
        uint256 value,
        uint256 minimum,
        uint256 maximum
    ) private pure {
        if (value < minimum || value > maximum)
            revert ParameterOutOfBounds(parameter, value, minimum, maximum);
    }
}
