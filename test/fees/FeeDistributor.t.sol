// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {Currencies} from "../../contracts/currencies/Currencies.sol";
import {FeeDistributor} from "../../contracts/fees/FeeDistributor.sol";
import {IFeeDistributor} from "../../contracts/interfaces/IFeeDistributor.sol";
import {HostileToken} from "../../contracts/mocks/HostileToken.sol";
import {AthToken} from "../../contracts/token/AthToken.sol";
import {Beneficiary} from "../../contracts/types/Beneficiary.sol";
import {Assert} from "../support/Assert.sol";

/// @notice The arithmetic of fees: the parts are the whole, nobody is paid what did not come in, and no purchase is cheaper than the discount allows.
contract FeeDistributorTest is Assert {
    uint256 private constant MOST = type(uint112).max;
    address private constant INSURANCE = address(0x1115);
    address private constant TREASURY = address(0x7EA5);

    AthToken private ath;
    HostileToken private coin;
    Currencies private currencies;
    FeeDistributor private fees;

    function setUp() public {
        address manager = address(new AccessManager(address(this)));
        ath = new AthToken(address(this));
        coin = new HostileToken();
        currencies = new Currencies(manager);
        fees = new FeeDistributor(
            manager,
            address(ath),
            currencies,
            INSURANCE,
            TREASURY,
            IFeeDistributor.Parameters(4_000, 1_000, 3_000, 2_000, 100)
        );
    }

    /// @notice Amounts come in one after the other, at any splits that are allowed, and are claimed at any time: credits and what was paid are what came in.
    function testFuzz_distribute_makesAndLosesNothing(uint104[6] calldata amounts, uint256 dice) public {
        uint256 received = 0;
        for (uint256 i = 0; i < 6; ++i) {
            fees.setParameters(_splitOf(dice >> (i * 8)));
            coin.mint(address(fees), amounts[i]);
            received += amounts[i];
            assertEqual(fees.distribute(address(coin)), amounts[i], "all that came in");
            if ((dice >> (64 + i)) & 1 == 1) _claimAll(address(coin));
            uint256 credited = 0;
            for (uint256 j = 0; j < 4; ++j) credited += fees.creditOf(Beneficiary(j), address(coin));
            assertEqual(credited, coin.balanceOf(address(fees)), "credits are the balance");
            uint256 paid = coin.balanceOf(INSURANCE) + coin.balanceOf(TREASURY);
            assertEqual(credited + paid, received, "nothing is made or lost");
        }
    }

    /// @notice The same of ATH, of which the part to burn is gone at once.
    function testFuzz_distribute_burnsAthAtOnce(uint96 amount, uint256 dice) public {
        uint256 whole = bound(amount, 0, ath.totalSupply());
        IFeeDistributor.Parameters memory split = _splitOf(dice);
        fees.setParameters(split);
        uint256 supply = ath.totalSupply();
        ath.transfer(address(fees), whole);
        fees.distribute(address(ath));
        uint256 burned = supply - ath.totalSupply();
        assertEqual(burned, fees.burned(), "what is counted is gone");
        assertEqual(ath.balanceOf(address(fees)) + burned, whole, "the rest is there");
        assertEqual(fees.creditOf(Beneficiary.Burn, address(ath)), 0, "none of it is for sale");
        assertTrue(burned * 10_000 >= whole * split.burn, "rounding favours the fire");
        assertAtMost(burned * 10_000, whole * split.burn + 3 * 10_000, "by three units at most");
    }

    /// @notice Of any two purchases, together and alone: never cheaper than the price less the discount, in tokens of any decimals at any prices.
    function testFuzz_costOf_isNeverBelowTheDiscountAndNeverCheaperInParts(
        uint8 decimals,
        uint56[2] memory prices,
        uint96[2] memory amounts,
        uint16 discount
    ) public {
        discount = uint16(bound(discount, 0, 300));
        fees.setParameters(IFeeDistributor.Parameters(4_000, 1_000, 3_000, 2_000, discount));
        _list(decimals, prices);
        (uint256 first, uint256 second) = (uint256(amounts[0]), uint256(amounts[1]));
        uint256 whole = fees.costOf(address(coin), first + second);
        uint256 parts = fees.costOf(address(coin), first) + fees.costOf(address(coin), second);
        assertTrue(parts >= whole, "parts are never cheaper");
        assertAtMost(parts, whole + 1, "and hardly dearer");
        assertTrue(first == 0 || fees.costOf(address(coin), first) != 0, "nothing is for nothing");
        // Both sides in microcents, times 10^18 and the token's units.
        uint256 value = (first + second) * prices[0] * 1e18;
        uint256 paid = whole * prices[1] * 10 ** uint256(decimals % 19);
        assertTrue(paid >= (value / 10_000) * (10_000 - discount), "never below the discount");
    }

    /// @notice Purchases on any days, as large as they may be: what is paid out is what is debited, and a day sells a quarter.
    function testFuzz_buy_sellsAQuarterADayAndNoMoreThanThereIs(
        uint96 amount,
        uint96[5] calldata wanted
    ) public {
        _list(6, [uint56(100_000_000), 2_500_003]);
        uint256 whole = bound(amount, 1, 10 ** 15);
        coin.mint(address(fees), whole);
        fees.distribute(address(coin));
        ath.approve(address(fees), type(uint256).max);
        uint256 stock = fees.creditOf(Beneficiary.Burn, address(coin));
        uint256 quarter = (stock + 3) / 4;
        uint256 sold = 0;
        for (uint256 i = 0; i < 5; ++i) {
            uint256 part = bound(wanted[i], 0, fees.forSale(address(coin)));
            if (part == 0) continue;
            uint256 supply = ath.totalSupply();
            uint256 cost = fees.buy(address(coin), part, type(uint256).max, address(this));
            assertEqual(supply - ath.totalSupply(), cost, "what is paid is burned");
            sold += part;
            assertEqual(coin.balanceOf(address(this)), sold, "what is bought is paid out");
            assertEqual(fees.creditOf(Beneficiary.Burn, address(coin)) + sold, stock, "and debited");
            assertAtMost(sold, quarter, "a quarter a day");
        }
        assertEqual(fees.forSale(address(coin)), quarter - sold, "the rest of the day's");
    }

    function _claimAll(address token) private {
        if (fees.creditOf(Beneficiary.Insurance, token) != 0) fees.claim(Beneficiary.Insurance, token);
        if (fees.creditOf(Beneficiary.Treasury, token) != 0) fees.claim(Beneficiary.Treasury, token);
    }

    /// @dev Any split that is allowed.
    function _splitOf(uint256 dice) private pure returns (IFeeDistributor.Parameters memory split) {
        split.insurance = uint16(bound(dice, 500, 3_000));
        split.burn = uint16(bound(dice / 7, 1_000, 5_000));
        uint256 rest = 10_000 - split.insurance - split.burn;
        uint256 least = rest > 8_000 ? rest - 8_000 : 0;
        uint256 most = rest - 2_000 < 3_000 ? rest - 2_000 : 3_000;
        split.treasury = uint16(bound(dice / 13, least, most));
        split.checkers = uint16(rest - split.treasury);
    }

    function _list(uint8 decimals, uint56[2] memory prices) private {
        coin.setDecimals(decimals % 19);
        prices[0] = uint56(bound(prices[0], 1_000, 1e16));
        prices[1] = uint56(bound(prices[1], 1_000, 1e16));
        currencies.list(address(coin), prices[0], type(uint32).max);
        currencies.list(address(ath), prices[1], type(uint32).max);
    }
}
