import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import type { EngineErrorCode } from "./errors.ts";
import { createFastExecutor } from "./fast/executor.ts";
import { importModel, type ImportOptions } from "./import/import-model.ts";
import type { Model } from "./model.ts";
import { importToFolder, loadModel } from "./node.ts";
import { generate } from "./run/generate.ts";
import { expectRefusal } from "./testing/expect-error.ts";
import { withHeader } from "./testing/safetensors-writer.ts";
import { filesOf, memorySource, tinyCheckpoint, tinySource } from "./testing/tiny-checkpoint.ts";
import { Tokenizer } from "./tokenizer.ts";

const WEIGHTS = "model.safetensors";
const GATE = "model.layers.0.mlp.gate_proj.weight";
const DOWN = "model.layers.1.mlp.down_proj.weight";
/** The last tensor of the file. */
const NORM = "model.norm.weight";
const REQUEST = { prompt: [5, 6, 7], maxTokens: 12 };

/** One case: what is wrong, who notices, and what the error's details say besides. */
type Case = readonly [string, () => unknown, EngineErrorCode, Readonly<Record<string, unknown>>];

type Files = Map<string, Uint8Array>;

function imported(change: (files: Files) => void, options?: ImportOptions): () => Promise<Model> {
  return () => {
    const files = filesOf(tinyCheckpoint());
    change(files);
    return importModel(memorySource(files), options);
  };
}

/** Changes the header of the weights, or what `change` makes of the bytes behind it. */
function header(
  change: (entries: Record<string, { dtype: string; shape: number[]; data_offsets: number[] }>) => void,
) {
  return imported((files) => {
    const bytes = files.get(WEIGHTS)!;
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const entries = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Parameters<
      typeof change
    >[0];
    change(entries);
    files.set(WEIGHTS, withHeader(entries, bytes.subarray(8 + length)));
  });
}

function values(change: (tensors: ReturnType<typeof tinyCheckpoint>["tensors"]) => void) {
  return () => {
    const checkpoint = tinyCheckpoint();
    change(checkpoint.tensors);
    return importModel(memorySource(filesOf(checkpoint)));
  };
}

function json(file: string, change: (value: Record<string, unknown>) => void) {
  return imported((files) => {
    const value = JSON.parse(new TextDecoder().decode(files.get(file))) as Record<string, unknown>;
    change(value);
    files.set(file, new TextEncoder().encode(JSON.stringify(value)));
  });
}

