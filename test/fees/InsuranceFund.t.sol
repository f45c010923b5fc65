// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

import {InsuranceFund} from "../../contracts/fees/InsuranceFund.sol";
import {HostileToken} from "../../contracts/mocks/HostileToken.sol";
import {Assert} from "../support/Assert.sol";
import {vm} from "../support/Vm.sol";

/// @notice However a governor times and sizes its payments: within any 30 days a quarter at most.
contract InsuranceFundTest is Assert {
    uint256 private constant STEPS = 12;
    address private constant RECIPIENT = address(0xDA);

    HostileToken private coin;
    InsuranceFund private fund;

    function setUp() public {
        vm.warp(1_800_000_000);
        coin = new HostileToken();
        fund = new InsuranceFund(address(new AccessManager(address(this))));
    }

    function testFuzz_pay_aQuarterWithinAnyThirtyDays(
        uint96 start,
        uint24[STEPS] calldata waits,
        uint96[STEPS] calldata wanted,
        uint96[STEPS] calldata incomes
    ) public {
        coin.mint(address(fund), start);
        uint256 time = 1_800_000_000;
        uint256[STEPS] memory times;
        uint256[STEPS] memory amounts;
        for (uint256 i = 0; i < STEPS; ++i) {
            time += bound(waits[i], 0, 20 days);
            vm.warp(time);
            if (incomes[i] % 3 == 0) coin.mint(address(fund), incomes[i]);
            uint256 limit = fund.payableNow(address(coin));
            uint256 amount = bound(wanted[i], 0, limit);
            (times[i], amounts[i]) = (time, amount);
            if (amount != 0) fund.pay(address(coin), amount, RECIPIENT, "damage");
            uint256 recent = 0;
            for (uint256 j = 0; j <= i; ++j) {
                if (times[j] + 30 days > time) recent += amounts[j];
            }
            assertEqual(fund.recentlyPaid(address(coin)), recent, "every payment of 30 days counts");
            uint256 without = coin.balanceOf(address(fund)) + recent;
            assertAtMost(recent, without / 4, "a quarter");
            assertEqual(fund.payableNow(address(coin)), without / 4 - recent, "and not less");
        }
    }
}
