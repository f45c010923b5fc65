// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IProgramRegistry} from "../interfaces/IProgramRegistry.sol";

/// @notice One element to recompute, and what its inputs are proven against.
/// @param programs Where the program is.
/// @param programRoot The model's program.
/// @param weightsRoot The model's tensors.
/// @param positionsRoot The claim's trace.
/// @param promptTokensRoot The request's prompt; of a private request `Commitments.privatePromptRoot`.
/// @param generation The request's generation parameters; see `Generation`. Any bits.
/// @param stopsHash The request's stop sequences.
/// @param seed The request's randomness.
/// @param startOffset Number of tokens at the end of the prompt that are output. Any number.
/// @param promptCount Number of the prompt's tokens, at least 1.
/// @param maxTokens Number of output tokens after which the answer ends.
/// @param program What is known about the program.
/// @param operator The element's operator.
/// @param position The element's position.
/// @param operatorIndex Index of the operator in the program.
/// @param section Index of the section in the operator; see `Sections`.
/// @param group Group of the section.
/// @param index Index of the element in its group.
struct Step {
    IProgramRegistry programs;
    bytes32 programRoot;
    bytes32 weightsRoot;
    bytes32 positionsRoot;
    bytes32 promptTokensRoot;
    bytes32 generation;
    bytes32 stopsHash;
    uint64 seed;
    uint256 startOffset;
    uint256 promptCount;
    uint256 maxTokens;
    IProgramRegistry.Program program;
    IProgramRegistry.Operator operator;
    uint256 position;
    uint256 operatorIndex;
    uint256 section;
    uint256 group;
    uint256 index;
}

/// @title Executes operators of some kinds
/// @notice The step verifier checks everything about the element itself; what computes it is divided among contracts because of the limit on
/// their size.
interface IOperatorSteps {
    /// @notice The element's right value, provided that everything before its tile is right.
    /// Reverts unless `inputs` are complete and authentic openings of all that it reads.
    /// @param inputs What follows the own tile in the witness.
    function execute(Step calldata step, bytes calldata inputs) external view returns (int256);
}
