// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IDisputeGame} from "../interfaces/IDisputeGame.sol";
import {Part} from "../types/Claim.sol";
import {JobId} from "../types/Job.sol";

/// @notice Where a challenge stands: one storage slot. The last five are its `ElementAddress`.
// solhint-disable-next-line gas-struct-packing
struct Walk {
    IDisputeGame.Status status;
    IDisputeGame.Stage stage;
    uint8 tree;
    uint8 level;
    uint40 movedAt;
    uint24 providerClock;
    uint24 challengerClock;
    Part part;
    uint32 position;
    uint32 operator;
    uint32 tile;
    uint32 element;
}

/// @notice What was put down for a challenge: one storage slot. All that there is until it is opened.
/// @param amount Wei.
/// @param spent Wei of it that reimbursed moves.
/// @param committedAt Seconds since 1970; 0 if there is no commitment.
/// @param openPeriod Seconds after that within which it can be opened.
struct Bond {
    uint96 amount;
    uint96 spent;
    uint40 committedAt;
    uint24 openPeriod;
}

/// @notice A challenge: five storage slots.
struct ChallengeRecord {
    Walk walk;
    Bond bond;
    address challenger;
    uint96 reserved;
    JobId jobId;
    bytes32 node;
}

/// @notice What every move needs of a result: one storage slot.
/// @param window Seconds of the job's challenge window.
/// @param grace Seconds that each move has at least.
struct ResultClock {
    address provider;
    uint40 tracedAt;
    uint32 window;
    uint24 grace;
}

/// @notice What the money of a result's challenges follows: one storage slot.
/// @param reward ATH units that each challenge is to reserve.
/// @param tracePayment Wei for posting the trace.
/// @param stressGasPrice Wei a gas unit.
/// @param version Of the parameters.
/// @param depth Levels of the tree over positions.
struct ResultTerms {
    uint96 reward;
    uint72 tracePayment;
    uint64 stressGasPrice;
    uint16 version;
    uint8 depth;
}

/// @notice A result that was challenged: five storage slots.
/// @param claimHash Hash of the claim with the positions' root left 0.
struct ResultRecord {
    ResultClock clock;
    ResultTerms terms;
    bytes32 modelRoot;
    bytes32 claimHash;
    bytes32 positionsRoot;
}

/// @notice A conviction.
/// @param rewarded The challenge that is rewarded; 0 if the provider is not convicted.
/// @param reward ATH units for it.
/// @param pot ATH units for it and all others that have not been reclaimed.
/// @param proven Whether a step proved the result wrong; else the provider's clock ran out, or its signatures convicted it.
struct Conviction {
    bytes32 rewarded;
    uint96 reward;
    uint96 pot;
    bool proven;
}
