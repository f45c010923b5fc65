// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {IVault} from "../../contracts/interfaces/IVault.sol";
import {JobState, JobStatus} from "../../contracts/types/JobState.sol";
import {Assert} from "../support/Assert.sol";
import {System} from "../support/System.sol";
import {Handler} from "./Handler.sol";

/// @notice The properties of PROPERTIES.md, after any sequence of actions of `Handler`.
contract ProtocolInvariantsTest is Assert {
    Handler private handler;
    System private system;

    function setUp() public {
        handler = new Handler();
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
        targets[0].artifacts[0] = "Handler";
    }

    /// @notice What the runner may call.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(handler);
    }

    /// @notice One campaign for all of them, so that each state that is reached is held to every property.
    function invariant_everyPropertyHolds() external view {
        _ledgerIsTheSumOfAllAccounts();
        _ledgerIsCoveredAndDonationsAreTheRest();
        _supplyIsConserved();
        _everyAccountIsWhatTheModelSays();
        _locksAreHardwareAndOpenJobs();
        _statesAreWhatTheActionsMadeThem();
    }

    /// @notice EXIT-1: at the end of every run everybody leaves, and the vault keeps nothing but what was given to it.
    function afterInvariant() external {
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

    function _everyAccountIsWhatTheModelSays() private view {
        for (uint256 i = 0; i < 2; ++i) {
            for (uint256 j = 0; j < 10; ++j) {
                address owner =
                    j == 8
                        ? address(system.escrow())
                        : j == 9
                            ? handler.GAME()
                            : handler.actor(j);
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
            assertEqual(position.locked, locked, "STAKE-1: locked");
            assertEqual(position.openWork, open, "STAKE-1: open work");
            assertAtMost(position.locked, position.staked, "STAKE-2: locked is staked");
            Handler.Conviction memory conviction = handler.convictionOf(owner);
            assertTrue(position.jailed == conviction.jailed, "SLASH-2: jailed if and only if convicted");
            if (!system.providers().providerOf(owner).registered) continue;
            uint256 deposit = system.providers().providerOf(owner).fraudDeposit;
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
