// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IJobEscrow} from "../interfaces/IJobEscrow.sol";
import {TokenIds} from "./TokenIds.sol";

/// @title Generation parameters: how the tokens of an answer are chosen and where it ends
/// @notice As docs/engine.md, section 2, defines them. One word, from its lowest bits: uint32 maxTokens, uint32 minTokens, uint32 topK, uint16 temperature
/// (thousandths, 0 for greedy), uint16 topP (ten-thousandths, 0 for no limit), uint16 repetitionPenalty (thousandths, 0 for none); the rest is zero, but for
/// the highest bit, which is set in private requests.
/// Stop sequences travel as bytes: for each of them uint8 length ‖ uint32 each token.
library Generation {
    /// @dev round(2^16 · log2(e)) thousandths: what a natural logit is in base 2, at a temperature of 1.
    uint256 private constant LOG2_E_THOUSANDTHS = 94_548_000;
    /// @dev Thousandths in 1.
    uint256 private constant UNIT = 1_000;

    uint256 internal constant LEAST_TEMPERATURE = 50;
    uint256 internal constant WHOLE_TOP_P = 10_000;
    uint256 internal constant LEAST_REPETITION_PENALTY = 100;
    uint256 internal constant MOST_REPETITION_PENALTY = 10_000;
    /// @notice The bit of private requests: the prompt's leaves are blinded, the output is encrypted.
    uint256 internal constant PRIVATE = 1 << 255;
    /// @notice Most stop sequences of a request.
    uint256 internal constant MOST_SEQUENCES = 8;
    /// @notice Most tokens of a stop sequence.
    uint256 internal constant MOST_SEQUENCE_TOKENS = 16;

    /// @notice Largest number of output tokens.
    function maxTokens(bytes32 word) internal pure returns (uint32) {
        return uint32(uint256(word));
    }

    /// @notice Output tokens that the answer has at least, the stop token counted.
    function minTokens(bytes32 word) internal pure returns (uint32) {
        return uint32(uint256(word) >> 32);
    }

    /// @notice Number of the most likely tokens among which is chosen; 0 for all.
    function topK(bytes32 word) internal pure returns (uint32) {
        return uint32(uint256(word) >> 64);
    }

    /// @notice Thousandths; 0 for greedy.
    function temperature(bytes32 word) internal pure returns (uint16) {
        return uint16(uint256(word) >> 96);
    }

    /// @notice Ten-thousandths of the probability within which is chosen; 0 for all of it.
    function topP(bytes32 word) internal pure returns (uint16) {
        return uint16(uint256(word) >> 112);
    }

    /// @notice Thousandths; 0 for none.
    function repetitionPenalty(bytes32 word) internal pure returns (uint16) {
        return uint16(uint256(word) >> 128);
    }

    /// @notice Whether the request is private.
    function isPrivate(bytes32 word) internal pure returns (bool) {
        return uint256(word) & PRIVATE != 0;
    }

    /// @notice 2^16 · log2(e) / temperature; below 2^21. For any word that is not greedy.
    function scale(bytes32 word) internal pure returns (int256) {
        return int256(LOG2_E_THOUSANDTHS / Math.max(temperature(word), LEAST_TEMPERATURE));
    }

    /// @notice Part of the probability within which is chosen, with 16 fraction bits; at most 2^16, for any word.
    function share(bytes32 word) internal pure returns (int256) {
        uint256 part = topP(word);
        if (part == 0) part = WHOLE_TOP_P;
        return int256((Math.min(part, WHOLE_TOP_P) << 16) / WHOLE_TOP_P);
    }

    /// @notice Factors of the logits of tokens that occurred, with 16 fraction bits; below 2^20, for any word.
    /// @return shrink Of those above 0.
    /// @return grow Of the others.
    function penalties(bytes32 word) internal pure returns (int256 shrink, int256 grow) {
        uint256 penalty = repetitionPenalty(word);
        if (penalty == 0) penalty = UNIT;
        penalty = Math.min(Math.max(penalty, LEAST_REPETITION_PENALTY), MOST_REPETITION_PENALTY);
        return (int256((UNIT << 16) / penalty), int256((penalty << 16) / UNIT));
    }

    /// @notice Reverts with the name of the first parameter that is out of its range.
    function requireValid(bytes32 word) internal pure {
        // A greedy request without options.
        if (uint256(word) <= type(uint32).max) return;
        _requireBetween("minTokens", minTokens(word), 0, maxTokens(word));
        if (temperature(word) != 0) {
            _requireBetween("temperature", temperature(word), LEAST_TEMPERATURE, type(uint16).max);
        }
        _requireBetween("topP", topP(word), 0, WHOLE_TOP_P);
        if (repetitionPenalty(word) != 0) {
            _requireBetween(
                "repetitionPenalty",
                repetitionPenalty(word),
                LEAST_REPETITION_PENALTY,
                MOST_REPETITION_PENALTY
            );
        }
        _requireBetween("unused", uint256(word) >> 144, 0, 0);
    }

    /// @notice Reverts unless `sequences` are at most 8 of 1 to 16 tokens below `vocabularySize` each.
    function requireValidSequences(bytes calldata sequences, uint32 vocabularySize) internal pure {
        uint256 next;
        for (uint256 i; next < sequences.length; ++i) {
            if (i == MOST_SEQUENCES) revert IJobEscrow.TooManyStopSequences(MOST_SEQUENCES);
            uint256 length = uint8(sequences[next]);
            if (length == 0 || length > MOST_SEQUENCE_TOKENS) {
                revert IJobEscrow.StopSequenceLengthOutOfBounds(i, length, MOST_SEQUENCE_TOKENS);
            }
            uint256 first = next + 1;
            next = first + TokenIds.BYTES_PER_TOKEN * length;
            if (next > sequences.length) revert IJobEscrow.StopSequenceCutOff(i, next, sequences.length);
            TokenIds.requireInVocabulary(sequences[first:next], vocabularySize);
        }
    }

    function _requireBetween(
        bytes32 parameter,
        uint256 value,
        uint256 minimum,
        uint256 maximum
    ) private pure {
        if (value < minimum || value > maximum) {
            revert IJobEscrow.ParameterOutOfBounds(parameter, value, minimum, maximum);
        }
    }
}
