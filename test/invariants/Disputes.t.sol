// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeGame} from "../../contracts/interfaces/IDisputeGame.sol";
import {IVault} from "../../contracts/interfaces/IVault.sol";
import {JobState, JobStatus} from "../../contracts/types/JobState.sol";
import {Assert} from "../support/Assert.sol";
import {System} from "../support/System.sol";
import {Disputants} from "./Disputants.sol";

/// @notice The properties of PROPERTIES.md that concern disputes, after any sequence of actions of `Disputants`.
contract DisputesInvariantsTest is Assert {
    uint256 private constant SUPPLY = 42_000_000_000e18;
    uint256 private constant DEPOSIT = 500e18;

    Disputants private players;
    System private system;
    IDisputeGame private game;

    function setUp() public {
        players = new Disputants();
        system = players.system();
        game = players.game();
    }

    struct TargetInterface {
        address target;
        string[] artifacts;
    }

    /// @notice By which interface the runner calls it.
    function targetInterfaces() external view returns (TargetInterface[] memory targets) {
        targets = new TargetInterface[](1);
        targets[0].target = address(players);
        targets[0].artifacts = new string[](1);
        targets[0].artifacts[0] = "Disputants";
    }

    /// @notice What the runner may call.
    function targetContracts() external view returns (address[] memory targets) {
        targets = new address[](1);
        targets[0] = address(players);
    }

    /// @notice The runner gives whom it lets call coins.
    function excludeSenders() external view returns (address[] memory senders) {
        senders = new address[](1);
        senders[0] = address(game);
    }

    /// @notice One campaign for all of them, so that each state that is reached is held to every property.
    function invariant_everyPropertyHolds() external view {
        _coinsAreBondsAndCredits();
        _ledgerIsTheSumOfAllAccounts();
        _noResultIsFinalWhileAChallengeLives();
        _theHonestDoNotLose();
        _whatWasForfeitedIsBurnedOrPaid();
    }

    /// @notice GAME-6: at the end of every run everything ends and everybody leaves; nothing is left but what rounding leaves.
    function afterInvariant() external {
        players.drain();
        _theHonestDoNotLose();
        _whatWasForfeitedIsBurnedOrPaid();
        assertEqual(address(game).balance, 0, "GAME-6: the game's coins");
        uint256 left = _held(address(game));
        assertAtMost(left, players.disputeCount(), "GAME-6: what rounding leaves to the game");
        assertEqual(system.vault().tokenState(address(system.ath())).ledger, left, "GAME-6: ledger");
        for (uint256 i = 0; i < players.resultCount(); ++i) {
            Disputants.Result memory result = players.resultAt(i);
            JobStatus status = players.statusOf(result.id);
            assertTrue(status != JobStatus.Submitted, "GAME-6: every job has ended");
            if (!result.challenged) continue;
            assertTrue(
                players.isConvicted(result.job.provider),
                "GAME-5: wrong and challenged, so convicted"
            );
            assertTrue(status == JobStatus.Refunded, "GAME-5: the client has its money back");
        }
    }

    function _coinsAreBondsAndCredits() private view {
        uint256 owed = game.credit(address(0xdEaD));
        for (uint256 i = 0; i < 8; ++i) owed += game.credit(players.actor(i));
        owed += game.credit(players.operatorOf(players.LIAR()));
        owed += game.credit(players.operatorOf(players.HONEST_PROVIDER()));
        for (uint256 i = 0; i < players.disputeCount(); ++i) {
            IDisputeGame.Challenge memory state = game.challengeOf(players.disputeAt(i).id);
            assertAtMost(state.spent, state.bond / 2, "GAME-1: half of a bond is never spent");
            bool holdsBond =
                state.status == IDisputeGame.Status.Committed || state.status == IDisputeGame.Status.Live;
            if (holdsBond) owed += state.bond - state.spent;
        }
        assertEqual(address(game).balance, owed, "GAME-1: coins are bonds and credits");
    }

    function _ledgerIsTheSumOfAllAccounts() private view {
        address ath = address(system.ath());
        uint256 sum = _held(address(game)) + _held(address(system.escrow()));
        for (uint256 i = 0; i < 8; ++i) sum += _held(players.actor(i));
        assertEqual(system.vault().tokenState(ath).ledger, sum, "LEDGER-1");
        assertEqual(system.ath().balanceOf(address(system.vault())), sum, "LEDGER-2");
    }

    function _noResultIsFinalWhileAChallengeLives() private view {
        for (uint256 i = 0; i < players.resultCount(); ++i) {
            Disputants.Result memory result = players.resultAt(i);
            JobState state = system.escrow().jobState(result.id);
            uint256 live = players.liveChallengesOf(i);
            assertEqual(state.liveChallenges(), live, "GAME-2: the escrow counts the challenges that live");
            if (live == 0) continue;
            assertTrue(
                state.status() == JobStatus.Submitted ||
                    (state.status() == JobStatus.Refunded && players.isConvicted(result.job.provider)),
                "GAME-3: no result is final while a challenge lives"
            );
        }
        for (uint256 i = 0; i < players.disputeCount(); ++i) {
            Disputants.Dispute memory dispute = players.disputeAt(i);
            if (game.challengeOf(dispute.id).status != IDisputeGame.Status.Live) continue;
            if (players.isConvicted(players.resultAt(dispute.result).job.provider)) continue;
            (, uint256 deadline) = game.turnOf(dispute.id);
            assertAtMost(deadline, players.latestDeadline(dispute.result), "GAME-6: the worst case");
        }
    }

    function _theHonestDoNotLose() private view {
        assertTrue(!players.isConvicted(players.HONEST_PROVIDER()), "GAME-4: an honest provider");
        for (uint256 i = 0; i < players.disputeCount(); ++i) {
            Disputants.Dispute memory dispute = players.disputeAt(i);
            if (dispute.challenger != players.HONEST_CHALLENGER()) continue;
            bool lost = game.challengeOf(dispute.id).status == IDisputeGame.Status.Lost;
            assertTrue(!lost, "GAME-4: an honest challenger");
        }
    }

    function _whatWasForfeitedIsBurnedOrPaid() private view {
        uint256 burned = SUPPLY - system.ath().totalSupply() - players.feesBurned();
        uint256 paid = _held(address(game));
        for (uint256 i = 0; i < 4; ++i) paid += system.ath().balanceOf(players.challengerAt(i));
        bool convicted = players.isConvicted(players.LIAR());
        assertEqual(burned + paid, convicted ? DEPOSIT : 0, "GAME-7: rewards and what burns are the deposit");
        if (convicted) assertAtMost(paid, DEPOSIT / 2, "GAME-7: at least half burns");
    }

    /// @dev All ATH of an account in the vault.
    function _held(address owner) private view returns (uint256) {
        IVault.Account memory account = system.vault().accountOf(address(system.ath()), owner);
        return
            uint256(account.available) +
            account.escrowed +
            system.vault().stakeOf(owner).staked +
            system.vault().unbondingOf(owner).amount;
    }
}
