// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Commitments} from "../libraries/Commitments.sol";
import {TokenIds} from "../libraries/TokenIds.sol";

/// @title The internal libraries as a contract, for tests
contract CommitmentsHarness {
    function tokensRoot(bytes calldata tokens) external pure returns (bytes32) {
        return Commitments.tokensRoot(tokens);
    }

    /// @notice With data before and after the tokens, which must not matter.
    function tokensRootBetween(
        bytes calldata,
        bytes calldata tokens,
        bytes calldata
    ) external pure returns (bytes32) {
        return Commitments.tokensRoot(tokens);
    }

    /// @notice The root of a part of the tokens, so that calldata goes on behind its end.
    function tokensRootOfPart(
        bytes calldata tokens,
        uint256 start,
        uint256 end
    ) external pure returns (bytes32) {
        return Commitments.tokensRoot(tokens[start:end]);
    }

    /// @notice Whether free memory starts out as the compiler left it, and is as free as before.
    function memoryAfterRoot(
        bytes calldata tokens
    ) external pure returns (uint256 before, uint256 afterwards, bytes32 root) {
        assembly ("memory-safe") {
            before := mload(0x40)
        }
        root = Commitments.tokensRoot(tokens);
        assembly ("memory-safe") {
            afterwards := mload(0x40)
        }
    }

    function outputRoot(uint32 count, bool complete, bytes32 root) external pure returns (bytes32) {
        return Commitments.outputRoot(count, complete, root);
    }

    function inputRoot(
        uint32 count,
        uint32 startOffset,
        uint64 seed,
        bytes32 generation,
        bytes calldata stopSequences,
        bytes32 root
    ) external pure returns (bytes32) {
        bytes32 stops = Commitments.stopsHash(stopSequences);
        return Commitments.inputRoot(count, startOffset, seed, generation, stops, root);
    }

    function privatePromptRoot(bytes32 prompt, bytes32 keys) external pure returns (bytes32) {
        return Commitments.privatePromptRoot(prompt, keys);
    }

    function padOf(bytes32 key, uint256 index) external pure returns (uint32) {
        return Commitments.padOf(key, index);
    }

    function modelRoot(
        uint32 vocabularySize,
        uint32 contextLength,
        uint64 workPerPosition,
        bytes32 programRoot,
        bytes32 weightsRoot,
        bytes32 tokenizerHash
    ) external pure returns (bytes32) {
        return
            Commitments.modelRoot(
                vocabularySize,
                contextLength,
                workPerPosition,
                programRoot,
                weightsRoot,
                tokenizerHash
            );
    }

    function countOf(bytes calldata tokens) external pure returns (uint256) {
        return TokenIds.count(tokens);
    }

    function requireInVocabulary(bytes calldata tokens, uint32 vocabularySize) external pure {
        TokenIds.requireInVocabulary(tokens, vocabularySize);
    }

    /// @notice Checks a part of the tokens, so that calldata goes on behind its end.
    function requirePartInVocabulary(
        bytes calldata tokens,
        uint256 start,
        uint256 end,
        uint32 vocabularySize
    ) external pure {
        TokenIds.requireInVocabulary(tokens[start:end], vocabularySize);
    }
}
