import { keccak256 } from "ethers";
import { type AthanorError, athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { throwIfAborted } from "../internal/abort.ts";
import type { AthanorContracts } from "../protocol/connect-contracts.ts";
import { logReaderOf, readLogs } from "../protocol/read-logs.ts";
import type { ModelSource } from "./model-source.ts";
import type { Tokenizer } from "./tokenizer.ts";

const TOKENIZER_FILE = "tokenizer.json";
/** Several times the largest tokenizers in use. */
const MAX_TOKENIZER_BYTES = 128 * 1024 * 1024;
/** Milliseconds for one address. */
const FETCH_TIMEOUT = 60_000;
/** Anyone can announce addresses; no more than these are tried. */
const MAX_ADDRESSES = 16;

export interface LoadTokenizerOptions {
  readonly contracts: AthanorContracts;
  readonly source: ModelSource;
  /** Root of a registered model. */
  readonly model: string;
  /** keccak-256 of the file, from the model registry. */
  readonly tokenizerHash: string;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Reads a model's tokenizer from the address in the registry or, if that fails, from the addresses announced since, newest first.
 * Only bytes that hash to what the model commits to are used, whoever sent them.
 *
 * @throws AthanorError `ModelFileMismatch`, `ModelFileUnavailable`, `TokenizerInvalid`, `Aborted`
 */
export async function loadTokenizer(options: LoadTokenizerOptions): Promise<Tokenizer> {
  const { contracts, model } = options;
  const failures: AthanorError[] = [];
  const registered = await contracts.modelRegistry.uriOf(model);
  const bytes =
    (await readFirst([registered], options, failures)) ??
    (await readFirst(await announcedUris(options, registered), options, failures));
  if (bytes) return parse(bytes, model);

  // The most telling of the failures, if one tells it all.
  const mismatch = failures.find(({ code }) => code === "ModelFileMismatch");
  if (mismatch) throw mismatch;
  const [first] = failures;
  if (first && failures.every(({ code }) => code === "ModelUriUnsupported")) throw first;
  const attempts = failures.map(({ shortMessage }) => shortMessage).join(" ");
  throw athanorError("ModelFileUnavailable", { file: TOKENIZER_FILE, model, attempts });
}

async function readFirst(
  uris: readonly string[],
  options: LoadTokenizerOptions,
  failures: AthanorError[],
): Promise<Uint8Array | undefined> {
  for (const uri of uris) {
    try {
      return await readVerified(uri, options);
    } catch (error) {
      throwIfAborted(options.signal);
      failures.push(toAthanorError(error));
    }
  }
  return undefined;
}

async function readVerified(base: string, { source, tokenizerHash, signal }: LoadTokenizerOptions): Promise<Uint8Array> {
  const uri = fileUri(base);
  const timeout = AbortSignal.timeout(FETCH_TIMEOUT);
  const bytes = await source.readFile(uri, {
    maxBytes: MAX_TOKENIZER_BYTES,
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  });
  const found = keccak256(bytes);
  if (found !== tokenizerHash) throw athanorError("ModelFileMismatch", { uri, found, expected: tokenizerHash });
  return bytes;
}

/** A model's address is the folder of its files. */
function fileUri(base: string): string {
  if (!URL.canParse(base)) throw athanorError("ModelUriUnsupported", { uri: JSON.stringify(base) });
  const url = new URL(base);
  if (!url.pathname.endsWith(`/${TOKENIZER_FILE}`)) url.pathname = `${url.pathname.replace(/\/+$/, "")}/${TOKENIZER_FILE}`;
  return url.href;
}

async function announcedUris({ contracts, model, signal }: LoadTokenizerOptions, registered: string): Promise<string[]> {
  const { modelRegistry, deployment } = contracts;
  const topics = [modelRegistry.interface.getEvent("ModelAnnounced").topicHash, model];
  const toBlock = await modelRegistry.runner!.provider!.getBlockNumber();
  const filter = { address: deployment.modelRegistry, topics };
  const logs = await readLogs(logReaderOf(modelRegistry), filter, deployment.startBlock ?? 0, toBlock, { signal });
  const uris = logs.map((log) => String(modelRegistry.interface.parseLog(log)!.args["uri"])).reverse();
  return [...new Set(uris)].filter((uri) => uri !== registered).slice(0, MAX_ADDRESSES);
}

async function parse(bytes: Uint8Array, model: string): Promise<Tokenizer> {
  try {
    // Loaded only by those who use it: it is the larger part of the SDK.
    const { Tokenizer } = await import("@athanor/engine/tokenizer");
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return Tokenizer.fromJson(JSON.parse(text) as object);
  } catch (error) {
    const details = error instanceof Error ? error.message : String(error);
    throw athanorError("TokenizerInvalid", { model, details }, { cause: error });
  }
}
