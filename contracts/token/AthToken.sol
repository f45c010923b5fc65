// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {ERC20} from "@openzeppelin/contracts/token/ERC20/ERC20.sol";
import {ERC20Burnable} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Burnable.sol";
import {ERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Permit.sol";
import {ERC20Votes} from "@openzeppelin/contracts/token/ERC20/extensions/ERC20Votes.sol";
import {Nonces} from "@openzeppelin/contracts/utils/Nonces.sol";

/// @title ATH, the token of Athanor
/// @notice 42 billion units of 18 decimals, all minted at genesis; there is no mint function. Holders may burn theirs.
/// Votes count for whoever an account delegates to; ATH inside the vault is the vault's, which delegates to nobody, so staked ATH does not vote.
contract AthToken is ERC20, ERC20Burnable, ERC20Permit, ERC20Votes {
    /// @notice Everything there will ever be, in ATH units.
    uint256 public constant GENESIS_SUPPLY = 42_000_000_000e18;

    /// @param treasury Receives the whole supply.
    constructor(address treasury) ERC20("Athanor", "ATH") ERC20Permit("Athanor") {
        _mint(treasury, GENESIS_SUPPLY);
    }

    /// @notice Votes are counted by timestamp, in seconds.
    function clock() public view override returns (uint48) {
        return uint48(block.timestamp);
    }

    /// @notice The clock of the votes in the form of ERC-6372.
    // solhint-disable-next-line func-name-mixedcase
    function CLOCK_MODE() public pure override returns (string memory) {
        return "mode=timestamp";
    }

    function nonces(address owner) public view override(ERC20Permit, Nonces) returns (uint256) {
        return super.nonces(owner);
    }

    function _update(address from, address to, uint256 value) internal override(ERC20, ERC20Votes) {
        super._update(from, to, value);
    }
}
