import { type NamedMutant, inFile } from "../named.ts";

/** Decides nearly everything, in seconds. */
const tests = ["verifier/steps.test.ts"];
const vectors = ["verifier/operators.test.ts"];
const sampling = ["verifier/sampling.test.ts"];

/** Rules of the step: what is opened, what is active, and each operator's arithmetic. */
export const verifier: readonly NamedMutant[] = [
  ...inFile("verifier/Merkle.sol", tests, [
    {
      name: "the sides of a path are swapped",
      original: "shl(5, and(index, 1))",
      mutated: "shl(5, iszero(and(index, 1)))",
    },
    {
      name: "every level of a path takes the side of the first",
      original: "index := shr(1, index)",
      mutated: "",
    },
    {
      name: "the levels of a path are hashed alike",
      original: "mstore8(add(buffer, 1), level)",
      mutated: "mstore8(add(buffer, 1), 1)",
    },
    {
      name: "a leaf is hashed without its tag",
      original: "keccak256(add(buffer, 0x1f), add(length, 1))",
      mutated: "keccak256(tile, length)",
    },
  ]),
  ...inFile("verifier/Witness.sol", tests, [
    {
      name: "a witness goes on behind its last opening",
      original:
        "if (reader.next != reader.end) revert IStepVerifier.WitnessTooLong(reader.end - reader.next);",
      mutated: "",
    },
    { name: "a witness is read past its end", original: "length > left", mutated: "false" },
  ]),
  ...inFile("verifier/Openings.sol", tests, [
    { name: "an opening need not lead to its root", original: "root != found", mutated: "false" },
    {
      name: "PAD is read as an input",
      tests: ["verifier/StepVerifier.mutation.test.ts"],
      original: "if (isPad) revert IStepVerifier.InputMissing(position, source.index);",
      mutated: "",
    },
    {
      name: "an opening's first byte is anything",
      original: "if (kind != 1) revert IStepVerifier.InvalidOpening(kind);",
      mutated: "",
    },
    {
      name: "a tile is opened at any operator",
      original: "_climb(reader, hash, source.index, Sections.depthOf(step.program.operatorCount))",
      mutated: "_climb(reader, hash, step.operatorIndex, Sections.depthOf(step.program.operatorCount))",
    },
    {
      name: "a tile of another group is opened",
      original: "shape.firstTile + group * Sections.tilesPerGroup(shape) + tileOfGroup",
      mutated: "shape.firstTile + group + tileOfGroup",
    },
    {
      name: "another tensor's row is opened",
      original: "_climb(reader, hash, id, Sections.depthOf(step.program.tensorCount))",
      mutated: "_climb(reader, hash, index, Sections.depthOf(step.program.tensorCount))",
    },
  ]),
  ...inFile("verifier/Rounding.sol", tests, [
    {
      name: "halves are rounded down",
      tests: vectors,
      title: "narrow:",
      original: "x + int256(1 << (uint256(shift) - 1))",
      mutated: "x + int256(1 << (uint256(shift) - 1)) - 1",
    },
    {
      name: "a shift rounds towards minus infinity",
      original: "x + int256(1 << (uint256(shift) - 1))",
      mutated: "x",
    },
    {
      name: "a sum above the largest int32 wraps around",
      tests: vectors,
      title: "add:",
      original: "x > type(int32).max",
      mutated: "false",
    },
    {
      name: "a sum below the smallest int32 wraps around",
      tests: vectors,
      title: "add:",
      original: "x < type(int32).min",
      mutated: "false",
    },
    {
      name: "an exponent leaves no room for rounding up",
      tests: vectors,
      title: "narrow:",
      original: "(maximum + (1 << (exponent - 1))) >> exponent",
      mutated: "maximum >> exponent",
    },
  ]),
  ...inFile("verifier/Products.sol", tests, [
    { name: "what is below a sum borrows from it", original: "add(lanes, shl(223, 1))", mutated: "lanes" },
    { name: "the last product is left out", original: "k < count", mutated: "k + 1 < count" },
  ]),
  ...inFile("verifier/Sections.sol", tests, [
    {
      name: "a sum tree over a power of two has a level too many",
      original: "Math.log2(leaves - 1) + 1",
      mutated: "Math.log2(leaves) + 1",
    },
    {
      name: "a last tile is as long as the others",
      original: "Math.min(section.tile, section.size - tileOfGroup * section.tile)",
      mutated: "section.tile",
    },
    {
      name: "reductions over one chunk leave partial results",
      original: "chunks > 1 ? 1 : 0",
      mutated: "uint256(1)",
    },
  ]),
  ...inFile("verifier/StepVerifier.sol", tests, [
    {
      name: "a greedy request may have anything where only sampled ones have something",
      tests: sampling,
      title: "leaves no room in a greedy request",
      original: "if (section.isSampled && Generation.temperature(step.generation) == 0) return isPad;",
      mutated: "",
    },
    {
      name: "the request is not the claim's",
      original: "if (root != claim.inputRoot) revert RequestMismatch(claim.inputRoot, root);",
      mutated: "",
    },
    {
      name: "an aborted answer is measured by the request's maximum",
      original: "claim.complete ? Generation.maxTokens(step.generation) : claim.outputCount",
      mutated: "Generation.maxTokens(step.generation)",
    },
    {
      name: "positions go on after the answer's end",
      original: "isPad || flag.uint32At(0) == 1",
      mutated: "isPad",
    },
    {
      name: "positions go on after one that does not exist",
      original: "if (isPad || flag.uint32At(0) == 1) return false;",
      mutated: "if (!isPad && flag.uint32At(0) == 1) return false;",
    },
    {
      name: "generating operators run on the whole prompt",
      original: "!step.operator.generating || step.position + 1 >= step.promptCount",
      mutated: "true",
    },
    {
      name: "tiles of later positions are to be there",
      original: "if (!_isActive(step, reader) || step.index * section.stride > step.position) return isPad;",
      mutated: "if (!_isActive(step, reader)) return isPad;",
    },
    {
      name: "elements of later positions are anything",
      original: "if (step.index * section.stride > step.position) return claimed == 0;",
      mutated: "if (step.index * section.stride > step.position) return true;",
    },
    {
      name: "PAD stands for any tile",
      after: "Generation.temperature(step.generation) == 0",
      original: "if (isPad) return false;",
      mutated: "if (isPad) return true;",
    },
    {
      name: "the tile is not the leaf's",
      original: "if (hash != leaf) revert LeafMismatch(leaf, hash);",
      mutated: "",
    },
    {
      name: "a tile of another length is right",
      original: "length != elements * section.width",
      mutated: "false",
    },
    {
      name: "an element behind the tile's last convicts",
      original: "if (element >= elements) return true;",
      mutated: "if (element >= elements) return false;",
    },
    {
      name: "the output's tokens are those before the ones generated",
      original: "isEnding ? claim.outputCount : element + 1",
      mutated: "isEnding ? claim.outputCount : element",
    },
    {
      name: "an answer ends without its stop flag",
      original: "isEnding ? 1 : reader.token(claim.outputTokensRoot, claim.outputCount, element)",
      mutated: "isEnding ? 0 : reader.token(claim.outputTokensRoot, claim.outputCount, element)",
    },
  ]),
  ...inFile("verifier/Openings.sol", tests, [
    {
      name: "the first generated token is looked up in the prompt",
      original: "step.position < step.promptCount",
      mutated: "step.position <= step.promptCount",
    },
  ]),
  ...inFile("verifier/LinearSteps.sol", tests, [
    {
      name: "linear: the input's exponent is ignored",
      original: "row.int16At(1) + step.operator.constants[2] - exponent",
      mutated: "row.int16At(1) + step.operator.constants[2]",
    },
    {
      name: "linear: the bias is left out",
      original: "step.operator.tensorCount > 1",
      mutated: "false",
    },
    {
      name: "linear: a row of several chunks is the first one's",
      original: "i < chunks",
      mutated: "i < 1",
    },
  ]),
  ...inFile("verifier/VectorSteps.sol", tests, [
    {
      name: "normalize: the damping ignores the exponent",
      tests: vectors,
      title: "normalize:",
      original: "exponent == 0 ? epsilon : epsilon.shiftRound(2 * exponent)",
      mutated: "epsilon",
    },
    {
      name: "normalize: the scale's shift is one less",
      original: "1 + half + exponent",
      mutated: "half + exponent",
    },
    {
      name: "normalize: the first group's scale is every group's",
      tests: vectors,
      title: "normalize:",
      original: "reader.tile(step, step.ownOf(), SCALE, index / size, 0, step.position)",
      mutated: "reader.tile(step, step.ownOf(), SCALE, 0, 0, step.position)",
    },
    {
      name: "narrow: the first group's exponent is every group's",
      tests: vectors,
      title: "narrow:",
      after: "uint256 element = start + step.index;",
      original: "reader.tile(step, own, EXPONENT, step.group, 0, step.position)",
      mutated: "reader.tile(step, own, EXPONENT, 0, 0, step.position)",
    },
    {
      name: "rotate: the other way around",
      original: "left * cosine - right * sine",
      mutated: "left * cosine + right * sine",
    },
    {
      name: "gate: the sigmoid of a negative is that of its magnitude",
      original: "if (x < 0) sigmoid = one - sigmoid;",
      mutated: "",
    },
    {
      name: "add: a sum wraps around",
      tests: vectors,
      title: "add:",
      original: "(left + right).saturate32()",
      mutated: "left + right",
    },
  ]),
  ...inFile("verifier/AttentionSteps.sol", tests, [
    {
      name: "page: this position's column is still empty",
      original: "step.index > column",
      mutated: "step.index >= column",
    },
    {
      name: "scores: every head of the queries has a head of the keys",
      original: "(step.group * step.operator.constantOf(1)) / step.operator.constantOf(0)",
      mutated: "step.group",
    },
    {
      name: "scores: the key's exponent is ignored",
      original: "exponents += reader.tile(step, keys, EXPONENTS, keyHead, 0, step.index).int32At(0);",
      mutated: "reader.tile(step, keys, EXPONENTS, keyHead, 0, step.index);",
    },
    {
      name: "softmax: powers of two are not interpolated",
      original: "int256(uint256(x) % 256)",
      mutated: "int256(0)",
    },
    {
      name: "mix: the position itself is not attended to",
      original: "step.position + 1 - span * Sections.POSITION_TILE",
      mutated: "step.position - span * Sections.POSITION_TILE",
    },
    {
      name: "mix: the reciprocal is rounded up",
      original: "int256((1 << 31) / mantissa)",
      mutated: "int256(Math.ceilDiv(1 << 31, mantissa))",
    },
  ]),
];
