// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {ReentrancyGuardTransient} from "@openzeppelin/contracts/utils/ReentrancyGuardTransient.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";

import {IDisputeGame} from "../interfaces/IDisputeGame.sol";
import {Part} from "../types/Claim.sol";
import {JobId} from "../types/Job.sol";
import {GameBoard} from "./GameBoard.sol";
import {Bond, ChallengeRecord, Conviction, ResultTerms, Walk} from "./GameTypes.sol";

/// @title The money of disputes: bonds, reimbursements, rewards
abstract contract GameMoney is GameBoard, ReentrancyGuardTransient {
    using SafeCast for uint256;

    // ------------------------------------------------------------------------------------------ constants

    uint256 internal constant COIN = 1e18;
    /// @dev Gas of a transaction as such, and of paying it back.
    uint256 private constant MOVE_GAS = 36_000;
    /// @dev The most that a byte of calldata costs.
    uint256 private constant BYTE_GAS = 40;
    /// @dev Enough for a contract wallet that notes a payment.
    uint256 private constant PUSH_GAS = 50_000;
    /// @dev Nobody has the key to it.
    address private constant NOBODY = 0x000000000000000000000000000000000000dEaD;

    // -------------------------------------------------------------------------------------------- storage

    /// @inheritdoc IDisputeGame
    mapping(address account => uint256) public credit;
    /// @dev ATH units of a provider's fraud deposit that its live challenges reserved.
    mapping(address provider => uint256) internal _reserved;
    /// @dev Tile of a result → the earliest-committed challenge that named it.
    mapping(bytes32 key => bytes32 challengeId) private _named;

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IDisputeGame
    function commit(bytes32 challengeId) external payable {
        ChallengeRecord storage record = _challenges[challengeId];
        Bond memory bond = record.bond;
        if (record.walk.status != Status.None) revert ChallengeExists(challengeId);
        if (msg.value == 0) revert BondTooSmall(0, 1);
        bond.amount = (bond.amount + msg.value).toUint96();
        if (bond.committedAt == 0) {
            bond.committedAt = uint40(block.timestamp);
            bond.openPeriod = _openPeriod();
        }
        record.bond = bond;
        emit Committed(challengeId, msg.sender, msg.value);
    }

    /// @inheritdoc IDisputeGame
    function burnUnopened(bytes32 challengeId) external nonReentrant {
        ChallengeRecord storage record = _challenges[challengeId];
        Status status = _statusOf(record);
        if (status == Status.None) revert UnknownChallenge(challengeId);
        if (status != Status.Committed) revert NotLive(challengeId, status);
        Bond memory bond = record.bond;
        uint256 latest = uint256(bond.committedAt) + bond.openPeriod;
        if (block.timestamp <= latest) revert NotTooLate(latest, block.timestamp);
        record.walk.status = Status.Burned;
        emit BondBurned(challengeId, bond.amount);
        _burn(bond.amount);
    }

    /// @inheritdoc IDisputeGame
    function reclaim(bytes32 challengeId) external nonReentrant {
        ChallengeRecord storage record = _challenges[challengeId];
        Status status = _statusOf(record);
        if (status == Status.None) revert UnknownChallenge(challengeId);
        if (status != Status.Live) revert NotLive(challengeId, status);
        JobId jobId = record.jobId;
        address provider = _results[jobId].clock.provider;
        Conviction memory conviction = _convictions[provider];
        if (conviction.rewarded == 0) revert NotConvicted(provider);

        Bond memory bond = record.bond;
        address challenger = record.challenger;
        bool won = conviction.rewarded == challengeId;
        // INVARIANT: the pot was filled for one reward and half of every other reservation, and each challenge takes its part once.
        uint256 part = Math.min(won ? conviction.reward : record.reserved / 2, conviction.pot);
        uint256 reward =
            won
                ? part
                : Math.min(
                    part,
                    (uint256(bond.spent) * _parametersOf(_results[jobId].terms.version).athPerCoin) / COIN
                );
        record.walk.status = won ? Status.Won : Status.Returned;
        _convictions[provider].pot = uint96(conviction.pot - part);
        uint256 back = bond.amount - bond.spent;
        emit Reclaimed(challengeId, back, reward);

        escrow.challengeClosed(jobId);
        address ath = vault.ath();
        if (reward != 0) vault.withdraw(ath, reward, challenger);
        if (part > reward) {
            vault.withdraw(ath, part - reward, address(this));
            ERC20Burnable(ath).burn(part - reward);
        }
        _pay(challenger, back);
    }

    /// @inheritdoc IDisputeGame
    function convictProven(address provider, bytes32 proof, address reporter) external nonReentrant {
        if (msg.sender != address(escrow)) revert NotResultSource(msg.sender);
        if (_convictions[provider].rewarded != 0) revert AlreadyConvicted(provider);
        // As for every conviction, half of what live challenges reserved covers all that was spent of their bonds.
        uint256 reserved = _reserved[provider];
        uint256 half = reserved / 2;
        // INVARIANT: a provider that sees a challenge succeed takes no reward for convicting itself first.
        uint256 reward =
            reserved == 0 ? Math.min(parameters().minimumReward, providers.fraudDepositOf(provider) / 2) : 0;
        _convictions[provider] = Conviction(proof, 0, uint96(half), false);
        (uint256 forfeited, ) = providers.convict(provider, reward + half, address(this));
        emit ConvictedByProof(provider, proof, reporter, reward, forfeited);
        if (reward != 0) vault.withdraw(vault.ath(), reward, reporter);
    }

    /// @inheritdoc IDisputeGame
    function withdraw(address payable recipient) external nonReentrant {
        uint256 amount = credit[msg.sender];
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        credit[msg.sender] = 0;
        (bool success, ) = recipient.call{value: amount}("");
        if (!success) revert TransferFailed(recipient, amount);
    }

    // ------------------------------------------------------------------------------------------- internal

    /// @dev Reserves a challenge's reward from what the earlier ones left of half the provider's fraud deposit.
    /// INVARIANT: all that a conviction pays out fits half of the deposit, which never falls before.
    function _reserve(address provider, uint256 reward) internal returns (uint96 amount) {
        uint256 reserved = _reserved[provider];
        uint256 half = providers.fraudDepositOf(provider) / 2;
        amount = uint96(Math.min(reward, Math.saturatingSub(half, reserved)));
        _reserved[provider] = reserved + amount;
    }

    /// @dev Takes what the sender's move cost from the challenge's bond; the caller pays it out at the end.
    /// INVARIANT: at most half of the bond, and of that the share that is reserved of the reward; so a reservation covers twice what was spent.
    function _charge(
        bytes32 challengeId,
        ChallengeRecord storage record,
        uint256 gasBefore,
        uint256 bytesOfArgument,
        bool traced
    ) internal returns (uint256 amount) {
        ResultTerms memory terms = _results[record.jobId].terms;
        Bond memory bond = record.bond;
        uint256 most = (uint256(bond.amount / 2) * record.reserved) / terms.reward;
        amount =
            (gasBefore - gasleft() + MOVE_GAS + BYTE_GAS * bytesOfArgument) *
            Math.min(tx.gasprice, terms.stressGasPrice);
        if (traced) amount += terms.tracePayment;
        amount = Math.min(amount, Math.saturatingSub(most, bond.spent));
        record.bond.spent = uint96(bond.spent + amount);
        emit Reimbursed(challengeId, msg.sender, amount);
    }

    /// @dev Notes a challenge that arrived at a tile, or at a token of the output.
    function _noteNamed(bytes32 challengeId, ChallengeRecord storage record, Walk memory walk) internal {
        bytes32 key = _tileKey(record.jobId, walk);
        if (_earlierNamed(key, record) == 0) _named[key] = challengeId;
    }

    /// @dev The challenge that is rewarded for the proof that the element is wrong which another one named.
    function _rewardedFor(
        bytes32 challengeId,
        ChallengeRecord storage record,
        Walk memory walk
    ) internal view returns (bytes32 rewarded) {
        rewarded = _earlierNamed(_tileKey(record.jobId, walk), record);
        if (rewarded == 0) rewarded = challengeId;
    }

    /// @dev The challenge has lost. INVARIANT: at least half of its bond burns; losing against oneself costs.
    function _lose(
        bytes32 challengeId,
        ChallengeRecord storage record,
        address provider,
        bool byTimeout
    ) internal {
        record.walk.status = Status.Lost;
        Bond memory bond = record.bond;
        _reserved[provider] -= record.reserved;
        uint256 half = bond.amount / 2;
        credit[provider] += half - bond.spent;
        JobId jobId = record.jobId;
        emit ChallengeLost(challengeId, jobId, byTimeout);
        escrow.challengeClosed(jobId);
        _burn(bond.amount - half);
    }

    /// @dev The provider has lost everything. INVARIANT: once; no move of a challenge against it is made any more.
    function _convict(
        bytes32 challengeId,
        ChallengeRecord storage record,
        bytes32 rewarded,
        address provider,
        bool byTimeout
    ) internal {
        ChallengeRecord storage winner = _challenges[rewarded];
        // Half of what others reserved covers all that was spent of their bonds; the rest is there for a reward that found too little left.
        uint256 own = winner.reserved;
        uint256 half = (_reserved[provider] - own) / 2;
        uint256 reward = Math.min(_results[winner.jobId].terms.reward, own + half);
        _convictions[provider] = Conviction(rewarded, uint96(reward), 0, !byTimeout);
        (uint256 forfeited, uint256 paid) = providers.convict(provider, reward + half, address(this));
        _convictions[provider].pot = uint96(paid);
        emit Convicted(
            provider,
            record.jobId,
            challengeId,
            rewarded,
            _addressOf(record.walk),
            byTimeout,
            forfeited
        );
    }

    /// @dev Sends coin. INVARIANT: no recipient can make it fail: what is not taken becomes a credit.
    function _pay(address recipient, uint256 amount) internal {
        if (amount == 0) return;
        bool success;
        assembly ("memory-safe") {
            success := call(PUSH_GAS, recipient, amount, 0, 0, 0, 0)
        }
        if (!success) credit[recipient] += amount;
    }

    function _burn(uint256 amount) private {
        _pay(NOBODY, amount);
    }

    /// @dev The live challenge that named this tile and was committed before `record`, or at the same time and named first; 0 if there is none.
    function _earlierNamed(
        bytes32 key,
        ChallengeRecord storage record
    ) private view returns (bytes32 challengeId) {
        challengeId = _named[key];
        if (challengeId == 0) return 0;
        ChallengeRecord storage other = _challenges[challengeId];
        if (other.walk.status != Status.Live) return 0;
        if (other.bond.committedAt > record.bond.committedAt) return 0;
    }

    function _tileKey(JobId jobId, Walk memory walk) private pure returns (bytes32) {
        return
            keccak256(
                abi.encode(
                    jobId,
                    walk.part,
                    walk.position,
                    walk.operator,
                    walk.tile,
                    // Tokens of the output are named one by one.
                    walk.part == Part.Output ? walk.element : 0
                )
            );
    }
}
