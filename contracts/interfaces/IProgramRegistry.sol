// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;

/// @title Program registry: the programs that the chain can execute
/// @notice Anyone adds a program, chunk by chunk; every chunk is proven to belong to its root, so nobody can spoil what another adds.
/// A program becomes valid when all of it has been checked: opcodes, shapes, references to strictly earlier operators, bounds of
/// constants, and with them that nothing overflows and that every step stays below 3,000,000 gas.
interface IProgramRegistry {
    /// @param vocabularySize Token ids are below this.
    /// @param contextLength Largest number of positions.
    /// @param operatorCount Number of operators.
    /// @param tensorCount Number of tensors.
    /// @param workPerPosition Multiply-adds for one position; see docs/engine.md, "Work". 0 until the program is valid.
    /// @param sampleOperator Index of the operator that chooses the token.
    /// @param stopOperator Index of the operator that ends the output.
    /// @param valid Whether the whole program was checked.
    struct Program {
        uint32 vocabularySize;
        uint32 contextLength;
        uint32 operatorCount;
        uint32 tensorCount;
        uint64 workPerPosition;
        uint32 sampleOperator;
        uint32 stopOperator;
        bool valid;
    }

    /// @param opcode Kind of the operator; docs/engine.md, section 5.
    /// @param generating Whether it runs only where an output token is generated.
    /// @param tensorCount Number of tensors it uses; those beyond it are 0.
    /// @param inputs Indices of earlier operators.
    /// @param tensors Indices of tensors.
    /// @param constants In the order of the opcode; those it does not have are 0.
    struct Operator {
        uint8 opcode;
        bool generating;
        uint8 tensorCount;
        uint32[2] inputs;
        uint32[2] tensors;
        int64[5] constants;
    }

    /// @param kind 0 rows of weights, 1 table.
    struct Tensor {
        uint8 kind;
        uint32 rows;
        uint32 columns;
    }

    /// @notice What an operator puts out; docs/engine.md, section 5.
    enum ShapeType {
        Wide,
        Narrow,
        Page,
        Positions,
        Token,
        Flag,
        Weights,
        Seen,
        Recent
    }

    /// @notice `groups` × `size` elements.
    struct Shape {
        ShapeType kind;
        uint64 groups;
        uint64 size;
    }

    /// @notice A chunk of a program's parts is on chain.
    event ProgramChunkAdded(bytes32 indexed programRoot, uint32 chunk, uint32 parts);
    /// @notice The whole program was checked.
    event ProgramValidated(bytes32 indexed programRoot, Program program);

    /// @notice No chunk of this program is on chain. Add chunk 0 first.
    error UnknownProgram(bytes32 programRoot);
    error NoSuchOperator(uint32 operator, uint32 operatorCount);
    /// @notice A tensor that the program does not have; in `validate`, one that an operator refers to.
    error NoSuchTensor(uint32 tensor, uint32 tensorCount);
    error NoSuchChunk(uint32 chunk, uint32 chunkCount);
    /// @notice This chunk was not added yet.
    error ChunkMissing(bytes32 programRoot, uint32 chunk);
    /// @notice Only some chunks were added yet. Add the others before validating.
    error ChunksMissing(uint32 added, uint32 chunkCount);
    /// @notice The chain refused to create the contract that holds the chunk.
    error CodeNotStored();

    /// @notice The header does not begin with "athanor\n".
    error WrongMark(bytes8 found);
    /// @notice The vocabulary is empty, or so large that choosing a token would exceed the gas of one step.
    error VocabularyOutOfBounds(uint32 vocabularySize, uint32 maximum);
    error ContextOutOfBounds(uint32 contextLength, uint32 maximum);
    error TooManyParts(uint256 parts, uint256 maximum);
    /// @notice A chunk has 256 parts, the last one the rest.
    error WrongPartCount(uint256 given, uint256 expected);
    /// @notice Bytes are missing in this part, or there are too many.
    error WrongPartLength(uint32 part, uint256 length, uint256 expected);
    error WrongPathLength(uint256 given, uint256 expected);
    /// @notice Parts and path lead to another root.
    error WrongProgramRoot(bytes32 found, bytes32 expected);
    /// @notice The tree has something behind the program's last part, where it must be filled with `PAD`.
    error DecoyBehindProgram(uint32 level, bytes32 found);
    error UnknownTensorKind(uint32 part, uint8 kind);

