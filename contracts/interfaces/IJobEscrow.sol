// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Job, JobId} from "../types/Job.sol";
import {JobState} from "../types/JobState.sol";
import {IFeeDistributor} from "./IFeeDistributor.sol";

/// @title Job escrow: one request, one payment
/// @notice A client escrows the largest possible price; the provider's standing offer is its acceptance. The provider submits the
/// generated tokens, which anyone can check; after the challenge window the tokens actually produced are paid and the rest is refunded.
///
///   None ──create──▶ Created ──submit──▶ Submitted ──finalize──▶ Finalized
///                       ├──expire──▶ Expired        (deadline passed, anyone)
///                       ├──decline─▶ Declined       (operator)
///                       └──refund──▶ Refunded       (provider convicted, anyone; of Submitted too)
///
/// A job's terms are not stored: its id is their hash, events publish them, and callers present them again. Everything a job can
/// end in has an exit that anyone may take and that pays a bounty to whomever its sender names. There is no way to pause any of them.
/// The dispute game keeps results that are challenged from becoming final; a provider that it convicted is paid for nothing any more.
interface IJobEscrow {
    /// @notice What a client asks for.
    /// @param maxCost The most that may be escrowed, the exit bounty included, in `token` units.
    /// @param maxInputPrice The highest price of a million prompt tokens that the client accepts, in `token` units.
    /// @param maxOutputPrice The highest price of a million generated tokens that the client accepts, in `token` units.
    /// Both, because a provider that moves its price from output to input tokens would keep the total and owe no refund.
    /// @param submitDeadline Last second in which the provider may submit.
    /// @param generation How tokens are chosen and how many; see `Generation`.
    /// @param seed Randomness of the sampling; part of the request's commitment.
    /// @param promptTokens Packed token ids; see `TokenIds`.
    /// @param stopSequences Token sequences that end the answer; see `Generation`.
    struct Request {
        address provider;
        bytes32 modelRoot;
        address token;
        bytes32 generation;
        uint128 maxCost;
        uint80 maxInputPrice;
        uint80 maxOutputPrice;
        uint40 submitDeadline;
        uint64 seed;
        uint64 salt;
        bytes promptTokens;
        bytes stopSequences;
    }

    /// @notice What takes the place of prompt and stop sequences in a private request; docs/private-requests.md.
    /// @param promptTokens Number of prompt tokens.
    /// @param promptRoot Commitment to the blinded prompt and to the keys of the output; see `Commitments.privatePromptRoot`.
    /// @param stopsHash Commitment to the stop sequences; see `Commitments.stopsHash`.
    /// @param ciphertext The request for the provider's encryption key, at most 120,000 bytes. Empty if the provider gets it another way.
    struct HiddenRequest {
        uint32 promptTokens;
        bytes32 promptRoot;
        bytes32 stopsHash;
        bytes ciphertext;
    }

    /// @notice Governed parameters; a job keeps those it was created with. One storage slot.
    /// @param stakePerJob ATH units of the provider's stake locked while a job is open.
    /// @param challengeWindow Shortest window, seconds; the time to recompute the request is added.
    /// @param minimumResponseTime Seconds a client must leave the provider.
    /// @param maximumResponseTime Seconds a client may leave the provider.
    /// @param workPerSecond Multiply-adds a second that a challenger is assumed to recompute at least.
    struct Parameters {
        uint96 stakePerJob;
        uint32 challengeWindow;
        uint32 minimumResponseTime;
        uint32 maximumResponseTime;
        uint64 workPerSecond;
    }

    /// @notice Governed terms of payment in one token. One storage slot.
    /// @param accepted Whether new jobs may be paid in it.
    /// @param feeBasisPoints Protocol fee in ten-thousandths of the charge.
    /// @param exitBounty Token units for whoever ends a job.
    /// @param minimumCharge Least that a result costs, in token units, so that nobody binds stake with worthless requests.
    struct TokenTerms {
        bool accepted;
        uint16 feeBasisPoints;
        uint96 exitBounty;
        uint96 minimumCharge;
    }

    /// @notice What a provider answered, as presented at finalisation.
    struct Output {
        uint32 count;
        bytes32 tokensRoot;
    }

