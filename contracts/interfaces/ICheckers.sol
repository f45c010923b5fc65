// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDrawBeacon} from "./IDrawBeacon.sol";
import {IVault} from "./IVault.sol";

/// @title Checkers: their stake, their keys, their secrets, and the seed of each epoch
/// @notice A checker locks one stake. Before an epoch it commits to a secret; the epoch's seed is fixed afterwards, and secret and seed decide whom it checks, known to
/// nobody else until it reveals the secret an epoch later. What it must do then, the task contracts say. docs/checkers.md specifies it all.
interface ICheckers {
    /// @notice Governed parameters, each of an epoch. Shares are ten-thousandths.
    /// @param stake ATH units that a checker locks.
    /// @param missingShare Of the stake: for a secret that is not revealed, or is known too early.
    /// @param omissionShare Of the stake: for a provider that was drawn and not reported on.
    /// @param auditShare Of the stake: for an attestation that was proven wrong.
    /// @param expectedCheckers Drawn per provider on average.
    /// @param quorum Fewer reports on a provider score nothing.
    /// @param expectedAuditors Drawn per audited result on average.
    /// @param auditRate Part of the public results that are audited.
    /// @param auditShares Shares of an epoch's pay that an attestation earns; a report earns one.
    /// @param tolerance How far from the median a report's latency and throughput may be, of the median.
    /// @param uptimeTolerance The same for uptime, in basis points of time.
    /// @param uptimeFloor Below this median uptime an epoch is a bad one.
    /// @param floorEpochs Bad epochs in a row before a penalty is announced.
    /// @param penaltyShare What is announced then, of the stake of the provider's hardware.
    /// @param examTolerance What must be reached of a hardware claim.
    /// @param examRate Part of the providers that are examined again in an epoch.
    /// @param minimumCheckers Hardware is examined in epochs with so many commitments at least.
    /// @param requests Answered requests that a report of full uptime shows at least; others in proportion.
    struct Parameters {
        uint96 stake;
        uint16 missingShare;
        uint16 omissionShare;
        uint16 auditShare;
        uint8 expectedCheckers;
        uint8 quorum;
        uint8 expectedAuditors;
        uint16 auditRate;
        uint16 auditShares;
        uint16 tolerance;
        uint16 uptimeTolerance;
        uint16 uptimeFloor;
        uint8 floorEpochs;
        uint16 penaltyShare;
        uint16 examTolerance;
        uint16 examRate;
        uint32 minimumCheckers;
        uint16 requests;
    }

    /// @notice A checker.
    /// @param operator Key that sends what is daily work; zero for an account that is none.
    /// @param locked ATH units of its stake that are locked.
    /// @param lastEpoch The last epoch it committed to; 0 for none.
    /// @param held Attestations that are not closed.
    struct Checker {
        address operator;
        uint96 locked;
        uint32 lastEpoch;
        uint32 held;
    }

    /// @notice What is known of an epoch.
    /// @param seed 0 until it is drawn; an epoch whose first half passed without is void.
    /// @param mix Exclusive or of the hashes of all secrets that became known.
    /// @param committed Number of commitments.
    /// @param revealed Number of secrets that were revealed in time.
    struct Epoch {
        bytes32 seed;
        bytes32 mix;
        uint32 committed;
        uint32 revealed;
    }

    /// @notice An account became a checker.
    event CheckerJoined(address indexed checker, address operator, uint256 locked);
    /// @notice A checker's daily work is done by this key from now on.
    event OperatorSet(address indexed checker, address operator);
    /// @notice A checker locked more; `locked` ATH units in all.
    event CheckerToppedUp(address indexed checker, uint256 locked);
    /// @notice A checker left; its lock is free.
    event CheckerLeft(address indexed checker, uint256 freed);
    /// @notice A checker committed to its secret of an epoch.
    event SecretCommitted(uint32 indexed epoch, address indexed checker, bytes32 commitment);
    /// @notice An epoch has its seed.
    event EpochDrawn(uint32 indexed epoch, bytes32 seed, uint32 committed);
    /// @notice A checker's secret of an epoch is known, in time.
    event SecretRevealed(uint32 indexed epoch, address indexed checker, bytes32 secret);
    /// @notice A checker's secret of an epoch was known too early.
    event SecretDenounced(
        uint32 indexed epoch,
        address indexed checker,
        address indexed finder,
        bytes32 secret
    );
    /// @notice A checker did not reveal its secret of an epoch.
    event SecretMissing(uint32 indexed epoch, address indexed checker, address indexed finder);
    /// @notice `amount` ATH units of a checker's stake were taken: `paid` went to `finder`, the rest was burned.
    event CheckerPenalised(address indexed checker, uint256 amount, uint256 paid, address indexed finder);
    /// @notice The contracts that give checkers work and can penalise them, for good.
    event TasksSet(address[] tasks);
    /// @notice Epochs from this one on have these parameters.
    event ParametersSet(uint32 indexed fromEpoch, Parameters parameters);

