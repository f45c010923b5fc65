import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { EngineError } from "../errors.ts";

/* Reading of files at addresses whose server nobody vouches for: never more bytes than were announced, never for ever. */

export interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds without a byte after which a server is given up. */
  readonly idleTimeout: number;
  /** Waits so many milliseconds before another attempt, or rejects when `signal` fires. */
  readonly wait: (milliseconds: number, signal: AbortSignal | undefined) => Promise<unknown>;
}

const SCHEMES = ["http:", "https:", "file:"];
/** Milliseconds before each further attempt: a server that is overwhelmed needs time, not company. */
const PAUSES = [500, 2000, 8000];

/** The address of a file in a folder. @throws EngineError `INVALID_ARGUMENT`. */
export function fileUrl(folder: string, name: string): URL {
  let url: URL;
  try {
    url = new URL(folder);
  } catch (cause) {
    throw badAddress(folder, cause);
  }
  if (!SCHEMES.includes(url.protocol)) throw badAddress(folder);
  if (!url.pathname.endsWith("/")) url.pathname += "/";
  url.pathname += encodeURIComponent(name);
  return url;
}

/** A whole small file as UTF-8. @throws EngineError `MODEL_FETCH_FAILED`, `ABORTED`. */
export async function fetchText(url: URL, maximum: number, options: FetchOptions): Promise<string> {
  const parts: Uint8Array[] = [];
  let size = 0;
  await attempt(url, options, async (watch) => {
    [parts.length, size] = [0, 0];
    const { chunks } = await openAt(url, 0, watch);
    for await (const chunk of chunks) {
      watch.alive();
      size += chunk.length;
      if (size > maximum) throw tooLong(url, maximum);
      parts.push(chunk);
    }
  });
  return Buffer.concat(parts).toString("utf8");
}

/**
 * Writes `bytes` bytes of a file to `path`, after those that are there already.
 *
 * @throws EngineError `MODEL_FETCH_FAILED`, `ABORTED`. What arrived stays, for the next call.
 */
export async function fetchToFile(
  url: URL,
  path: string,
  bytes: number,
  options: FetchOptions & { readonly onProgress: (bytes: number) => void },
): Promise<void> {
  await attempt(url, options, async (watch) => {
    let at = (await stat(path).catch(() => undefined))?.size ?? 0;
    if (at > bytes) at = 0;
    if (at === bytes && bytes > 0) return;
    const { chunks, start } = await openAt(url, at, watch);
    const file = await open(path, start === 0 ? "w" : "a");
    try {
      at = start;
      for await (const chunk of chunks) {
        watch.alive();
        at += chunk.length;
        if (at > bytes) throw tooLong(url, bytes);
        await file.write(chunk);
        options.onProgress(at);
      }
    } finally {
      await file.close();
    }
    if (at < bytes) throw new Error(`the connection ended after ${at} of ${bytes} bytes`);
  });
}

/** Ends a connection that is silent for too long, or that the caller aborts. */
interface Watch {
  readonly signal: AbortSignal;
  /** A byte arrived. */
  alive(): void;
}

/** Tries a few times: connections break. What the engine itself refuses is final. */
async function attempt(
  url: URL,
  options: FetchOptions,
  action: (watch: Watch) => Promise<void>,
): Promise<void> {
  for (let tries = 1; ; tries++) {
    const silence = new AbortController();
    const ring = () => {
      silence.abort(new Error(`no byte for ${options.idleTimeout} ms`));
    };
    let timer = setTimeout(ring, options.idleTimeout);
    const signal = options.signal ? AbortSignal.any([options.signal, silence.signal]) : silence.signal;
    try {
      const alive = () => {
        clearTimeout(timer);
        timer = setTimeout(ring, options.idleTimeout);
      };
      await action({ signal, alive });
      return;
    } catch (cause) {
      if (options.signal?.aborted) throw aborted(url, cause);
      if (cause instanceof EngineError) throw cause;
      if (tries > PAUSES.length) throw failed(url, reasonOf(cause), cause);
    } finally {
      clearTimeout(timer);
    }
    try {
      await options.wait(PAUSES[tries - 1]!, options.signal);
    } catch (cause) {
      throw aborted(url, cause);
    }
  }
}

async function openAt(
  url: URL,
  start: number,
  { signal }: Watch,
): Promise<{ chunks: AsyncIterable<Uint8Array>; start: number }> {
  if (url.protocol === "file:") {
    const chunks = createReadStream(fileURLToPath(url), { start, signal }) as AsyncIterable<Uint8Array>;
    return { chunks, start };
  }
  const headers = start > 0 ? { range: `bytes=${start}-` } : undefined;
  // A compressed answer could unfold to anything; lengths are those of the files.
  const response = await fetch(url, { signal, headers: { ...headers, "accept-encoding": "identity" } });
  const insecure = url.protocol === "https:" && !response.url.startsWith("https:");
  if (insecure) throw failed(url, `it leads to ${response.url}, which is not encrypted`);
  const status = response.status;
  if (
    status === 206 &&
    response.headers.get("content-range")?.startsWith(`bytes ${start}-`) &&
    response.body
  ) {
    return { chunks: response.body, start };
  }
  if (status === 200 && response.body) return { chunks: response.body, start: 0 };
  await response.body?.cancel();
  const problem = `the server answers ${status} ${response.statusText}`.trim();
  // 5xx and 429 may pass; the rest will not.
  if (status >= 500 || status === 429 || status === 206) throw new Error(problem);
  throw failed(url, problem);
}

function reasonOf(error: unknown): string {
  const { message, cause } = error as Error;
  return cause instanceof Error ? `${message}: ${cause.message}` : message;
}

function failed(url: URL, problem: string, cause?: unknown): EngineError {
  return new EngineError("MODEL_FETCH_FAILED", `${url.href} cannot be fetched: ${problem}.`, {
    remedy: "Check the address and the connection, and call again: what arrived is kept.",
    details: { url: url.href, problem },
    cause,
  });
}

function tooLong(url: URL, maximum: number): EngineError {
  return failed(url, `it is longer than the ${maximum} bytes it may have`);
}

function aborted(url: URL, cause: unknown): EngineError {
  return new EngineError("ABORTED", `Fetching ${url.href} was stopped.`, {
    remedy: "The same call goes on from there.",
    details: { url: url.href },
    cause,
  });
}

function badAddress(address: string, cause?: unknown): EngineError {
  return new EngineError(
    "INVALID_ARGUMENT",
    `${JSON.stringify(address)} is no address of a published model.`,
    {
      remedy: "Pass the http, https or file address of a folder that holds an athanor.json.",
      details: { address },
      cause,
    },
  );
}