    /// @notice A job was opened: its terms, as later calls must present them, and the request that `job.inputRoot` commits to.
    event JobCreated(
        JobId indexed id,
        address indexed client,
        address indexed provider,
        Job job,
        uint64 seed,
        bytes32 generation,
        bytes promptTokens,
        bytes stopSequences
    );
    /// @notice A private job was opened: its terms, as later calls must present them, what `job.inputRoot` commits to, and the request for the provider's key.
    event PrivateJobCreated(
        JobId indexed id,
        address indexed client,
        address indexed provider,
        Job job,
        uint64 seed,
        bytes32 generation,
        bytes32 stopsHash,
        bytes32 promptRoot,
        bytes ciphertext
    );
    /// @notice A provider answered; from `finalizableAt` (seconds since 1970) the result can be finalised.
    /// @param outputTokens Packed token ids; of a private job encrypted.
    event ResultSubmitted(
        JobId indexed id,
        address indexed provider,
        bytes32 outputRoot,
        uint40 finalizableAt,
        bytes outputTokens
    );
    /// @notice A result became final and was paid.
    /// @param earned Paid to the provider; `earned + fee` is the charge, all in token units.
    event JobFinalized(
        JobId indexed id,
        address indexed client,
        address indexed provider,
        uint256 earned,
        uint256 fee,
        uint256 refund,
        uint256 bounty,
        address bountyRecipient
    );
    /// @notice A job that nobody answered was refunded; amounts in token units.
    event JobExpired(
        JobId indexed id,
        address indexed client,
        address indexed provider,
        uint256 refund,
        uint256 bounty,
        address bountyRecipient
    );
    /// @notice A provider declined a job; `refund` token units are back in the client's account.
    event JobDeclined(JobId indexed id, address indexed client, address indexed provider, uint256 refund);
    /// @notice An unfinished job of a convicted provider was refunded; amounts in token units.
    event JobRefunded(
        JobId indexed id,
        address indexed client,
        address indexed provider,
        uint256 refund,
        uint256 bounty,
        address bountyRecipient
    );
    /// @notice The contract whose challenges keep results from becoming final is this one, for good.
    event DisputeGameSet(address game);
    /// @notice The parameters of new jobs changed.
    event ParametersSet(Parameters parameters);
    /// @notice The terms of new jobs paid in a token changed.
    event TokenTermsSet(address indexed token, TokenTerms terms);
    /// @notice The fees collected so far went to the distributor, token units.
    event FeesCollected(address indexed token, uint256 amount);

    /// @notice The terms hash to no job of this escrow. Present them exactly as `JobCreated` published them.
    error UnknownJob(JobId id);
    /// @notice The same request was created before. Choose another salt.
    error JobAlreadyExists(JobId id);
    /// @notice The job is past the point where it could be answered, expired or declined.
    error JobNotOpen(JobId id, JobState state);
    /// @notice There is no result to finalise, or it was finalised already.
    error JobNotSubmitted(JobId id, JobState state);
    /// @notice New jobs are not paid in this token.
    error PaymentTokenNotAccepted(address token);
    /// @notice The prompt is empty.
    error EmptyPrompt();
    /// @notice A private request publishes neither prompt nor stop sequences: leave both empty.
    error PromptNotHidden(uint256 promptLength, uint256 stopsLength);
    /// @notice No transaction carries an encrypted request this long. Deliver it another way and leave it empty.
    error CiphertextTooLong(uint256 length, uint256 maximum);
    /// @notice At least one token must be asked for.
    error NoTokensRequested();
    /// @notice Prompt and output together do not fit the model. Shorten the prompt or ask for fewer tokens.
    error ContextExceeded(uint256 promptTokens, uint256 maxTokens, uint256 contextLength);
    /// @notice Price and bounty of this request are above the client's limit. Raise the limit or choose another provider.
    error PriceAboveLimit(uint256 cost, uint256 maxCost);
    /// @notice The offer's prices for a million tokens are above the client's limits. Ask for a new quote.
    error OfferPriceAboveLimit(
        uint256 inputPrice,
        uint256 maxInputPrice,
        uint256 outputPrice,
        uint256 maxOutputPrice
    );
    /// @notice No transaction carries an answer this long. Ask for fewer tokens and continue with another request.
    error TooManyTokensRequested(uint256 maxTokens, uint256 maximum);
    /// @notice The request has more stop sequences than are allowed.
    error TooManyStopSequences(uint256 maximum);
    /// @notice A stop sequence, counted from 0, has no tokens or too many.
    error StopSequenceLengthOutOfBounds(uint256 sequence, uint256 length, uint256 maximum);
    /// @notice The stop sequences end before the one, counted from 0, that would end at byte `end`.
    error StopSequenceCutOff(uint256 sequence, uint256 end, uint256 length);
    /// @notice The deadline leaves the provider too little or too much time. Seconds since 1970.
    error DeadlineOutOfBounds(uint256 submitDeadline, uint256 earliest, uint256 latest);
    /// @notice Recomputing the request would take longer than the longest challenge window, in seconds.
    error RequestTooLarge(uint256 challengeWindow, uint256 maximum);
    /// @notice Only the provider's operator key may do this.
    error NotOperator(address caller, address operator);
    error SubmissionTooLate(uint256 submitDeadline, uint256 timestamp);
    /// @notice The provider still has time to answer.
    error NotExpired(uint256 submitDeadline, uint256 timestamp);
    /// @notice The result has no tokens or more than the request allows.
    error OutputLengthOutOfBounds(uint256 count, uint256 maxTokens);
    /// @notice The output is not the one that was submitted.
    error OutputMismatch(JobId id, bytes32 presented);
    error ChallengeWindowOpen(JobId id, uint256 finalizableAt, uint256 timestamp);
    /// @notice A challenge of the result is undecided.
    error ChallengesAlive(JobId id, uint16 liveChallenges);
    /// @notice The result can no longer be challenged. Seconds since 1970.
    error ChallengeWindowOver(JobId id, uint256 end, uint256 timestamp);
    /// @notice The result has as many live challenges as can be counted. Open yours when one has ended.
    error TooManyChallenges(JobId id);
    error NoChallengeAlive(JobId id);
    /// @notice Only jobs of a convicted provider are refunded this way.
    error NotJailed(address provider);
    /// @notice Only the dispute game opens and closes challenges.
    error NotDisputeGame(address caller);
    /// @notice The dispute game is set once, for good.
    error DisputeGameAlreadySet(address game);
    /// @notice The dispute game is a contract.
    error DisputeGameWithoutCode(address game);
    error LengthMismatch(uint256 jobs, uint256 outputs);
    /// @notice A parameter lies outside its fixed bounds.
    error ParameterOutOfBounds(bytes32 parameter, uint256 value, uint256 minimum, uint256 maximum);

