// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";

import {IChannelEscrow} from "../interfaces/IChannelEscrow.sol";
import {IDelegationPool} from "../interfaces/IDelegationPool.sol";
import {IDelegationPools} from "../interfaces/IDelegationPools.sol";
import {IProviderRegistry} from "../interfaces/IProviderRegistry.sol";
import {IVault} from "../interfaces/IVault.sol";
import {DelegationPool} from "./DelegationPool.sol";

/// @title Delegation pools
/// @notice See `IDelegationPools`, which is the specification.
contract DelegationPools is IDelegationPools {
    // ------------------------------------------------------------------------------------------ constants

    uint256 private constant MIN_LABEL_LENGTH = 3;
    uint256 private constant MAX_LABEL_LENGTH = 24;

    /// @inheritdoc IDelegationPools
    IVault public immutable vault;
    /// @inheritdoc IDelegationPools
    uint32 public immutable stakeModules;
    address private immutable _implementation;

    // -------------------------------------------------------------------------------------------- storage

    address[] private _pools;
    /// @inheritdoc IDelegationPools
    mapping(address pool => bool) public isPool;
    /// @inheritdoc IDelegationPools
    mapping(address target => bool) public isTarget;
    mapping(bytes32 labelHash => address) private _poolOf;

    // ---------------------------------------------------------------------------------------- construction

    /// @param modules Of the vault, that every pool lets lock its stake, for good.
    /// @param targets Contracts that managers may call as the provider; each of their functions has to be harmless to delegators.
    constructor(
        IVault vault_,
        IProviderRegistry providers,
        IChannelEscrow channels,
        address[] memory modules,
        address[] memory targets
    ) {
        vault = vault_;
        uint32 bits = 0;
        for (uint256 i = 0; i < modules.length; ++i) {
            uint32 bit = vault_.moduleBit(modules[i]);
            if (bit == 0) revert UnknownModule(modules[i]);
            bits |= bit;
        }
        stakeModules = bits;
        for (uint256 i = 0; i < targets.length; ++i) isTarget[targets[i]] = true;
        _implementation = address(new DelegationPool(vault_, providers, channels));
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IDelegationPools
    function create(string calldata label, uint16 commission) external returns (address pool) {
        _requireValid(label);
        bytes32 labelHash = keccak256(bytes(label));
        if (_poolOf[labelHash] != address(0)) revert LabelTaken(label, _poolOf[labelHash]);
        pool = Clones.cloneDeterministicWithImmutableArgs(
            _implementation,
            abi.encodePacked(msg.sender, label),
            labelHash
        );
        _poolOf[labelHash] = pool;
        isPool[pool] = true;
        _pools.push(pool);
        emit PoolCreated(pool, msg.sender, label, commission);
        IDelegationPool(pool).initialise(commission);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IDelegationPools
    function addressOf(address manager, string calldata label) external view returns (address) {
        return
            Clones.predictDeterministicAddressWithImmutableArgs(
                _implementation,
                abi.encodePacked(manager, label),
                keccak256(bytes(label))
            );
    }

    /// @inheritdoc IDelegationPools
    function poolOf(string calldata label) external view returns (address) {
        return _poolOf[keccak256(bytes(label))];
    }

    /// @inheritdoc IDelegationPools
    function poolCount() external view returns (uint256) {
        return _pools.length;
    }

    /// @inheritdoc IDelegationPools
    function poolAt(uint256 index) external view returns (address) {
        return _pools[index];
    }

    // ------------------------------------------------------------------------------------------- internal

    function _requireValid(string calldata label) private pure {
        bytes calldata text = bytes(label);
        uint256 length = text.length;
        if (length < MIN_LABEL_LENGTH || length > MAX_LABEL_LENGTH) revert InvalidLabel(label);
        for (uint256 i = 0; i < length; ++i) {
            bytes1 character = text[i];
            bool inner = i != 0 && i != length - 1;
            bool letter = character >= "a" && character <= "z";
            bool digit = character >= "0" && character <= "9";
            if (!letter && !digit && !(inner && character == "-")) revert InvalidLabel(label);
        }
    }
}
