import { EngineError } from "../errors.ts";

/* Reading from servers that nobody vouches for: never more bytes than were announced, never for ever. */

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without a byte after which a server is given up. */
  readonly idleTimeout: number;
  /** Waits so many milliseconds before another attempt, or rejects when `signal` fires. Default: by the clock. */
  readonly wait?: ((milliseconds: number, signal: AbortSignal | undefined) => Promise<unknown>) | undefined;
}

/** Ends a connection that is silent for too long, or that the caller aborts. */
export interface Watch {
  readonly signal: AbortSignal;
  /** A byte arrived. */
  alive(): void;
}

/** A file's bytes from `start` on. */
export interface Stream {
  readonly start: number;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Opens a file at the given byte, or at 0 where the server knows no ranges. */
export type OpenAt = (url: URL, start: number, watch: Watch) => Promise<Stream>;

export const DEFAULT_IDLE_TIMEOUT = 60_000;
/** A manifest announces at most this many bytes of itself. */
const LARGEST_MANIFEST = 4 * 2 ** 20;
/** Milliseconds before each further attempt: a server that is overwhelmed needs time, not company. */
const PAUSES = [500, 2000, 8000];

/** The address of a file in a folder. @throws EngineError `INVALID_ARGUMENT`. */
export function fileUrl(folder: string, name: string, schemes: readonly string[]): URL {
  let url: URL;
  try {
    url = new URL(folder);
  } catch (cause) {
    throw badAddress(folder, schemes, cause);
  }
  if (!schemes.includes(url.protocol)) throw badAddress(folder, schemes);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  url.pathname += encodeURIComponent(name);
  return url;
}

/** A manifest as UTF-8. @throws EngineError `MODEL_FETCH_FAILED`, `ABORTED`. */
export async function fetchManifest(url: URL, openAt: OpenAt, options: FetchOptions): Promise<string> {
  let text = "";
  await attempt(url, options, async (watch) => {
    const decoder = new TextDecoder();
    text = "";
    let size = 0;
    const { chunks } = await openAt(url, 0, watch);
    for await (const chunk of chunks) {
      watch.alive();
      size += chunk.length;
      if (size > LARGEST_MANIFEST) throw tooLong(url, LARGEST_MANIFEST);
      text += decoder.decode(chunk, { stream: true });
    }
    text += decoder.decode();
  });
  return text;
}

/** Tries a few times: connections break. What the engine itself refuses is final. */
export async function attempt(
  url: URL,
  options: FetchOptions,
  action: (watch: Watch) => Promise<void>,
): Promise<void> {
  const { signal: stopped, wait = pause } = options;
  for (let tries = 1; ; tries++) {
    const silence = new AbortController();
    const ring = () => {
      silence.abort(new Error(`no byte for ${options.idleTimeout} ms`));
    };
    let timer = setTimeout(ring, options.idleTimeout);
    const signal = stopped ? AbortSignal.any([stopped, silence.signal]) : silence.signal;
    try {
      const alive = () => {
        clearTimeout(timer);
        timer = setTimeout(ring, options.idleTimeout);
      };
      await action({ signal, alive });
      return;
    } catch (cause) {
      if (stopped?.aborted) throw aborted(url, cause);
      if (cause instanceof EngineError) throw cause;
      if (tries > PAUSES.length) throw failed(url, reasonOf(cause), cause);
    } finally {
      clearTimeout(timer);
    }
    try {
      await wait(PAUSES[tries - 1]!, stopped);
    } catch (cause) {
      throw aborted(url, cause);
    }
  }
}

/** Opens an http or https address. @throws EngineError `MODEL_FETCH_FAILED`. */
export const openHttp: OpenAt = async (url, start, { signal }) => {
  const headers = start > 0 ? { range: `bytes=${start}-` } : undefined;
  // A compressed answer could unfold to anything; lengths are those of the files. Browsers choose encodings themselves.
  const response = await fetch(url, { signal, headers: { ...headers, "accept-encoding": "identity" } });
  const insecure = url.protocol === "https:" && !response.url.startsWith("https:");
  if (insecure) throw failed(url, `it leads to ${response.url}, which is not encrypted`);
  const { status, body } = response;
  if (status === 206 && response.headers.get("content-range")?.startsWith(`bytes ${start}-`) && body) {
    return { chunks: chunksOf(body), start };
  }
  if (status === 200 && body) return { chunks: chunksOf(body), start: 0 };
  await body?.cancel();
  const problem = `the server answers ${status} ${response.statusText}`.trim();
  // 5xx and 429 may pass; the rest will not.
  if (status >= 500 || status === 429 || status === 206) throw new Error(problem);
  throw failed(url, problem);
};

/** Not every browser can iterate over a stream. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    // Whoever stops reading closes the connection.
    await reader.cancel().catch(() => undefined);
  }
}

function pause(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new Error("stopped"));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

function failed(url: URL, problem: string, cause?: unknown): EngineError {
  return new EngineError("MODEL_FETCH_FAILED", `${url.href} cannot be fetched: ${problem}.`, {
    remedy: "Check the address and the connection, and call again.",
    details: { url: url.href, problem },
    cause,
  });
}

/** A server that sends more than it may. */
export function tooLong(url: URL, maximum: number): EngineError {
  return failed(url, `it is longer than the ${maximum} bytes it may have`);
}

/** A connection that ended early: worth another attempt. */
export function tooShort(at: number, bytes: number): Error {
  return new Error(`the connection ended after ${at} of ${bytes} bytes`);
}

function aborted(url: URL, cause: unknown): EngineError {
  return new EngineError("ABORTED", `Fetching ${url.href} was stopped.`, {
    remedy: "Call again when it is wanted.",
    details: { url: url.href },
    cause,
  });
}

function badAddress(address: string, schemes: readonly string[], cause?: unknown): EngineError {
  const names = schemes.map((scheme) => scheme.slice(0, -1)).join(", ");
  return new EngineError(
    "INVALID_ARGUMENT",
    `${JSON.stringify(address)} is no address of a published model.`,
    {
      remedy: `Pass the address (${names}) of a folder that holds an athanor.json.`,
      details: { address },
      cause,
    },
  );
}
