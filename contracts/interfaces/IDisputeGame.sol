// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Claim, ElementAddress} from "../types/Claim.sol";
import {Job, JobId} from "../types/Job.sol";
import {IJobEscrow} from "./IJobEscrow.sol";

/// @title Dispute game: whether a submitted result is what the model's program computes
/// @notice A challenger and a provider walk down the tree of the provider's trace to the first tile about which they differ; the chain executes
/// one element of it. Any number of challenges run side by side, each on its own clocks.
///
///   commit ──▶ open ──▶ [trace posted] ──▶ narrow ⇄ reveal ──▶ tile ⇄ element ──▶ step: correct ──▶ Lost
///                                    └───▶ disputeOutput ──────────────────────┘       wrong ────▶ Won, the provider is convicted
///
/// Whoever lets its clock run out loses: the challenger its bond, the provider everything below. A conviction concerns the whole provider: its fraud
/// deposit is forfeited, it is jailed, all its unfinished work can be refunded, and all live challenges against it get their bonds back.
/// A lost challenge blesses nothing: a result becomes final when its window is over and no challenge is alive.
/// Nothing here can be paused. Bonds and reimbursements are in the chain's coin (wei), rewards in ATH units.
interface IDisputeGame {
    /// @notice Governed parameters. A result keeps those that were in force when it was submitted.
    /// @param clock Seconds that each side has in all, per challenge.
    /// @param grace Seconds that each move has at least, even when the clock is used up.
    /// @param openPeriod Seconds after a commitment within which it can be opened.
    /// @param stressGasPrice Wei a gas unit, up to which moves are reimbursed and for which bonds are made.
    /// @param tracePricePerSecond Wei for a second of a request's challenge window: what computing its trace may cost.
    /// @param priceMultiple The reward is at least this many times the job's largest price.
    /// @param minimumReward ATH units.
    /// @param athPerCoin ATH units for 10^18 wei.
    struct Parameters {
        uint32 clock;
        uint32 grace;
        uint32 openPeriod;
        uint64 stressGasPrice;
        uint64 tracePricePerSecond;
        uint16 priceMultiple;
        uint96 minimumReward;
        uint128 athPerCoin;
    }

    enum Status {
        None,
        Committed,
        Live,
        Lost,
        Won,
        Returned,
        Burned
    }

    /// @notice Where the game of a challenge stands.
    /// Root: before the challenger's first move, which waits for the trace. Descent: `node` is an inner node. Tile: `node` is the leaf of a tile,
    /// and not PAD. Named: an element is named, the step is awaited; a leaf that is PAD, or stands where the program has nothing, needs no naming.
    enum Stage {
        Root,
        Descent,
        Tile,
        Named
    }

    enum Side {
        Provider,
        Challenger
    }

    /// @notice A challenge.
    /// @param challenger Who opened it; 0 before.
    /// @param committedAt Seconds since 1970.
    /// @param movedAt When the challenger moved last (or the challenge was opened), seconds since 1970.
    /// @param jobId The result's job.
    /// @param node Hash of the current node of the trace; 0 at the root.
    /// @param tree Which tree `node` is in: 0 positions, 1 operators, 2 tiles.
    /// @param level Levels between `node` and the leaves of that tree.
    /// @param target What the path to `node` names so far; indices of the tree under way are those of `node` at its level.
    /// @param providerClock Seconds left to the provider, before the move under way.
    /// @param challengerClock Seconds left to the challenger, before the move under way.
    /// @param bond Wei the challenger put in.
    /// @param spent Wei of it that reimbursed moves.
    /// @param reserved ATH units of the provider's fraud deposit reserved for it.
    // solhint-disable-next-line gas-struct-packing
    struct Challenge {
        Status status;
        Stage stage;
        address challenger;
        uint40 committedAt;
        uint40 movedAt;
        JobId jobId;
        bytes32 node;
        uint8 tree;
        uint8 level;
        ElementAddress target;
        uint32 providerClock;
        uint32 challengerClock;
        uint96 bond;
        uint96 spent;
        uint96 reserved;
    }

    /// @notice A result that was challenged.
    /// @param provider Who answered.
    /// @param modelRoot The job's model.
    /// @param tracedAt When the trace was posted, seconds since 1970; 0 before.
    /// @param positionsRoot Root over the positions of the posted trace.
    /// @param claimHash `keccak256(abi.encode(claim))` with `positionsRoot` left 0.
    // solhint-disable-next-line gas-struct-packing
    struct Result {
        address provider;
        bytes32 modelRoot;
        uint40 tracedAt;
        bytes32 positionsRoot;
        bytes32 claimHash;
    }

