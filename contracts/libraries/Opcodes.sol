// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Opcodes: kinds of operators
/// @notice As docs/engine.md, section 5, numbers them.
library Opcodes {
    uint8 internal constant EMBED = 1;
    uint8 internal constant NORMALIZE = 2;
    uint8 internal constant NARROW = 3;
    uint8 internal constant LINEAR = 4;
    uint8 internal constant ROTATE = 5;
    uint8 internal constant PAGE = 6;
    uint8 internal constant SCORES = 7;
    uint8 internal constant SOFTMAX = 8;
    uint8 internal constant MIX = 9;
    uint8 internal constant GATE = 10;
    uint8 internal constant ADD = 11;
    uint8 internal constant SAMPLE = 12;
    uint8 internal constant STOP = 13;
    uint8 internal constant SEEN = 14;
    uint8 internal constant RECENT = 15;
}
