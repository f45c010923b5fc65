import { EngineError } from "../errors.ts";
import { assembleModel, type Model } from "../model.ts";
import { Tokenizer } from "../tokenizer.ts";
import type { Tensor } from "../tensors/tensor.ts";
import {
  decodeText,
  hasFile,
  parseJson,
  readJson,
  readText,
  requireFile,
  type CheckpointSource,
  type JsonObject,
} from "./checkpoint.ts";
import { readConfig, readStopTokens, type LlamaConfig } from "./config.ts";
import { headerOf } from "./header.ts";
import { buildStage, stagesOf } from "./llama.ts";
import { openLayout } from "./layout.ts";
import { ProgramBuilder } from "./program-builder.ts";
import { Weights } from "./weights.ts";

export const CHAT_TEMPLATE_FILE = "chat_template.jinja";

export interface ImportOptions {
  /** Use a shorter context than the model was trained for; changes the model's root. */
  readonly contextLength?: number;
  /** Told how many of the files' parameters were read. */
  readonly onProgress?: (done: number, total: number) => void;
}

/** A checkpoint whose small files are read and checked, and whose weights are known but not read. */
export interface OpenedCheckpoint {
  /** config.json, tokenizer.json and the like, read or made from a GGUF file's metadata. */
  readonly files: CheckpointSource;
  readonly config: LlamaConfig;
  readonly stopTokens: readonly number[];
  readonly weights: Weights;
  readonly tokenizerBytes: Uint8Array;
  readonly tokenizerJson: JsonObject;
  readonly tokenizerConfigJson: JsonObject | undefined;
}

/** @throws EngineError naming the file, field or tensor that is wrong. */
export async function openForImport(
  source: CheckpointSource,
  options: ImportOptions = {},
): Promise<OpenedCheckpoint> {
  const { layout, config, stopTokens } = await openConfig(source, options.contextLength);
  const tokenizer = await readTokenizer(layout.source, config.vocabularySize);
  let done = 0;
  const weights: Weights = new Weights(layout, (parameters) => {
    done += parameters;
    options.onProgress?.(done, weights.stored);
  });
  weights.requireExactly(config.architecture, tensorNames(config), (name) => changesNothing(name, config));
  return { files: layout.source, config, stopTokens, weights, ...tokenizer };
}

/** @throws EngineError `CONFIG_FIELD_UNSUPPORTED`, `CONFIG_FIELD_INVALID` naming the field, or the key of a GGUF file. */
export async function openConfig(source: CheckpointSource, contextLength?: number) {
  const layout = await openLayout(source);
  const configJson = await readJson(layout.source, "config.json");
  const generation = await readOptionalJson(layout.source, "generation_config.json");
  try {
    const config = readConfig(configJson, contextLength);
    return {
      layout,
      config,
      stopTokens: readStopTokens(configJson, generation ?? {}, config.vocabularySize),
    };
  } catch (error) {
    throw layout.explained(error);
  }
}

/**
 * Imports a checkpoint of the Llama family (Llama, Mistral, Qwen2, Gemma): the Hugging Face layout (config.json, tokenizer.json and
 * safetensors in F32, F16 or BF16), or a GGUF file (also Q8_0). Deterministic: the same files give the same root on every
 * machine.
 *
 * @throws EngineError naming the file, field or tensor that is wrong; see `EngineErrorCode`.
 */
export async function importModel(source: CheckpointSource, options: ImportOptions = {}): Promise<Model> {
  const { config, stopTokens, weights, tokenizerBytes, tokenizerJson, tokenizerConfigJson } =
    await openForImport(source, options);
  const tensors: Tensor[] = [];
  const builder = new ProgramBuilder((tensor) => tensors.push(tensor));
  for (let stage = 0; stage < stagesOf(config); stage++) {
    await buildStage(stage, config, stopTokens, weights, builder);
  }
  const program = builder.program(config.vocabularySize, config.contextLength);
  return assembleModel({
    header: headerOf(program, config.architecture, stopTokens),
    program,
    tensors,
    tokenizerBytes,
    tokenizerJson,
    tokenizerConfigJson,
  });
}

/** tokenizer.json and tokenizer_config.json, checked against the model's vocabulary. */
export async function readTokenizer(
  source: CheckpointSource,
  vocabularySize: number,
): Promise<Pick<OpenedCheckpoint, "tokenizerBytes" | "tokenizerJson" | "tokenizerConfigJson">> {
  await requireFile(source, "tokenizer.json");
  const tokenizerBytes = await source.readBytes("tokenizer.json", 0, await source.size("tokenizer.json"));
  const tokenizerJson = parseJson(decodeText(tokenizerBytes, "tokenizer.json"), "tokenizer.json");
  const tokenizerConfigJson = await readTokenizerConfig(source);
  checkVocabulary(Tokenizer.fromJson(tokenizerJson, tokenizerConfigJson), vocabularySize);
  return { tokenizerBytes, tokenizerJson, tokenizerConfigJson };
}

/** tokenizer_config.json; newer checkpoints keep its chat template in a file of its own. */
async function readTokenizerConfig(source: CheckpointSource): Promise<JsonObject | undefined> {
  const config = await readOptionalJson(source, "tokenizer_config.json");
  if (!(await hasFile(source, CHAT_TEMPLATE_FILE))) return config;
  return { ...config, chat_template: await readText(source, CHAT_TEMPLATE_FILE) };
}

/** Names of all tensors that a model has. */
function tensorNames(config: LlamaConfig): string[] {
  const parts = [
    ...["input_layernorm", "post_attention_layernorm"],
    ...["q_proj", "k_proj", "v_proj", "o_proj"].map((name) => `self_attn.${name}`),
    ...["gate_proj", "up_proj", "down_proj"].map((name) => `mlp.${name}`),
  ].map((name) => `${name}.weight`);
  if (config.headNorms) parts.push(...["q_norm", "k_norm"].map((name) => `self_attn.${name}.weight`));
  if (config.biases) parts.push(...["q_proj", "k_proj", "v_proj"].map((name) => `self_attn.${name}.bias`));
  const layers = Array.from({ length: config.layers }, (_, layer) => `model.layers.${layer}`);
  return [
    "model.embed_tokens.weight",
    ...layers.flatMap((layer) => parts.map((part) => `${layer}.${part}`)),
    "model.norm.weight",
    ...(config.tiedHead ? [] : ["lm_head.weight"]),
  ];
}

/** Frequencies, which config.json determines, and a copy of a head that is the embedding. */
function changesNothing(name: string, config: LlamaConfig): boolean {
  return name.endsWith("rotary_emb.inv_freq") || (config.tiedHead && name === "lm_head.weight");
}

async function readOptionalJson(source: CheckpointSource, name: string) {
  return (await hasFile(source, name)) ? readJson(source, name) : undefined;
}

/** A tokenizer may know fewer ids than the model embeds (padding), never more. */
function checkVocabulary(tokenizer: Tokenizer, vocabularySize: number): void {
  if (tokenizer.vocabularySize <= vocabularySize) return;
  throw new EngineError(
    "TOKENIZER_VOCABULARY_MISMATCH",
    `tokenizer.json has token ids up to ${tokenizer.vocabularySize - 1}; config.json: vocab_size is ${vocabularySize}.`,
    {
      remedy: "Use the tokenizer that belongs to the model.",
      details: { file: "tokenizer.json", expected: vocabularySize, found: tokenizer.vocabularySize },
    },
  );
}