    /// @notice Escrows `cost + exitBounty` of the caller's vault account and opens the job.
    function create(Request calldata request) external returns (JobId id);

    /// @notice The same for a private request: the chain sees its length and its parameters, neither its prompt nor its answer. Only the caller and its
    /// delegates may challenge the result. What cannot be checked here the provider checks, and declines: that `promptRoot` commits to the request
    /// that it was sent, and that the token ids are of the model.
    /// @param request Without prompt and stop sequences. `generation` as in a public request; the bit of private ones is set here.
    function createPrivate(
        Request calldata request,
        HiddenRequest calldata hidden
    ) external returns (JobId id);

    /// @notice Answers a job with the complete output. Only the provider's operator, until the deadline, once.
    /// @param outputTokens Packed token ids, see `TokenIds`; of a private job encrypted as docs/private-requests.md says.
    function submit(Job calldata job, bytes calldata outputTokens) external;

    /// @notice Pays for a result whose window is over. Anyone may call and name the account that receives the bounty. Refused while a challenge is alive, and
    /// for ever when the provider was convicted. A window in which the chain's sequencer was down counts from when it came up.
    function finalize(Job calldata job, Output calldata output, address bountyRecipient) external;

    /// @notice Finalises all of the given results that can be; skips the others, so that nobody spoils a batch by finalising one of it first.
    /// @return finalized How many were finalised by this call.
    function finalizeBatch(
        Job[] calldata jobs,
        Output[] calldata outputs,
        address bountyRecipient
    ) external returns (uint256 finalized);

    /// @notice Refunds a job that nobody answered in time. Anyone may call and name the account that receives the bounty.
    /// For ten minutes after the deadline there is none and the client gets everything back, so that a provider gains nothing from
    /// not answering, and a client that looks after its jobs pays nothing.
    function expire(Job calldata job, address bountyRecipient) external;

    /// @notice Refunds a job, bounty included, that the provider will not answer. Only the provider's operator, until the deadline.
    function decline(Job calldata job) external;

    /// @notice Refunds a job, answered or not, whose provider was convicted. Anyone may call and name the account that receives the bounty.
    /// Until ten minutes after the job could have ended without the conviction there is none and the client gets everything back.
    function refund(Job calldata job, address bountyRecipient) external;

    /// @notice Notes a new challenge of a submitted result, inside its window. Only the dispute game.
    /// @param output The result, as it was submitted.
    function challengeOpened(Job calldata job, Output calldata output) external returns (JobId id);

    /// @notice Notes the end of a challenge, whatever became of the job. Only the dispute game.
    function challengeClosed(JobId id) external;

    /// @notice Names the contract that opens and closes challenges, once and for good.
    function setDisputeGame(address game) external;

    /// @notice Sets the parameters of jobs created from now on.
    function setParameters(Parameters calldata parameters) external;

    /// @notice Sets the terms of jobs created from now on and paid in `token`.
    function setTokenTerms(address token, TokenTerms calldata terms) external;

    /// @notice Has all fees that came together in a token split by the distributor, at the split in force. Anyone; cannot reach anything else.
    /// @return distributor Where fees go, for good.
    /// @return amount Token units; with none nothing happens.
    function collectFees(address token) external returns (IFeeDistributor distributor, uint256 amount);

    /// @notice The contract that opens and closes challenges; zero until it is set.
    function disputeGame() external view returns (address);

    /// @notice Tells when the chain's sequencer is down, see `SequencerClock`; zero if there is no such feed.
    function sequencerFeed() external view returns (address);

    /// @notice What the chain remembers of a job; zero for an id that names none.
    function jobState(JobId id) external view returns (JobState);

    /// @notice The id of a job with these terms, whether it exists or not.
    function jobIdOf(Job calldata job) external view returns (JobId);

    /// @notice Cost of a request in token units, before the minimum charge: rounded up, so that no sequence of small requests is cheaper than one large.
    function costOf(
        uint256 promptTokens,
        uint256 outputTokens,
        uint256 inputPrice,
        uint256 outputPrice
    ) external pure returns (uint256);

    /// @notice The parameters of jobs created now.
    function parameters() external view returns (Parameters memory);

    /// @notice The terms of jobs created now and paid in `token`.
    function tokenTermsOf(address token) external view returns (TokenTerms memory);
}
