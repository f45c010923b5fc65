import { TOKENS_PER_KEY } from "../commitments/private.ts";
import { TOKENS_PER_LEAF } from "../commitments/tokens.ts";
import { RECENT_TOKENS } from "../operators/recent.ts";
import { depthOf } from "../trace/merkle-builder.ts";

/** Levels that one reveal of the dispute game shows at most; docs/dispute.md, section 2. */
const MOST_LEVELS = 6;

/** The length of a private request, which the chain sees anyway. */
export interface PrivateShape {
  /** Of the model, in tokens. */
  readonly contextLength: number;
  readonly promptTokens: number;
  readonly maxTokens: number;
}

/** When something of a private request becomes public. */
export type DisclosureMoment =
  /** Always: `createPrivate` and `submit`, or presenting a receipt. */
  | "job"
  /** A challenge is under way, and the provider posted its trace. */
  | "trace"
  /** The challenge goes down to one position. */
  | "position"
  /** The challenge goes down to one tile of it. */
  | "tile"
  /** The element is executed. */
  | "step";

/** What everybody, not only the other side, can then read or find out. */
export interface Disclosure {
  readonly moment: DisclosureMoment;
  /** `shown`: it stands on chain. `guessed`: whoever guesses `tokens` tokens at once, beyond what is known already, can confirm the guess. */
  readonly kind: "shown" | "guessed";
  readonly what:
    | "lengths and parameters"
    | "stop sequences"
    | "prompt and answer"
    | "one token"
    | "neighbouring tokens"
    | "last tokens"
    | "set of tokens"
    | "values"
    | "prompt leaf"
    | "answer part";
  /** How many tokens of prompt and answer it concerns at most; 0 where it concerns none of them. */
  readonly tokens: number;
  /** One sentence for people. */
  readonly text: string;
}

/**
 * What becomes public of a private request, and when: before it is sent, everything that a dispute can show. Without a challenge, and only its
 * client or a delegate opens one, nothing beyond the moment `job` does. docs/private-requests.md has the reasons.
 *
 * @example
 * for (const { moment, text } of privateDisclosures({ contextLength, promptTokens, maxTokens })) console.log(moment, text);
 */
export function privateDisclosures({ contextLength, promptTokens, maxTokens }: PrivateShape): Disclosure[] {
  const text = promptTokens + maxTokens;
  const depth = depthOf(contextLength);
  const first = revealLevels(depth);
  const span = Math.min(text, 2 ** (depth - first));
  const neighbours = Math.min(text, 2 ** lastReveal(depth));
  return [
    {
      ...{ moment: "job", kind: "shown", what: "lengths and parameters", tokens: 0 },
      text: "Everybody sees who asks whom, for which model and price, when, the numbers of tokens, the generation parameters and the seed.",
    },
    {
      ...{ moment: "job", kind: "guessed", what: "stop sequences", tokens: 0 },
      text: "Whoever guesses all stop sequences can confirm them.",
    },
    {
      ...{ moment: "trace", kind: "guessed", what: "prompt and answer", tokens: span },
      text: `Whoever guesses the first ${span} tokens of the text at once can confirm them, then the next ${span}, and so on to the whole text.`,
    },
    {
      ...{ moment: "position", kind: "guessed", what: "neighbouring tokens", tokens: 1 },
      text: `Up to ${neighbours} neighbouring tokens can be found one after the other by whoever knows all of the text before them; at its beginning by everybody.`,
    },
    {
      ...{ moment: "position", kind: "guessed", what: "one token", tokens: 1 },
      text: "The token at the disputed position can be found by trying the vocabulary.",
    },
    {
      ...{ moment: "tile", kind: "shown", what: "values", tokens: 0 },
      text: "One tile of the model's intermediate values is shown, up to 4 kB.",
    },
    {
      ...{
        moment: "step",
        kind: "shown",
        what: "prompt leaf",
        tokens: Math.min(promptTokens, TOKENS_PER_LEAF),
      },
      text: `If the element reads a token of the prompt, ${TOKENS_PER_LEAF} neighbouring tokens of the prompt are shown.`,
    },
    {
      ...{ moment: "step", kind: "shown", what: "last tokens", tokens: Math.min(text, RECENT_TOKENS) },
      text: `If it decides where the answer ends, or lists recent tokens, the ${RECENT_TOKENS} tokens before it and the stop sequences are shown.`,
    },
    {
      ...{ moment: "step", kind: "shown", what: "set of tokens", tokens: text },
      text: "If it chooses a token, or lists those seen, the set of all tokens so far is shown, without their order.",
    },
    {
      ...{ moment: "step", kind: "shown", what: "answer part", tokens: Math.min(maxTokens, TOKENS_PER_KEY) },
      text: `If a posted token is disputed and not the computation, the ${TOKENS_PER_KEY} tokens of the answer around it are shown.`,
    },
  ];
}

function revealLevels(level: number): number {
  return level === 0 ? 0 : Math.ceil(level / Math.ceil(level / MOST_LEVELS));
}

/** Levels of the last reveal of a tree. */
function lastReveal(depth: number): number {
  let left = depth;
  while (left > revealLevels(left)) left -= revealLevels(left);
  return left;
}
