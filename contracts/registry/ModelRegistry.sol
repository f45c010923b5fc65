// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {IProgramRegistry} from "../interfaces/IProgramRegistry.sol";
import {Commitments} from "../libraries/Commitments.sol";

/// @title Model registry
/// @notice See `IModelRegistry`, which is the specification.
contract ModelRegistry is IModelRegistry {
    IProgramRegistry public immutable programs;

    // -------------------------------------------------------------------------------------------- storage

    mapping(bytes32 modelRoot => Model) private _models;
    mapping(bytes32 modelRoot => string) private _uris;

    constructor(IProgramRegistry programs_) {
        programs = programs_;
    }

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IModelRegistry
    function register(Model calldata model, string calldata uri) external returns (bytes32 modelRoot) {
        IProgramRegistry.Program memory program = programs.programOf(model.programRoot);
        if (!program.valid) revert ProgramNotValidated(model.programRoot);
        if (model.vocabularySize != program.vocabularySize) {
            revert VocabularyDiffers(model.vocabularySize, program.vocabularySize);
        }
        if (model.contextLength != program.contextLength) {
            revert ContextDiffers(model.contextLength, program.contextLength);
        }
        if (model.workPerPosition != program.workPerPosition) {
            revert WorkDiffers(model.workPerPosition, program.workPerPosition);
        }
        modelRoot = rootOf(model);
        if (isRegistered(modelRoot)) revert ModelAlreadyRegistered(modelRoot);
        _models[modelRoot] = model;
        _uris[modelRoot] = uri;
        emit ModelRegistered(modelRoot, msg.sender, model, uri);
    }

    /// @inheritdoc IModelRegistry
    function announce(bytes32 modelRoot, string calldata uri) external {
        if (!isRegistered(modelRoot)) revert UnknownModel(modelRoot);
        emit ModelAnnounced(modelRoot, msg.sender, uri);
    }

    // ---------------------------------------------------------------------------------------------- views

    /// @inheritdoc IModelRegistry
    function rootOf(Model calldata model) public pure returns (bytes32) {
        return
            Commitments.modelRoot(
                model.vocabularySize,
                model.contextLength,
                model.workPerPosition,
                model.programRoot,
                model.weightsRoot,
                model.tokenizerHash
            );
    }

    /// @inheritdoc IModelRegistry
    function modelOf(bytes32 modelRoot) external view returns (Model memory model) {
        model = _models[modelRoot];
        if (model.vocabularySize == 0) revert UnknownModel(modelRoot);
    }

    /// @inheritdoc IModelRegistry
    function uriOf(bytes32 modelRoot) external view returns (string memory) {
        return _uris[modelRoot];
    }

    /// @inheritdoc IModelRegistry
    function isRegistered(bytes32 modelRoot) public view returns (bool) {
        return _models[modelRoot].vocabularySize != 0;
    }
}
