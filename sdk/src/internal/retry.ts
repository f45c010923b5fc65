import { athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { isTransient } from "../errors/transport-error.ts";
import { orAborted, sleep, throwIfAborted } from "./abort.ts";

export interface RetryOptions {
  /** What is attempted, for the error. */
  readonly operation: string;
  readonly attempts: number;
  /** Milliseconds that one attempt may take. */
  readonly timeout: number;
  /** Milliseconds before the second attempt; doubles every time, with jitter. */
  readonly delay: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Attempts something idempotent again while it fails for reasons that may go away by themselves.
 *
 * @throws the last error as it was thrown; callers turn it into an AthanorError where they know which tokens it speaks of
 */
export async function retry<T>(attempt: () => Promise<T>, options: RetryOptions): Promise<T> {
  for (let count = 1; ; count++) {
    throwIfAborted(options.signal);
    try {
      return await withTimeout(attempt(), options);
    } catch (error) {
      if (count >= options.attempts || !isTransient(toAthanorError(error))) throw error;
    }
    const delay = options.delay * 2 ** (count - 1);
    await sleep(delay * (0.5 + Math.random()), options.signal);
  }
}

async function withTimeout<T>(promise: Promise<T>, { operation, timeout, signal }: RetryOptions): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const expired = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(athanorError("RpcTimeout", { operation, timeout: timeout / 1000 })),
      timeout,
    );
  });
  try {
    return await orAborted(Promise.race([promise, expired]), signal);
  } finally {
    clearTimeout(timer);
  }
}
