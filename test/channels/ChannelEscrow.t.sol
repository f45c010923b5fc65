// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IChannelEscrow} from "../../contracts/interfaces/IChannelEscrow.sol";
import {Channel} from "../../contracts/types/Channel.sol";
import {Assert} from "../support/Assert.sol";
import {Channels} from "../support/Channels.sol";

/// @notice The arithmetic of settlement: what a payment splits into, what a channel can pay, and that a batch pays what its claims would pay
/// one by one.
contract ChannelEscrowTest is Assert {
    Channels private channels;
    /// @dev An equal protocol beside it.
    Channels private beside;

    struct Plan {
        uint88 deposit;
        uint96 exitBounty;
        uint16 feeBasisPoints;
    }

    /// @dev What one of the two protocols makes of a batch, to the last account.
    struct Outcome {
        uint256 settled;
        uint256[4] providers;
        uint256[2] fees;
        uint256[2] escrowed;
        uint256[3] paid;
    }

    function setUp() public {
        channels = new Channels();
        beside = new Channels();
    }

    function testFuzz_settle_roundsTheFeeUpAndLosesNothing(Plan memory plan, uint256 amount) public {
        Channel memory channel = _open(plan);
        amount = bound(amount, 1, plan.deposit - plan.exitBounty);
        channels.settle(channel, uint96(amount));
        (uint256 provider, uint256 fee) = channels.earned(channel);
        assertEqual(provider + fee, amount, "provider and fee are what is due");
        assertAtMost(amount * plan.feeBasisPoints, fee * 10_000, "the fee is no less than its share");
        if (fee != 0)
            assertTrue((fee - 1) * 10_000 < amount * plan.feeBasisPoints, "and less than a unit more");
        uint256 escrowed = channels.vault().accountOf(channel.token, address(channels.escrow())).escrowed;
        assertEqual(escrowed, plan.deposit - amount, "the rest stays");
    }

    function testFuzz_settle_paysNeverMoreThanTheDepositLessTheExitBounty(
        Plan memory plan,
        uint96 amount
    ) public {
        Channel memory channel = _open(plan);
        uint256 spendable = plan.deposit - plan.exitBounty;
        // Half of them near the edge.
        if (amount % 2 == 0) amount = uint96(bound(amount / 2, spendable - 1, spendable + 2));
        if (amount == 0) amount = 1;
        bool settled = false;
        bytes memory reason = "";
        try channels.settle(channel, amount) {
            settled = true;
        } catch (bytes memory thrown) {
            reason = thrown;
        }
        if (amount <= spendable) {
            assertTrue(settled, "what is covered settles");
            assertEqual(channels.paid(channel), amount, "in full");
        } else {
            bytes memory overspent = abi.encodeWithSelector(
                IChannelEscrow.Overspent.selector,
                amount,
                spendable
            );
            assertEqual(keccak256(reason), keccak256(overspent), "what is not covered is overspent");
            assertEqual(channels.paid(channel), 0, "and pays nothing");
        }
    }

    function testFuzz_settle_inStepsPaysWhatOnePaymentPays(Plan memory plan, uint96[4] memory steps) public {
        Channel memory channel = _open(plan);
        uint256 fees = 0;
        uint256 highest = 0;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 amount = bound(steps[i], 1, plan.deposit - plan.exitBounty);
            if (amount <= highest) {
                try channels.settle(channel, uint96(amount)) {
                    revert NotTrue("a lower promise is outdated");
                } catch (bytes memory reason) {
                    bytes memory outdated = abi.encodeWithSelector(
                        IChannelEscrow.VoucherOutdated.selector,
                        amount,
                        highest
                    );
                    assertEqual(keccak256(reason), keccak256(outdated), "a lower promise is outdated");
                }
                continue;
            }
            channels.settle(channel, uint96(amount));
            uint256 scaled = (amount - highest) * plan.feeBasisPoints;
            fees += scaled / 10_000 + (scaled % 10_000 == 0 ? 0 : 1);
            highest = amount;
        }
        (uint256 provider, uint256 fee) = channels.earned(channel);
        assertEqual(provider + fee, highest, "the highest promise, once");
        assertEqual(fee, fees, "each payment's fee, rounded up");
    }

    /// @notice Four claims on three channels, two of them of one provider and one of them claimed twice, in any order of amounts.
    function testFuzz_settleBatch_paysWhatItsClaimsPayOneByOne(
        Plan[3] memory plans,
        uint96[4] memory amounts,
        uint256 dice
    ) public {
        Channel[3] memory ours;
        Channel[3] memory theirs;
        for (uint256 i = 0; i < 3; ++i) {
            (uint256 provider, uint256 token) = ((dice >> i) & 1, (dice >> (i + 3)) & 1);
            _fit(plans[i], token);
            ours[i] = _openIn(channels, plans[i], provider, token);
            theirs[i] = _openIn(beside, plans[i], provider, token);
        }
        IChannelEscrow.Claim[] memory claims = new IChannelEscrow.Claim[](4);
        uint256 singles = 0;
        for (uint256 i = 0; i < 4; ++i) {
            uint256 which = i % 3;
            uint256 amount = bound(amounts[i], 0, uint256(plans[which].deposit) + plans[which].deposit / 8);
            claims[i] = channels.claimOf(ours[which], uint96(amount));
            (bool success, ) = address(beside).call(
                abi.encodeCall(beside.settle, (theirs[which], uint96(amount)))
            );
            if (success) ++singles;
        }
        uint256 settled = channels.escrow().settleBatch(claims);
        Outcome memory batch = _outcomeOf(channels, ours);
        batch.settled = settled;
        Outcome memory oneByOne = _outcomeOf(beside, theirs);
        oneByOne.settled = singles;
        assertEqual(keccak256(abi.encode(batch)), keccak256(abi.encode(oneByOne)), "batch and singles");
    }

    // ------------------------------------------------------------------------------------------ internal

    function _open(Plan memory plan) private returns (Channel memory) {
        _fit(plan, 0);
        return _openIn(channels, plan, 0, 0);
    }

    /// @dev Any terms that a channel can have.
    function _fit(Plan memory plan, uint256 token) private view {
        plan.feeBasisPoints = uint16(bound(plan.feeBasisPoints, 0, 2_000));
        plan.deposit = uint88(bound(plan.deposit, 2, type(uint88).max));
        plan.exitBounty = uint96(
            bound(plan.exitBounty, 0, Math.min(plan.deposit - 2, channels.largestExitBounty(token)))
        );
    }

    function _openIn(
        Channels where,
        Plan memory plan,
        uint256 provider,
        uint256 token
    ) private returns (Channel memory) {
        return where.open(provider, token, plan.deposit, plan.feeBasisPoints, plan.exitBounty);
    }

    function _outcomeOf(
        Channels where,
        Channel[3] memory opened
    ) private view returns (Outcome memory outcome) {
        for (uint256 token = 0; token < 2; ++token) {
            address unit = where.tokenAt(token);
            for (uint256 i = 0; i < 2; ++i) {
                outcome.providers[2 * token + i] = where
                    .vault()
                    .accountOf(unit, where.providerAt(i))
                    .available;
            }
            outcome.fees[token] = where.vault().accountOf(unit, address(where.escrow())).available;
            outcome.escrowed[token] = where.vault().accountOf(unit, address(where.escrow())).escrowed;
        }
        for (uint256 i = 0; i < 3; ++i) outcome.paid[i] = where.paid(opened[i]);
    }
}
