import { importModel } from "../import/import-model.ts";
import { assembleModel, type Model } from "../model.ts";
import { generate } from "../run/generate.ts";
import type { Operator, OperatorKind, Phase } from "../program/program.ts";
import { exponentialTable, rotaryTable, sigmoidTable, tableOf } from "../tables/tables.ts";
import type { RowTensor, Tensor } from "../tensors/tensor.ts";
import type { TraceRequest } from "../trace/request.ts";
import { generateRandom } from "./random.ts";
import { filesOf, memorySource, tinyCheckpoint, tinySource, type TinyShape } from "./tiny-checkpoint.ts";

/** A model and a request, which together have a kind of step that others do not have. */
export interface StepScene {
  readonly name: string;
  readonly model: Model;
  readonly request: TraceRequest;
}

/** Models so small that every tile of their traces can be stepped. */
export async function tinyScenes(): Promise<StepScene[]> {
  const llama = await tiny({ context: 37, seed: 9 });
  const qwen = await tiny({ context: 13, hidden: 6, heads: 3, keyValueHeads: 1, layers: 1, family: "Qwen2" });
  return [
    { name: "llama", model: llama, request: { prompt: [5, 6, 7, 4, 5], maxTokens: 4 } },
    { name: "llama, next page", model: llama, request: { prompt: numbers(32), maxTokens: 3 } },
    {
      name: "llama, continued and cut short",
      model: llama,
      request: { prompt: numbers(7), startOffset: 3, maxTokens: 9, seed: 5n, outputLimit: 2 },
    },
    { name: "qwen", model: qwen, request: { prompt: [4], maxTokens: 3 } },
    {
      name: "llama, sampled",
      model: llama,
      request: { prompt: [5, 6, 7, 4, 5], maxTokens: 4, minTokens: 3, ...WARM, seed: 0xfedcba9876543210n },
    },
    {
      name: "llama, sampled, continued and cut short",
      model: llama,
      request: {
        ...{ prompt: numbers(7), startOffset: 3, maxTokens: 9, minTokens: 5, outputLimit: 2, seed: 5n },
        temperature: 5000,
        stopSequences: [[9], [...numbers(7).slice(4), 47]],
      },
    },
  ];
}

/** Everything that decides which token is drawn. */
const WARM = { temperature: 1500, topK: 20, topP: 9000, repetitionPenalty: 1300 };

/** An answer that ends with a stop token, after more than 32 tokens. */
export async function stoppedScene(): Promise<StepScene> {
  const checkpoint = tinyCheckpoint({ context: 48, seed: 2 });
  checkpoint.generation.eos_token_id = [25, 2];
  const model = await importModel(memorySource(filesOf(checkpoint)));
  return { name: "stopped", model, request: { prompt: [4, 5], maxTokens: 46 } };
}

/** The same answer, which may not end where it did. */
export async function minimumScene(): Promise<StepScene> {
  const { model, request } = await stoppedScene();
  return { name: "minimum", model, request: { ...request, minTokens: 40 } };
}

/** An answer that a continuation ends with a stop sequence, which begins in the part that was there. */
export async function endedScene(): Promise<StepScene> {
  const model = await tiny({ context: 37, seed: 9 });
  const begun = { ...WARM, prompt: [5, 6, 7], maxTokens: 8, seed: 11n };
  const { tokens } = await generate(model, { ...begun, executor: "reference" });
  const stopSequences = [[1], tokens.slice(1, 4)];
  const prompt = [...begun.prompt, ...tokens.slice(0, 2)];
  return { name: "ended", model, request: { ...begun, prompt, startOffset: 2, maxTokens: 6, stopSequences } };
}

/** A context of several tiles, of which the last one is filled in part. */
export async function longScene(): Promise<StepScene> {
  const model = await tiny({
    context: 600,
    vocabulary: 12,
    hidden: 4,
    feedForward: 4,
    layers: 1,
    heads: 2,
    keyValueHeads: 1,
    headSize: 2,
  });
  const prompt = Array.from({ length: 290 }, (_, index) => 3 + (index % 5));
  return { name: "long", model, request: { prompt, maxTokens: 2 } };
}

/** A token that is drawn from a later chunk of the vocabulary than its first 1,024. */
export async function laterChunkScene(): Promise<StepScene> {
  const model = await tiny({ context: 8, vocabulary: 2100, hidden: 4, feedForward: 4, layers: 1 });
  return {
    ...{ name: "later chunk", model },
    request: { prompt: [5, 6], maxTokens: 2, temperature: 5000, seed: 6n },
  };
}

/** An answer that may not end before it has more tokens than it can have: one that was cut short, as if it were whole. */
export async function unreachableScene(): Promise<StepScene> {
  const { model } = await stoppedScene();
  return { name: "unreachable", model, request: { prompt: [4, 5], maxTokens: 3, minTokens: 5 } };
}

/** A private request whose prompt has two leaves. */
export async function privateScene(): Promise<StepScene> {
  const model = await tiny({ context: 37, seed: 9 });
  const request = { prompt: numbers(33), maxTokens: 3, ...WARM, seed: 4n, secret: testSecret(1) };
  return { name: "llama, private", model, request };
}

/** A private answer of more tokens than one key encrypts. */
export async function longPrivateScene(): Promise<StepScene> {
  const model = await tiny({ context: 264, vocabulary: 12, hidden: 4, feedForward: 4, layers: 1 });
  const request = { prompt: [3, 4], maxTokens: 259, minTokens: 259, secret: testSecret(5) };
  return { name: "long, private", model, request };
}

