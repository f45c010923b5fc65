import type { EncryptionKey } from "@athanor/sdk/private";
import { getAddress, ZeroHash } from "ethers";
import type { Chain } from "../chain/chain.ts";
import type { Clock } from "../clock.ts";
import type { Config } from "../config/schema.ts";
import { describeError, WorkerError } from "../errors.ts";
import type { EventLog } from "../log/event-log.ts";
import { wantedOffer, readOffer } from "../market/offers.ts";
import { readProviderState } from "../market/provider-state.ts";
import { measureSpeed } from "../model/measure-speed.ts";
import { requireRoot } from "../model/require-root.ts";
import type { ModelRunner } from "../model/runner.ts";
import type { Storage } from "../storage/storage.ts";
import type { ServedModel } from "./context.ts";

/** What must be in order before a daemon may start. Everything here throws codes that a restart does not mend. */

/**
 * Repeats what needs the chain until it answers. Misconfigurations end it; an unreachable service never does.
 *
 * @throws WorkerError of a misconfiguration, or AbortError-like when the signal fires
 */
export async function untilReachable<T>(
  work: () => Promise<T>,
  { clock, log, signal }: { readonly clock: Clock; readonly log: EventLog; readonly signal: AbortSignal },
): Promise<T> {
  for (let failures = 1; ; failures++) {
    try {
      return await work();
    } catch (error) {
      if (error instanceof WorkerError) throw error;
      const pause = Math.min(30_000, 500 * 2 ** Math.min(failures, 10)) * (0.5 + Math.random() / 2);
      log.emit("warn", "chain.unreachable", {
        ...describeError(error),
        retryInSeconds: Math.round(pause / 100) / 10,
      });
      await clock.sleep(pause, signal);
      if (signal.aborted) throw error;
    }
  }
}

/**
 * Makes the database this provider's on this chain, or finds that it is.
 *
 * @throws WorkerError STORAGE_FOREIGN
 */
export function claimStorage(storage: Storage, chain: Chain, owner: string, file: string): void {
  const identity = {
    chainId: Number(chain.chainId),
    genesis: chain.genesis,
    jobEscrow: getAddress(chain.contracts.deployment.jobEscrow),
    provider: owner,
  };
  const stored = storage.identity();
  if (stored === null) return storage.setIdentity(identity);
  const names = ["chainId", "genesis", "jobEscrow", "provider"] as const;
  const other = names.find((name) => stored[name] !== identity[name]);
  if (other === undefined) return;
  throw new WorkerError(
    "STORAGE_FOREIGN",
    `The database ${file} belongs to another ${other === "provider" ? "provider" : "chain or deployment"}: ` +
      `its ${other} is ${stored[other]}, not ${identity[other]}.`,
    {
      remedy:
        "Give storage another path; keep the file if jobs are still open there. A local chain that was started anew is another chain.",
      details: { file, field: other, found: stored[other], expected: identity[other] },
    },
  );
}

/**
 * Requires the provider to be registered with this operator key.
 *
 * @throws WorkerError NOT_REGISTERED, KEY_MISMATCH
 */
export async function requireRegistered(chain: Chain, owner: string, operator: string): Promise<void> {
  const state = await readProviderState(chain, owner);
  if (!state.registered) {
    throw new WorkerError(
      "NOT_REGISTERED",
      `${owner} is not registered as a provider on chain ${chain.chainId}.`,
      {
        remedy: "Run: athanor provider register --config FILE",
        details: { owner },
      },
    );
  }
  if (getAddress(state.operator) === getAddress(operator)) return;
  throw new WorkerError(
    "KEY_MISMATCH",
    `${owner} is registered with the operator ${state.operator}; the keystore holds the key of ${operator}.`,
    {
      remedy:
        "Name the right keystore, or put the new operator on chain with: athanor provider register --config FILE",
      details: { owner, registered: state.operator, keystore: operator },
    },
  );
}

/**
 * Loads the configured models, each in a process of its own, and measures them.
 *
 * @throws ModelError with the engine's code, WorkerError MODEL_ROOT_MISMATCH
 */
export async function loadModels(
  models: Config["models"],
  open: (folder: string) => Promise<ModelRunner>,
  log: EventLog,
): Promise<Map<string, ServedModel>> {
  const served = new Map<string, ServedModel>();
  for (const model of models) {
    const runner = await open(model.path);
    try {
      requireRoot(model, runner.commitment);
      const { positionsPerSecond, tokensPerSecond } = await measureSpeed(runner);
      const { modelRoot } = runner.commitment;
      served.set(modelRoot, { folder: model.path, runner, positionsPerSecond });
      log.emit("info", "model.loaded", {
        ...{ model: modelRoot, path: model.path, loadMilliseconds: runner.loadTime },
        tokensPerSecond: Math.round(tokensPerSecond * 10) / 10,
      });
    } catch (error) {
      await runner.close();
      for (const { runner: other } of served.values()) await other.close();
      throw error;
    }
  }
  return served;
}

/** Says when private requests would be sealed to another key than this daemon has. */
export async function warnAboutEncryptionKey(
  chain: Chain,
  owner: string,
  key: EncryptionKey | undefined,
  log: EventLog,
): Promise<void> {
  const { encryptionKey: registered } = await readProviderState(chain, owner);
  if (registered === (key?.publicKey ?? ZeroHash)) return;
  log.emit("warn", "warning", {
    message:
      key === undefined
        ? `private requests are sealed to ${registered}, and no encryption key is configured: they will be declined`
        : `the registered encryption key is ${registered}, the configured one is ${key.publicKey}`,
    remedy: "Configure keys.encryptionKeystore, then run: athanor provider register --config FILE",
  });
}

/** Says what will keep jobs away. Not a reason to refuse: offers may be set while the daemon runs. */
export async function warnAboutOffers(
  chain: Chain,
  config: Config,
  models: ReadonlyMap<string, ServedModel>,
  log: EventLog,
): Promise<void> {
  for (const [modelRoot, { folder }] of models) {
    for (const offer of config.models.find(({ path }) => path === folder)?.offers ?? []) {
      const { token, inputMicrocents, outputMicrocents } = await wantedOffer(chain, modelRoot, offer);
      const standing = await readOffer(chain, config.provider.owner, modelRoot, token.address);
      if (standing?.inputMicrocents === inputMicrocents && standing.outputMicrocents === outputMicrocents) {
        continue;
      }
      log.emit("warn", "warning", {
        message: `the offer of model ${modelRoot} for ${token.symbol} on chain is not the configured one`,
        remedy: "Run: athanor provider register --config FILE",
      });
    }
  }
}
