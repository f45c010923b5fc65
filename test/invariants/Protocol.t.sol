// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {Beneficiary} from "../../contracts/types/Beneficiary.sol";
import {ChannelState, ChannelStatus} from "../../contracts/types/Channel.sol";
import {JobState, JobStatus} from "../../contracts/types/JobState.sol";
import {Assert} from "../support/Assert.sol";
import {System} from "../support/System.sol";
import {deploy} from "../support/Deploy.sol";
import {ChannelHandler} from "./ChannelHandler.sol";
import {Handler} from "./Handler.sol";

/// @notice The properties of PROPERTIES.md, after any sequence of actions of `Handler` and `ChannelHandler`.
contract ProtocolInvariantsTest is Assert {
    struct Action {
        string name;
        bytes4 selector;
        /// @dev Which argument is a boolean, counted from 1.
        uint256 boolean;
        bool refusable;
    }

    uint256 private constant RUNS = 24;
    uint256 private constant DEPTH = 240;
    uint256 private constant LEAST = 3;

    ChannelHandler private handler;
    System private system;

    function setUp() public {
        handler = ChannelHandler(deploy("ChannelHandler", ""));
        system = handler.system();
    }

    struct TargetInterface {
        address target;
        string[] artifacts;
    }

    /// @notice By which interface the runner calls it.
    function targetInterfaces() external view returns (TargetInterface[] memory targets) {
        targets = new TargetInterface[](1);
        targets[0].target = address(handler);
        targets[0].artifacts = new string[](1);
        targets[0].artifacts[0] = "ChannelHandler";
    }

    /// @notice What the runner may call.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @notice One campaign for all of them, so that each state that is reached is held to every property.
    function invariant_everyPropertyHolds() public view {
        _ledgerIsTheSumOfAllAccounts();
        _ledgerIsCoveredAndDonationsAreTheRest();
        _supplyIsConserved();
        _feesAreCredited();
        _everyAccountIsWhatTheModelSays();
        _locksAreHardwareAndOpenJobs();
        _statesAreWhatTheActionsMadeThem();
        _channelsPayWhatWasPromised();
    }

    /// @notice An action that never happens proves nothing: played by fixed dice, as long as the campaign, each does what it is for, and what
    /// the rules forbid is tried and refused.
    function test_campaign_everyActionHappensAndIsRefusedWhereItMustBe() external {
        Action[] memory actions = _actions();
        uint256[] memory done = new uint256[](actions.length);
        uint256[] memory refused = new uint256[](actions.length);
        for (uint256 run = 0; run < RUNS; ++run) {
            setUp();
            for (uint256 step = 0; step < DEPTH; ++step) {
                uint256 dice = uint256(keccak256(abi.encode(run, step)));
                _play(actions[dice % actions.length], dice);
            }
            invariant_everyPropertyHolds();
            for (uint256 i = 0; i < actions.length; ++i) {
                done[i] += handler.done(actions[i].selector);
                refused[i] += handler.refused(actions[i].selector);
            }
            afterInvariant();
        }
        for (uint256 i = 0; i < actions.length; ++i) {
            assertAtMost(LEAST, done[i], string.concat("done: ", actions[i].name));
            if (actions[i].refusable)
                assertAtMost(LEAST, refused[i], string.concat("refused: ", actions[i].name));
        }
    }

    /// @notice EXIT-1: at the end of every run everybody leaves, and the vault keeps nothing but what was given to it.
    function afterInvariant() public {
        handler.drainChannels();
        handler.drain();
        _everyAccountIsWhatTheModelSays();
        for (uint256 i = 0; i < 2; ++i) {
            address token = _token(i);
            assertEqual(system.vault().tokenState(token).ledger, 0, "EXIT-1: ledger");
            uint256 donated = i == 0 ? handler.donatedAth() : handler.donatedCoin();
            assertEqual(IERC20(token).balanceOf(address(system.vault())), donated, "EXIT-1: vault");
        }
        assertEqual(handler.ended(), handler.jobCount(), "EXIT-1: every job has ended");
    }

    function _ledgerIsTheSumOfAllAccounts() private view {
        for (uint256 i = 0; i < 2; ++i) {
            address token = _token(i);
            uint256 sum = _held(token, address(system.escrow())) + _held(token, handler.GAME());
            sum += _held(token, address(system.channels())) + _held(token, address(system.providers()));
            for (uint256 j = 0; j < 8; ++j) sum += _held(token, handler.actor(j));
            assertEqual(system.vault().tokenState(token).ledger, sum, "LEDGER-1");
        }
    }

    function _ledgerIsCoveredAndDonationsAreTheRest() private view {
        for (uint256 i = 0; i < 2; ++i) {
            address token = _token(i);
            uint256 balance = IERC20(token).balanceOf(address(system.vault()));
            uint256 donated = i == 0 ? handler.donatedAth() : handler.donatedCoin();
            assertEqual(balance, system.vault().tokenState(token).ledger + donated, "LEDGER-2");
        }
    }

    function _supplyIsConserved() private view {
        assertEqual(system.coin().totalSupply(), handler.supply(), "LEDGER-3: stablecoin");
        assertEqual(
            system.ath().totalSupply(),
            42_000_000_000e18 - handler.model().burned(),
            "LEDGER-3: ATH"
        );
    }

    function _feesAreCredited() private view {
        for (uint256 i = 0; i < 2; ++i) {
            address token = _token(i);
            uint256 credited = 0;
            for (uint256 part = 0; part < 4; ++part) {
                credited += system.fees().creditOf(Beneficiary(part), token);
            }
            assertEqual(credited, IERC20(token).balanceOf(address(system.fees())), "FEE-1");
        }
    }

    function _everyAccountIsWhatTheModelSays() private view {
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 j = 0; j < 12; ++j) {
                address owner = j < 8 ? handler.actor(j) : handler.GAME();
                if (j == 8) owner = address(system.escrow());
                if (j == 9) owner = address(system.channels());
                if (j == 10) owner = address(system.providers());
                IVault.Account memory account = system.vault().accountOf(_token(i), owner);
                assertEqual(
                    account.available,
                    handler.model().available(_token(i), owner),
                    "MONEY-1: available"
                );
                assertEqual(
                    account.escrowed,
                    handler.model().escrowed(_token(i), owner),
                    "MONEY-1: escrowed"
                );
            }
        }
    }

    function _locksAreHardwareAndOpenJobs() private view {
        for (uint256 j = 0; j < 8; ++j) {
            address owner = handler.actor(j);
            IVault.Stake memory position = system.vault().stakeOf(owner);
            uint256 locked = system.providers().providerOf(owner).reserved;
            uint256 open = 0;
            for (uint256 i = 0; i < handler.jobCount(); ++i) {
                Handler.Opened memory opened = handler.jobAt(i);
                if (opened.job.provider != owner || opened.status > JobStatus.Submitted) continue;
                locked += opened.job.stakeLock;
                ++open;
            }
            for (uint256 i = 0; i < handler.channelCount(); ++i) {
                ChannelHandler.Life memory life = handler.channelAt(i);
                if (life.terms.provider != owner || life.status == ChannelStatus.Released) continue;
                locked += life.terms.stakeLock;
                ++open;
            }
            assertEqual(position.locked, locked, "STAKE-1: locked");
            assertEqual(position.openWork, open, "STAKE-1: open work");
            assertAtMost(position.locked, position.staked, "STAKE-2: locked is staked");
            Handler.Conviction memory conviction = handler.convictionOf(owner);
            assertTrue(position.jailed == conviction.jailed, "SLASH-2: jailed if and only if convicted");
            assertEqual(system.vault().slashedOf(owner), handler.taken(owner), "SLASH-4: all that was taken");
            if (!system.providers().providerOf(owner).registered) continue;
            uint256 deposit = system.providers().providerOf(owner).fraudDeposit;
            assertEqual(
                system.providers().providerOf(owner).reserved,
                handler.hardwareStakeOf(owner) + deposit,
                "STAKE-3: hardware is the sum over its classes"
            );
            assertEqual(
                deposit,
                conviction.deposit,
                "SLASH-3: the deposit only rises, until it is forfeited"
            );
        }
    }

    function _statesAreWhatTheActionsMadeThem() private view {
        for (uint256 i = 0; i < handler.jobCount(); ++i) {
            Handler.Opened memory opened = handler.jobAt(i);
            JobState state = system.escrow().jobState(opened.id);
            assertTrue(state.status() == opened.status, "JOB-2: status");
            assertEqual(state.submittedAt(), opened.submittedAt, "JOB-2: submittedAt");
            assertEqual(state.liveChallenges(), opened.liveChallenges, "JOB-2: live challenges");
        }
    }

    function _channelsPayWhatWasPromised() private view {
        uint256[2] memory held;
        for (uint256 i = 0; i < handler.channelCount(); ++i) {
            ChannelHandler.Life memory life = handler.channelAt(i);
            ChannelState memory state = system.channels().channelState(life.id);
            assertTrue(state.status == life.status, "CHANNEL-4: status");
            assertEqual(state.closesAt, life.closesAt, "CHANNEL-4: end of settlement");
            assertEqual(state.liveChallenges, life.live, "CHANNEL-4: live challenges");
            assertEqual(state.deposit, life.deposit, "CHANNEL-4: deposit");
            assertEqual(state.paid, life.paid, "CHANNEL-4: paid");
            assertAtMost(state.paid, life.promised, "CHANNEL-1: paid is promised");
            assertAtMost(
                uint256(state.paid) + life.terms.exitBounty,
                state.deposit,
                "CHANNEL-1: the exit bounty stays"
            );
            uint256 open = 0;
            if (state.status == ChannelStatus.Open) open = uint256(state.deposit) - state.paid;
            if (state.status == ChannelStatus.Closed) open = life.terms.exitBounty;
            assertEqual(
                open + state.paid + life.returned,
                life.deposit,
                "CHANNEL-3: open, paid and returned"
            );
            held[life.terms.token == _token(0) ? 0 : 1] += open;
        }
        for (uint256 i = 0; i < 2; ++i) {
            uint256 escrowed = system.vault().accountOf(_token(i), address(system.channels())).escrowed;
            assertEqual(escrowed, held[i], "CHANNEL-3: deposits lie in the vault");
        }
    }

    function _play(Action memory action, uint256 dice) private {
        bytes memory arguments = "";
        for (uint256 i = 1; i <= 6; ++i) {
            uint256 argument = uint256(keccak256(abi.encode(dice, i)));
            arguments = abi.encodePacked(arguments, i == action.boolean ? argument % 2 : argument);
        }
        (bool success, bytes memory reason) = address(handler).call(
            abi.encodePacked(action.selector, arguments)
        );
        if (success) return;
        assembly ("memory-safe") {
            revert(add(reason, 0x20), mload(reason))
        }
    }

    function _actions() private view returns (Action[] memory actions) {
        actions = new Action[](39);
        actions[0] = Action("deposit", handler.deposit.selector, 2, false);
        actions[1] = Action("withdraw", handler.withdraw.selector, 2, false);
        actions[2] = Action("donate", handler.donate.selector, 2, false);
        actions[3] = Action("stake", handler.stake.selector, 0, false);
        actions[4] = Action("unbond", handler.unbond.selector, 0, false);
        actions[5] = Action("toggleApproval", handler.toggleApproval.selector, 2, false);
        actions[6] = Action("setOffer", handler.setOffer.selector, 2, false);
        actions[7] = Action("changeHardware", handler.changeHardware.selector, 0, false);
        actions[8] = Action("deregister", handler.deregister.selector, 0, false);
        actions[9] = Action("create", handler.create.selector, 3, true);
        actions[10] = Action("submit", handler.submit.selector, 0, false);
        actions[11] = Action("finalize", handler.finalize.selector, 0, false);
        actions[12] = Action("finalizeBatch", handler.finalizeBatch.selector, 0, false);
        actions[13] = Action("expire", handler.expire.selector, 0, false);
        actions[14] = Action("decline", handler.decline.selector, 0, false);
        actions[15] = Action("challenge", handler.challenge.selector, 0, false);
        actions[16] = Action("closeChallenge", handler.closeChallenge.selector, 0, false);
        actions[17] = Action("convict", handler.convict.selector, 0, false);
        actions[18] = Action("refund", handler.refund.selector, 0, false);
        actions[19] = Action("passTime", handler.passTime.selector, 0, false);
        actions[20] = Action("govern", handler.govern.selector, 0, false);
        actions[21] = Action("openChannel", handler.openChannel.selector, 3, true);
        actions[22] = Action("topUp", handler.topUp.selector, 0, true);
        actions[23] = Action("settleVoucher", handler.settleVoucher.selector, 0, true);
        actions[24] = Action("settleReceipt", handler.settleReceipt.selector, 0, true);
        actions[25] = Action("settleThree", handler.settleThree.selector, 0, true);
        actions[26] = Action("rotateVoucherKey", handler.rotateVoucherKey.selector, 0, true);
        actions[27] = Action("changeReceiptKey", handler.changeReceiptKey.selector, 0, false);
        actions[28] = Action("startClosing", handler.startClosing.selector, 0, true);
        actions[29] = Action("closeChannel", handler.closeChannel.selector, 0, true);
        actions[30] = Action("finishChannel", handler.finishChannel.selector, 0, true);
        actions[31] = Action("releaseChannel", handler.releaseChannel.selector, 0, true);
        actions[32] = Action("challengeReceipt", handler.challengeReceipt.selector, 0, false);
        actions[33] = Action("endDoubt", handler.endDoubt.selector, 0, false);
        actions[34] = Action("governChannels", handler.governChannels.selector, 0, false);
        actions[35] = Action("rest", handler.rest.selector, 0, false);
        actions[36] = Action("suspend", handler.suspend.selector, 0, false);
        actions[37] = Action("pause", handler.pause.selector, 0, true);
        actions[38] = Action("penalise", handler.penalise.selector, 0, true);
    }

    function _held(address token, address owner) private view returns (uint256 sum) {
        IVault.Account memory account = system.vault().accountOf(token, owner);
        sum = uint256(account.available) + account.escrowed;
        if (token != address(system.ath())) return sum;
        sum += uint256(system.vault().stakeOf(owner).staked) + system.vault().unbondingOf(owner).amount;
    }

    function _token(uint256 index) private view returns (address) {
        return index == 0 ? address(system.ath()) : address(system.coin());
    }
}
