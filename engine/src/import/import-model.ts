import { EngineError } from "../errors.ts";
import { assembleModel, type Model } from "../model.ts";
import { Tokenizer } from "../tokenizer.ts";
import { hasFile, parseJson, readJson, requireFile, type CheckpointSource } from "./checkpoint.ts";
import { readConfig, readStopTokens } from "./config.ts";
import { buildLlama, LOGIT_FRACTION } from "./llama.ts";
import { Weights } from "./weights.ts";

export interface ImportOptions {
  /** Use a shorter context than the model was trained for; changes the model's root. */
  readonly contextLength?: number;
}

/**
 * Imports a Llama checkpoint in the Hugging Face layout: config.json, tokenizer.json and safetensors in F32, F16 or BF16.
 * Deterministic: the same files give the same root on every machine.
 *
 * @throws EngineError naming the file, field or tensor that is wrong; see `EngineErrorCode`.
 */
export async function importModel(source: CheckpointSource, options: ImportOptions = {}): Promise<Model> {
  const configJson = await readJson(source, "config.json");
  const config = readConfig(configJson, options.contextLength);
  const generation = await readOptionalJson(source, "generation_config.json");
  const stopTokens = readStopTokens(configJson, generation ?? {}, config.vocabularySize);
  await requireFile(source, "tokenizer.json");
  const tokenizerBytes = await source.readBytes("tokenizer.json", 0, await source.size("tokenizer.json"));
  const tokenizerJson = parseJson(new TextDecoder().decode(tokenizerBytes), "tokenizer.json");
  const tokenizerConfigJson = await readOptionalJson(source, "tokenizer_config.json");
  checkVocabulary(Tokenizer.fromJson(tokenizerJson, tokenizerConfigJson), config.vocabularySize);

  const weights = await Weights.open(source);
  const builder = await buildLlama(config, stopTokens, weights);
  weights.refuseOthers(
    (name) => name.endsWith("rotary_emb.inv_freq") || (config.tiedHead && name === "lm_head.weight"),
  );
  const { rotaryTheta: _theta, epsilon: _epsilon, tiedHead: _tied, ...sizes } = config;
  return assembleModel({
    header: { ...sizes, parameters: weights.parameters, stopTokens, logitFraction: LOGIT_FRACTION },
    program: builder.program(config.vocabularySize, config.contextLength),
    tensors: builder.tensors,
    tokenizerBytes,
    tokenizerJson,
    tokenizerConfigJson,
  });
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
      details: { tokenizer: tokenizer.vocabularySize, model: vocabularySize },
    },
  );
}
