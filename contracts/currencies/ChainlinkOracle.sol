// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";

import {IAggregatorV3} from "../interfaces/IAggregatorV3.sol";
import {IPriceOracle} from "../interfaces/IPriceOracle.sol";

/// @title Prices from Chainlink's feeds
/// @notice A source for `ICurrencies`, which holds it near the governed reference. Whatever is wrong with a feed makes it revert: then no new job is paid in
/// the token, and nothing else happens.
contract ChainlinkOracle is IPriceOracle, AccessManaged {
    /// @param aggregator Price of a whole token in US dollars.
    /// @param decimals Of its answers, as of `setFeed`.
    /// @param maximumAge Seconds after which an answer is too old; a little more than the feed's heartbeat.
    struct Feed {
        IAggregatorV3 aggregator;
        uint8 decimals;
        uint32 maximumAge;
    }

    /// @notice The price of a token is read from this feed.
    event FeedSet(address indexed token, address indexed aggregator, uint8 decimals, uint32 maximumAge);

    /// @notice The token has no feed.
    error NoFeed(address token);
    /// @notice A feed reverted, or said nothing that could be read.
    error FeedFailed(address feed);
    /// @notice The feed's answer is no price.
    error InvalidAnswer(address feed, int256 answer);
    /// @notice The feed's newest round has no answer of its own.
    error RoundIncomplete(address feed, uint80 roundId, uint80 answeredInRound);
    /// @notice The feed's answer is too old, or of a time to come. Wait until the feed is updated, or pay in another token.
    error StalePrice(address feed, uint256 updatedAt, uint256 maximumAge, uint256 timestamp);
    /// @notice The chain's sequencer is down. Prices are as old as that.
    error SequencerDown(uint256 since);
    /// @notice The chain's sequencer came up less than an hour ago; the feeds may not have caught up.
    error SequencerGrace(uint256 until, uint256 timestamp);
    error MaximumAgeOutOfBounds(uint256 maximumAge, uint256 minimum, uint256 maximum);
    error FeedDecimalsOutOfBounds(address feed, uint256 decimals, uint256 maximum);

    uint256 private constant SEQUENCER_GRACE = 1 hours;
    uint256 private constant MIN_AGE = 1 minutes;
    /// @dev The longest heartbeat of Chainlink's feeds is a day.
    uint256 private constant MAX_AGE = 2 days;
    uint8 private constant MAX_DECIMALS = 36;
    /// @dev 10^8 microcents are a US dollar.
    uint8 private constant MICROCENT_DECIMALS = 8;

    /// @notice Uptime feed of the chain's sequencer, see `ISequencerFeed`; zero if there is none.
    address public immutable sequencerFeed;

    mapping(address token => Feed) private _feeds;

    constructor(address authority, address sequencerFeed_) AccessManaged(authority) {
        sequencerFeed = sequencerFeed_;
    }

    /// @notice Sets the feed of a token: its price in US dollars.
    /// @param maximumAge 60 to 172,800 seconds.
    function setFeed(address token, IAggregatorV3 aggregator, uint32 maximumAge) external restricted {
        if (maximumAge < MIN_AGE || maximumAge > MAX_AGE) {
            revert MaximumAgeOutOfBounds(maximumAge, MIN_AGE, MAX_AGE);
        }
        uint8 decimals = aggregator.decimals();
        if (decimals > MAX_DECIMALS)
            revert FeedDecimalsOutOfBounds(address(aggregator), decimals, MAX_DECIMALS);
        _feeds[token] = Feed(aggregator, decimals, maximumAge);
        emit FeedSet(token, address(aggregator), decimals, maximumAge);
    }

    /// @notice The feed of a token; empty if it has none.
    function feedOf(address token) external view returns (Feed memory) {
        return _feeds[token];
    }

    /// @inheritdoc IPriceOracle
    function microcentsPerToken(address token) external view returns (uint256 microcents) {
        Feed memory feed = _feeds[token];
        address aggregator = address(feed.aggregator);
        if (aggregator == address(0)) revert NoFeed(token);
        _requireSequencer();
        (uint256 roundId, int256 answer, , uint256 updatedAt, uint256 answeredInRound) = _latestRound(
            aggregator
        );
        // Answers of feeds fit 192 bits; none that is a price needs more than 128.
        if (answer <= 0 || answer > int256(uint256(type(uint128).max)))
            revert InvalidAnswer(aggregator, answer);
        if (updatedAt == 0 || answeredInRound < roundId) {
            revert RoundIncomplete(aggregator, uint80(roundId), uint80(answeredInRound));
        }
        if (updatedAt > block.timestamp || block.timestamp - updatedAt > feed.maximumAge) {
            revert StalePrice(aggregator, updatedAt, feed.maximumAge, block.timestamp);
        }
        // Rounded down: a cheaper token makes its payer pay more of it.
        microcents = (uint256(answer) * 10 ** MICROCENT_DECIMALS) / 10 ** uint256(feed.decimals);
        if (microcents == 0) revert InvalidAnswer(aggregator, answer);
    }

    function _requireSequencer() private view {
        if (sequencerFeed == address(0)) return;
        (, int256 answer, uint256 startedAt, , ) = _latestRound(sequencerFeed);
        if (answer != 0) revert SequencerDown(startedAt);
        // A feed that knows no start yet, or one to come, knows nothing.
        if (startedAt == 0 || startedAt > block.timestamp) revert FeedFailed(sequencerFeed);
        if (block.timestamp - startedAt < SEQUENCER_GRACE) {
            revert SequencerGrace(startedAt + SEQUENCER_GRACE, block.timestamp);
        }
    }

    /// @dev Also when a feed answers too little: a decoder would revert without saying why.
    function _latestRound(address feed) private view returns (uint256, int256, uint256, uint256, uint256) {
        (bool success, bytes memory round) = feed.staticcall(
            abi.encodeCall(IAggregatorV3.latestRoundData, ())
        );
        if (!success || round.length < 0xa0) revert FeedFailed(feed);
        return abi.decode(round, (uint256, int256, uint256, uint256, uint256));
    }
}