    /// @notice `payer` put wei into the bond of a commitment.
    event Committed(bytes32 indexed challengeId, address indexed payer, uint256 amount);
    /// @notice A challenge is live. `claim.positionsRoot` is 0 until the trace is posted.
    event Opened(
        bytes32 indexed challengeId,
        JobId indexed jobId,
        address indexed provider,
        address challenger,
        Claim claim,
        uint256 reserved
    );
    /// @notice The trace of a result stands: its root and the first descendants, left to right.
    event TracePosted(JobId indexed jobId, bytes32 positionsRoot, bytes32[] children);
    /// @notice The descendants of a node of a result's trace, left to right.
    event Revealed(JobId indexed jobId, bytes32 indexed node, uint8 tree, uint8 level, bytes32[] children);
    /// @notice The bytes of a tile of a result's trace.
    event TileRevealed(JobId indexed jobId, bytes32 indexed leaf, bytes tile);
    /// @notice The challenger went on to this node.
    event Narrowed(
        bytes32 indexed challengeId,
        Stage stage,
        bytes32 node,
        uint8 tree,
        uint8 level,
        ElementAddress target
    );
    /// @notice The challenger named an element; the step is awaited.
    event ElementNamed(bytes32 indexed challengeId, ElementAddress target);
    /// @notice A move was paid for from the bond, in wei.
    event Reimbursed(bytes32 indexed challengeId, address indexed recipient, uint256 amount);
    /// @notice A challenge is lost. `byTimeout`: the challenger did not move; otherwise the element was proven right.
    event ChallengeLost(bytes32 indexed challengeId, JobId indexed jobId, bool byTimeout);
    /// @notice The provider was convicted. `byTimeout`: it did not move; otherwise the element at `target` was proven wrong.
    event Convicted(
        address indexed provider,
        JobId indexed jobId,
        bytes32 indexed challengeId,
        bytes32 rewarded,
        ElementAddress target,
        bool byTimeout,
        uint256 forfeited
    );
    /// @notice The provider was convicted of what its own signatures prove; `reporter` got `reward` ATH units.
    event ConvictedByProof(
        address indexed provider,
        bytes32 indexed proof,
        address indexed reporter,
        uint256 reward,
        uint256 forfeited
    );
    /// @notice A challenge of a convicted provider got back `bond` wei and `reward` ATH units.
    event Reclaimed(bytes32 indexed challengeId, uint256 bond, uint256 reward);
    /// @notice The bond of a commitment that nobody opened was burned, in wei.
    event BondBurned(bytes32 indexed challengeId, uint256 amount);
    /// @notice Results that are submitted from now on have these parameters.
    event ParametersSet(uint256 version, Parameters parameters);

    error BondTooSmall(uint256 sent, uint256 required);
    error ChallengeExists(bytes32 challengeId);
    error UnknownChallenge(bytes32 challengeId);
    error NotLive(bytes32 challengeId, Status status);
    /// @notice Only the challenger makes this move.
    error NotChallenger(address caller, address challenger);
    /// @notice Only the provider's operator and watchtower post the trace.
    error NotDefender(address caller, address operator, address watchtower);
    /// @notice The move does not fit where the challenge stands.
    error WrongStage(bytes32 challengeId, Stage stage);
    /// @notice The node is not, or no longer, the one that the move expects.
    error UnexpectedNode(bytes32 expected, bytes32 found);
    error TraceNotPosted(JobId jobId);
    error TraceAlreadyPosted(JobId jobId);
    error NotRevealed(bytes32 node);
    error AlreadyRevealed(bytes32 node);
    error WrongNumberOfChildren(uint256 found, uint256 expected);
    error TooLate(uint256 deadline, uint256 timestamp);
    error NotTooLate(uint256 deadline, uint256 timestamp);
    /// @notice A commitment is opened in a later second than it was made, and within its period.
    error OpeningOutOfTime(uint256 earliest, uint256 latest, uint256 timestamp);
    /// @notice A commitment that is older than the result cannot be opened: commit when the result is there.
    error CommittedBeforeResult(uint256 committedAt, uint256 submittedAt);
    error ClaimMismatch(bytes32 expected, bytes32 found);
    /// @notice The provider was convicted already: reclaim the bond.
    error AlreadyConvicted(address provider);
    error NotConvicted(address provider);
    /// @notice Only the source of results reports proofs.
    error NotResultSource(address caller);
    error NothingToWithdraw(address account);
    error TransferFailed(address recipient, uint256 amount);
    error ParameterOutOfBounds(bytes32 parameter, uint256 value, uint256 minimum, uint256 maximum);

    // -------------------------------------------------------------------------------- moves of challengers

    /// @notice Puts the bond down for a challenge that stays secret until it is opened. Its id is the commitment: `challengeIdOf`. Anyone may
    /// pay, and add to it: only the challenger that the id was made for can open it.
    function commit(bytes32 challengeId) external payable;

