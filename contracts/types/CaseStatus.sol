// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice What state a case of the quality court is in.
/// @dev Announced → Executed when nobody appealed; Announced → Appealed → Executed by a decision; to Dropped from both.
enum CaseStatus {
    None,
    Announced,
    Appealed,
    Executed,
    Dropped
}
