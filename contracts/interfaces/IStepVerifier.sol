// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Claim, ElementAddress} from "../types/Claim.sol";

/// @title Step verifier: executes one element of a model's program
/// @notice The judge of a dispute. It has no state of its own and knows nothing of money, clocks or players.
interface IStepVerifier {
    /// @notice The witness ends where `expected` bytes more are needed.
    error WitnessTooShort(uint256 expected, uint256 found);
    /// @notice Bytes follow the last opening.
    error WitnessTooLong(uint256 surplus);
    /// @notice The request is not the one that the claim answers.
    error RequestMismatch(bytes32 expected, bytes32 found);
    /// @notice A request without a prompt has no answer.
    error EmptyPrompt();
    /// @notice The disputed tile's bytes do not hash to its leaf.
    error LeafMismatch(bytes32 expected, bytes32 found);
    /// @notice A trace opening begins neither with 0 nor with 1.
    error InvalidOpening(uint256 kind);
    /// @notice An opening does not lead to its root.
    error OpeningMismatch(bytes32 expected, bytes32 found);
    /// @notice An input is PAD, which no right trace has: the disputed tile is not the first wrong one.
    error InputMissing(uint256 position, uint256 operator);
    /// @notice The stop sequences are not the request's.
    error StopsMismatch(bytes32 expected, bytes32 found);
    /// @notice A token was drawn from a chunk that the vocabulary does not have: the disputed tile is not the first wrong one.
    error ChunkOutOfVocabulary(int256 chunk, uint256 chunks);
    /// @notice A token that an input names is not in the vocabulary.
    error TokenOutOfVocabulary(uint256 token, uint256 vocabularySize);
    /// @notice No operator has this opcode.
    error UnknownOpcode(uint8 opcode);

    /// @notice Numbers of leaves of the three trees that a trace consists of: over positions, over the operators of a position, and over
    /// the tiles of the operator with this index. The depth of each is the binary logarithm, rounded up.
    /// @param operator Index of an operator; `tiles` is 0 if the program does not have it.
    function widths(
        bytes32 modelRoot,
        uint32 operator
    ) external view returns (uint32 positions, uint32 operators, uint32 tiles);

    /// @notice Whether the claim is right about one element, provided that it is right about everything before its tile.
    /// Reverts unless the witness is complete and every opening in it is authentic, so that a result is always a verdict.
    /// @param leaf The claim's leaf at the address: of the trace's tile, `Commitments.PAD` included; ignored in the output.
    /// @param witness As docs/dispute.md, "Witnesses", says.
    function isCorrect(
        Claim calldata claim,
        ElementAddress calldata target,
        bytes32 leaf,
        bytes calldata witness
    ) external view returns (bool);
}
