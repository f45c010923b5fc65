// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @notice Whom a part of the protocol's fees is for.
enum Beneficiary {
    Checkers,
    Insurance,
    Burn,
    Treasury
}
