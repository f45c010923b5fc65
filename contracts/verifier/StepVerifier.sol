// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProgramRegistry} from "../interfaces/IProgramRegistry.sol";
import {IStepVerifier} from "../interfaces/IStepVerifier.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {Generation} from "../libraries/Generation.sol";
import {Claim, ElementAddress, Part} from "../types/Claim.sol";
import {Merkle} from "./Merkle.sol";
import {Opcodes} from "../libraries/Opcodes.sol";
import {Openings, Source} from "./Openings.sol";
import {Section, Sections} from "./Sections.sol";
import {IOperatorSteps, Step} from "./Step.sol";
import {Tile} from "./Tile.sol";
import {Reader, Witness} from "./Witness.sol";

/// @title Step verifier
/// @notice Checks everything about an element that does not depend on its operator; the operators are executed by five contracts without state.
contract StepVerifier is IStepVerifier {
    using Openings for Reader;
    using Openings for Source;
    using Openings for Step;
    using Witness for Reader;

    IModelRegistry public immutable models;
    IProgramRegistry public immutable programs;
    IOperatorSteps public immutable vectorSteps;
    IOperatorSteps public immutable linearSteps;
    IOperatorSteps public immutable attentionSteps;
    IOperatorSteps public immutable tokenSteps;
    IOperatorSteps public immutable sampleSteps;

    constructor(
        IModelRegistry models_,
        IProgramRegistry programs_,
        IOperatorSteps vectorSteps_,
        IOperatorSteps linearSteps_,
        IOperatorSteps attentionSteps_,
        IOperatorSteps tokenSteps_,
        IOperatorSteps sampleSteps_
    ) {
        models = models_;
        programs = programs_;
        vectorSteps = vectorSteps_;
        linearSteps = linearSteps_;
        attentionSteps = attentionSteps_;
        tokenSteps = tokenSteps_;
        sampleSteps = sampleSteps_;
    }

    /// @inheritdoc IStepVerifier
    function widths(
        bytes32 modelRoot,
        uint32 operator
    ) external view override returns (uint32 positions, uint32 operators, uint32 tiles) {
        bytes32 programRoot = models.modelOf(modelRoot).programRoot;
        IProgramRegistry.Program memory program = programs.programOf(programRoot);
        if (operator < program.operatorCount) {
            Section[] memory sections = Sections.layoutOf(
                programs.operatorAt(programRoot, operator),
                program.contextLength
            );
            // Programs are valid only while the numbers of their tiles fit.
            tiles = uint32(Sections.tilesOf(sections));
        }
        return (program.contextLength, program.operatorCount, tiles);
    }

    /// @inheritdoc IStepVerifier
    function isCorrect(
        Claim calldata claim,
        ElementAddress calldata target,
        bytes32 leaf,
        bytes calldata witness
    ) external view override returns (bool correct) {
        Reader memory reader = Witness.read(witness);
        Step memory step = _request(claim, reader);
        correct =
            target.part == Part.Output
                ? _isOutputCorrect(step, reader, claim, target.element)
                : _isTraceCorrect(step, reader, target, leaf);
        reader.finish();
    }

    /// @dev The request, held against the claim's, and all that does not depend on the address.
    function _request(Claim calldata claim, Reader memory reader) private view returns (Step memory step) {
        uint32 promptCount = uint32(reader.number(4));
        uint32 startOffset = uint32(reader.number(4));
        step.seed = uint64(reader.number(8));
        step.generation = bytes32(reader.number(32));
        step.stopsHash = bytes32(reader.number(32));
        step.promptTokensRoot = bytes32(reader.number(32));
        bytes32 root = Commitments.inputRoot(
            promptCount,
            startOffset,
            step.seed,
            step.generation,
            step.stopsHash,
            step.promptTokensRoot
        );
        if (root != claim.inputRoot) revert RequestMismatch(claim.inputRoot, root);
        if (promptCount == 0) revert EmptyPrompt();
        IModelRegistry.Model memory model = models.modelOf(claim.modelRoot);
        step.programs = programs;
        step.programRoot = model.programRoot;
        step.weightsRoot = model.weightsRoot;
        step.positionsRoot = claim.positionsRoot;
        step.promptCount = promptCount;
        step.startOffset = startOffset;
        step.maxTokens = claim.complete ? Generation.maxTokens(step.generation) : claim.outputCount;
        step.program = programs.programOf(model.programRoot);
    }

    /// @dev Token `element` of the output, or behind the last token the output's ending.
    function _isOutputCorrect(
        Step memory step,
        Reader memory reader,
        Claim calldata claim,
        uint256 element
    ) private view returns (bool) {
        bool isEnding = element >= claim.outputCount;
        uint256 token = isEnding ? 1 : reader.token(claim.outputTokensRoot, claim.outputCount, element);
        // Position of the token, or of the last token, plus 1.
        uint256 next = step.promptCount + (isEnding ? claim.outputCount : element + 1) - 1;
        if (next == 0 || next > step.program.contextLength) return false;
        Source memory source = step.sourceOf(
            isEnding ? step.program.stopOperator : step.program.sampleOperator
        );
        (Tile tile, bool isPad) = reader.tileOrPad(step, source, source.outputOf(), 0, 0, next - 1);
        if (isPad) return false;
        if (!isEnding && Generation.isPrivate(step.generation)) token ^= reader.padOf(step, element);
        return tile.uint32At(0) == token;
    }

    function _isTraceCorrect(
        Step memory step,
        Reader memory reader,
        ElementAddress calldata target,
        bytes32 leaf
    ) private view returns (bool) {
        bool isPad = leaf == Commitments.PAD;
        if (target.position >= step.program.contextLength || target.operator >= step.program.operatorCount) {
            return isPad;
        }
        step.operator = programs.operatorAt(step.programRoot, target.operator);
        step.operatorIndex = target.operator;
        step.position = target.position;
        Section[] memory sections = Sections.layoutOf(step.operator, step.program.contextLength);
        if (target.tile >= Sections.tilesOf(sections)) return isPad;
        uint256 tileOfGroup;
        (step.section, step.group, tileOfGroup) = Sections.locate(sections, target.tile);
        Section memory section = sections[step.section];
        step.index = tileOfGroup * section.tile;
        if (!_isActive(step, reader) || step.index * section.stride > step.position) return isPad;
        if (section.isSampled && Generation.temperature(step.generation) == 0) return isPad;
        if (isPad) return false;
        return _isElementCorrect(step, reader, section, tileOfGroup, target.element, leaf);
    }

    /// @dev Whether the step's position exists and its operator runs there.
    function _isActive(Step memory step, Reader memory reader) private view returns (bool) {
        if (step.position >= step.promptCount) {
            Source memory stop = step.sourceOf(step.program.stopOperator);
            (Tile flag, bool isPad) = reader.tileOrPad(step, stop, stop.outputOf(), 0, 0, step.position - 1);
            if (isPad || flag.uint32At(0) == 1) return false;
        }
        return !step.operator.generating || step.position + 1 >= step.promptCount;
    }

    /// @dev An element of a tile that should not be PAD and is not.
    function _isElementCorrect(
        Step memory step,
        Reader memory reader,
        Section memory section,
        uint256 tileOfGroup,
        uint256 element,
        bytes32 leaf
    ) private view returns (bool) {
        uint256 length = reader.number(4);
        (Tile tile, bytes32 hash) = Merkle.leafAt(reader.take(length), length);
        if (hash != leaf) revert LeafMismatch(leaf, hash);
        uint256 elements = Sections.elementsOf(section, tileOfGroup);
        if (length != elements * section.width) return false;
        if (element >= elements) return true;
        int256 claimed = Sections.elementAt(section, tile, element);
        step.index += element;
        if (step.index * section.stride > step.position) return claimed == 0;
        int256 value = _stepsOf(step.operator.opcode).execute(step, reader.rest());
        reader.next = reader.end;
        return value == claimed;
    }

    function _stepsOf(uint8 opcode) private view returns (IOperatorSteps) {
        if (opcode == Opcodes.LINEAR) return linearSteps;
        if (opcode >= Opcodes.PAGE && opcode <= Opcodes.MIX) return attentionSteps;
        if (opcode == Opcodes.SAMPLE) return sampleSteps;
        if (opcode == Opcodes.EMBED || opcode >= Opcodes.STOP) return tokenSteps;
        return vectorSteps;
    }
}
