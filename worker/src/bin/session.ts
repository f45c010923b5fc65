import type { EncryptionKey } from "@athanor/sdk/private";
import type { JsonRpcProvider, Wallet } from "ethers";
import { createRequire } from "node:module";
import type { Chain } from "../chain/chain.ts";
import { connectChain } from "../chain/connect.ts";
import { openRpc } from "../chain/rpc.ts";
import { loadConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { describeError, WorkerError } from "../errors.ts";
import {
  readEncryptionKeystore,
  unlockEncryptionKeystore,
  type EncryptionKeystore,
} from "../keys/encryption-keystore.ts";
import { readKeystore, unlockKeystore, type KeystoreFile } from "../keys/keystore.ts";
import { PASSWORD_VARIABLE, readPassword } from "../keys/password.ts";
import type { EventLog } from "../log/event-log.ts";
import { openPinoLog } from "../log/pino-log.ts";
import { openPrettyLog } from "../log/pretty-log.ts";
import { scrubber, secretsOfUrl } from "../log/scrub.ts";
import { openModelProcess } from "../model/open-model-process.ts";
import type { ModelRunner } from "../model/runner.ts";
import { readOwnerAccount, type OwnerAccount } from "../register/owner-account.ts";
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
export async function connectOnce({
  config,
  rpc,
}: {
  readonly config: Pick<Config, "chain">;
  readonly rpc: JsonRpcProvider;
}): Promise<Chain> {
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
  const password = await askPassword(keystore.file, options);
  return { wallet: await unlockKeystore(keystore, password), password };
}

function askPassword(file: string, options: ProviderOptions): Promise<string> {
  return readPassword(`Password of ${file}`, {
    descriptor: options.passwordFd,
    environment: process.env,
    prompt: isInteractive() ? secretPrompt : undefined,
  });
}

/**
 * Unlocks several keystores: a file descriptor has a line for each, in this order; the environment's password is that of all; a
 * person is asked for each.
 */
export async function unlockAll(
  keystores: readonly KeystoreFile[],
  options: ProviderOptions,
  encryptionKeystores: readonly EncryptionKeystore[] = [],
): Promise<Unlocked> {
  const shared = process.env[PASSWORD_VARIABLE];
  const wallets: Wallet[] = [];
  const encryptionKeys: EncryptionKey[] = [];
  const secrets: string[] = [];
  const passwordOf = async ({ file }: { readonly file: string }) => {
    // Reading it takes it out of the environment.
    if (shared !== undefined) process.env[PASSWORD_VARIABLE] = shared;
    const password = await askPassword(file, options);
    secrets.push(password);
    return password;
  };
  for (const keystore of keystores) {
    const wallet = await unlockKeystore(keystore, await passwordOf(keystore));
    wallets.push(wallet);
    secrets.push(wallet.privateKey, wallet.privateKey.slice(2));
  }
  for (const keystore of encryptionKeystores) {
    const { key, seed } = await unlockEncryptionKeystore(keystore, await passwordOf(keystore));
    encryptionKeys.push(key);
    secrets.push(seed);
  }
  delete process.env[PASSWORD_VARIABLE];
  return { wallets, encryptionKeys, secrets };
}

/** What a program that runs until it is stopped works with, and what it must not say. */
export interface Unlocked {
  readonly wallets: readonly Wallet[];
  readonly encryptionKeys: readonly EncryptionKey[];
  /** Passwords and keys. */
  readonly secrets: readonly string[];
}

/** The keystores of the configured encryption key and of the earlier ones that are still used. */
export async function encryptionKeystores({ keys }: Config, now: number): Promise<EncryptionKeystore[]> {
  const { encryptionKeystore, previousEncryptionKeystores } = keys;
  const previous = previousEncryptionKeystores.filter(({ until }) => until * 1_000 > now);
  const current = encryptionKeystore === null ? [] : [encryptionKeystore];
  return Promise.all([...current, ...previous.map(({ path }) => path)].map(readEncryptionKeystore));
}

/** The log of a program that runs until it is stopped; what it must not say is taken out of all it says. */
export function openLog(
  config: { readonly chain: { readonly rpcUrl: string }; readonly logLevel: Config["logLevel"] },
  secrets: readonly string[],
): EventLog {
  // Whoever read our output may be gone; that is no reason to stop serving.
  process.stdout.on("error", () => undefined);
  const write = (line: string) => void process.stdout.write(line);
  const scrub = scrubber([...secrets, ...secretsOfUrl(config.chain.rpcUrl)]);
  return process.stdout.isTTY
    ? openPrettyLog(config.logLevel, write, scrub)
    : openPinoLog(config.logLevel, write, scrub);
}

/** Aborts at SIGINT or SIGTERM, and says so. */
export function stopOnSignal(log: EventLog, onStop: () => void = () => undefined): AbortController {
  const stop = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"]) {
    process.once(signal, () => {
      log.emit("info", "stopping", { signal });
      stop.abort();
      onStop();
    });
  }
  return stop;
}

/** Says that a program starts that runs until it is stopped. */
export function logStart(log: EventLog, options: ProviderOptions): void {
  const { version } = createRequire(import.meta.url)("@athanor/worker/package.json") as { version: string };
  const { pid } = process;
  log.emit("info", "starting", { version, node: process.versions.node, config: options.config, pid });
}

/** The owner's keystore, or that of the manager of the pool that owns the provider. @throws WorkerError KEYSTORE_MISSING */
export async function ownerKeystore(config: {
  readonly keys: Pick<Config["keys"], "ownerKeystore">;
}): Promise<KeystoreFile> {
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
  return readKeystore(file);
}

/**
 * The provider's account, for which this key sends.
 *
 * @throws WorkerError KEY_MISMATCH when another key does
 */
export async function accountFor(
  chain: Chain,
  { provider }: Config,
  { address, file }: KeystoreFile,
): Promise<OwnerAccount> {
  const account = await readOwnerAccount(chain, provider.owner);
  if (account.sender === address) return account;
  const manager = account.pool === null ? "" : `, a pool whose manager is ${account.sender}`;
  throw new WorkerError(
    "KEY_MISMATCH",
    `${file} holds the key of ${address}, provider.owner is ${provider.owner}${manager}.`,
    {
      remedy: "Name the owner's keystore, or a pool's manager's, or correct provider.owner.",
      details: { keystore: address, owner: provider.owner, sender: account.sender },
    },
  );
}

/** The process's file: source beside source, bundle beside bundle. */
const modelProcess = new URL(
  import.meta.url.endsWith(".ts") ? "../model/process.ts" : "./model-process.js",
  import.meta.url,
);

export function openModel(
  { compute, limits, channels }: Config,
  folder: string,
  onDeviceLost?: (message: string) => void,
): Promise<ModelRunner> {
  const maxSequences = limits.maxConcurrentJobs + (channels?.maxConcurrent ?? 0);
  return openModelProcess(modelProcess, folder, {
    compute,
    maxSequences,
    ...(onDeviceLost && { onDeviceLost }),
  });
}

export function print(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** One JSON document; big integers as decimal text. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? part.toString() : part), 2));
}
