// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

import {ContractWallet} from "./ContractWallet.sol";

/// @title A contract wallet that signs (ERC-1271)
/// @notice Stands for what its owner's key signs, until it is told to take it all back.
contract SigningWallet is ContractWallet, IERC1271 {
    address private immutable _owner;
    bool private _refuses;

    constructor(address owner) {
        _owner = owner;
    }

    function refuse() external {
        _refuses = true;
    }

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        (address signer, , ) = ECDSA.tryRecoverCalldata(digest, signature);
        return !_refuses && signer == _owner ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
