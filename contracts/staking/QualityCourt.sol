// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IProviderPenalties} from "../interfaces/IProviderPenalties.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IQualityCourt} from "../interfaces/IQualityCourt.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {CaseStatus} from "../types/CaseStatus.sol";
import {Merkle} from "../verifier/Merkle.sol";

/// @title Quality court
/// @notice See `IQualityCourt`, which is the specification.
contract QualityCourt is IQualityCourt, AccessManaged {
    // ------------------------------------------------------------------------------------------ constants

    uint256 private constant BASIS_POINTS = 10_000;
    /// @dev Of the stake of a provider's hardware. A case for dust would only keep a real one away.
    uint256 private constant LEAST_PENALTY = 100;
    uint256 private constant LARGEST_PENALTY = 1_000;
    uint256 private constant MAX_TEXT_LENGTH = 4_096;
    uint256 private constant SHARES = 1e18;
    uint40 private constant CLAIM_PERIOD = 365 days;
    uint40 private constant YEAR = 365 days;
    uint40 private constant FOR_EVER = type(uint40).max;

    IProviderPenalties public immutable providers;
    /// @inheritdoc IQualityCourt
    address public immutable insurance;

    // -------------------------------------------------------------------------------------------- storage

    /// @param suspendedUntil Zero if the provider is not suspended.
    struct Record {
        uint32 cases;
        bool open;
        uint40 nextCaseAt;
        uint40 suspendedUntil;
        uint40[] penalisedAt;
    }

    Parameters private _parameters;
    mapping(bytes32 caseId => Case) private _cases;
    mapping(bytes32 leaf => bool) private _claimed;
    mapping(address provider => Record) private _records;

    // ---------------------------------------------------------------------------------------- construction

    constructor(
        address authority,
        IProviderPenalties providers_,
        address insurance_,
        Parameters memory initial
    ) AccessManaged(authority) {
        if (insurance_ == address(0)) revert ZeroAddress();
        providers = providers_;
        insurance = insurance_;
        _setParameters(initial);
    }

    // -------------------------------------------------------------------------------------------- reporters

    /// @inheritdoc IQualityCourt
    function announce(
        address provider,
        uint96 amount,
        bytes32 harmedRoot,
        string calldata evidence
    ) external restricted returns (bytes32 caseId) {
        _requireShort(evidence);
        Record storage record = _records[provider];
        if (record.open) revert CaseStillOpen(provider, caseIdOf(provider, record.cases));
        if (block.timestamp < record.nextCaseAt) revert CaseTooSoon(provider, record.nextCaseAt);
        amount = _bounded(amount, providers.hardwareLockOf(provider));

        (record.cases, record.open) = (record.cases + 1, true);
        caseId = caseIdOf(provider, record.cases);
        Case storage opened = _cases[caseId];
        // INVARIANT: a case keeps the parameters it was announced under.
        Parameters memory terms = _parameters;
        uint40 appealUntil = uint40(block.timestamp) + terms.appealPeriod;
        uint40 decideUntil = appealUntil + terms.decisionPeriod;
        (opened.provider, opened.amount) = (provider, amount);
        (opened.harmedRoot, opened.terms) = (harmedRoot, terms);
        (opened.status, opened.appealUntil, opened.decideUntil) = (
            CaseStatus.Announced,
            appealUntil,
            decideUntil
        );
        emit CaseAnnounced(
            caseId,
            provider,
            msg.sender,
            amount,
            harmedRoot,
            appealUntil,
            decideUntil,
            evidence
        );

        providers.freeze(provider, amount);
    }

    // -------------------------------------------------------------------------------------------- provider

    /// @inheritdoc IQualityCourt
    function appeal(bytes32 caseId, string calldata reasons) external {
        Case storage appealed = _inStatus(caseId, CaseStatus.Announced);
        address provider = appealed.provider;
        // The owner's key is kept cold, and an owner can be a contract that acts slowly.
        if (
            msg.sender != provider && msg.sender != IProviderRegistry(address(providers)).operatorOf(provider)
        ) revert NotTheAccused(msg.sender, provider);
        if (block.timestamp > appealed.appealUntil)
            revert AppealTooLate(appealed.appealUntil, block.timestamp);
        _requireShort(reasons);
        appealed.status = CaseStatus.Appealed;
        emit CaseAppealed(caseId, provider, reasons);
    }

    /// @inheritdoc IQualityCourt
    function reinstate() external {
        Record storage record = _records[msg.sender];
        uint40 until = record.suspendedUntil;
        if (until == 0) revert NotSuspended(msg.sender);
        if (until == FOR_EVER) revert ProviderRemoved(msg.sender);
        if (block.timestamp < until) revert StillSuspended(msg.sender, until, block.timestamp);
        record.suspendedUntil = 0;
        emit ProviderReinstated(msg.sender);

        providers.reinstate(msg.sender);
    }

    // ---------------------------------------------------------------------------------------------- anyone

    /// @inheritdoc IQualityCourt
    function execute(bytes32 caseId) external {
        Case storage announced = _inStatus(caseId, CaseStatus.Announced);
        // INVARIANT: no penalty before the provider could appeal.
        if (block.timestamp <= announced.appealUntil)
            revert AppealPeriodRunning(announced.appealUntil, block.timestamp);
        uint256 amount = announced.amount;
        _execute(caseId, announced, amount - (amount * announced.terms.discountBasisPoints) / BASIS_POINTS);
    }

    /// @inheritdoc IQualityCourt
    function lapse(bytes32 caseId) external {
        Case storage appealed = _inStatus(caseId, CaseStatus.Appealed);
        if (block.timestamp <= appealed.decideUntil)
            revert DecisionPending(appealed.decideUntil, block.timestamp);
        _drop(caseId, appealed);
    }

    /// @inheritdoc IQualityCourt
    function claim(
        bytes32 caseId,
        address client,
        uint64 share,
        uint256 index,
        bytes32[] calldata path
    ) external {
        Case storage executed = _inStatus(caseId, CaseStatus.Executed);
        if (block.timestamp > executed.claimUntil) revert ClaimsOver(executed.claimUntil, block.timestamp);
        bytes32 leaf = _leafOf(caseId, client, share);
        if (_claimed[leaf]) revert ShareAlreadyClaimed(caseId, client);
        uint256 offset;
        assembly ("memory-safe") {
            offset := path.offset
        }
        if (Merkle.climb(leaf, index, path.length, offset) != executed.harmedRoot)
            revert InvalidShareProof(caseId, client, share);
        _claimed[leaf] = true;
        // INVARIANT: a case pays its own harmed clients no more than it set aside for them, whatever its report says.
        uint96 unclaimed = executed.unclaimed;
        uint96 amount = uint96(Math.min((uint256(executed.harmed) * share) / SHARES, unclaimed));
        executed.unclaimed = unclaimed - amount;
        emit ShareClaimed(caseId, client, amount);

        if (amount != 0) providers.pay(client, amount);
    }

    /// @inheritdoc IQualityCourt
    function sweep(bytes32 caseId) external {
        Case storage executed = _inStatus(caseId, CaseStatus.Executed);
        if (block.timestamp <= executed.claimUntil)
            revert ClaimsRunning(executed.claimUntil, block.timestamp);
        uint96 amount = executed.unclaimed;
        if (amount == 0) revert NothingToSweep(caseId);
        executed.unclaimed = 0;
        emit UnclaimedSwept(caseId, amount);

        providers.pay(insurance, amount);
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IQualityCourt
    function decide(bytes32 caseId, bool uphold) external restricted {
        Case storage pending = _cases[caseId];
        if (!uphold && pending.status == CaseStatus.Announced) return _drop(caseId, pending);
        pending = _inStatus(caseId, CaseStatus.Appealed);
        if (block.timestamp > pending.decideUntil)
            revert DecisionTooLate(pending.decideUntil, block.timestamp);
        if (uphold) _execute(caseId, pending, pending.amount);
        else _drop(caseId, pending);
    }

    /// @inheritdoc IQualityCourt
    function setParameters(Parameters calldata next) external restricted {
        _setParameters(next);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IQualityCourt
    function parameters() external view returns (Parameters memory) {
        return _parameters;
    }

    /// @inheritdoc IQualityCourt
    function caseIdOf(address provider, uint32 number) public view returns (bytes32) {
        return keccak256(abi.encode(block.chainid, address(this), provider, number));
    }

    /// @inheritdoc IQualityCourt
    function caseOf(bytes32 caseId) external view returns (Case memory) {
        return _cases[caseId];
    }

    /// @inheritdoc IQualityCourt
    function standingOf(address provider) external view returns (Standing memory) {
        Record storage record = _records[provider];
        return
            Standing({
                cases: record.cases,
                open: record.open,
                nextCaseAt: record.nextCaseAt,
                suspendedUntil: record.suspendedUntil,
                penalties: uint32(_penaltiesWithinYear(record, type(uint32).max))
            });
    }

    /// @inheritdoc IQualityCourt
    function isClaimed(bytes32 caseId, address client, uint64 share) external view returns (bool) {
        return _claimed[_leafOf(caseId, client, share)];
    }

    // ------------------------------------------------------------------------------------------- internal

    function _inStatus(bytes32 caseId, CaseStatus wanted) private view returns (Case storage found) {
        found = _cases[caseId];
        if (found.status == CaseStatus.None) revert UnknownCase(caseId);
        if (found.status != wanted) revert WrongCaseStatus(caseId, found.status);
    }

    function _drop(bytes32 caseId, Case storage pending) private {
        address provider = pending.provider;
        pending.status = CaseStatus.Dropped;
        _close(_records[provider], pending.terms);
        emit CaseDropped(caseId, provider);
        providers.liftFreeze(provider);
    }

    /// @dev INVARIANT: a case is executed once, and whoever is harmed, half of the penalty at least is burned: reporting oneself costs.
    function _execute(bytes32 caseId, Case storage pending, uint256 penalty) private {
        address provider = pending.provider;
        Parameters memory terms = pending.terms;
        Record storage record = _records[provider];
        uint256 harmed = (penalty * terms.harmedBasisPoints) / BASIS_POINTS;
        uint256 insured = (penalty * terms.insuredBasisPoints) / BASIS_POINTS;
        if (pending.harmedRoot == 0) (harmed, insured) = (0, insured + harmed);

        uint40 claimUntil = uint40(block.timestamp) + CLAIM_PERIOD;
        (pending.status, pending.claimUntil) = (CaseStatus.Executed, claimUntil);
        (pending.harmed, pending.unclaimed) = (uint96(harmed), uint96(harmed));
        record.penalisedAt.push(uint40(block.timestamp));
        uint40 suspendedUntil = _suspensionOf(record, terms);
        record.suspendedUntil = suspendedUntil;
        _close(record, terms);
        emit CaseExecuted(caseId, provider, penalty, harmed, insured, claimUntil, suspendedUntil);

        providers.penaliseFrozen(provider, uint96(penalty), uint96(harmed + insured));
        if (insured != 0) providers.pay(insurance, insured);
    }

    function _close(Record storage record, Parameters memory terms) private {
        (record.open, record.nextCaseAt) = (false, uint40(block.timestamp) + terms.caseInterval);
    }

    /// @dev The time at which a suspension ends that begins with the penalty just noted; never earlier than one under way.
    function _suspensionOf(Record storage record, Parameters memory terms) private view returns (uint40) {
        uint256 penalties = _penaltiesWithinYear(record, terms.removalAfter);
        if (penalties == terms.removalAfter) return FOR_EVER;
        uint256 until = block.timestamp + penalties * terms.suspension;
        return uint40(Math.max(until, record.suspendedUntil));
    }

    /// @dev Counts at most `most`, from the last backwards.
    function _penaltiesWithinYear(Record storage record, uint256 most) private view returns (uint256 count) {
        uint256 length = record.penalisedAt.length;
        while (count < most && count < length) {
            if (uint256(record.penalisedAt[length - 1 - count]) + YEAR < block.timestamp) break;
            ++count;
        }
    }

    function _leafOf(bytes32 caseId, address client, uint64 share) private pure returns (bytes32) {
        return keccak256(abi.encodePacked(Commitments.LEAF_TAG, caseId, client, share));
    }

    function _bounded(uint256 amount, uint256 stake) private pure returns (uint96) {
        uint256 least = Math.ceilDiv(stake * LEAST_PENALTY, BASIS_POINTS);
        if (amount < least) revert PenaltyTooSmall(amount, least);
        return uint96(Math.min(amount, (stake * LARGEST_PENALTY) / BASIS_POINTS));
    }

    function _requireShort(string calldata text) private pure {
        uint256 length = bytes(text).length;
        if (length > MAX_TEXT_LENGTH) revert TextTooLong(length, MAX_TEXT_LENGTH);
    }

    function _setParameters(Parameters memory next) private {
        _requireBetween("appealPeriod", next.appealPeriod, 3 days, 30 days);
        // Long enough for a vote with the usual delays, which takes twelve days.
        _requireBetween("decisionPeriod", next.decisionPeriod, 14 days, 90 days);
        _requireBetween("caseInterval", next.caseInterval, 7 days, 180 days);
        _requireBetween("suspension", next.suspension, 1 days, 30 days);
        _requireBetween("removalAfter", next.removalAfter, 3, 12);
        // INVARIANT: at most half of a penalty is paid to anybody.
        _requireBetween("harmedBasisPoints", next.harmedBasisPoints, 0, BASIS_POINTS / 2);
        _requireBetween(
            "insuredBasisPoints",
            next.insuredBasisPoints,
            0,
            BASIS_POINTS / 2 - next.harmedBasisPoints
        );
        _requireBetween("discountBasisPoints", next.discountBasisPoints, 500, 5_000);
        _parameters = next;
        emit ParametersSet(next);
    }

    function _requireBetween(
        bytes32 parameter,
        uint256 value,
        uint256 minimum,
        uint256 maximum
    ) private pure {
        if (value < minimum || value > maximum)
            revert ParameterOutOfBounds(parameter, value, minimum, maximum);
    }
}