    error AlreadyChecker(address checker);
    /// @notice The account is no checker. Call `join` first.
    error NotChecker(address checker);
    /// @notice The key is no checker's operator.
    error NotOperator(address caller);
    /// @notice The operator must differ from the owner and belong to nobody else.
    error InvalidOperator(address operator);
    /// @notice The account was convicted as a provider.
    error Convicted(address checker);
    /// @notice Less is locked than the stake in force, ATH units. Call `topUp`.
    error StakeTooSmall(address checker, uint256 locked, uint256 required);
    /// @notice Something can still be held against the checker: wait until this epoch, and close its attestations.
    error StillLiable(address checker, uint32 untilEpoch, uint32 held);
    error AlreadyCommitted(address checker, uint32 epoch);
    /// @notice Neither 0 nor 1 is a commitment.
    error InvalidCommitment(bytes32 commitment);
    /// @notice The checker has committed to no such secret, or it is known already.
    error SecretMismatch(address checker, uint32 epoch);
    /// @notice This is not the epoch for it.
    error WrongEpoch(uint32 epoch, uint32 current);
    error AlreadyDrawn(uint32 epoch);
    /// @notice The first half of the epoch is over: it stays void. Seconds since 1970.
    error DrawTooLate(uint256 latest, uint256 timestamp);
    /// @notice The epoch is decided by another round: the first that was requested since it began.
    error WrongRound(uint256 round, uint256 since);
    /// @notice There is no fault: nothing was owed, or it was done, or an outage excuses it.
    error NoFault(address checker, uint32 epoch);
    /// @notice Only a task contract may call this.
    error NotATask(address caller);
    error TasksAlreadySet();
    error TaskWithoutCode(address task);
    /// @notice The parameters changed not long ago. Wait until this epoch.
    error ChangedRecently(uint32 untilEpoch, uint32 current);
    error EpochLengthOutOfBounds(uint256 length, uint256 minimum, uint256 maximum);
    error ParameterOutOfBounds(bytes32 parameter, uint256 value, uint256 minimum, uint256 maximum);

    // ---------------------------------------------------------------------------------------------- stake

    /// @notice Makes the caller a checker and locks the stake in force.
    function join(address operator) external;

    /// @notice Replaces the calling checker's operator key.
    function setOperator(address operator) external;

    /// @notice Locks what the calling checker lacks of the stake in force.
    function topUp() external;

    /// @notice Ends the calling checker's duty and frees its lock, when nothing can be held against it any more.
    function resign() external;

    // ------------------------------------------------------------------------------------------- the draw

    /// @notice Commits to a secret for the next epoch; see `commitmentOf`. Only operators.
    /// @param epoch The next one: what comes too late is refused, for its secret could never be revealed.
    function commit(uint32 epoch, bytes32 commitment) external;

    /// @notice Fixes the current epoch's seed, in its first half. Anyone.
    /// @param round Of the beacon: the first that was requested since the epoch began.
    function draw(uint256 round) external;

    /// @notice Reveals a checker's secret of the epoch before the current one. Anyone.
    function reveal(address checker, bytes32 secret) external;

    /// @notice Penalises a checker that did not reveal its secret, one or two epochs after it should have. Anyone; the caller gets a tenth.
    function punishMissing(address checker, uint32 epoch) external;

    /// @notice Penalises a checker whose secret of the current or the next epoch is known. Anyone; the caller gets half.
    function denounce(address checker, uint32 epoch, bytes32 secret) external;

    // ---------------------------------------------------------------------------------------------- tasks

    /// @notice Takes a part of a checker's lock, or what is left of it. Only tasks.
    /// @param amount ATH units.
    /// @param finder Who gets a tenth; the rest is burned.
    function penalise(address checker, uint256 amount, address finder) external;

    /// @notice Holds a checker's lock for one more attestation. Only tasks.
    function hold(address checker) external;

    /// @notice Ends one hold. Only tasks.
    function unhold(address checker) external;

    // ----------------------------------------------------------------------------------------- governance

    /// @notice Names the task contracts, once and for good.
    function setTasks(address[] calldata tasks) external;

    /// @notice Sets the parameters from the epoch after the next on.
    function setParameters(Parameters calldata parameters) external;

    // ---------------------------------------------------------------------------------------------- views

    /// @notice Where stakes are locked.
    function vault() external view returns (IVault);

    /// @notice Where the values of seeds come from.
    function beacon() external view returns (IDrawBeacon);

    /// @notice Start of epoch 0, seconds since 1970.
    function genesis() external view returns (uint40);

    /// @notice Seconds.
    function epochLength() external view returns (uint40);

    /// @notice First second of an epoch, since 1970.
    function startOf(uint32 epoch) external view returns (uint256);

    /// @notice The epoch of a second; 0 before the first.
    function epochAt(uint256 timestamp) external view returns (uint32);

    /// @notice The epoch of this second.
    function currentEpoch() external view returns (uint32);

    /// @notice The parameters of an epoch not older than five before the current one.
    function parametersAt(uint32 epoch) external view returns (Parameters memory);

    /// @notice What is known of an epoch.
    function epochOf(uint32 epoch) external view returns (Epoch memory);

    /// @notice A checker; all zero for an account that is none.
    function checkerOf(address checker) external view returns (Checker memory);

    /// @notice The checker whose operator this key is; reverts with `NotOperator` if there is none.
    function ownerOf(address operator) external view returns (address checker);

    /// @notice What a checker committed to for an epoch; 0 for nothing, 1 when it was penalised for it.
    function committedTo(uint32 epoch, address checker) external view returns (bytes32);

    /// @notice A checker's secret, once it was revealed in time; else 0.
    function secretOf(uint32 epoch, address checker) external view returns (bytes32);

    /// @notice Whether a revealed secret draws its checker for a subject.
    function isDrawn(
        uint32 epoch,
        address checker,
        uint256 subject,
        uint256 expected
    ) external view returns (bool);

    /// @notice Below this a checker is drawn of whom `expected` are to be drawn on average.
    function thresholdOf(uint32 epoch, uint256 expected) external view returns (uint256);

    /// @notice Whether the chain's sequencer was down since this second, as far as its feed says.
    function outageSince(uint256 timestamp) external view returns (bool);

    /// @notice Whether a contract gives checkers work.
    function isTask(address task) external view returns (bool);

    /// @notice What a checker commits to.
    function commitmentOf(address checker, uint32 epoch, bytes32 secret) external view returns (bytes32);
}
