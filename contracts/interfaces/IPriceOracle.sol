// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title What a token costs
/// @notice A source of prices for `ICurrencies`, which is one itself.
interface IPriceOracle {
    /// @notice Price of one whole token, 10^decimals of its units, in microcents: a microcent is a millionth of a US cent, 10^-8 US dollars.
    /// Never 0. Reverts with an error that says why when the price is not known, too old or not to be trusted.
    function microcentsPerToken(address token) external view returns (uint256);
}
