// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Channel, Receipt} from "../types/Channel.sol";
import {Job, JobId} from "../types/Job.sol";
import {IResultSource} from "./IResultSource.sol";

/// @title Receipts of channels as results of the dispute game
/// @notice Holds no money and pays nobody: it reads channels and keys from the channel escrow, tells it which challenges are alive, and reports to the
/// dispute game what a provider's own signatures prove. docs/channels.md specifies it.
interface IReceiptResults is IResultSource {
    /// @notice A receipt can be challenged: `job` and its output are what the dispute game takes.
    event ReceiptPresented(
        JobId indexed id,
        bytes32 indexed channel,
        address indexed provider,
        Job job,
        uint32 outputCount,
        bytes32 outputTokensRoot,
        bytes request
    );
    /// @notice Two receipts contradicted each other.
    event EquivocationProven(
        bytes32 indexed channel,
        address indexed provider,
        bytes32 first,
        bytes32 second
    );
    /// @notice Somebody will report an equivocation; see `reportCommitmentOf`.
    event ReportCommitted(bytes32 indexed commitment);
    /// @notice The dispute game is this one, for good.
    event DisputeGameSet(address game);

    /// @notice The bytes are not those of the request that the receipt names.
    error RequestMismatch(bytes32 found, bytes32 expected);
    error AlreadyPresented(JobId id);
    error UnknownReceipt(JobId id);
    error OutputMismatch(JobId id, bytes32 presented);
    error NoChallengeAlive(JobId id);
    /// @notice The receipts do not contradict each other: two of one channel, nonce and length with other roots do.
    error NoEquivocation(bytes32 first, bytes32 second);
    error ReportAlreadyCommitted(bytes32 commitment);
    /// @notice A report is committed in an earlier second than it is made. Seconds since 1970; 0 for never.
    error ReportNotCommitted(bytes32 commitment, uint256 committedAt, uint256 timestamp);
    /// @notice Only the dispute game opens and closes challenges.
    error NotDisputeGame(address caller);
    error DisputeGameAlreadySet(address game);
    error DisputeGameWithoutCode(address game);

    /// @notice Makes a receipt a result that the dispute game takes. Anyone who has it, until it expires, settled or not; of a private request only the
    /// channel's client and its delegates. Of a provider that was convicted meanwhile, too: a challenge that was committed before gets its bond back when
    /// it is opened.
    /// @param request What `receipt.inputRoot` hashes after its tag: prompt length, start offset, seed, generation parameters, …, root over the prompt. An answer that is
    /// not complete is judged as the complete answer to the same request with `receipt.outputCount` as the largest number of tokens.
    /// @return id Of the result in the dispute game.
    function present(
        Channel calldata channel,
        Receipt calldata receipt,
        bytes calldata signature,
        bytes calldata request
    ) external returns (JobId id);

    /// @notice Announces a report without saying of what, so that nobody who reads it in the queue takes the reward.
    function commitReport(bytes32 commitment) external;

    /// @notice Convicts a provider at once that signed two receipts of one channel, nonce and length with different roots. Anyone who committed to it in an
    /// earlier second.
    /// @param reporter Who receives the reward.
    /// @param salt That of the commitment.
    function reportEquivocation(
        Channel calldata channel,
        Receipt calldata first,
        bytes calldata firstSignature,
        Receipt calldata second,
        bytes calldata secondSignature,
        address reporter,
        bytes32 salt
    ) external;

    /// @notice The channel whose receipt a result is; 0 for an id that names none.
    function channelOfResult(JobId id) external view returns (bytes32);

    /// @notice Names the contract that opens and closes challenges, once and for good.
    function setDisputeGame(address game) external;

    /// @notice What is committed to a report: the hash of its receipts' digests in their order, who is rewarded, and a salt.
    function reportCommitmentOf(
        bytes32 first,
        bytes32 second,
        address reporter,
        bytes32 salt
    ) external pure returns (bytes32);

    /// @notice When a report was committed, in seconds since 1970; 0 for never.
    function reportCommittedAt(bytes32 commitment) external view returns (uint40);

    /// @notice The contract that opens and closes challenges; zero until it is set.
    function disputeGame() external view returns (address);
}
