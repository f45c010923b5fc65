// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ICurrencies} from "../interfaces/ICurrencies.sol";
import {IPriceOracle} from "../interfaces/IPriceOracle.sol";

/// @title Currencies
/// @notice See `ICurrencies`, which is the specification.
contract Currencies is ICurrencies, AccessManaged {
    // ------------------------------------------------------------------------------------------ constants

    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant MAX_CHANGE_BASIS_POINTS = 1_000;
    uint256 private constant MIN_CHANGE_INTERVAL = 6 hours;
    uint256 private constant MAX_DEVIATION_BASIS_POINTS = 2_000;
    /// @dev $0.00001: below it a tenth is too coarse to move by.
    uint256 private constant MIN_REFERENCE = 1_000;
    /// @dev $100 million.
    uint256 private constant MAX_REFERENCE = 1e16;
    uint8 private constant MAX_DECIMALS = 36;

    // -------------------------------------------------------------------------------------------- storage

    mapping(address token => Currency) private _currencies;

    // ---------------------------------------------------------------------------------------- construction

    /// @param authority The AccessManager that decides who may call the functions of the governance section.
    constructor(address authority) AccessManaged(authority) {}

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc ICurrencies
    function list(address token, uint56 referenceMicrocents, uint32 validUntil) external restricted {
        // INVARIANT: a token is never listed anew, so that its price moves by steps only.
        if (_currencies[token].referenceMicrocents != 0) revert CurrencyAlreadyListed(token);
        _requireReference(token, referenceMicrocents, MIN_REFERENCE, MAX_REFERENCE);
        uint8 decimals = IERC20Metadata(token).decimals();
        if (decimals > MAX_DECIMALS) revert TokenDecimalsOutOfBounds(token, decimals, MAX_DECIMALS);
        _currencies[token] = Currency({
            source: address(0),
            referenceMicrocents: referenceMicrocents,
            decimals: decimals,
            validUntil: validUntil,
            changedAt: uint40(block.timestamp),
            maximumDeviationBasisPoints: 0
        });
        emit CurrencyListed(token, decimals);
        emit ReferenceSet(token, referenceMicrocents, validUntil);
    }

    /// @inheritdoc ICurrencies
    function setReference(address token, uint56 referenceMicrocents, uint32 validUntil) external restricted {
        Currency storage currency = _listed(token);
        uint256 current = currency.referenceMicrocents;
        if (referenceMicrocents != current) {
            _noteChange(token, currency);
            uint256 step = (current * MAX_CHANGE_BASIS_POINTS) / BASIS_POINTS;
            _requireReference(
                token,
                referenceMicrocents,
                Math.max(current - step, MIN_REFERENCE),
                Math.min(current + step, MAX_REFERENCE)
            );
            currency.referenceMicrocents = referenceMicrocents;
        }
        currency.validUntil = validUntil;
        emit ReferenceSet(token, referenceMicrocents, validUntil);
    }

    /// @inheritdoc ICurrencies
    function setSource(
        address token,
        address source,
        uint16 maximumDeviationBasisPoints
    ) external restricted {
        Currency storage currency = _listed(token);
        _noteChange(token, currency);
        (uint256 minimum, uint256 maximum) = source == address(0)
            ? (uint256(0), uint256(0))
            : (1, MAX_DEVIATION_BASIS_POINTS);
        if (maximumDeviationBasisPoints < minimum || maximumDeviationBasisPoints > maximum) {
            revert DeviationOutOfBounds(maximumDeviationBasisPoints, minimum, maximum);
        }
        if (source != address(0) && source.code.length == 0) revert SourceWithoutCode(source);
        currency.source = source;
        currency.maximumDeviationBasisPoints = maximumDeviationBasisPoints;
        emit SourceSet(token, source, maximumDeviationBasisPoints);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IPriceOracle
    function microcentsPerToken(address token) external view returns (uint256 microcents) {
        (microcents, ) = _priceOf(token);
    }

    /// @inheritdoc ICurrencies
    function tokenPrices(
        address token,
        uint64 inputMicrocents,
        uint64 outputMicrocents
    ) external view returns (uint80 inputPrice, uint80 outputPrice) {
        (uint256 microcents, uint256 unitsPerToken) = _priceOf(token);
        inputPrice = _tokenPrice(token, inputMicrocents * unitsPerToken, microcents);
        outputPrice = _tokenPrice(token, outputMicrocents * unitsPerToken, microcents);
    }

    /// @inheritdoc ICurrencies
    function currencyOf(address token) external view returns (Currency memory) {
        return _listed(token);
    }

    // ------------------------------------------------------------------------------------------- internal

    function _listed(address token) private view returns (Currency storage currency) {
        currency = _currencies[token];
        if (currency.referenceMicrocents == 0) revert CurrencyNotListed(token);
    }

    function _priceOf(address token) private view returns (uint256 microcents, uint256 unitsPerToken) {
        Currency storage currency = _listed(token);
        uint256 validUntil = currency.validUntil;
        if (block.timestamp > validUntil) revert ReferenceExpired(token, validUntil, block.timestamp);
        microcents = currency.referenceMicrocents;
        unitsPerToken = 10 ** uint256(currency.decimals);
        address source = currency.source;
        if (source == address(0)) return (microcents, unitsPerToken);

        uint256 price = IPriceOracle(source).microcentsPerToken(token);
        uint256 maximum = currency.maximumDeviationBasisPoints;
        uint256 difference = price > microcents ? price - microcents : microcents - price;
        // INVARIANT: whatever a source says, the price stays near the reference, and is not 0.
        if (difference > (microcents * maximum) / BASIS_POINTS) {
            revert PriceDeviates(token, price, microcents, maximum);
        }
        return (price, unitsPerToken);
    }

    /// @dev Rounded up: never in the payer's favour.
    function _tokenPrice(address token, uint256 scaled, uint256 microcents) private pure returns (uint80) {
        uint256 price = Math.ceilDiv(scaled, microcents);
        if (price > type(uint80).max) revert TokenPriceTooLarge(token, price, type(uint80).max);
        return uint80(price);
    }

    function _noteChange(address token, Currency storage currency) private {
        uint256 earliest = currency.changedAt + MIN_CHANGE_INTERVAL;
        if (block.timestamp < earliest) revert ChangeTooSoon(token, earliest, block.timestamp);
        currency.changedAt = uint40(block.timestamp);
    }

    function _requireReference(
        address token,
        uint256 microcents,
        uint256 minimum,
        uint256 maximum
    ) private pure {
        if (microcents < minimum || microcents > maximum) {
            revert ReferenceOutOfBounds(token, microcents, minimum, maximum);
        }
    }
}
