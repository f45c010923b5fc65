// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {Opcodes} from "../libraries/Opcodes.sol";
import {Openings, Source} from "./Openings.sol";
import {OperatorSteps} from "./OperatorSteps.sol";
import {Rounding} from "./Rounding.sol";
import {Sections} from "./Sections.sol";
import {Step} from "./Step.sol";
import {Tile} from "./Tile.sol";
import {Reader} from "./Witness.sol";

/// @title Executes the operators that begin and end with tokens: embed, argmax, stop
contract TokenSteps is OperatorSteps {
    using Openings for Reader;
    using Openings for Source;
    using Openings for Step;
    using Sections for *;
    using Rounding for int256;

    uint256 private constant WINNERS = 0;

    function _execute(
        uint8 opcode,
        Step memory step,
        Reader memory reader
    ) internal view override returns (int256) {
        if (opcode == Opcodes.EMBED) return _embed(step, reader);
        if (opcode == Opcodes.ARGMAX) return _argmax(step, reader);
        if (opcode == Opcodes.STOP) return _stop(step, reader);
        return _unknown(opcode);
    }

    /// @dev |q · m| <= 2^7 · 2^16 for any weights.
    function _embed(Step memory step, Reader memory reader) private view returns (int256) {
        uint256 token;
        if (step.position < step.promptCount) {
            token = reader.token(step.promptTokensRoot, step.promptCount, step.position);
        } else {
            Source memory chosen = step.sourceOf(step.program.argmaxOperator);
            Tile tile = reader.tile(step, chosen, chosen.outputOf(), 0, 0, step.position - 1);
            token = tile.uint32At(0);
        }
        if (token >= step.program.vocabularySize) {
            revert IStepVerifier.TokenOutOfVocabulary(token, step.program.vocabularySize);
        }
        Tile row = reader.tensor(step, 0, token, step.index / Sections.NARROW_TILE);
        int256 weight = row.skip(4).int8At(step.index % Sections.NARROW_TILE);
        int256 multiplier = int256(row.uint32At(0) >> 16);
        int256 shift = row.int16At(1) + step.operator.constants[2];
        return (weight * multiplier).shiftRound(shift).saturate32();
    }

    /// @dev The largest logit; of equal ones the first.
    function _argmax(Step memory step, Reader memory reader) private view returns (int256 token) {
        uint256 vocabulary = step.operator.constantOf(0);
        uint256 chunks = Math.ceilDiv(vocabulary, Sections.WIDE_TILE);
        int256 logit;
        if (step.section == WINNERS || chunks == 1) {
            uint256 chunk = step.section == WINNERS ? step.index / 2 : 0;
            uint256 first = chunk * Sections.WIDE_TILE;
            Tile logits = reader.output(step, step.inputOf(0), chunk);
            (token, logit) = _largest(logits, Math.min(Sections.WIDE_TILE, vocabulary - first));
            token += int256(first);
            return step.section == WINNERS && step.index % 2 == 1 ? logit : token;
        }
        Source memory own = step.ownOf();
        uint256 perTile = own.sections[WINNERS].tile / 2;
        logit = type(int256).min;
        for (uint256 first; first < chunks; first += perTile) {
            Tile winners = reader.tile(step, own, WINNERS, 0, first / perTile, step.position);
            uint256 count = Math.min(perTile, chunks - first);
            unchecked {
                for (uint256 i; i < count; ++i) {
                    int256 other = winners.int32At(2 * i + 1);
                    if (other > logit) (token, logit) = (winners.int32At(2 * i), other);
                }
            }
        }
    }

    /// @dev 1 for a listed token and for the last that the request allows.
    function _stop(Step memory step, Reader memory reader) private view returns (int256) {
        uint256 token = reader.output(step, step.inputOf(0), 0).uint32At(0);
        bool isLast = step.position + 2 >= step.promptCount + step.maxTokens;
        uint256 count = step.operator.constantOf(0);
        if (count > 0) {
            Tile stops = reader.tensor(step, 0, 0, 0);
            for (uint256 i; i < count; ++i) isLast = isLast || stops.uint32At(i) == token;
        }
        return isLast ? int256(1) : int256(0);
    }

    function _largest(Tile logits, uint256 count) private pure returns (int256 token, int256 logit) {
        logit = logits.int32At(0);
        unchecked {
            for (uint256 i = 1; i < count; ++i) {
                int256 other = logits.int32At(i);
                if (other > logit) (token, logit) = (int256(i), other);
            }
        }
    }
}
