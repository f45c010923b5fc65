// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Packed token ids
/// @notice A sequence of token ids travels as `bytes`: 4 bytes an id, big endian, nothing between or after.
library TokenIds {
    uint256 internal constant BYTES_PER_TOKEN = 4;
    /// @notice Vocabularies stay below 2^24, so that a lane's top bits are free for the range check.
    uint256 internal constant MAX_VOCABULARY = 1 << 24;

    uint256 private constant LANES = 0x0000000100000001000000010000000100000001000000010000000100000001;
    uint256 private constant TOP_BITS = LANES << 31;

    /// @notice The length is not a multiple of four bytes. Pack each id as a big-endian uint32.
    error TokenBytesNotAligned(uint256 length);
    /// @notice An id is not of this model. Tokenise with the model's own tokeniser.
    error TokenOutsideVocabulary(uint256 index, uint32 token, uint32 vocabularySize);

    /// @notice Number of ids in `tokens`.
    function count(bytes calldata tokens) internal pure returns (uint256) {
        if (tokens.length % BYTES_PER_TOKEN != 0) revert TokenBytesNotAligned(tokens.length);
        return tokens.length / BYTES_PER_TOKEN;
    }

    /// @notice Reverts unless every id is below `vocabularySize`, which is at most `MAX_VOCABULARY`.
    /// @dev Eight ids at a time: with every lane below 2^31, lane + (2^31 - vocabularySize) has its top bit set exactly when the id is too large.
    function requireInVocabulary(bytes calldata tokens, uint32 vocabularySize) internal pure {
        uint256 bias = LANES * (0x80000000 - uint256(vocabularySize));
        uint256 outside;
        assembly ("memory-safe") {
            let end := add(tokens.offset, tokens.length)
            let whole := sub(end, and(tokens.length, 31))
            let position := tokens.offset
            for {} lt(position, whole) {
                position := add(position, 32)
            } {
                let lanes := calldataload(position)
                outside := or(outside, or(lanes, add(lanes, bias)))
            }
            // Bytes after the end belong to something else.
            let lanes := and(calldataload(whole), not(shr(shl(3, sub(end, whole)), not(0))))
            outside := or(outside, or(lanes, add(lanes, bias)))
        }
        if (outside & TOP_BITS != 0) _revertWithFirstOutside(tokens, vocabularySize);
    }

    function _revertWithFirstOutside(bytes calldata tokens, uint32 vocabularySize) private pure {
        for (uint256 i = 0; i < tokens.length / BYTES_PER_TOKEN; ++i) {
            uint32 token = uint32(bytes4(tokens[i * BYTES_PER_TOKEN:]));
            if (token >= vocabularySize) revert TokenOutsideVocabulary(i, token, vocabularySize);
        }
    }
}