    /// @notice Opens the caller's commitment against a submitted result inside its window. What was put in above `bondOf` goes back. If the provider
    /// was convicted meanwhile, all of it goes back and there is nothing to play.
    /// @param output The result, as it was submitted.
    function open(Job calldata job, IJobEscrow.Output calldata output, bytes32 salt) external;

    /// @notice Goes on to descendant `index` of the current node, the first that differs from the caller's own trace.
    /// @param node The descendant's hash.
    /// @param siblings From the descendant up to the current node.
    function narrow(bytes32 challengeId, uint32 index, bytes32 node, bytes32[] calldata siblings) external;

    /// @notice Names a token of the output, or its ending (`element` = number of tokens), when the trace's positions are right.
    function disputeOutput(bytes32 challengeId, bytes32 positionsRoot, uint32 element) external;

    /// @notice Names an element of the tile. The challenger need not wait for the tile to be revealed.
    function nameElement(bytes32 challengeId, bytes32 leaf, uint32 element) external;

    // ---------------------------------------------------------------------------------- moves of defenders

    /// @notice Posts the root over the positions of the result's trace, as its first descendants, once per result; only the provider's operator or
    /// watchtower. They count as revealed.
    function postTrace(bytes32 challengeId, bytes32[] calldata children) external;

    /// @notice Shows the descendants of the challenge's node. They count for every challenge of the result. Anyone.
    function reveal(bytes32 challengeId, bytes32[] calldata children) external;

    /// @notice Shows the bytes of the challenge's tile. They count for every challenge of the result. Anyone.
    function revealTile(bytes32 challengeId, bytes calldata tile) external;

    // ---------------------------------------------------------------------------------- anybody's moves

    /// @notice Executes the named element. Right: the challenge is lost. Wrong: the provider is convicted. Anyone.
    function step(bytes32 challengeId, Claim calldata claim, bytes calldata witness) external;

    /// @notice Ends a challenge whose mover let its clock run out. Anyone.
    function timeout(bytes32 challengeId) external;

    /// @notice Pays out a challenge whose provider is convicted: bond, costs, and the reward if it has earned it. Anyone.
    function reclaim(bytes32 challengeId) external;

    /// @notice Convicts a provider of what its own signatures prove, without a challenge. Only the source of results, which checked the proof.
    /// The reward is the least that a challenge is worth, at most half the deposit; nothing while a live challenge has reserved a part of it.
    /// @param proof Hash of what proves it; takes the place of the rewarded challenge.
    /// @param reporter Who receives the reward.
    function convictProven(address provider, bytes32 proof, address reporter) external;

    /// @notice Burns the bond of a commitment that was not opened in time. Anyone.
    function burnUnopened(bytes32 challengeId) external;

    /// @notice Pays out what could not be sent.
    function withdraw(address payable recipient) external;

    // ---------------------------------------------------------------------------------------- governance

    /// @notice Sets the parameters of results that are submitted from now on.
    function setParameters(Parameters calldata parameters) external;

    // ---------------------------------------------------------------------------------------------- views

    /// @notice The id, and commitment, of a challenge.
    function challengeIdOf(address challenger, JobId jobId, bytes32 salt) external view returns (bytes32);

    /// @notice A challenge; all zero for an id that names none.
    function challengeOf(bytes32 challengeId) external view returns (Challenge memory);

    /// @notice A result that was challenged; all zero for one that was not.
    function resultOf(JobId jobId) external view returns (Result memory);

    /// @notice When a node, or the bytes of a tile, of a result's trace were revealed; 0 if not. Seconds since 1970.
    function revealedAt(JobId jobId, bytes32 node, uint8 tree, uint8 level) external view returns (uint40);

    /// @notice Whose move it is in a live challenge, and the last second it has for it.
    function turnOf(bytes32 challengeId) external view returns (Side side, uint256 deadline);

    /// @notice Levels that the next reveal of a node `level` levels above the leaves of its tree shows.
    function revealLevels(uint8 level) external pure returns (uint8);

    /// @notice Wei that a challenge of a job takes.
    function bondOf(Job calldata job) external view returns (uint256);

    /// @notice Challenge that is rewarded for a provider's conviction; 0 if there was none.
    function convictionOf(address provider) external view returns (bytes32 rewarded);

    /// @notice Whether a step proved this result wrong, and so convicted its provider; not if the provider's clock ran out.
    function isProvenWrong(JobId jobId) external view returns (bool);

    /// @notice Wei that could not be sent to an account and wait for `withdraw`.
    function credit(address account) external view returns (uint256);

    /// @notice Parameters of results that are submitted now.
    function parameters() external view returns (Parameters memory);
}
