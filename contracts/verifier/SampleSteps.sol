// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {Generation} from "../libraries/Generation.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {Opcodes} from "../libraries/Opcodes.sol";
import {Openings, Source} from "./Openings.sol";
import {OperatorSteps} from "./OperatorSteps.sol";
import {Rounding} from "./Rounding.sol";
import {Section, Sections} from "./Sections.sol";
import {Step} from "./Step.sol";
import {Tile} from "./Tile.sol";
import {Reader} from "./Witness.sol";

/// @notice The logits of a chunk of 1,024 tokens, and what changes them before a token is chosen.
/// @param logits A tile of the input.
/// @param seen The words of the tokens that occurred.
/// @param listed Bit i of word i / 256 stands for a stop token that may not be chosen yet.
/// @param shrink Factor of the logits above 0 of tokens that occurred, with 16 fraction bits.
/// @param grow Factor of the others.
struct Chunk {
    Tile logits;
    Tile seen;
    uint256[4] listed;
    int256 shrink;
    int256 grow;
}

/// @title Executes the operator that chooses a token: sample
/// @notice docs/engine.md, section 5: the largest logit, or one drawn in proportion to 2^(logit / temperature) from those that top-k and top-p leave.
contract SampleSteps is OperatorSteps {
    using Generation for bytes32;
    using Openings for Reader;
    using Openings for Source;
    using Openings for Step;
    using Sections for *;
    using Rounding for int256;

    uint256 private constant WINNERS = 0;
    uint256 private constant BEST = 1;
    uint256 private constant WEIGHTS = 2;
    uint256 private constant MASSES = 3;
    uint256 private constant TARGET = 4;
    /// @dev The first of the pairs of sections, counted and threshold, one for each bit from the highest on.
    uint256 private constant COUNTED = 5;
    uint256 private constant KEPT = COUNTED + 2 * Sections.THRESHOLD_BITS;
    uint256 private constant DRAW = KEPT + 1;

    /// @dev Tokens of a chunk.
    uint256 private constant CHUNK = Sections.WIDE_TILE;
    /// @dev Fraction bits of a weight beyond those of the table's entries.
    uint256 private constant WEIGHT_BITS = 6;

    function _execute(
        uint8 opcode,
        Step memory step,
        Reader memory reader
    ) internal view override returns (int256) {
        if (opcode != Opcodes.SAMPLE) return _unknown(opcode);
        Source memory own = step.ownOf();
        uint256 section = step.section;
        if (section == WINNERS) return _winner(step, reader);
        if (section == BEST) return _best(step, reader, own);
        if (section == WEIGHTS) return _weight(step, reader, own);
        if (section == MASSES || section == KEPT) return _mass(step, reader, own);
        if (section == TARGET) {
            return (_sums(step, reader, own, MASSES, 1)[0] * step.generation.share() + 0xffff) >> 16;
        }
        if (section == DRAW) return _draw(step, reader, own);
        if (section > DRAW) return _output(step, reader, own);
        return section % 2 == COUNTED % 2 ? _counted(step, reader, own) : _threshold(step, reader, own);
    }

    /// @dev The largest adjusted logit of a chunk, of equal ones the first: its token, then the logit.
    function _winner(Step memory step, Reader memory reader) private view returns (int256) {
        uint256 first = (step.index / 2) * CHUNK;
        Chunk memory chunk = _chunk(step, reader, first);
        uint256 count = Math.min(CHUNK, step.operator.constantOf(0) - first);
        uint256 token;
        int256 largest = _adjusted(chunk, 0);
        for (uint256 i = 1; i < count; ++i) {
            int256 logit = _adjusted(chunk, i);
            if (logit > largest) (token, largest) = (i, logit);
        }
        return step.index % 2 == 1 ? largest : int256(first + token);
    }

    /// @dev The winner with the largest adjusted logit, of equal ones the first: its token, then the logit.
    function _best(Step memory step, Reader memory reader, Source memory own) private pure returns (int256) {
        uint256 chunks = own.sections[WINNERS].size / 2;
        uint256 perTile = own.sections[WINNERS].tile / 2;
        int256[2] memory best;
        for (uint256 first; first < chunks; first += perTile) {
            Tile winners = reader.tile(step, own, WINNERS, 0, first / perTile, step.position);
            uint256 count = Math.min(perTile, chunks - first);
            for (uint256 i; i < count; ++i) {
                int256 logit = winners.int32At(2 * i + 1);
                if (first + i == 0 || logit > best[1]) best = [winners.int32At(2 * i), logit];
            }
        }
        return best[step.index];
    }

    /// @dev 2^-x with 28 fraction bits for the distance x to the best logit, in units of the temperature. |distance · scale| < 2^53 for any best.
    function _weight(
        Step memory step,
        Reader memory reader,
        Source memory own
    ) private view returns (int256) {
        uint256 within = step.index % CHUNK;
        int256 adjusted = _adjusted(_chunk(step, reader, step.index - within), within);
        int256 distance = reader.tile(step, own, BEST, 0, 0, step.position).int32At(1) - adjusted;
        int256 x = distance < 0 ? int256(0) : (distance * step.generation.scale()) >> 16;
        Tile entry = reader.tensor(step, 0, uint256(x >> 8) % 256, 0);
        int256 power = entry.int32At(0) + (entry.int32At(1) * int256(uint256(x) % 256)).shiftRound(8);
        return (power << WEIGHT_BITS).shiftRound(x >> 16);
    }

    /// @dev The sum of the weights of a chunk; after the threshold is found, of those that reach it.
    function _mass(
        Step memory step,
        Reader memory reader,
        Source memory own
    ) private pure returns (int256 mass) {
        Tile weights = reader.tile(step, own, WEIGHTS, 0, step.index, step.position);
        bool all = step.section == MASSES;
        int256 threshold = all ? type(int256).min : _thresholdBefore(step, reader, own, KEPT);
        (, mass) = _reaching(weights, _countOf(own, step.index), threshold);
    }

    /// @dev Number and sum of the weights of a chunk that reach the threshold with one bit more.
    function _counted(
        Step memory step,
        Reader memory reader,
        Source memory own
    ) private pure returns (int256) {
        uint256 chunk = step.index / 2;
        Tile weights = reader.tile(step, own, WEIGHTS, 0, chunk, step.position);
        int256 threshold = _thresholdBefore(step, reader, own, step.section) + _bitOf(step.section);
        (int256 count, int256 mass) = _reaching(weights, _countOf(own, chunk), threshold);
        return step.index % 2 == 0 ? count : mass;
    }

    /// @dev The threshold takes a bit if the weights that reach it with the bit are enough.
    function _threshold(
        Step memory step,
        Reader memory reader,
        Source memory own
    ) private pure returns (int256 threshold) {
        uint256 counted = step.section - 1;
        int256[2] memory sums = _sums(step, reader, own, counted, 2);
        int256 target = reader.tile(step, own, TARGET, 0, 0, step.position).int64At(0);
        threshold = _thresholdBefore(step, reader, own, counted);
        int256 most = int256(uint256(step.generation.topK()));
        if ((most > 0 && sums[0] >= most) || sums[1] >= target) threshold += _bitOf(counted);
    }

    /// @dev The chunk from which is drawn, then what is left of the random number there.
    function _draw(Step memory step, Reader memory reader, Source memory own) private pure returns (int256) {
        uint256 chunks = own.sections[KEPT].size;
        int256[] memory masses = new int256[](chunks);
        int256 sum;
        uint256 perTile = own.sections[KEPT].tile;
        for (uint256 first; first < chunks; first += perTile) {
            Tile kept = reader.tile(step, own, KEPT, 0, first / perTile, step.position);
            uint256 count = Math.min(perTile, chunks - first);
            for (uint256 i; i < count; ++i) sum += masses[first + i] = kept.int64At(i);
        }
        bytes32 hash = keccak256(abi.encodePacked(Commitments.DRAW_TAG, step.seed, uint32(step.position)));
        int256 rest = (int256(uint256(hash) >> 224) * sum) >> 32;
        uint256 chunk;
        for (; chunk + 1 < chunks && rest >= masses[chunk]; ++chunk) rest -= masses[chunk];
        return step.index == 0 ? int256(chunk) : rest;
    }

    /// @dev The best token of a greedy request, else the one of the drawn chunk with which the sum of weights exceeds what is left.
    function _output(
        Step memory step,
        Reader memory reader,
        Source memory own
    ) private pure returns (int256) {
        if (step.generation.temperature() == 0) {
            return reader.tile(step, own, BEST, 0, 0, step.position).int32At(0);
        }
        Tile draw = reader.tile(step, own, DRAW, 0, 0, step.position);
        (int256 drawn, int256 rest) = (draw.int64At(0), draw.int64At(1));
        uint256 chunks = own.sections[KEPT].size;
        if (drawn < 0 || drawn >= int256(chunks)) {
            revert IStepVerifier.ChunkOutOfVocabulary(drawn, chunks);
        }
        uint256 chunk = uint256(drawn);
        Tile weights = reader.tile(step, own, WEIGHTS, 0, chunk, step.position);
        int256 threshold = _thresholdBefore(step, reader, own, KEPT);
        uint256 last = _countOf(own, chunk) - 1;
        uint256 i;
        for (; i < last; ++i) {
            int256 weight = weights.int32At(i);
            if (weight < threshold) weight = 0;
            if (rest < weight) break;
            rest -= weight;
        }
        return int256(chunk * CHUNK + i);
    }

    /// @dev The logits of the chunk that begins at token `first`.
    function _chunk(
        Step memory step,
        Reader memory reader,
        uint256 first
    ) private view returns (Chunk memory chunk) {
        (chunk.shrink, chunk.grow) = step.generation.penalties();
        chunk.logits = reader.output(step, step.inputOf(0), first / CHUNK);
        uint256 word = first / Sections.TOKENS_PER_WORD;
        Tile words = reader.output(step, step.inputOf(1), word / Sections.WIDE_TILE);
        chunk.seen = words.skip(4 * (word % Sections.WIDE_TILE));
        uint256 count = step.operator.constantOf(1);
        if (count == 0 || step.position + 2 >= step.promptCount + step.generation.minTokens()) return chunk;
        Tile stops = reader.tensor(step, 1, 0, 0);
        for (uint256 i; i < count; ++i) {
            // What is below 0 is far above the end of any chunk.
            uint256 token = stops.uint32At(i);
            if (token < first || token >= first + CHUNK) continue;
            chunk.listed[(token - first) / 256] |= 1 << ((token - first) % 256);
        }
    }

    /// @dev Logit `i` of a chunk after penalty and exclusion. |logit · factor| < 2^51.
    function _adjusted(Chunk memory chunk, uint256 i) private pure returns (int256 logit) {
        unchecked {
            if ((chunk.listed[i / 256] >> (i % 256)) & 1 == 1) return type(int32).min;
            logit = chunk.logits.int32At(i);
            uint256 word = chunk.seen.uint32At(i / Sections.TOKENS_PER_WORD);
            if ((word >> (i % Sections.TOKENS_PER_WORD)) & 1 == 1) {
                logit = (logit * (logit > 0 ? chunk.shrink : chunk.grow)).shiftRound(16).saturate32();
            }
        }
    }

    /// @dev The threshold once the bits before those of `section` are found; 0 before the first.
    function _thresholdBefore(
        Step memory step,
        Reader memory reader,
        Source memory own,
        uint256 section
    ) private pure returns (int256) {
        if (section == COUNTED) return 0;
        return reader.tile(step, own, section - 1, 0, 0, step.position).int32At(0);
    }

    /// @dev The bit that the weights of a section `counted` are counted for.
    function _bitOf(uint256 counted) private pure returns (int256) {
        return int256(1 << (Sections.THRESHOLD_BITS - 1 - (counted - COUNTED) / 2));
    }

    /// @dev Tokens of a chunk.
    function _countOf(Source memory own, uint256 chunk) private pure returns (uint256) {
        return Sections.elementsOf(own.sections[WEIGHTS], chunk);
    }

    /// @dev Number and sum of the first `count` weights that are at least `threshold`.
    function _reaching(
        Tile weights,
        uint256 count,
        int256 threshold
    ) private pure returns (int256 number, int256 mass) {
        unchecked {
            for (uint256 i; i < count; ++i) {
                int256 weight = weights.int32At(i);
                if (weight < threshold) continue;
                ++number;
                mass += weight;
            }
        }
    }

    /// @dev Opens a section of int64 and sums its elements, those of even and of odd index apart if `parts` is 2.
    function _sums(
        Step memory step,
        Reader memory reader,
        Source memory own,
        uint256 index,
        uint256 parts
    ) private pure returns (int256[2] memory sums) {
        Section memory section = own.sections[index];
        for (uint256 first; first < section.size; first += section.tile) {
            Tile opened = reader.tile(step, own, index, 0, first / section.tile, step.position);
            uint256 count = Math.min(section.tile, section.size - first);
            for (uint256 i; i < count; ++i) sums[i % parts] += opened.int64At(i);
        }
    }
}
