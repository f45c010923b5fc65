import { athanorError } from "../errors/athanor-error.ts";

/** @throws AthanorError `Aborted` */
export function throwIfAborted(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw athanorError("Aborted", {}, { cause: signal.reason });
}

/**
 * Settles as `promise` does, or rejects as soon as the signal is aborted.
 *
 * @throws AthanorError `Aborted`
 */
export async function orAborted<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (!signal) return promise;
  if (signal.aborted) {
    // Nobody waits for it any more, so its failure is nobody's concern.
    promise.catch(() => undefined);
    throwIfAborted(signal);
  }
  let stop: (() => void) | undefined;
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(athanorError("Aborted", {}, { cause: signal.reason }));
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", stop!);
  }
}

/** Resolves after a time. @throws AthanorError `Aborted` */
export async function sleep(milliseconds: number, signal?: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const elapsed = new Promise<void>((resolve) => (timer = setTimeout(resolve, milliseconds)));
  try {
    await orAborted(elapsed, signal);
  } finally {
    clearTimeout(timer);
  }
}
