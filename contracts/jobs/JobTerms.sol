// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ICurrencies} from "../interfaces/ICurrencies.sol";
import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {Worth} from "../libraries/Worth.sol";
import {Job} from "../types/Job.sol";

/// @title The governed terms of new jobs, and what a job costs by its own
abstract contract JobTerms is IJobEscrow, AccessManaged {
    using Worth for ICurrencies;

    // ------------------------------------------------------------------------------------------ constants

    uint256 private constant PRICE_UNIT = 1_000_000;
    uint16 private constant MAX_FEE_BASIS_POINTS = 2_000;
    uint32 private constant MIN_CHALLENGE_WINDOW = 10 minutes;
    uint32 private constant MAX_CHALLENGE_WINDOW = 3 days;
    uint32 private constant MIN_RESPONSE_TIME = 10 seconds;
    /// @dev With the longest window shorter than any unbonding.
    uint32 private constant MAX_RESPONSE_TIME = 3 days;
    /// @dev The rest of the longest window is left for the time to recompute a request.
    uint32 private constant MAX_BASE_WINDOW = 1 days;

    uint256 private constant MIN_STAKE_PER_JOB = 1e18;
    uint256 private constant MAX_STAKE_PER_JOB = 100_000e18;
    /// @dev No single machine recomputes faster.
    uint256 private constant MAX_WORK_PER_SECOND = 1e13;
    /// @dev $10: many times what ending a job costs, and less than anybody minds.
    uint64 private constant MAX_TERM_MICROCENTS = 1e9;

    ICurrencies public immutable currencies;

    // -------------------------------------------------------------------------------------------- storage

    mapping(address token => TokenTerms) private _tokenTerms;
    Parameters private _parameters;

    // ---------------------------------------------------------------------------------------- construction

    constructor(
        address authority,
        ICurrencies currencies_,
        Parameters memory initial
    ) AccessManaged(authority) {
        currencies = currencies_;
        _setParameters(initial);
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IJobEscrow
    function setParameters(Parameters calldata parameters_) external restricted {
        _setParameters(parameters_);
    }

    /// @inheritdoc IJobEscrow
    function setTokenTerms(address token, TokenTerms calldata terms) external restricted {
        _requireBetween("feeBasisPoints", terms.feeBasisPoints, 0, MAX_FEE_BASIS_POINTS);
        // Without a price there are no new jobs, but a token can always be taken off.
        if (terms.accepted) {
            uint256 maximum = currencies.unitsWorth(token, MAX_TERM_MICROCENTS);
            _requireBetween("exitBounty", terms.exitBounty, 0, maximum);
            _requireBetween("minimumCharge", terms.minimumCharge, 0, maximum);
        }
        _tokenTerms[token] = terms;
        emit TokenTermsSet(token, terms);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IJobEscrow
    function costOf(
        uint256 promptTokens,
        uint256 outputTokens,
        uint256 inputPrice,
        uint256 outputPrice
    ) public pure returns (uint256) {
        return Math.ceilDiv(promptTokens * inputPrice + outputTokens * outputPrice, PRICE_UNIT);
    }

    /// @inheritdoc IJobEscrow
    function parameters() external view returns (Parameters memory) {
        return _parameters;
    }

    /// @inheritdoc IJobEscrow
    function tokenTermsOf(address token) external view returns (TokenTerms memory) {
        return _tokenTerms[token];
    }

    // ------------------------------------------------------------------------------------------- internal

    function _acceptedTerms(address token) internal view returns (TokenTerms memory terms) {
        terms = _tokenTerms[token];
        if (!terms.accepted) revert PaymentTokenNotAccepted(token);
    }

    /// @dev Also checks the deadline, which shares the parameters' storage slot.
    function _windowAndLock(Job memory job, uint256 workPerPosition) internal view returns (uint32, uint96) {
        Parameters memory current = _parameters;
        uint256 earliest = block.timestamp + current.minimumResponseTime;
        uint256 latest = block.timestamp + current.maximumResponseTime;
        if (job.submitDeadline < earliest || job.submitDeadline > latest) {
            revert DeadlineOutOfBounds(job.submitDeadline, earliest, latest);
        }
        uint256 positions = uint256(job.promptTokens) + job.maxTokens;
        uint256 window =
            current.challengeWindow + Math.ceilDiv(positions * workPerPosition, current.workPerSecond);
        if (window > MAX_CHALLENGE_WINDOW) revert RequestTooLarge(window, MAX_CHALLENGE_WINDOW);
        return (uint32(window), current.stakePerJob);
    }

    function _setParameters(Parameters memory next) private {
        _requireBetween("challengeWindow", next.challengeWindow, MIN_CHALLENGE_WINDOW, MAX_BASE_WINDOW);
        _requireBetween(
            "minimumResponseTime",
            next.minimumResponseTime,
            MIN_RESPONSE_TIME,
            next.maximumResponseTime
        );
        _requireBetween(
            "maximumResponseTime",
            next.maximumResponseTime,
            MIN_RESPONSE_TIME,
            MAX_RESPONSE_TIME
        );
        _requireBetween("stakePerJob", next.stakePerJob, MIN_STAKE_PER_JOB, MAX_STAKE_PER_JOB);
        _requireBetween("workPerSecond", next.workPerSecond, 1, MAX_WORK_PER_SECOND);
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
