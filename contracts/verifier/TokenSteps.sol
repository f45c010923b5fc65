// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Commitments} from "../libraries/Commitments.sol";
import {Generation} from "../libraries/Generation.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {Opcodes} from "../libraries/Opcodes.sol";
import {Openings, Source} from "./Openings.sol";
import {OperatorSteps} from "./OperatorSteps.sol";
import {Rounding} from "./Rounding.sol";
import {Sections} from "./Sections.sol";
import {Step} from "./Step.sol";
import {Tile} from "./Tile.sol";
import {Reader, Witness} from "./Witness.sol";

/// @title Executes the operators that read tokens: embed, seen, recent, stop
contract TokenSteps is OperatorSteps {
    using Openings for Reader;
    using Openings for Source;
    using Openings for Step;
    using Sections for *;
    using Rounding for int256;
    using Witness for Reader;

    function _execute(
        uint8 opcode,
        Step memory step,
        Reader memory reader
    ) internal view override returns (int256) {
        if (opcode == Opcodes.EMBED) return _embed(step, reader);
        if (opcode == Opcodes.SEEN) return _seen(step, reader);
        if (opcode == Opcodes.RECENT) return _recent(step, reader);
        if (opcode == Opcodes.STOP) return _stop(step, reader);
        return _unknown(opcode);
    }

    /// @dev |q · m| <= 2^7 · 2^16 for any weights.
    function _embed(Step memory step, Reader memory reader) private view returns (int256) {
        uint256 token = reader.ownToken(step);
        Tile row = reader.tensor(step, 0, token, step.index / Sections.NARROW_TILE);
        int256 weight = row.skip(4).int8At(step.index % Sections.NARROW_TILE);
        int256 multiplier = int256(row.uint32At(0) >> 16);
        int256 shift = row.int16At(1) + step.operator.constants[2];
        return (weight * multiplier).shiftRound(shift).saturate32();
    }

    /// @dev A word of the set of all tokens so far.
    function _seen(Step memory step, Reader memory reader) private view returns (int256) {
        uint256 word;
        if (step.position > 0) {
            uint256 tile = step.index / Sections.WIDE_TILE;
            Tile before = reader.tile(step, step.ownOf(), 0, 0, tile, step.position - 1);
            word = before.uint32At(step.index % Sections.WIDE_TILE);
        }
        uint256 token = reader.ownToken(step);
        if (token / Sections.TOKENS_PER_WORD == step.index) word |= 1 << (token % Sections.TOKENS_PER_WORD);
        return int32(uint32(word));
    }

    /// @dev The tokens of the last positions, this one's last; -1 where there was none.
    function _recent(Step memory step, Reader memory reader) private view returns (int256) {
        if (step.index == Sections.RECENT_TOKENS - 1) return int256(reader.ownToken(step));
        if (step.position == 0) return -1;
        return reader.tile(step, step.ownOf(), 0, 0, 0, step.position - 1).int32At(step.index + 1);
    }

    /// @dev 1 for the last token that the request allows and, from its minimum on, for a listed one and for the end of a stop sequence.
    function _stop(Step memory step, Reader memory reader) private view returns (int256) {
        int256 token = reader.output(step, step.inputOf(0), 0).int32At(0);
        Tile recent = reader.output(step, step.inputOf(1), 0);
        uint256 count = step.operator.constantOf(0);
        bool ends;
        if (count > 0) {
            Tile stops = reader.tensor(step, 0, 0, 0);
            for (uint256 i; i < count; ++i) ends = ends || stops.int32At(i) == token;
        }
        if (_endsSequence(step, reader, token, recent)) ends = true;
        // Tokens of prompt and output up to this one.
        uint256 tokens = step.position + 2;
        if (tokens >= step.promptCount + step.maxTokens) return 1;
        bool enough = tokens >= step.promptCount + Generation.minTokens(step.generation);
        return enough && ends ? int256(1) : int256(0);
    }

    /// @dev Whether the output ends with a stop sequence when `token` follows. Reading ends where the bytes are no sequences any more.
    function _endsSequence(
        Step memory step,
        Reader memory reader,
        int256 token,
        Tile recent
    ) private pure returns (bool found) {
        uint256 length = reader.number(4);
        bytes calldata encoded = reader.some(length);
        bytes32 hash = Commitments.stopsHash(encoded);
        if (hash != step.stopsHash) revert IStepVerifier.StopsMismatch(step.stopsHash, hash);
        // Tokens of the output up to `token`, those included that the request continues.
        uint256 output = step.position + 2 + step.startOffset;
        uint256 next;
        for (uint256 i; i < Generation.MOST_SEQUENCES && next < length; ++i) {
            uint256 count = uint8(encoded[next++]);
            if (count == 0 || count > Generation.MOST_SEQUENCE_TOKENS || next + 4 * count > length) break;
            bool matches = step.promptCount + count <= output;
            for (uint256 j; j < count; ++j) {
                int256 expected = int256(uint256(uint32(bytes4(encoded[next + 4 * j:]))));
                int256 given =
                    j + 1 == count ? token : recent.int32At(Sections.RECENT_TOKENS + 1 + j - count);
                matches = matches && given == expected;
            }
            found = found || matches;
            next += 4 * count;
        }
    }
}
