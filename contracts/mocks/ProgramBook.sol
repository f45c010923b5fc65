// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProgramRegistry} from "../interfaces/IProgramRegistry.sol";

/// @title Models and programs as a test gives them, under the roots that it chooses
contract ProgramBook {
    mapping(bytes32 modelRoot => IModelRegistry.Model) private _models;
    mapping(bytes32 programRoot => IProgramRegistry.Program) private _programs;
    mapping(bytes32 programRoot => mapping(uint32 => IProgramRegistry.Operator)) private _operators;
    mapping(bytes32 programRoot => mapping(uint32 => IProgramRegistry.Tensor)) private _tensors;

    /// @notice A program whose operators and tensors beyond those that are given do not matter.
    /// @param operatorIndices Index of each operator.
    /// @param tensorIndices Index of each tensor.
    function put(
        bytes32 modelRoot,
        IModelRegistry.Model calldata model,
        IProgramRegistry.Program calldata program,
        uint32[] calldata operatorIndices,
        IProgramRegistry.Operator[] calldata operators,
        uint32[] calldata tensorIndices,
        IProgramRegistry.Tensor[] calldata tensors
    ) external {
        bytes32 programRoot = model.programRoot;
        _models[modelRoot] = model;
        _programs[programRoot] = program;
        for (uint256 i = 0; i < operators.length; ++i)
            _operators[programRoot][operatorIndices[i]] = operators[i];
        for (uint256 i = 0; i < tensors.length; ++i) _tensors[programRoot][tensorIndices[i]] = tensors[i];
    }

    function modelOf(bytes32 modelRoot) external view returns (IModelRegistry.Model memory) {
        return _models[modelRoot];
    }

    function programOf(bytes32 programRoot) external view returns (IProgramRegistry.Program memory) {
        return _programs[programRoot];
    }

    function operatorAt(
        bytes32 programRoot,
        uint32 index
    ) external view returns (IProgramRegistry.Operator memory) {
        return _operators[programRoot][index];
    }

    function tensorAt(
        bytes32 programRoot,
        uint32 index
    ) external view returns (IProgramRegistry.Tensor memory) {
        return _tensors[programRoot][index];
    }
}
