import { type NamedMutant, inFile } from "../named.ts";

/** Decides nearly everything, in seconds. */
const tests = ["verifier/steps.test.ts"];
const vectors = ["verifier/operators.test.ts"];
const sampling = ["verifier/sampling.test.ts"];

/** Rules of the steps that read tokens, choose them and end an answer. */
export const choice: readonly NamedMutant[] = [
  ...inFile("verifier/TokenSteps.sol", tests, [
    {
      name: "embed: a row's scale is read as its first weights",
      original: "row.skip(4)",
      mutated: "row.skip(3)",
    },
    {
      name: "seen: the bit of a token is the next one's",
      original: "1 << (token % Sections.TOKENS_PER_WORD)",
      mutated: "2 << (token % Sections.TOKENS_PER_WORD)",
    },
    {
      name: "seen: earlier tokens are forgotten",
      original: "word = before.uint32At(step.index % Sections.WIDE_TILE);",
      mutated: "word = before.uint32At(step.index % Sections.WIDE_TILE) & 0;",
    },
    {
      name: "recent: tokens stay where they are",
      original: "step.index + 1",
      mutated: "step.index",
    },
    {
      name: "stop: an answer is one token longer than allowed",
      original: "tokens >= step.promptCount + step.maxTokens",
      mutated: "tokens > step.promptCount + step.maxTokens",
    },
    {
      name: "stop: a stop token ends an answer before its minimum",
      tests: vectors,
      title: "stop:",
      original: "enough && ends",
      mutated: "ends",
    },
    {
      name: "stop: the minimum is one token more",
      tests: vectors,
      title: "stop:",
      original: "tokens >= step.promptCount + Generation.minTokens(step.generation)",
      mutated: "tokens > step.promptCount + Generation.minTokens(step.generation)",
    },
    {
      name: "stop: a sequence may begin in the prompt",
      tests: vectors,
      title: "stop:",
      original: "step.promptCount + count <= output",
      mutated: "true",
    },
    {
      name: "stop: the answer so far is not of the output",
      tests: vectors,
      title: "stop:",
      original: "step.position + 2 + step.startOffset",
      mutated: "step.position + 2",
    },
    {
      name: "stop: the end of a sequence is enough",
      tests: vectors,
      title: "stop:",
      original: "matches = matches && given == expected;",
      mutated: "matches = given == expected;",
    },
    {
      name: "stop: any sequences pass for the request's",
      tests: sampling,
      title: "other stop sequences",
      original: "if (hash != step.stopsHash) revert IStepVerifier.StopsMismatch(step.stopsHash, hash);",
      mutated: "",
    },
    {
      name: "stop: a sequence of no tokens is gone over",
      tests: sampling,
      title: "whatever the stop sequences are",
      original: "count == 0 || count > Generation.MOST_SEQUENCE_TOKENS",
      mutated: "count > Generation.MOST_SEQUENCE_TOKENS",
    },
    {
      name: "stop: a ninth sequence counts",
      tests: sampling,
      title: "whatever the stop sequences are",
      original: "i < Generation.MOST_SEQUENCES && next < length",
      mutated: "next < length",
    },
  ]),
  ...inFile("verifier/SampleSteps.sol", vectors, [
    ...[
      {
        name: "of equal logits the last wins",
        original: "logit > largest",
        mutated: "logit >= largest",
      },
      {
        name: "of equal winners the last is best",
        original: "first + i == 0 || logit > best[1]",
        mutated: "logit >= best[1]",
      },
      {
        name: "the penalty makes tokens that occurred likelier",
        original: "logit > 0 ? chunk.shrink : chunk.grow",
        mutated: "logit > 0 ? chunk.grow : chunk.shrink",
      },
      {
        name: "a stop token is chosen before the minimum",
        original: "(chunk.listed[i / 256] >> (i % 256)) & 1 == 1",
        mutated: "(chunk.listed[i / 256] >> (i % 256)) & 1 == 2",
      },
      {
        name: "stop tokens are excluded at the minimum, too",
        original: "step.position + 2 >= step.promptCount + step.generation.minTokens()",
        mutated: "step.position + 2 > step.promptCount + step.generation.minTokens()",
      },
      {
        name: "the temperature is twice as low",
        original: "(distance * step.generation.scale()) >> 16",
        mutated: "(distance * step.generation.scale()) >> 15",
      },
      {
        name: "top-k is ignored",
        original: "(most > 0 && sums[0] >= most) || sums[1] >= target",
        mutated: "sums[1] >= target",
      },
      {
        name: "top-p is ignored",
        original: "(most > 0 && sums[0] >= most) || sums[1] >= target",
        mutated: "most > 0 && sums[0] >= most",
      },
      {
        name: "weights at the threshold are cut off",
        original: "if (weight < threshold) continue;",
        mutated: "if (weight <= threshold) continue;",
      },
      {
        name: "weights below the threshold are drawn",
        original: "if (weight < threshold) weight = 0;",
        mutated: "",
      },
      {
        name: "every seed draws the same",
        original: "abi.encodePacked(Commitments.DRAW_TAG, step.seed, uint32(step.position))",
        mutated: "abi.encodePacked(Commitments.DRAW_TAG, uint64(0), uint32(step.position))",
      },
      {
        name: "every position draws the same",
        original: "abi.encodePacked(Commitments.DRAW_TAG, step.seed, uint32(step.position))",
        mutated: "abi.encodePacked(Commitments.DRAW_TAG, step.seed, uint32(0))",
      },
      {
        name: "a greedy request draws",
        original: "step.generation.temperature() == 0",
        mutated: "step.generation.temperature() == 1",
      },
    ].map((mutant) => ({ ...mutant, name: `sample: ${mutant.name}`, title: "sample:" })),
    {
      name: "sample: a draw from no chunk of the vocabulary is decided",
      tests: sampling,
      title: "a chunk that the vocabulary does not have",
      original: "drawn < 0 || drawn >= int256(chunks)",
      mutated: "false",
    },
  ]),
];
