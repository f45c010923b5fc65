// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ICheckers} from "../interfaces/ICheckers.sol";
import {IHardwareExams} from "../interfaces/IHardwareExams.sol";
import {IProviderPenalties} from "../interfaces/IProviderPenalties.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IQualityReports} from "../interfaces/IQualityReports.sol";

/// @title Hardware exams
/// @notice See `IHardwareExams`, which is the specification, and docs/checkers.md.
contract HardwareExams is IHardwareExams {
    // ------------------------------------------------------------------------------------------ constants

    uint256 private constant BASIS_POINTS = 10_000;
    /// @dev Throughputs are reported in millions.
    uint256 private constant MILLION = 1_000_000;
    /// @dev Epochs in which what was measured may still be judged.
    uint32 private constant JUDGED_WITHIN = 3;
    /// @dev Epochs without a judged exam after which a provider waits no longer.
    uint32 private constant LONGEST_WAIT = 6;

    ICheckers public immutable checkers;
    IQualityReports public immutable reports;
    IProviderRegistry public immutable providers;

    // -------------------------------------------------------------------------------------------- storage

    mapping(address provider => Standing) private _standings;
    /// @inheritdoc IHardwareExams
    uint32 public startedIn;

    // ---------------------------------------------------------------------------------------- construction

    constructor(ICheckers checkers_, IQualityReports reports_, IProviderRegistry providers_) {
        checkers = checkers_;
        reports = reports_;
        providers = providers_;
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IHardwareExams
    function enter(address provider) external {
        uint32 current = checkers.currentEpoch();
        if (!_isActive(current))
            revert ExamsInactive(
                checkers.epochOf(current).committed,
                checkers.parametersAt(current).minimumCheckers
            );
        if (startedIn == 0) startedIn = current;
        uint256 claim = providers.throughputOf(provider);
        Standing storage standing = _standings[provider];
        IQualityReports.Enrolment memory enrolment = reports.enrolmentOf(provider);
        // INVARIANT: the beginning of exams stops nobody who serves already; those are examined at random.
        bool served = enrolment.enrolled && enrolment.since < startedIn && standing.judged == 0;
        if (served || isPending(provider) || claim <= standing.passed) revert NothingToExamine(provider);
        // Who offers nothing yet is not measured, and takes no work either. Enrolled by anybody when it does.
        if (!enrolment.enrolled) reports.enroll(provider);
        _suspend(provider, standing, current, claim);
    }

    /// @inheritdoc IHardwareExams
    function judge(uint32 epoch, address provider) external {
        uint32 current = checkers.currentEpoch();
        Standing storage standing = _standings[provider];
        IQualityReports.Medians memory medians = reports.mediansOf(epoch, provider);
        if (
            medians.reports == 0 ||
            epoch <= standing.judged ||
            current > epoch + JUDGED_WITHIN ||
            !isExamined(epoch, provider)
        ) revert NoExam(provider, epoch);
        standing.judged = epoch;
        uint256 claim = providers.throughputOf(provider);
        uint256 measured = uint256(medians.throughput) * MILLION;
        if (measured * BASIS_POINTS >= claim * checkers.parametersAt(epoch).examTolerance) {
            emit ExamPassed(provider, epoch, measured, claim);
            _pass(provider, standing, current, claim);
        } else {
            emit ExamFailed(provider, epoch, measured, claim);
            standing.passed = 0;
            if (!isPending(provider)) _suspend(provider, standing, current, claim);
        }
    }

    /// @inheritdoc IHardwareExams
    function lift(address provider) external {
        uint32 current = checkers.currentEpoch();
        Standing storage standing = _standings[provider];
        if (!isPending(provider)) revert NothingToExamine(provider);
        uint32 since = standing.since > standing.judged ? standing.since : standing.judged;
        // INVARIANT: nobody waits for checkers that are not there.
        if (_isActive(current) && current <= since + LONGEST_WAIT)
            revert StillExamined(provider, since + LONGEST_WAIT + 1);
        uint256 claim = providers.throughputOf(provider);
        emit ExamLifted(provider, claim);
        _pass(provider, standing, current, claim);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IHardwareExams
    function isActive() external view returns (bool) {
        return _isActive(checkers.currentEpoch());
    }

    /// @inheritdoc IHardwareExams
    function isExamined(uint32 epoch, address provider) public view returns (bool) {
        Standing memory standing = _standings[provider];
        // What was an exam stays one while it is revealed and judged, whatever an earlier one brings meanwhile.
        if (standing.waited && standing.since < epoch && (standing.until == 0 || epoch <= standing.until))
            return true;
        bytes32 seed = checkers.epochOf(epoch).seed;
        if (seed == 0 || !_isActive(epoch)) return false;
        uint256 limit = (type(uint256).max / BASIS_POINTS) * checkers.parametersAt(epoch).examRate;
        return uint256(keccak256(abi.encode(seed, provider, "exam"))) < limit;
    }

    /// @inheritdoc IHardwareExams
    function isPending(address provider) public view returns (bool) {
        Standing storage standing = _standings[provider];
        return standing.waited && standing.until == 0;
    }

    /// @inheritdoc IHardwareExams
    function standingOf(address provider) external view returns (Standing memory) {
        return _standings[provider];
    }

    // ------------------------------------------------------------------------------------------- internal

    function _isActive(uint32 epoch) private view returns (bool) {
        return checkers.epochOf(epoch).committed >= checkers.parametersAt(epoch).minimumCheckers;
    }

    function _suspend(address provider, Standing storage standing, uint32 current, uint256 claim) private {
        // A wait that ended a moment ago goes on, so that its exams stay exams.
        if (!standing.waited || current > standing.until + JUDGED_WITHIN) standing.since = current;
        (standing.waited, standing.until) = (true, 0);
        emit ExamPending(provider, current, claim);
        IProviderPenalties(address(providers)).setAwaitingExam(provider, true);
    }

    function _pass(address provider, Standing storage standing, uint32 current, uint256 claim) private {
        standing.passed = uint128(claim);
        if (!isPending(provider)) return;
        standing.until = current;
        IProviderPenalties(address(providers)).setAwaitingExam(provider, false);
    }
}
