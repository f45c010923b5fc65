import type { JsonRpcProvider, Wallet } from "ethers";
import type { Chain } from "../chain/chain.ts";
import { connectChain } from "../chain/connect.ts";
import { openRpc } from "../chain/rpc.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { describeError, WorkerError } from "../errors.ts";
import { readKeystore, unlockKeystore, type KeystoreFile } from "../keys/keystore.ts";
import { readPassword } from "../keys/password.ts";
import { openModelThread } from "../model/open-model-thread.ts";
import type { ModelRunner } from "../model/runner.ts";
import { isInteractive, secretPrompt } from "./terminal.ts";

/** Options that all provider commands share. */
export interface ProviderOptions {
  readonly config: string;
  readonly passwordFd?: number;
}

export interface Session {
  readonly config: Config;
  readonly rpc: JsonRpcProvider;
}

export async function openSession(options: ProviderOptions): Promise<Session> {
  const config = await loadConfig(options.config);
  return { config, rpc: openRpc(config.chain.rpcUrl, config.chain.chainId) };
}

/** Connects once; for commands that a person waits for. @throws WorkerError CHAIN_UNREACHABLE among others */
export async function connectOnce({ config, rpc }: Session): Promise<Chain> {
  try {
    return await connectChain(rpc, config.chain);
  } catch (cause) {
    if (cause instanceof WorkerError) throw cause;
    const { host } = new URL(config.chain.rpcUrl);
    throw new WorkerError(
      "CHAIN_UNREACHABLE",
      `The RPC service at ${host} does not answer: ${describeError(cause).message}`,
      {
        remedy: "Check chain.rpcUrl and that the service runs.",
        details: { host },
        cause,
      },
    );
  }
}

export async function unlock(
  keystore: KeystoreFile,
  options: ProviderOptions,
): Promise<{ wallet: Wallet; password: string }> {
  const password = await readPassword(`Password of ${keystore.file}`, {
    descriptor: options.passwordFd,
    environment: process.env,
    prompt: isInteractive() ? secretPrompt : undefined,
  });
  return { wallet: await unlockKeystore(keystore, password), password };
}

/** @throws WorkerError KEYSTORE_MISSING, KEY_MISMATCH */
export async function ownerKeystore(config: Config): Promise<KeystoreFile> {
  const file = config.keys.ownerKeystore;
  if (file === null) {
    throw new WorkerError(
      "KEYSTORE_MISSING",
      "This command needs the owner's key, and keys.ownerKeystore is not configured.",
      {
        remedy:
          "Add keys.ownerKeystore for this command; the daemon never needs it, so keep the file elsewhere.",
      },
    );
  }
  const keystore = await readKeystore(file);
  if (keystore.address === config.provider.owner) return keystore;
  throw new WorkerError(
    "KEY_MISMATCH",
    `${file} holds the key of ${keystore.address}, provider.owner is ${config.provider.owner}.`,
    {
      remedy: "Name the owner's keystore, or correct provider.owner.",
      details: { keystore: keystore.address, owner: config.provider.owner },
    },
  );
}

/** The thread's file: source beside source, bundle beside bundle. */
const modelThread = new URL(
  import.meta.url.endsWith(".ts") ? "../model/thread.ts" : "./model-thread.js",
  import.meta.url,
);

export function openModel(folder: string): Promise<ModelRunner> {
  return openModelThread(modelThread, folder);
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON document; big integers as decimal text. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? part.toString() : part), 2));
}
