// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IPriceOracle} from "./IPriceOracle.sol";

/// @title Currencies: the governed list of payment tokens and what each costs
/// @notice Offers are in US cents, jobs are paid in tokens. Whoever opens a job converts here, once; what is open, settled or leaving never asks again.
/// Each token has a governed reference price that moves in small steps. A token may have a source too, any other oracle: its price then counts, as long
/// as it stays near the reference.
/// All prices are in microcents: a microcent is a millionth of a US cent, 10^-8 US dollars.
interface ICurrencies is IPriceOracle {
    /// @notice A listed token. The first four share a storage slot, which is all that a conversion by the reference reads.
    /// @param source The oracle whose price counts; zero: the reference itself.
    /// @param referenceMicrocents Governed price of a whole token, microcents; zero: the token is not listed.
    /// @param decimals Of the token, as it was listed: a token that changes them later changes nothing here.
    /// @param validUntil Last second, since 1970, in which the reference may be used.
    /// @param changedAt When reference or source changed last, in seconds since 1970.
    /// @param maximumDeviationBasisPoints By how much the source may differ from the reference, ten-thousandths of the reference.
    struct Currency {
        address source;
        uint56 referenceMicrocents;
        uint8 decimals;
        uint32 validUntil;
        uint40 changedAt;
        uint16 maximumDeviationBasisPoints;
    }

    /// @notice A token was listed.
    event CurrencyListed(address indexed token, uint8 decimals);
    /// @notice The governed price of a whole token is this, in microcents, until a second since 1970.
    event ReferenceSet(address indexed token, uint56 referenceMicrocents, uint32 validUntil);
    /// @notice The price of a token comes from this oracle; zero: it is the reference.
    event SourceSet(address indexed token, address indexed source, uint16 maximumDeviationBasisPoints);

    /// @notice The token is not listed. Choose another.
    error CurrencyNotListed(address token);
    /// @notice A token is listed once and for good.
    error CurrencyAlreadyListed(address token);
    error TokenDecimalsOutOfBounds(address token, uint256 decimals, uint256 maximum);
    /// @notice The governed price was not renewed in time. No new jobs are paid in the token until it is.
    error ReferenceExpired(address token, uint256 validUntil, uint256 timestamp);
    /// @notice The source differs from the governed price by more than it may. No new jobs are paid in the token until they meet.
    error PriceDeviates(
        address token,
        uint256 microcents,
        uint256 referenceMicrocents,
        uint256 maximumDeviationBasisPoints
    );
    /// @notice Converted, the price does not fit a job. Choose another token.
    error TokenPriceTooLarge(address token, uint256 price, uint256 maximum);
    /// @notice The price or the source of the token changed too recently.
    error ChangeTooSoon(address token, uint256 earliest, uint256 timestamp);
    error ReferenceOutOfBounds(address token, uint256 microcents, uint256 minimum, uint256 maximum);
    error DeviationOutOfBounds(uint256 basisPoints, uint256 minimum, uint256 maximum);
    /// @notice A source is a contract.
    error SourceWithoutCode(address source);

    /// @notice Lists a token, with the decimals that it tells, at a reference of 1,000 to 10^16 microcents.
    function list(address token, uint56 referenceMicrocents, uint32 validUntil) external;

    /// @notice Changes the reference by at most a tenth, at least six hours after the last change; or only for how long it is valid, at any time.
    function setReference(address token, uint56 referenceMicrocents, uint32 validUntil) external;

    /// @notice Changes where the price comes from, at least six hours after the last change.
    /// @param source Zero: the reference.
    /// @param maximumDeviationBasisPoints 1 to 2,000; 0 without a source.
    function setSource(address token, address source, uint16 maximumDeviationBasisPoints) external;

    /// @notice Token units for a million tokens of an offer, each rounded up.
    /// @param inputMicrocents Microcents for a million prompt tokens.
    /// @param outputMicrocents Microcents for a million generated tokens.
    function tokenPrices(
        address token,
        uint64 inputMicrocents,
        uint64 outputMicrocents
    ) external view returns (uint80 inputPrice, uint80 outputPrice);

    /// @notice A listed token; reverts with `CurrencyNotListed` if it is not.
    function currencyOf(address token) external view returns (Currency memory);
}