    error UnknownOpcode(uint32 operator, uint8 opcode);
    error UnknownPhase(uint32 operator, uint8 phase);
    /// @notice `seen` and `recent` run always (0), `sample` and `stop` only where a token is generated (1).
    error WrongPhase(uint32 operator, uint8 phase, uint8 expected);
    error WrongInputCount(uint32 operator, uint8 given, uint8 expected);
    error WrongTensorCount(uint32 operator, uint8 given, uint8 fewest, uint8 most);
    error WrongConstantCount(uint32 operator, uint8 given, uint8 expected);
    /// @notice Names are printable ASCII.
    error NameNotPrintable(uint32 operator);
    /// @param constant_ Number of the constant in the order of the opcode, from 0 on.
    error ConstantOutOfRange(uint32 operator, uint8 constant_, int64 value, int64 minimum, int64 maximum);
    /// @notice A head that is rotated consists of pairs.
    error OddHeadSize(uint32 operator, int64 size);
    /// @notice The operator embeds, notes or chooses from another vocabulary than the program's.
    error WrongVocabulary(uint32 operator, int64 given, uint32 expected);
    /// @notice Operators read strictly earlier operators only.
    error InputNotEarlier(uint32 operator, uint32 input);
    /// @notice The input runs only where a token is generated, but it is read elsewhere, too.
    error InputNotAlwaysThere(uint32 operator, uint32 input);
    error WrongInputShape(uint32 operator, uint32 input, Shape found, Shape expected);
    error WrongTensorShape(uint32 operator, uint32 tensor, Tensor found, Tensor expected);
    /// @notice A program has exactly one `embed`, `seen`, `recent`, `sample` and `stop`.
    error SecondOperator(uint32 operator, uint8 opcode);
    /// @notice A program has exactly one `embed`, `seen`, `recent`, `sample` and `stop`.
    error OperatorMissing(uint8 opcode);
    /// @notice A program without any `linear`, or with more work than fits into 48 bits.
    error WorkOutOfBounds(uint256 work, uint256 maximum);

    /// @notice Parts of one chunk; the last chunk has the rest.
    function PARTS_PER_CHUNK() external view returns (uint32); // solhint-disable-line func-name-mixedcase

    /// @notice Adds parts chunk · PARTS_PER_CHUNK and following of the canonical program (docs/engine.md, "Canonical bytes"). Chunk 0, which has
    /// the header, comes first.
    /// Adding a chunk again changes nothing.
    /// @param path Siblings from the chunk's node upwards.
    function addChunk(
        bytes32 programRoot,
        uint32 chunk,
        bytes[] calldata parts,
        bytes32[] calldata path
    ) external;

    /// @notice Checks up to `limit` operators more. All chunks must be there. The last call makes the program valid.
    function validate(bytes32 programRoot, uint32 limit) external returns (bool valid);

    /// @notice Reverts with `UnknownProgram` if chunk 0 was not added.
    function programOf(bytes32 programRoot) external view returns (Program memory);

    /// @notice Whether this chunk was added.
    function hasChunk(bytes32 programRoot, uint32 chunk) external view returns (bool);

    /// @notice How many operators `validate` has checked so far.
    function operatorsChecked(bytes32 programRoot) external view returns (uint32);

    /// @notice Operator `index`, which must exist.
    function operatorAt(bytes32 programRoot, uint32 index) external view returns (Operator memory);

    /// @notice Tensor `index`, which must exist.
    function tensorAt(bytes32 programRoot, uint32 index) external view returns (Tensor memory);
}
