// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Address} from "@openzeppelin/contracts/utils/Address.sol";

import {ICurrencies} from "../interfaces/ICurrencies.sol";

/// @title Amounts of a token by their worth
library Worth {
    /// @notice Token units that are worth so many microcents now, rounded up. Reverts when `ICurrencies` has no price for the token.
    /// @dev Encoded by hand, so that the escrows' own calls stay inline and cost what they did.
    function unitsWorth(
        ICurrencies currencies,
        address token,
        uint64 microcents
    ) internal view returns (uint256 units) {
        bytes memory prices = Address.functionStaticCall(
            address(currencies),
            abi.encodeCall(ICurrencies.tokenPrices, (token, microcents, 0))
        );
        assembly ("memory-safe") {
            units := mload(add(prices, 0x20))
        }
    }
}
