import { athanorError } from "../errors/athanor-error.ts";
import type { ChainReader } from "../internal/chain-reader.ts";
import type { AthanorContracts } from "./connect-contracts.ts";

/** What the vault asks a provider's stake before new work. */
export interface Standing {
  /** Convicted of a wrong result. */
  readonly jailed: boolean;
  /** Kept from new work by the protocol, for now. */
  readonly suspended: boolean;
  /** Kept from new work by itself, for now. */
  readonly resting: boolean;
}

/** Whether a provider takes new work, as far as it is up to the provider. */
export const takesWork = ({ jailed, suspended, resting }: Standing): boolean =>
  !jailed && !suspended && !resting;

/** @throws AthanorError `ProviderJailed`, `ProviderTakesNoWork` */
export function requireTakesWork(provider: string, standing: Standing): void {
  if (standing.jailed) throw athanorError("ProviderJailed", { provider });
  if (!takesWork(standing)) throw athanorError("ProviderTakesNoWork", { provider });
}

/**
 * Checks that a contract opens new work now.
 *
 * @param module address of the job escrow or of the channel escrow
 * @throws AthanorError `ModulePausedUntil`
 */
export async function requireUnpaused(
  { vault }: AthanorContracts,
  module: string,
  reader: ChainReader,
  signal?: AbortSignal,
): Promise<void> {
  const { until } = await vault.pauseOf(module);
  if (until === 0n || until <= BigInt(await reader.time(signal))) return;
  throw athanorError("ModulePausedUntil", { module, until });
}
