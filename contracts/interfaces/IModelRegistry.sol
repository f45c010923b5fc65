// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Model registry: which models exist
/// @notice Anyone registers a model; its root commits to all that is stored here but the address of its files, so nobody can
/// register somebody else's model with other properties.
interface IModelRegistry {
    /// @param vocabularySize Token ids are below this.
    /// @param contextLength Largest number of positions, prompt and output together.
    /// @param workPerPosition Multiply-adds for one token position, without attention over earlier positions.
    /// @param programRoot Merkle root over the integer program.
    /// @param weightsRoot Merkle root over weights and tables.
    /// @param tokenizerHash keccak-256 of the tokenizer.json file.
    struct Model {
        uint32 vocabularySize;
        uint32 contextLength;
        uint64 workPerPosition;
        bytes32 programRoot;
        bytes32 weightsRoot;
        bytes32 tokenizerHash;
    }

    /// @notice A model was registered under its root.
    event ModelRegistered(bytes32 indexed modelRoot, address indexed publisher, Model model, string uri);
    /// @notice Somebody says where the model's files are. Whoever fetches them checks them against the root.
    event ModelAnnounced(bytes32 indexed modelRoot, address indexed publisher, string uri);

    error ModelAlreadyRegistered(bytes32 modelRoot);
    /// @notice No model with this root. Register it, or check the root.
    error UnknownModel(bytes32 modelRoot);
    /// @notice The program was not checked on chain yet. Add its chunks to the program registry and validate it.
    error ProgramNotValidated(bytes32 programRoot);
    error VocabularyDiffers(uint32 vocabularySize, uint32 ofProgram);
    error ContextDiffers(uint32 contextLength, uint32 ofProgram);
    error WorkDiffers(uint64 workPerPosition, uint64 ofProgram);

    /// @notice Registers a model under the root of its properties.
    /// Its program is valid in the program registry, with the same vocabulary, context and work.
    /// @param uri Where its files are; not authenticated, see `ModelAnnounced`.
    function register(Model calldata model, string calldata uri) external returns (bytes32 modelRoot);

    /// @notice Publishes another address of a registered model's files, as an event.
    function announce(bytes32 modelRoot, string calldata uri) external;

    /// @notice The root under which `register` would store the model.
    function rootOf(Model calldata model) external pure returns (bytes32);

    /// @notice Reverts with `UnknownModel` if there is none.
    function modelOf(bytes32 modelRoot) external view returns (Model memory);

    /// @notice The address of the files given at registration.
    function uriOf(bytes32 modelRoot) external view returns (string memory);

    /// @notice Whether a model with this root is registered.
    function isRegistered(bytes32 modelRoot) external view returns (bool);
}
