// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IVault} from "../interfaces/IVault.sol";
import {ChannelState} from "../types/Channel.sol";

/// @title Writes of whole storage slots
/// @notice Assigning a packed struct reads and writes its slot once for every member; these write it once.
library OneWrite {
    /// @notice Replaces an account.
    function store(IVault.Account storage target, IVault.Account memory account) internal {
        uint256 word =
            uint256(account.available) |
                (uint256(account.escrowed) << 112) |
                (uint256(account.modules) << 224);
        assembly ("memory-safe") {
            sstore(target.slot, word)
        }
    }

    /// @notice Replaces the state of a channel.
    function store(ChannelState storage target, ChannelState memory state) internal {
        uint256 word =
            uint256(state.deposit) |
                (uint256(state.paid) << 88) |
                (uint256(state.closesAt) << 176) |
                (uint256(state.liveChallenges) << 216) |
                (uint256(state.status) << 232) |
                (uint256(state.keyRotated ? 1 : 0) << 240);
        assembly ("memory-safe") {
            sstore(target.slot, word)
        }
    }

    /// @notice Replaces a stake.
    function store(IVault.Stake storage target, IVault.Stake memory stake) internal {
        uint256 word =
            uint256(stake.staked) |
                (uint256(stake.locked) << 96) |
                (uint256(stake.openWork) << 192) |
                (uint256(stake.modules) << 216) |
                (uint256(stake.jailed ? 1 : 0) << 232) |
                (uint256(stake.suspended ? 1 : 0) << 240) |
                (uint256(stake.resting ? 1 : 0) << 248);
        assembly ("memory-safe") {
            sstore(target.slot, word)
        }
    }
}
