// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {ICheckers} from "../interfaces/ICheckers.sol";

/// @title Epochs and their governed parameters
abstract contract CheckerParameters is ICheckers, AccessManaged {
    // ------------------------------------------------------------------------------------------ constants

    uint256 internal constant BASIS_POINTS = 10_000;
    uint256 private constant SHORTEST_EPOCH = 10 minutes;
    uint256 private constant LONGEST_EPOCH = 7 days;
    uint256 private constant MIN_STAKE = 100e18;
    uint256 private constant MAX_STAKE = 10_000_000e18;
    uint256 private constant LEAST_MINIMUM_CHECKERS = 16;
    /// @dev Jobs that evidence can hold.
    uint256 private constant MAX_REQUESTS = 64;
    /// @dev More checkers than there are.
    uint256 private constant NEVER = 1_000_000;
    /// @dev Those of the epoch after the next: of the next, commitments may be there already.
    uint32 private constant DELAY = 2;
    /// @dev Epochs in which something of an epoch is still decided, its own included.
    uint32 internal constant EPOCH_LIFE = 4;

    /// @inheritdoc ICheckers
    uint40 public immutable genesis;
    /// @inheritdoc ICheckers
    uint40 public immutable epochLength;

    // -------------------------------------------------------------------------------------------- storage

    Parameters private _latest;
    Parameters private _before;
    /// @dev First epoch with `_latest`.
    uint32 private _since;

    // ---------------------------------------------------------------------------------------- construction

    /// @param inclusionDelay Seconds within which the chain includes what its sequencer ignores.
    constructor(uint256 length, uint256 inclusionDelay, Parameters memory initial) {
        uint256 shortest = Math.max(SHORTEST_EPOCH, inclusionDelay);
        if (length < shortest || length > LONGEST_EPOCH)
            revert EpochLengthOutOfBounds(length, shortest, LONGEST_EPOCH);
        (genesis, epochLength) = (uint40(block.timestamp), uint40(length));
        _requireValid(initial);
        _latest = initial;
        emit ParametersSet(0, initial);
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc ICheckers
    function setParameters(Parameters calldata parameters) external restricted {
        _requireValid(parameters);
        uint32 current = currentEpoch();
        // INVARIANT: of every epoch in which something is still decided, the parameters are known.
        // What nobody has committed under yet is replaced.
        if (current + 1 >= _since) {
            if (_since != 0 && current < _since + EPOCH_LIFE)
                revert ChangedRecently(_since + EPOCH_LIFE, current);
            _before = _latest;
        }
        _latest = parameters;
        _since = current + DELAY;
        emit ParametersSet(current + DELAY, parameters);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc ICheckers
    function startOf(uint32 epoch) public view returns (uint256) {
        return uint256(genesis) + uint256(epoch) * epochLength;
    }

    /// @inheritdoc ICheckers
    function epochAt(uint256 timestamp) public view returns (uint32) {
        return uint32(Math.saturatingSub(timestamp, genesis) / epochLength);
    }

    /// @inheritdoc ICheckers
    function currentEpoch() public view returns (uint32) {
        return epochAt(block.timestamp);
    }

    /// @inheritdoc ICheckers
    function parametersAt(uint32 epoch) public view returns (Parameters memory) {
        return epoch >= _since ? _latest : _before;
    }

    // ------------------------------------------------------------------------------------------- internal

    function _requireCurrent(uint32 epoch) internal view {
        uint32 current = currentEpoch();
        if (epoch != current) revert WrongEpoch(epoch, current);
    }

    function _requireValid(Parameters memory next) private pure {
        _requireBetween("stake", next.stake, MIN_STAKE, MAX_STAKE);
        _requireBetween("missingShare", next.missingShare, 50, 2_000);
        // An omission costs less than a missing reveal, or it would be hidden by one.
        _requireBetween("omissionShare", next.omissionShare, 20, next.missingShare);
        _requireBetween("auditShare", next.auditShare, 100, BASIS_POINTS);
        _requireBetween("expectedCheckers", next.expectedCheckers, 4, 16);
        _requireBetween("quorum", next.quorum, 3, 16);
        _requireBetween("expectedAuditors", next.expectedAuditors, 3, 16);
        _requireBetween("auditRate", next.auditRate, 0, BASIS_POINTS);
        _requireBetween("auditShares", next.auditShares, 1, 100);
        _requireBetween("tolerance", next.tolerance, 500, 9_000);
        _requireBetween("uptimeTolerance", next.uptimeTolerance, 100, 2_000);
        _requireBetween("uptimeFloor", next.uptimeFloor, 5_000, 9_900);
        _requireBetween("floorEpochs", next.floorEpochs, 2, 30);
        _requireBetween("penaltyShare", next.penaltyShare, 100, 1_000);
        _requireBetween("examTolerance", next.examTolerance, 5_000, BASIS_POINTS);
        _requireBetween("examRate", next.examRate, 0, 5_000);
        _requireBetween("minimumCheckers", next.minimumCheckers, LEAST_MINIMUM_CHECKERS, NEVER);
        _requireBetween("requests", next.requests, 1, MAX_REQUESTS);
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
