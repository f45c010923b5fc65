import { AthanorError } from "../errors/athanor-error.ts";
import { sleep, throwIfAborted } from "../internal/abort.ts";
import { depositSchema } from "./messages.ts";
import { call, type Transport } from "./transport.ts";

/** Times that an answer is asked for again after its connection broke or the provider asked to wait. */
export const ATTEMPTS = 8;
/** Milliseconds for which a provider is asked whether it has seen a deposit. */
const DEPOSIT_PATIENCE = 60_000;

/** Milliseconds to wait before the same message is sent again; undefined when that would be of no use. */
export function pauseBefore(error: unknown, attempt: number): number | undefined {
  if (!(error instanceof AthanorError) || attempt >= ATTEMPTS) return undefined;
  const backoff = Math.min(250 * 2 ** attempt, 10_000);
  if (error.code === "ProviderUnreachable" || error.code === "ProviderStalled") return backoff;
  const after = error.values["retryAfter"];
  if (error.code !== "ProviderRefused" || typeof after !== "number") return undefined;
  return Math.max(after * 1_000, 250);
}

/**
 * Waits until the provider has seen a deposit. The money has left already, so what the provider says to this is no reason to fail: a request that comes too early is
 * refused, and sent again.
 *
 * @param deposit token units
 * @throws AthanorError `Aborted`
 */
export async function awaitDeposit(
  transport: Transport,
  channel: string,
  deposit: bigint,
  signal: AbortSignal | undefined,
): Promise<void> {
  const until = Date.now() + DEPOSIT_PATIENCE;
  for (let attempt = 1; ; attempt++) {
    try {
      await call(transport, `/channels/${channel}/deposit?atLeast=${deposit}`, depositSchema, { signal });
      return;
    } catch (error) {
      throwIfAborted(signal);
      if (!(error instanceof AthanorError) || !error.code.startsWith("Provider")) throw error;
      const wait = pauseBefore(error, attempt);
      if (wait === undefined || Date.now() + wait >= until) return;
      await sleep(wait, signal);
    }
  }
}
