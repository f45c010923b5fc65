import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { importModel, Tokenizer, type Model } from "../../engine/src/index.ts";
import { loadModel, openCheckpoint } from "../../engine/src/node.ts";
import {
  compare,
  type Comparison,
  sampleSequences,
  type Sequences,
} from "../../engine/src/reference-float/compare.ts";
import {
  compareSampling,
  type SamplingComparison,
} from "../../engine/src/reference-float/compare-sampling.ts";
import { type FloatLlama, loadFloatLlama } from "../../engine/src/reference-float/float-llama.ts";
import { rescale } from "../../engine/src/testing/rescale.ts";
import { SECOND_SHAPE, successorCheckpoint } from "../../engine/src/testing/successor-checkpoint.ts";
import { filesOf, memorySource, type TinyCheckpoint } from "../../engine/src/testing/tiny-checkpoint.ts";
import { formatTable } from "../lib/table.ts";

export interface AccuracyOptions {
  /** Folder of a Hugging Face Llama checkpoint. Default: the bundled model. */
  readonly model?: string;
  /** File of UTF-8 text to predict. Default: text that the model's float form samples. */
  readonly text?: string;
  /** Tokens to predict. Default 2,048, or the whole text if it is shorter. */
  readonly tokens?: number;
  /** Seed of the sampled text. Default 1. */
  readonly seed?: number;
}

const BUNDLED_MODEL = fileURLToPath(new URL("../../models/bard", import.meta.url));
const DEFAULT_TOKENS = 2048;

/** The two forms as predictors, and what they draw from at temperature 0.8 with top-p 0.95. */
export interface FormComparison extends Comparison {
  readonly sampling: SamplingComparison;
}

export interface AccuracyResult extends FormComparison {
  /** Unless a model was chosen: two that the tests build. */
  readonly others: readonly (FormComparison & { readonly name: string })[];
}

/** How far the integer form of a model is from the same checkpoint in float64, on the same tokens. */
export async function benchAccuracy(options: AccuracyOptions = {}): Promise<AccuracyResult> {
  const chosen = await compareModel(options);
  if (options.model !== undefined || options.text !== undefined) return { ...chosen, others: [] };
  const second = successorCheckpoint();
  const rescaled = successorCheckpoint();
  rescale(rescaled, 1000, SECOND_SHAPE);
  const built: readonly [string, TinyCheckpoint][] = [
    ["built, width 96, 6 heads on 2, untied head", second],
    ["the same, some channels 1,000 times larger", rescaled],
  ];
  const others = [];
  for (const [name, checkpoint] of built) {
    const source = memorySource(filesOf(checkpoint));
    const float = await loadFloatLlama(source);
    const text = sampledText(float, 1, options.tokens ?? DEFAULT_TOKENS, options.seed ?? 1);
    others.push({ name, ...compareForms(float, await importModel(source), text) });
  }
  return { ...chosen, others };
}

function compareForms(float: FloatLlama, integer: Model, text: Sequences): FormComparison {
  return { ...compare(float, integer, text), sampling: compareSampling(float, integer, text) };
}

async function compareModel(options: AccuracyOptions): Promise<FormComparison> {
  const directory = options.model ?? BUNDLED_MODEL;
  const model = await loadModel(directory);
  const float = await loadFloatLlama(openCheckpoint(directory));
  const tokenizer = Tokenizer.fromJson(model.tokenizerJson, model.tokenizerConfigJson);
  const count = options.tokens ?? DEFAULT_TOKENS;
  const beginning = tokenizer.encode("")[0];
  const sequences =
    options.text === undefined
      ? sampledText(float, beginning ?? model.header.stopTokens[0] ?? 0, count, options.seed ?? 1)
      : windows(
          tokenizer,
          await readFile(options.text, "utf8"),
          beginning,
          model.header.contextLength,
          count,
        );
  return compareForms(float, model, sequences);
}

function sampledText(float: FloatLlama, first: number, count: number, seed: number): Sequences {
  return sampleSequences(float, first, count, float.config.contextLength, seed);
}

/** Cuts a text into windows of the model's context, each begun by the beginning token if the tokenizer has one. */
function windows(
  tokenizer: Tokenizer,
  text: string,
  beginning: number | undefined,
  contextLength: number,
  count: number,
): Sequences {
  const given = beginning === undefined ? [] : [beginning];
  const tokens = tokenizer.encode(text).slice(given.length);
  if (tokens.length < 2) {
    throw new RangeError(`The text has ${tokens.length} tokens; at least two are needed.`);
  }
  const sequences: number[][] = [];
  const span = contextLength - given.length;
  for (let start = 0, missing = count; start < tokens.length && missing > 0; start += span) {
    // Without a beginning token, the first token of a window is given rather than predicted.
    const first = given.length === 0 ? 1 : 0;
    const window = [...given, ...tokens.slice(start, start + Math.min(span, missing + first))];
    if (window.length < 2) break;
    sequences.push(window);
    missing -= window.length - 1;
  }
  return sequences;
}

export function accuracyTable(result: AccuracyResult): string {
  const tables = [{ name: "", ...result }, ...result.others].map(({ name, ...comparison }) =>
    [name, comparisonTable(comparison)].filter((part) => part !== "").join("\n"),
  );
  return tables.join("\n\n");
}

function comparisonTable(result: FormComparison): string {
  const { float, integer } = result.perplexity;
  return formatTable(
    [{ heading: "measure" }, { heading: "value", align: "right" }],
    [
      ["tokens predicted", result.tokens.toLocaleString("en-US")],
      ["perplexity, float64", float.toFixed(4)],
      ["perplexity, integers", integer.toFixed(4)],
      ["difference", `${(100 * (integer / float - 1)).toFixed(4)} %`],
      ["same most likely token", `${(100 * result.top1Agreement).toFixed(2)} %`],
      ["mean KL(float ‖ integers)", `${result.meanKl.toExponential(2)} nats`],
      ["total variation of what is drawn from", result.sampling.meanDistance.toExponential(2)],
      ["the same of sampling alone", result.sampling.meanOwnDistance.toExponential(2)],
    ],
  );
}