describe("bad input", () => {
  let model: Model;
  let expected: readonly number[];
  let folder: string;
  before(async () => {
    model = await importModel(tinySource());
    expected = (await generate(model, { ...REQUEST, executor: "reference" })).tokens;
    folder = await mkdtemp(join(tmpdir(), "athanor-engine-"));
    for (const [name, bytes] of filesOf(tinyCheckpoint())) await writeFile(join(folder, name), bytes);
    await importToFolder(folder, join(folder, "integers"));
  });
  after(() => rm(folder, { recursive: true }));

  const put = (name: string, value: number) =>
    values((tensors) => {
      tensors.get(name)!.values[11] = value;
    });
  /** Loads the imported model after `edit` to one of its files, which is put back. */
  const changed = (file: string, edit: (bytes: Buffer) => Uint8Array) => async () => {
    const path = join(folder, "integers", file);
    const bytes = await readFile(path);
    await writeFile(path, edit(Buffer.from(bytes)));
    try {
      await loadModel(join(folder, "integers"));
    } finally {
      await writeFile(path, bytes);
    }
  };
  const flip = (at: number) => (bytes: Buffer) => {
    bytes[at]! ^= 1;
    return bytes;
  };
  const utf8 = (file: string) =>
    imported((files) => files.set(file, Uint8Array.of(...files.get(file)!.subarray(0, 9), 0xff)));

  const cases: readonly Case[] = [
    [
      "a tensor that is cut off",
      imported((files) => files.set(WEIGHTS, files.get(WEIGHTS)!.subarray(0, -1))),
      "SAFETENSORS_TRUNCATED",
      { tensor: NORM, file: WEIGHTS },
    ],
    [
      "a tensor whose offsets are too short for its shape",
      header((entries) => (entries[GATE]!.shape = [25, 16])),
      "SAFETENSORS_HEADER_INVALID",
      { tensor: GATE, expected: 1600, found: 1536 },
    ],
    [
      "a tensor under another's name",
      header((entries) => {
        entries["model.layers.1.mlp.down.weight"] = entries[DOWN]!;
        delete entries[DOWN];
      }),
      "TENSOR_MISSING",
      { tensor: DOWN, expected: DOWN, found: ["model.layers.1.mlp.down.weight"] },
    ],
    [
      "two tensors that changed names",
      header((entries) => {
        [entries[GATE], entries[DOWN]] = [entries[DOWN]!, entries[GATE]!];
      }),
      "TENSOR_SHAPE_MISMATCH",
      { tensor: GATE, expected: [24, 16], found: [16, 24] },
    ],
    [
      "a tensor labelled with another type of the same size",
      header((entries) => (entries[DOWN]!.dtype = "I32")),
      "TENSOR_TYPE_UNSUPPORTED",
      { tensor: DOWN, expected: ["F32", "F16", "BF16"], found: "I32" },
    ],
    [
      "a tensor that no such model has",
      values((tensors) => tensors.set("extra", { shape: [2], values: new Float64Array(2) })),
      "TENSOR_UNEXPECTED",
      { tensor: "extra", found: [2] },
    ],
    ...[NaN, Infinity, -Infinity].map((value): Case => [
      `a weight that is ${value}`,
      put(DOWN, value),
      "TENSOR_NOT_FINITE",
      { tensor: DOWN, element: 11, expected: "a finite number", found: String(value) },
    ]),
    [
      "a norm that is NaN",
      put(NORM, NaN),
      "TENSOR_NOT_FINITE",
      { tensor: NORM, element: 11, expected: "a finite number", found: "NaN" },
    ],
    [
      "a feed-forward width that is not that of the weights",
      json("config.json", (config) => (config.intermediate_size = 32)),
      "TENSOR_SHAPE_MISMATCH",
      { tensor: GATE, expected: [32, 16], found: [24, 16] },
    ],
    [
      "a vocabulary that is not that of the weights",
      json("config.json", (config) => (config.vocab_size = 64)),
      "TENSOR_SHAPE_MISMATCH",
      { tensor: "model.embed_tokens.weight", expected: [64, 16], found: [48, 16] },
    ],
    [
      "heads that are not those of the weights",
      json("config.json", (config) => (config.num_key_value_heads = 4)),
      "TENSOR_SHAPE_MISMATCH",
      { tensor: "model.layers.0.self_attn.k_proj.weight", expected: [24, 16], found: [12, 16] },
    ],
    [
      "a layer more than there are weights for",
      json("config.json", (config) => (config.num_hidden_layers = 3)),
      "TENSOR_MISSING",
      { tensor: "model.layers.2.input_layernorm.weight" },
    ],
    [
      "a tokenizer of a larger vocabulary",
      imported((files) => files.set("tokenizer.json", tokenizerOf(60))),
      "TOKENIZER_VOCABULARY_MISMATCH",
      { file: "tokenizer.json", expected: 48, found: 60 },
    ],
    [
      "weights that changed after import",
      changed("weights-00001.bin", flip(2000)),
      "MODEL_ROOT_MISMATCH",
      { changed: ["weights-00001.bin"] },
    ],
    [
      "imported weights that were cut off",
      changed("weights-00001.bin", (bytes) => bytes.subarray(0, -1)),
      "MODEL_FILE_MISMATCH",
      { changed: ["weights-00001.bin"] },
    ],
    [
      "a tokenizer that changed after import",
      changed("tokenizer.json", (bytes) => Buffer.concat([bytes, Buffer.from(" ")])),
      "MODEL_FILE_MISMATCH",
      { changed: ["tokenizer.json"] },
    ],
    [
      "a context longer than the model's, on import",
      () => importModel(tinySource(), { contextLength: 97 }),
      "INVALID_ARGUMENT",
      {},
    ],
    [
      "a request longer than the model's context",
      () => generate(model, { prompt: new Array<number>(90).fill(3), maxTokens: 7 }),
      "CONTEXT_EXCEEDED",
      { length: 97, contextLength: 96 },
    ],
    [
      "a session that would outgrow the model's context",
      () => createFastExecutor(model).createSession().run(new Array<number>(97).fill(3)),
      "CONTEXT_EXCEEDED",
      { length: 97, contextLength: 96 },
    ],
    ...["config.json", "tokenizer.json"].map((file): Case => [
      `invalid UTF-8 in ${file}`,
      utf8(file),
      "TEXT_INVALID",
      { file, offset: 9, expected: "UTF-8", found: "0xff" },
    ]),
    [
      "invalid UTF-8 in a file of weights",
      imported((files) => files.get(WEIGHTS)!.fill(0xff, 20, 21)),
      "TEXT_INVALID",
      { file: `header of ${WEIGHTS}`, offset: 12, expected: "UTF-8", found: "0xff" },
    ],
    [
      "a file that ends within a character",
      imported((files) => {
        const config = new TextDecoder().decode(files.get("config.json"));
        const longer = new TextEncoder().encode(`${config} é`);
        files.set("config.json", longer.subarray(0, -1));
      }),
      "TEXT_INVALID",
      { file: "config.json", expected: "UTF-8", found: "0xc3" },
    ],
    [
      "a prompt with half a character",
      () => Tokenizer.fromJson(model.tokenizerJson, model.tokenizerConfigJson).encode("ab\ud83dcd"),
      "TEXT_INVALID",
      { offset: 2, expected: "a whole character", found: "0xd83d" },
    ],
    [
      "a token that the model does not have",
      () => generate(model, { prompt: [48], maxTokens: 1 }),
      "TOKEN_OUT_OF_VOCABULARY",
      { token: 48, vocabularySize: 48 },
    ],
    [
      "a memory budget too small for the weights",
      () => createFastExecutor(model, { memoryBudget: 100_000 }),
      "MEMORY_BUDGET_TOO_SMALL",
      { budget: 100_000 },
    ],
    [
      "a memory budget too small for the session",
      async () => {
        const long = await importModel(tinySource({ context: 4000 }));
        const memoryBudget = createFastExecutor(long, { blockSize: 1 }).memoryFor(1);
        createFastExecutor(long, { memoryBudget }).createSession();
      },
      "MEMORY_BUDGET_TOO_SMALL",
      {},
    ],
  ];

  for (const [what, action, code, details] of cases) {
    it(`${what}: a refusal that says so, and a correct run afterwards`, async () => {
      const error = await expectRefusal(action, code);
      expect(error.details).to.deep.include(details);
      const named = [details.tensor, details.file, details.changed]
        .flat()
        .filter((name) => name !== undefined);
      for (const name of named) expect(error.message).to.contain(name);
      expect((await generate(await importModel(tinySource()), REQUEST)).tokens).to.deep.equal(expected);
      expect((await generate(model, REQUEST)).tokens).to.deep.equal(expected);
    });
  }
});

/** tokenizer.json of a model with another number of tokens. */
function tokenizerOf(vocabulary: number): Uint8Array {
  return filesOf(tinyCheckpoint({ vocabulary })).get("tokenizer.json")!;
}
