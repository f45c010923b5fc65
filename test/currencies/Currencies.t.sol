// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {Currencies} from "../../contracts/currencies/Currencies.sol";
import {Assert} from "../support/Assert.sol";
import {vm} from "../support/Vm.sol";

/// @notice Conversion from microcents to token units: rounded up, monotone, never cheaper in parts, total at its bounds. And what a governor can reach.
contract CurrenciesTest is Assert {
    uint256 private constant MOST = type(uint80).max;

    Currencies private currencies;
    uint8 public decimals;

    function setUp() public {
        currencies = new Currencies(address(new AccessManager(address(this))));
    }

    /// @notice The least number of units that is worth at least the offer.
    function testFuzz_tokenPrices_roundUp(uint64 microcents, uint8 digits, uint56 rate) public {
        rate = _list(digits, rate);
        uint256 scaled = uint256(microcents) * 10 ** uint256(decimals);
        if (scaled > MOST * rate) {
            _expectTooLarge(scaled, rate, microcents);
            return;
        }
        (uint80 price, uint80 none) = currencies.tokenPrices(address(this), microcents, 0);
        assertEqual(none, 0, "nothing costs nothing");
        assertTrue(uint256(price) * rate >= scaled, "worth at least the offer");
        assertTrue(price == 0 || uint256(price - 1) * rate < scaled, "and no unit more");
    }

    /// @notice A dearer offer is never cheaper, and parts together never cheaper than the whole.
    function testFuzz_tokenPrices_areMonotoneAndSubadditive(
        uint64 first,
        uint64 second,
        uint8 digits,
        uint56 rate
    ) public {
        rate = _list(digits, rate);
        first /= 2;
        second /= 2;
        uint256 scaled = (uint256(first) + second) * 10 ** uint256(decimals);
        if (scaled > MOST * rate) return;
        (uint256 a, uint256 b) = currencies.tokenPrices(address(this), first, second);
        (uint256 whole, ) = currencies.tokenPrices(address(this), first + second, 0);
        assertTrue(first <= second ? a <= b : a >= b, "monotone");
        assertTrue(a + b >= whole, "parts are never cheaper");
        assertTrue(whole >= a && whole >= b, "the whole is no cheaper than a part");
    }

    /// @notice Any sequence of changes that governance tries, at any times: a step is a tenth at most, and six hours lie between two.
    function testFuzz_setReference_movesByStepsOnly(
        uint56 rate,
        uint56[8] calldata wanted,
        uint32[8] calldata waits
    ) public {
        uint256 current = _list(18, rate);
        uint256 time = vm.getBlockTimestamp();
        uint256 changed = time;
        for (uint256 i = 0; i < wanted.length; ++i) {
            time += bound(waits[i], 0, 12 hours);
            vm.warp(time);
            uint56 next = uint56(bound(wanted[i], (current * 85) / 100, (current * 115) / 100));
            bool allowed =
                next == current ||
                    (time >= changed + 6 hours &&
                        next >= current - current / 10 &&
                        next <= current + current / 10 &&
                        next >= 1_000 &&
                        next <= 1e16);
            try currencies.setReference(address(this), next, type(uint32).max) {
                assertTrue(allowed, "a change that is refused");
                if (next != current) changed = time;
                current = next;
            } catch {
                assertTrue(!allowed, "a change that is allowed");
            }
            assertEqual(currencies.microcentsPerToken(address(this)), current, "the price");
        }
    }

    /// @dev This contract is the token.
    function _list(uint8 digits, uint56 rate) private returns (uint56) {
        decimals = uint8(bound(digits, 0, 36));
        rate = uint56(bound(rate, 1_000, 1e16));
        currencies.list(address(this), rate, type(uint32).max);
        return rate;
    }

    function _expectTooLarge(uint256 scaled, uint256 rate, uint64 microcents) private {
        uint256 price = scaled / rate + (scaled % rate == 0 ? 0 : 1);
        vm.expectRevert(
            abi.encodeWithSelector(
                bytes4(keccak256("TokenPriceTooLarge(address,uint256,uint256)")),
                address(this),
                price,
                MOST
            )
        );
        currencies.tokenPrices(address(this), microcents, 0);
    }
}
