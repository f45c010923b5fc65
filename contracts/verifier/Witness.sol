// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IStepVerifier} from "../interfaces/IStepVerifier.sol";

/// @notice What is left of a witness.
/// @param next Where in the calldata it goes on.
/// @param end Where it ends.
struct Reader {
    uint256 next;
    uint256 end;
}

/// @title Witness: reads a witness from beginning to end
library Witness {
    function read(bytes calldata witness) internal pure returns (Reader memory reader) {
        assembly ("memory-safe") {
            mstore(reader, witness.offset)
            mstore(add(reader, 0x20), add(witness.offset, witness.length))
        }
    }

    /// @notice Goes past the next `length` bytes. Reverts if there are not as many.
    /// @return offset Where in the calldata they begin.
    function take(Reader memory reader, uint256 length) internal pure returns (uint256 offset) {
        offset = reader.next;
        uint256 left = reader.end - offset;
        if (length > left) revert IStepVerifier.WitnessTooShort(length, left);
        unchecked {
            reader.next = offset + length;
        }
    }

    /// @notice The next `length` <= 32 bytes as an unsigned number.
    function number(Reader memory reader, uint256 length) internal pure returns (uint256 value) {
        uint256 offset = take(reader, length);
        assembly ("memory-safe") {
            value := shr(sub(256, shl(3, length)), calldataload(offset))
        }
    }

    /// @notice The next `length` bytes.
    function some(Reader memory reader, uint256 length) internal pure returns (bytes calldata witness) {
        uint256 offset = take(reader, length);
        assembly ("memory-safe") {
            witness.offset := offset
            witness.length := length
        }
    }

    /// @notice What is left, without reading it.
    function rest(Reader memory reader) internal pure returns (bytes calldata witness) {
        assembly ("memory-safe") {
            witness.offset := mload(reader)
            witness.length := sub(mload(add(reader, 0x20)), witness.offset)
        }
    }

    /// @notice Reverts unless everything was read.
    function finish(Reader memory reader) internal pure {
        if (reader.next != reader.end) revert IStepVerifier.WitnessTooLong(reader.end - reader.next);
    }
}
