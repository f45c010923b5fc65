import { EngineError } from "../../errors.ts";
import { hasFile, type CheckpointSource, type JsonObject } from "../checkpoint.ts";
import type { CheckpointLayout } from "../layout.ts";
import { configOf, generationOf, inTermsOf, readFamily, ROTARY_FACTORS } from "./config.ts";
import { Metadata } from "./metadata.ts";
import { readGguf } from "./read-gguf.ts";
import { namedTensors, storedName, withConventions } from "./tensor-names.ts";
import { tokenizerConfigOf, tokenizerOf } from "./tokenizer.ts";

/**
 * The GGUF file that a folder consists of, if it does: beside safetensors it is not looked at.
 *
 * @throws EngineError `CHECKPOINT_AMBIGUOUS` for several of them.
 */
export async function ggufFileOf(source: CheckpointSource): Promise<string | undefined> {
  const names = await source.list();
  if (names.some((name) => /\.safetensors(?:\.index\.json)?$/.test(name))) return undefined;
  const files = names.filter((name) => name.endsWith(".gguf"));
  if (files.length < 2) return files[0];
  throw new EngineError("CHECKPOINT_AMBIGUOUS", `The folder holds ${files.length} GGUF files.`, {
    remedy: `Name one of them: ${files.slice(0, 5).join(", ")}.`,
    details: { files },
  });
}

/**
 * Reads a GGUF file's header. tokenizer.json, tokenizer_config.json and generation_config.json beside the file come before
 * what the metadata say.
 *
 * @throws EngineError naming what is wrong with the file, a key or the tokenizer.
 */
export async function openGguf(source: CheckpointSource, file: string): Promise<CheckpointLayout> {
  const header = await readGguf(source, file);
  const metadata = new Metadata(header);
  const family = readFamily(metadata);
  const named = namedTensors(header);
  const config = await configOf(metadata, family, named, source);
  const made = new Map<string, Uint8Array>([["config.json", bytesOf(config)]]);
  const add = async (name: string, content: () => JsonObject) => {
    if (!(await hasFile(source, name))) made.set(name, bytesOf(content()));
  };
  await add("generation_config.json", () => generationOf(metadata));
  await add("tokenizer.json", () => tokenizerOf(metadata));
  await add("tokenizer_config.json", () => tokenizerConfigOf(metadata));
  const weights = new Map([...named].filter(([name]) => name !== ROTARY_FACTORS));
  return {
    source: withFiles(source, made),
    tensors: withConventions(weights, family, config.head_dim as number),
    nameOf: storedName,
    explained: (error) => inTermsOf(metadata, error),
  };
}

function bytesOf(value: JsonObject): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

/** A folder in which `files` take the place of its own. */
function withFiles(source: CheckpointSource, files: ReadonlyMap<string, Uint8Array>): CheckpointSource {
  return {
    list: async () => [...new Set([...(await source.list()), ...files.keys()])].sort(),
    size: async (name) => files.get(name)?.length ?? (await source.size(name)),
    readBytes: async (name, start, end) =>
      files.get(name)?.slice(start, end) ?? (await source.readBytes(name, start, end)),
  };
}
