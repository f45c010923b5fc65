// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

import {IModelRegistry} from "../interfaces/IModelRegistry.sol";
import {Commitments} from "../libraries/Commitments.sol";
import {TokenIds} from "../libraries/TokenIds.sol";

/// @title Model registry
/// @notice See `IModelRegistry`, which is the specification.
contract ModelRegistry is IModelRegistry {
    // ------------------------------------------------------------------------------------------ constants

    uint32 private constant MAX_VOCABULARY = uint32(TokenIds.MAX_VOCABULARY) - 1;
    uint32 private constant MAX_CONTEXT = type(uint24).max;
    uint64 private constant MAX_WORK = type(uint48).max;

    // -------------------------------------------------------------------------------------------- storage

    mapping(bytes32 modelRoot => Model) private _models;
    mapping(bytes32 modelRoot => string) private _uris;

    // ------------------------------------------------------------------------------------------- external

    /// @inheritdoc IModelRegistry
    function register(Model calldata model, string calldata uri) external returns (bytes32 modelRoot) {
        if (model.vocabularySize == 0 || model.vocabularySize > MAX_VOCABULARY) {
            revert VocabularyOutOfBounds(model.vocabularySize, MAX_VOCABULARY);
        }
        if (model.contextLength == 0 || model.contextLength > MAX_CONTEXT) {
            revert ContextOutOfBounds(model.contextLength, MAX_CONTEXT);
        }
        if (model.workPerPosition == 0 || model.workPerPosition > MAX_WORK) {
            revert WorkOutOfBounds(model.workPerPosition, MAX_WORK);
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