/** A secret that hides nothing. */
export function testSecret(first: number): Uint8Array {
  return Uint8Array.from({ length: 32 }, (_, index) => (first + 7 * index) % 256);
}

function tiny(shape: Partial<TinyShape>): Promise<Model> {
  return importModel(tinySource(shape));
}

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => 3 + ((7 * index) % 40));
}

const VOCABULARY = 1030;
const CONTEXT = 40;
const WIDTH = 4200;
const HEAD = 200;
const [HEADS, KEY_HEADS] = [21, 7];

/** Two chunks of a distribution. */
export function sampledWideScene(): StepScene {
  const { model, request } = wideScene();
  return { name: "wide, sampled", model, request: { ...request, ...WARM, topK: 600, seed: 3n } };
}

/** Wider than every chunk: all sections that only chunked operators have, tiles that heads straddle, second tiles. */
export function wideScene(): StepScene {
  const random = generateRandom(20261121);
  const integer = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  const tensors: Tensor[] = [];
  const operators: Operator[] = [];
  const tensor = (value: Tensor) => tensors.push(value) - 1;
  const rows = (count: number, columns: number, shift: number): number =>
    tensor({
      kind: "rows",
      rows: count,
      columns,
      values: Int8Array.from({ length: count * columns }, () => integer(-127, 127)),
      multipliers: Uint16Array.from({ length: count }, () => integer(2 ** 14, 2 ** 15 - 1)),
      shifts: Int16Array.from({ length: count }, () => integer(shift, shift + 2)),
    } satisfies RowTensor);
  const table = (columns: number, limit: number): number =>
    tensor(
      tableOf(
        1,
        columns,
        Int32Array.from({ length: columns }, () => integer(-limit, limit)),
      ),
    );
  const add = (
    kind: OperatorKind,
    inputs: number[],
    used: number[],
    constants: number[],
    phase: Phase = "always",
  ): number => operators.push({ kind, name: kind, phase, inputs, tensors: used, constants }) - 1;

  const embedded = add("embed", [], [rows(VOCABULARY, 40, 0)], [VOCABULARY, 40, 4]);
  const input = add("narrow", [embedded], [], [1, 40]);
  const projection = (size: number, shift: number) =>
    add("linear", [input], [rows(size, 40, shift)], [size, 40, 1]);
  const queries = projection(WIDTH, 16);
  const keys = projection(KEY_HEADS * HEAD, 16);
  const values = projection(KEY_HEADS * HEAD, 23);
  const rotary = tensor(rotaryTable(CONTEXT, HEAD, 10000));
  const rotated = (vector: number, heads: number) =>
    add("narrow", [add("rotate", [vector], [rotary], [heads, HEAD])], [], [heads, HEAD]);
  const [query, key] = [rotated(queries, HEADS), rotated(keys, KEY_HEADS)];
  const page = add("page", [values], [], [KEY_HEADS, HEAD]);
  const scores = add("scores", [query, key], [], [HEADS, KEY_HEADS, HEAD, 16384, 43]);
  const powers = tensor(exponentialTable());
  const weights = add("softmax", [scores], [powers], [HEADS]);
  const mixed = add("mix", [weights, page], [], [HEADS, KEY_HEADS, HEAD]);
  const sum = add("add", [mixed, queries], [], [WIDTH]);
  const gated = add("gate", [sum, queries], [tensor(sigmoidTable())], [WIDTH, 6, 24]);
  const normal = add("normalize", [gated], [table(WIDTH, 2 ** 22 - 1)], [1, WIDTH, 1000]);
  // Groups of two chunks, and groups that begin and end within tiles.
  add("normalize", [gated], [table(WIDTH / 3, 2 ** 22 - 1)], [3, WIDTH / 3, 5]);
  add("normalize", [gated], [table(HEAD, 2 ** 22 - 1)], [HEADS, HEAD, 77]);
  add("narrow", [normal], [], [3, WIDTH / 3]);
  const last = add("narrow", [normal], [], [1, WIDTH], "generating");
  const folded = add(
    "linear",
    [last],
    [rows(70, WIDTH, 24), table(70, 2 ** 20)],
    [70, WIDTH, 0],
    "generating",
  );
  const head = add("narrow", [folded], [], [1, 70], "generating");
  const logits = add("linear", [head], [rows(VOCABULARY, 70, 20)], [VOCABULARY, 70, 0], "generating");
  const seen = add("seen", [], [], [VOCABULARY]);
  const recent = add("recent", [], [], []);
  const list = tensor(tableOf(1, 2, [VOCABULARY - 1, 2]));
  const token = add("sample", [logits, seen], [powers, list], [VOCABULARY, 2], "generating");
  add("stop", [token, recent], [list], [2], "generating");

  const model = assembleModel({
    header: {
      architecture: "none",
      vocabularySize: VOCABULARY,
      contextLength: CONTEXT,
      hiddenSize: 40,
      layers: 1,
      heads: HEADS,
      keyValueHeads: KEY_HEADS,
      headSize: HEAD,
      feedForwardSize: WIDTH,
      parameters: 0,
      stopTokens: [VOCABULARY - 1, 2],
      logitFraction: 16,
    },
    program: {
      vocabularySize: VOCABULARY,
      contextLength: CONTEXT,
      operators,
      tensors: tensors.map(({ kind, rows: count, columns }) => ({ kind, rows: count, columns })),
    },
    tensors,
    tokenizerJson: {},
    tokenizerConfigJson: undefined,
    tokenizerBytes: new Uint8Array(),
  });
  return { name: "wide", model, request: { prompt: numbers(34), maxTokens: 2 } };
}
