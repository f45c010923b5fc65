// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {IAskedEvidence} from "../interfaces/IAskedEvidence.sol";
import {ICheckerPay} from "../interfaces/ICheckerPay.sol";
import {ICheckers} from "../interfaces/ICheckers.sol";
import {IHardwareExams} from "../interfaces/IHardwareExams.sol";
import {IProviderPenalties} from "../interfaces/IProviderPenalties.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IQualityCourt} from "../interfaces/IQualityCourt.sol";
import {IQualityReports} from "../interfaces/IQualityReports.sol";
import {IVault} from "../interfaces/IVault.sol";
import {Medians as MedianRules} from "./Medians.sol";

/// @title Quality reports
/// @notice See `IQualityReports`, which is the specification, and docs/checkers.md.
contract QualityReports is IQualityReports, AccessManaged {
    // ------------------------------------------------------------------------------------------ constants

    uint256 private constant BASIS_POINTS = 10_000;
    uint256 private constant MAX_REPORTS = 32;
    /// @dev Epochs without measurement after a provider could not be measured, so that nobody rests from a bad epoch alone.
    uint32 private constant REST = 3;

    ICheckers public immutable checkers;
    ICheckerPay public immutable pay;
    IAskedEvidence public immutable asked;
    IProviderRegistry public immutable providers;
    IQualityCourt public immutable court;
    IVault public immutable vault;

    // -------------------------------------------------------------------------------------------- storage

    /// @param tip What the next chunk ends in.
    /// @param bound The providers of the next chunk are below; 0 at first.
    struct Progress {
        bytes32 tip;
        address bound;
        bool punished;
    }

    mapping(address provider => Enrolment) private _enrolments;
    mapping(uint32 epoch => mapping(address checker => Progress)) private _progress;
    /// @dev Words of `MedianRules.pack`.
    mapping(uint32 epoch => mapping(address provider => uint256[])) private _reports;
    mapping(uint32 epoch => mapping(address provider => Medians)) private _medians;
    mapping(address provider => Score) private _scores;
    /// @inheritdoc IQualityReports
    address public exams;

    // ---------------------------------------------------------------------------------------- construction

    constructor(
        address authority,
        ICheckers checkers_,
        ICheckerPay pay_,
        IProviderRegistry providers_,
        IQualityCourt court_,
        IAskedEvidence asked_
    ) AccessManaged(authority) {
        checkers = checkers_;
        pay = pay_;
        asked = asked_;
        providers = providers_;
        court = court_;
        vault = checkers_.vault();
    }

    // -------------------------------------------------------------------------------- who is measured

    /// @inheritdoc IQualityReports
    function enroll(address provider) external {
        uint32 current = checkers.currentEpoch();
        Enrolment memory last = _enrolments[provider];
        if (last.enrolled && (last.until == 0 || current < last.until + REST))
            revert EnrolledAlready(provider, last.until == 0 ? type(uint32).max : last.until + REST);
        if (!_isMeasurable(provider)) revert NotMeasurable(provider);
        _enrolments[provider] = Enrolment(current, 0, true);
        emit Enrolled(provider, current);
    }

    /// @inheritdoc IQualityReports
    function retire(address provider) external {
        Enrolment memory last = _enrolments[provider];
        if (!last.enrolled || last.until != 0) revert NotEnrolled(provider);
        if (_isMeasurable(provider)) revert StillMeasurable(provider);
        uint32 current = checkers.currentEpoch();
        // Nobody measured it yet.
        if (current == last.since) delete _enrolments[provider];
        else _enrolments[provider].until = current;
        emit Retired(provider, current);
    }

    // ------------------------------------------------------------------------------------------- reports

    /// @inheritdoc IQualityReports
    function commitReports(uint32 epoch, bytes32 tip) external {
        address checker = checkers.ownerOf(msg.sender);
        if (tip == 0) revert ZeroCommitment();
        uint32 current = checkers.currentEpoch();
        if (epoch != current) revert WrongEpoch(epoch, current);
        _progress[epoch][checker].tip = tip;
        emit ReportsCommitted(epoch, checker, tip);
    }

    /// @inheritdoc IQualityReports
    function revealReports(address checker, bytes32 previous, Report[] calldata reports) external {
        uint32 epoch = _epochsAgo(1);
        if (reports.length == 0) revert NoReports();
        Progress storage progress = _progress[epoch][checker];
        ICheckers.Parameters memory rules = checkers.parametersAt(epoch);
        bytes32 hash = previous;
        address last;
        for (uint256 i = 0; i < reports.length; ++i) {
            Report calldata report = reports[i];
            hash = keccak256(abi.encode(hash, report));
            // INVARIANT: one report on a provider, whatever the chunks.
            if (report.provider <= last) revert NotAscending(last, report.provider);
            last = report.provider;
            _addReport(epoch, checker, report, rules);
        }
        bytes32 expected = progress.tip;
        // INVARIANT: nothing is reported but what was committed to before anybody revealed.
        if (expected == 0 || hash != expected) revert CommitmentMismatch(checker, expected, hash);
        if (progress.bound != address(0) && last >= progress.bound) revert NotAscending(last, progress.bound);
        progress.tip = previous;
        progress.bound = reports[0].provider;
    }

    /// @inheritdoc IQualityReports
    function punishOmission(address checker, address provider) external {
        uint32 epoch = _epochsAgo(2);
        Progress storage progress = _progress[epoch][checker];
        ICheckers.Parameters memory rules = checkers.parametersAt(epoch);
        if (
            progress.punished ||
            !isMeasured(epoch, provider) ||
            !checkers.isDrawn(epoch, checker, uint160(provider), rules.expectedCheckers) ||
            !_isMissing(epoch, checker, provider) ||
            checkers.outageSince(checkers.startOf(epoch + 1))
        ) revert NoFault(checker, epoch);
        progress.punished = true;
        emit Omitted(epoch, checker, provider, msg.sender);
        checkers.penalise(checker, (uint256(rules.stake) * rules.omissionShare) / BASIS_POINTS, msg.sender);
    }

    /// @inheritdoc IQualityReports
    function score(address provider) external {
        uint32 epoch = _epochsAgo(2);
        if (_medians[epoch][provider].reports != 0) revert AlreadyScored(provider, epoch);
        uint256[] memory words = _reports[epoch][provider];
        ICheckers.Parameters memory rules = checkers.parametersAt(epoch);
        if (words.length < rules.quorum) revert NoQuorum(provider, words.length, rules.quorum);
        (Medians memory medians, uint256[] memory near) = MedianRules.evaluate(
            words,
            rules.tolerance,
            rules.uptimeTolerance
        );
        _medians[epoch][provider] = medians;
        Score memory updated = _scores[provider];
        bool examined = _isExamined(epoch, provider);
        uint256 before = examined ? 0 : updated.throughput;
        MedianRules.average(updated, medians, epoch, !examined);
        // A provider that was kept from new work meanwhile is not blamed for it.
        if (!vault.stakeOf(provider).suspended)
            updated.badEpochs = medians.uptime < rules.uptimeFloor ? updated.badEpochs + 1 : 0;
        _scores[provider] = updated;
        emit Scored(epoch, provider, medians, updated);
        for (uint256 i = 0; i < near.length; ++i) {
            uint256 shares = MedianRules.sharesOf(near[i], medians.throughput, before);
            pay.credit(epoch, MedianRules.checkerOf(near[i]), shares);
        }
    }

    /// @inheritdoc IQualityReports
    function announce(address provider) external returns (bytes32 caseId) {
        Score memory standing = _scores[provider];
        ICheckers.Parameters memory rules = checkers.parametersAt(checkers.currentEpoch());
        uint16 bad = standing.badEpochs;
        // INVARIANT: a bad hour, or a bad epoch, costs nobody stake.
        if (bad < rules.floorEpochs) revert NotBad(provider, bad, rules.floorEpochs);
        _scores[provider].badEpochs = 0;
        uint256 stake = IProviderPenalties(address(providers)).hardwareLockOf(provider);
        uint256 amount = (stake * rules.penaltyShare) / BASIS_POINTS;
        caseId = court.announce(
            provider,
            uint96(amount),
            0,
            string.concat(
                "median uptime below ",
                Strings.toString(rules.uptimeFloor),
                " basis points in ",
                Strings.toString(bad),
                " scored epochs in a row up to ",
                Strings.toString(standing.epoch)
            )
        );
        emit Announced(provider, caseId, uint96(amount));
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IQualityReports
    function setExams(address hardwareExams) external restricted {
        // INVARIANT: whoever tells what is an exam never changes.
        if (exams != address(0)) revert ExamsAlreadySet(exams);
        if (hardwareExams.code.length == 0) revert ExamsWithoutCode(hardwareExams);
        exams = hardwareExams;
        emit ExamsSet(hardwareExams);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IQualityReports
    function scoreOf(address provider) external view returns (Score memory) {
        return _scores[provider];
    }

    /// @inheritdoc IQualityReports
    function mediansOf(uint32 epoch, address provider) external view returns (Medians memory) {
        return _medians[epoch][provider];
    }

    /// @inheritdoc IQualityReports
    function enrolmentOf(address provider) external view returns (Enrolment memory) {
        return _enrolments[provider];
    }

    /// @inheritdoc IQualityReports
    function isMeasured(uint32 epoch, address provider) public view returns (bool) {
        Enrolment memory found = _enrolments[provider];
        return found.enrolled && found.since < epoch && (found.until == 0 || epoch < found.until);
    }

    /// @inheritdoc IQualityReports
    function tipOf(uint32 epoch, address checker) external view returns (bytes32) {
        return _progress[epoch][checker].tip;
    }

    /// @inheritdoc IQualityReports
    function reportCount(uint32 epoch, address provider) external view returns (uint256) {
        return _reports[epoch][provider].length;
    }

    // ------------------------------------------------------------------------------------------- internal

    function _addReport(
        uint32 epoch,
        address checker,
        Report calldata report,
        ICheckers.Parameters memory rules
    ) private {
        address provider = report.provider;
        if (!checkers.isDrawn(epoch, checker, uint160(provider), rules.expectedCheckers))
            revert NotDrawn(checker, provider);
        // Retired after the checker committed to its report, or too many reports: left out, without harm to the others of the chunk.
        if (!isMeasured(epoch, provider) || _reports[epoch][provider].length == MAX_REPORTS) return;
        if (report.uptime == 0) {
            if (report.latency != 0 || report.throughput != 0 || report.evidence.length != 0)
                revert InvalidReport(provider);
        } else {
            if (report.uptime > BASIS_POINTS || report.evidence.length == 0) revert InvalidReport(provider);
            bool examined = _isExamined(epoch, provider);
            uint256 proven = asked.countOf(epoch, checker, provider, examined, report.evidence);
            if (proven == 0) revert InvalidEvidence(provider);
            // INVARIANT: what a report claims was answered of the least to ask, it shows. Rounded up.
            uint256 required = Math.ceilDiv(uint256(report.uptime) * rules.requests, BASIS_POINTS);
            if (proven < required) revert TooFewRequests(provider, proven, required);
        }
        _reports[epoch][provider].push(
            MedianRules.pack(checker, report.throughput, report.latency, report.uptime)
        );
        emit Reported(epoch, provider, checker, report.latency, report.throughput, report.uptime);
    }

    /// @dev Bounded by the 32 reports; with as many, a report may have been left out.
    function _isMissing(uint32 epoch, address checker, address provider) private view returns (bool) {
        uint256[] storage words = _reports[epoch][provider];
        uint256 count = words.length;
        if (count == MAX_REPORTS) return false;
        for (uint256 i = 0; i < count; ++i) {
            if (MedianRules.checkerOf(words[i]) == checker) return false;
        }
        return true;
    }

    /// @dev Whether new clients reach it. One that waits for an exam is measured by exams.
    function _isMeasurable(address provider) private view returns (bool) {
        IVault.Stake memory position = vault.stakeOf(provider);
        if (position.jailed || position.resting) return false;
        if (position.suspended && (exams == address(0) || !IHardwareExams(exams).isPending(provider)))
            return false;
        IProviderRegistry.Provider memory found = providers.providerOf(provider);
        return found.registered && found.offerCount != 0;
    }

    function _isExamined(uint32 epoch, address provider) private view returns (bool) {
        return exams != address(0) && IHardwareExams(exams).isExamined(epoch, provider);
    }

    function _epochsAgo(uint32 count) private view returns (uint32) {
        uint32 current = checkers.currentEpoch();
        if (current < count) revert WrongEpoch(0, current);
        return current - count;
    }
}
