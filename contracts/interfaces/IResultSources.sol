// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Job, JobId} from "../types/Job.sol";
import {JobState} from "../types/JobState.sol";
import {IJobEscrow} from "./IJobEscrow.sol";

/// @title All sources of results as one: jobs, and receipts of channels
/// @notice What the dispute game knows as the escrow, and what the escrows know as the dispute game. It holds nothing: it passes calls on to the contract that
/// knows the result, and refuses challenges of private results by anybody but their client and its delegates.
interface IResultSources {
    /// @notice The dispute game is this one, for good.
    event DisputeGameSet(address game);

    /// @notice `delegate` may challenge private results of `client` in this work, a job or a channel, until a second.
    event ChallengeDelegated(
        address indexed client,
        bytes32 indexed work,
        address indexed delegate,
        uint40 expiry
    );

    /// @notice Only the client of a private result, and whom it delegated to, presents or challenges it.
    error NotClientOrDelegate(address caller, address client, bytes32 work);
    /// @notice The delegation is over. Seconds since 1970. Ask the client for a new one.
    error DelegationExpired(uint256 expiry, uint256 timestamp);
    /// @notice The signature is not the client's, of this delegation, for this chain and contract.
    error InvalidDelegation(address client, bytes32 digest);
    /// @notice Only the dispute game opens and closes challenges.
    error NotDisputeGame(address caller);
    /// @notice Only the contract that makes receipts results reports proofs.
    error NotReceiptResults(address caller);
    /// @notice The dispute game is set once, for good.
    error DisputeGameAlreadySet(address game);
    /// @notice The dispute game is a contract.
    error DisputeGameWithoutCode(address game);

    /// @notice Notes a new challenge of a result while it can be challenged. Only the dispute game.
    /// @param output The result's output.
    /// @param challenger Who opens it; of a private result its client or a delegate.
    function challengeOpened(
        Job calldata job,
        IJobEscrow.Output calldata output,
        address challenger
    ) external returns (JobId id);

    /// @notice Notes the end of a challenge. Only the dispute game.
    function challengeClosed(JobId id) external;

    /// @notice Lets a delegate challenge the private results of a client in one job or channel. Anyone who has the client's signature may send it; the client
    /// needs none. It cannot be taken back: what is signed later only prolongs it.
    /// @param work Id of the job or of the channel.
    /// @param expiry Last second in which the delegate may open a challenge, seconds since 1970.
    /// @param signature Of EIP-712 `ChallengeDelegation(bytes32 work,address delegate,uint40 expiry)`; a contract is asked (ERC-1271).
    function delegateChallenge(
        address client,
        bytes32 work,
        address delegate,
        uint40 expiry,
        bytes calldata signature
    ) external;

    /// @notice Has the dispute game convict a provider of what its own signatures prove. Only the contract that makes receipts results.
    /// @param proof Hash of what proves it.
    /// @param reporter Who receives the reward.
    function convict(address provider, bytes32 proof, address reporter) external;

    /// @notice Names the dispute game, once and for good.
    function setDisputeGame(address game) external;

    /// @notice The dispute game; zero until it is set.
    function disputeGame() external view returns (address);

    /// @notice What is remembered of a result; zero for an id that names none.
    function jobState(JobId id) external view returns (JobState);

    /// @notice The id of a result with these terms, whether it exists or not.
    function jobIdOf(Job calldata job) external view returns (JobId);

    /// @notice Reverts unless `challenger` is the client or its delegate for this job or channel.
    function requireChallenger(address client, bytes32 work, address challenger) external view;

    /// @notice The last second in which a delegate may challenge a client's private results in this work; 0 if it never could.
    function delegatedUntil(address client, bytes32 work, address delegate) external view returns (uint40);

    /// @notice EIP-712 digest that a client signs for a delegate.
    function delegationDigest(bytes32 work, address delegate, uint40 expiry) external view returns (bytes32);

    /// @notice See `IJobEscrow.costOf`.
    function costOf(
        uint256 promptTokens,
        uint256 outputTokens,
        uint256 inputPrice,
        uint256 outputPrice
    ) external view returns (uint256);

    /// @notice See `IJobEscrow.sequencerFeed`.
    function sequencerFeed() external view returns (address);
}
