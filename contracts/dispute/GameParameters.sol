// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {IDisputeGame} from "../interfaces/IDisputeGame.sol";

/// @title The governed parameters of disputes, all versions of them
abstract contract GameParameters is IDisputeGame, AccessManaged {
    // ------------------------------------------------------------------------------------------ constants

    /// @dev Moves of both sides at most: ten reveals (contexts and operator lists of up to 65,536 entries, operators of up to 2^24 tiles), as many
    /// answers, tile, element, step.
    uint256 private constant MOVES = 23;
    /// @dev Leaves each move a day, within which rollups include what their sequencer ignores, and half a day to spare.
    uint256 private constant LONGEST_DISPUTE = 45 days;
    /// @dev The escrow's longest challenge window.
    uint256 private constant LONGEST_WINDOW = 3 days;
    uint256 private constant SHORTEST_PERIOD = 1 minutes;
    uint256 private constant LONGEST_PERIOD = 3 days;
    uint256 private constant MAX_GAS_PRICE = 100_000 gwei;
    uint256 private constant MAX_TRACE_PRICE = 1_000_000 gwei;
    uint256 private constant MAX_PRICE_MULTIPLE = 10_000;
    uint256 private constant MAX_REWARD = 1e27;
    uint256 private constant MAX_ATH_PER_COIN = 1e30;

    /// @notice Seconds within which the chain includes a transaction that its sequencer ignores. No clock is shorter.
    uint256 public immutable inclusionDelay;

    // -------------------------------------------------------------------------------------------- storage

    struct Version {
        Parameters parameters;
        uint40 since;
    }

    mapping(uint256 version => Version) private _versions;
    uint16 private _latest;

    // ---------------------------------------------------------------------------------------- construction

    constructor(
        address authority,
        uint256 inclusionDelay_,
        Parameters memory initial
    ) AccessManaged(authority) {
        inclusionDelay = inclusionDelay_;
        _requireValid(initial);
        // Since ever: results older than this contract can be challenged, too.
        _versions[0].parameters = initial;
        emit ParametersSet(0, initial);
    }

    // ----------------------------------------------------------------------------------------- governance

    /// @inheritdoc IDisputeGame
    function setParameters(Parameters calldata next) external restricted {
        _requireValid(next);
        uint16 version = _latest + 1;
        _latest = version;
        _versions[version] = Version(next, uint40(block.timestamp));
        emit ParametersSet(version, next);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IDisputeGame
    function parameters() public view returns (Parameters memory) {
        return _parametersOf(_latest);
    }

    // ------------------------------------------------------------------------------------------- internal

    function _parametersOf(uint256 version) internal view returns (Parameters memory) {
        return _versions[version].parameters;
    }

    /// @dev Seconds within which a commitment made now is opened.
    function _openPeriod() internal view returns (uint24) {
        return uint24(_versions[_latest].parameters.openPeriod);
    }

    /// @dev The version that was in force at a time. INVARIANT: it never changes, whatever governance does.
    function _versionAt(uint256 timestamp) internal view returns (uint16 version) {
        version = _latest;
        while (version != 0 && _versions[version].since > timestamp) --version;
    }

    function _requireValid(Parameters memory next) private view {
        uint256 shortest = Math.max(inclusionDelay, SHORTEST_PERIOD);
        _requireBetween("clock", next.clock, shortest, LONGEST_PERIOD);
        _requireBetween("grace", next.grace, shortest, LONGEST_PERIOD);
        _requireBetween("openPeriod", next.openPeriod, shortest, LONGEST_PERIOD);
        // INVARIANT: a result is final or refuted within a bounded time. The fraud deposit stays locked for all of it, as the job is open work.
        uint256 longest = 3 * LONGEST_WINDOW + 2 * uint256(next.clock) + MOVES * uint256(next.grace);
        _requireBetween("longestDispute", longest, 0, LONGEST_DISPUTE);
        _requireBetween("stressGasPrice", next.stressGasPrice, 1, MAX_GAS_PRICE);
        _requireBetween("tracePricePerSecond", next.tracePricePerSecond, 0, MAX_TRACE_PRICE);
        _requireBetween("priceMultiple", next.priceMultiple, 1, MAX_PRICE_MULTIPLE);
        _requireBetween("minimumReward", next.minimumReward, 1, MAX_REWARD);
        _requireBetween("athPerCoin", next.athPerCoin, 1, MAX_ATH_PER_COIN);
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
