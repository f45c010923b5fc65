// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {TokenIds} from "./TokenIds.sol";

/// @title Commitments to models, prompts and outputs
/// @notice One specification with the engine's TypeScript (docs/engine.md, "Commitments"); both replay the same vectors.
/// Every hash is keccak-256 over a tag byte and its content, so that no value can be read as one of another kind.
library Commitments {
    /// @notice A leaf of a Merkle tree: `0x00 ‖ data`.
    uint8 internal constant LEAF_TAG = 0x00;
    /// @notice An inner node: `0x01 ‖ height above the leaves ‖ left ‖ right`.
    uint8 internal constant NODE_TAG = 0x01;
    /// @notice What fills a tree up to the next power of two: the hash of `0x02`.
    bytes32 internal constant PAD = 0xf2ee15ea639b73fa3db9b34a245bdfa015c260c598b211bf05a1ecc4b3e3b4f2;
    uint8 internal constant OUTPUT_TAG = 0x03;
    uint8 internal constant INPUT_TAG = 0x04;
    uint8 internal constant MODEL_TAG = 0x05;
    uint8 internal constant STOPS_TAG = 0x07;
    uint8 internal constant DRAW_TAG = 0x08;
    /// @notice A leaf of a private prompt: `0x09 ‖ blind ‖ tokens`.
    uint8 internal constant BLINDED_TAG = 0x09;
    uint8 internal constant PRIVATE_TAG = 0x0b;
    uint8 internal constant ENCRYPTION_TAG = 0x0d;

    /// @notice `stopsHash` of no sequences.
    bytes32 internal constant NO_STOPS = keccak256(hex"07");

    /// @notice Token ids of one leaf.
    uint256 internal constant TOKENS_PER_TILE = 32;
    /// @notice Tokens of a private output that one key encrypts.
    uint256 internal constant TOKENS_PER_KEY = 256;
    /// @notice Levels of the tree over these keys: enough for every context.
    uint256 internal constant KEYS_DEPTH = 8;

    /// @notice Commits to generated tokens.
    /// @param count Number of tokens under `root`.
    /// @param complete Whether they are the whole answer; false means "the first `count`" of an aborted one.
    /// @param root `tokensRoot` of the tokens.
    function outputRoot(uint32 count, bool complete, bytes32 root) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(OUTPUT_TAG, count, complete, root));
    }

    /// @notice Commits to a request.
    /// @param count Number of prompt tokens under `root`.
    /// @param startOffset Position at which generation starts, counted from the end of the prompt; 0 unless an answer is continued.
    /// @param seed Randomness of the sampling.
    /// @param generation Generation parameters; see `Generation`.
    /// @param stops `stopsHash` of the stop sequences.
    /// @param root `tokensRoot` of the prompt.
    function inputRoot(
        uint32 count,
        uint32 startOffset,
        uint64 seed,
        bytes32 generation,
        bytes32 stops,
        bytes32 root
    ) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(INPUT_TAG, count, startOffset, seed, generation, stops, root));
    }

    /// @notice What takes the place of the prompt's `tokensRoot` in a private request.
    /// @param prompt Root over the blinded leaves of the prompt.
    /// @param keys Root over the keys that encrypt the output.
    function privatePromptRoot(bytes32 prompt, bytes32 keys) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(PRIVATE_TAG, prompt, keys));
    }

    /// @notice What token `index` of those that a key encrypts is encrypted with, by exclusive or.
    function padOf(bytes32 key, uint256 index) internal pure returns (uint32) {
        bytes32 pad = keccak256(abi.encodePacked(ENCRYPTION_TAG, key, uint8(index / 8)));
        return uint32(uint256(pad) >> (224 - 32 * (index % 8)));
    }

    /// @notice Commits to stop sequences, encoded as `Generation` describes.
    function stopsHash(bytes calldata sequences) internal pure returns (bytes32) {
        return keccak256(abi.encodePacked(STOPS_TAG, sequences));
    }

    /// @notice Commits to a model.
    function modelRoot(
        uint32 vocabularySize,
        uint32 contextLength,
        uint64 workPerPosition,
        bytes32 programRoot,
        bytes32 weightsRoot,
        bytes32 tokenizerHash
    ) internal pure returns (bytes32) {
        return
            keccak256(
                abi.encodePacked(
                    MODEL_TAG,
                    vocabularySize,
                    contextLength,
                    workPerPosition,
                    programRoot,
                    weightsRoot,
                    tokenizerHash
                )
            );
    }

    /// @notice Merkle root over packed token ids (see `TokenIds`), 32 to a leaf, the last leaf filled with zero bytes.
    /// @dev Hashes in place: the leaves' hashes are overwritten by those of their parents. Costs about 150 gas a node.
    function tokensRoot(bytes calldata tokens) internal pure returns (bytes32 root) {
        uint256 bytesPerTile = TOKENS_PER_TILE * TokenIds.BYTES_PER_TOKEN;
        uint256 tiles = (tokens.length + bytesPerTile - 1) / bytesPerTile;
        if (tiles == 0) return PAD;
        assembly ("memory-safe") {
            let buffer := mload(0x40)
            // Leaves: a scratch area of 1 + 128 bytes, then one word a tile.
            let nodes := add(buffer, 0xc0)
            mstore8(buffer, LEAF_TAG)
            let last := sub(tiles, 1)
            for {
                let i := 0
            } lt(i, last) {
                i := add(i, 1)
            } {
                calldatacopy(add(buffer, 1), add(tokens.offset, mul(i, bytesPerTile)), bytesPerTile)
                mstore(add(nodes, shl(5, i)), keccak256(buffer, add(bytesPerTile, 1)))
            }
            // The last tile may be short: what follows the tokens in calldata must not leak into it.
            let used := sub(tokens.length, mul(last, bytesPerTile))
            calldatacopy(add(buffer, 1), calldatasize(), bytesPerTile)
            calldatacopy(add(buffer, 1), add(tokens.offset, mul(last, bytesPerTile)), used)
            mstore(add(nodes, shl(5, last)), keccak256(buffer, add(bytesPerTile, 1)))

            let pad := PAD
            mstore8(buffer, NODE_TAG)
            let count := tiles
            for {
                let level := 1
            } gt(count, 1) {
                level := add(level, 1)
            } {
                mstore8(add(buffer, 1), level)
                let parents := shr(1, add(count, 1))
                // An odd level ends in a pad; the pad of the next level is the node above two pads.
                if and(count, 1) {
                    mstore(add(nodes, shl(5, count)), pad)
                }
                for {
                    let i := 0
                } lt(i, parents) {
                    i := add(i, 1)
                } {
                    mcopy(add(buffer, 2), add(nodes, shl(6, i)), 0x40)
                    mstore(add(nodes, shl(5, i)), keccak256(buffer, 0x42))
                }
                mstore(add(buffer, 0x02), pad)
                mstore(add(buffer, 0x22), pad)
                pad := keccak256(buffer, 0x42)
                count := parents
            }
            root := mload(nodes)
        }
    }
}
