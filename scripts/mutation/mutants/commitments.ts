import { type NamedMutant, inFile } from "../named.ts";

const tests = ["libraries/*.test.ts"];

/** Rules of the commitments to prompts and outputs. */
export const commitments: readonly NamedMutant[] = [
  ...inFile("libraries/Commitments.sol", tests, [
    {
      name: "an inner node's height is not part of its hash",
      original: "mstore8(add(buffer, 1), level)",
      mutated: "mstore8(add(buffer, 1), 0)",
    },
    {
      name: "a leaf is tagged as an inner node",
      original: "mstore8(buffer, LEAF_TAG)",
      mutated: "mstore8(buffer, NODE_TAG)",
    },
    {
      name: "the pad is the same on every level",
      original: "pad := keccak256(buffer, 0x42)",
      mutated: "pad := PAD",
    },
    {
      name: "calldata behind the tokens leaks into the last tile",
      original: "calldatacopy(add(buffer, 1), calldatasize(), bytesPerTile)",
      mutated: "",
    },
    {
      name: "an aborted answer has the commitment of a whole one",
      original: "abi.encodePacked(OUTPUT_TAG, count, complete, root)",
      mutated: "abi.encodePacked(OUTPUT_TAG, count, true, root)",
    },
    {
      name: "requests with other seeds have one commitment",
      original: "abi.encodePacked(INPUT_TAG, count, startOffset, seed, generation, stops, root)",
      mutated: "abi.encodePacked(INPUT_TAG, count, startOffset, uint64(0), generation, stops, root)",
    },
    {
      name: "requests with other stop sequences have one commitment",
      original: "abi.encodePacked(INPUT_TAG, count, startOffset, seed, generation, stops, root)",
      mutated: "abi.encodePacked(INPUT_TAG, count, startOffset, seed, generation, NO_STOPS, root)",
    },
  ]),
  ...inFile("libraries/TokenIds.sol", tests, [
    {
      name: "a token one past the vocabulary is accepted",
      original: "0x80000000 - uint256(vocabularySize)",
      mutated: "0x7fffffff - uint256(vocabularySize)",
    },
    {
      name: "the last few tokens are not held against the vocabulary",
      after: "// Bytes after the end",
      original: "outside := or(outside, or(lanes, add(lanes, bias)))",
      mutated: "",
    },
  ]),
];
