// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What a provider stands for with a result and the trace it posted for it.
/// @param modelRoot Commitment to the model.
/// @param inputRoot Commitment to the request; see `Commitments.inputRoot`.
/// @param outputTokensRoot Root over the output's token ids.
/// @param outputCount Number of output tokens.
/// @param complete Whether they are the whole answer; otherwise their number takes the place of the request's maximum.
/// @param positionsRoot Root over the positions of the trace.
struct Claim {
    bytes32 modelRoot;
    bytes32 inputRoot;
    bytes32 outputTokensRoot;
    uint32 outputCount;
    bool complete;
    bytes32 positionsRoot;
}

/// @notice Which of a claim's two parts an address names.
enum Part {
    Trace,
    Output
}

/// @notice One element of a claim.
/// @param part The trace or the output.
/// @param position Position in the trace. 0 in the output.
/// @param operator Index of the operator in the program. 0 in the output, and where the position is not of the program.
/// @param tile Index of the tile in the operator. 0 in the output, and where the operator is not of the program.
/// @param element Index of the element in the tile; in the output the number of the token from 0 on, and the number of tokens for the ending.
struct ElementAddress {
    Part part;
    uint32 position;
    uint32 operator;
    uint32 tile;
    uint32 element;
}
