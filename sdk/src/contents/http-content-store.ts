import { athanorError } from "../errors/athanor-error.ts";
import { readBounded } from "../internal/read-bounded.ts";
import { retry } from "../internal/retry.ts";
import {
  contentKey,
  contentNotFound,
  DEFAULT_MAXIMUM_BYTES,
  requireContent,
  requireKey,
  requireSize,
  type ContentStore,
} from "./content-store.ts";

export interface HttpContentStoreOptions {
  /**
   * What the 64 digits of a key are appended to, after a slash: such as https://contents.example/athanor, or
   * https://s3.eu-central-1.amazonaws.com/bucket/folder. Without user name, query and fragment.
   */
  readonly url: string;
  /** Puts into a request what lets it in: a bearer token, a signature. Default: nothing. */
  readonly authorise?: (request: Request) => Request | Promise<Request>;
  /** Most bytes of one content. Default 16 MiB. */
  readonly maximumBytes?: number;
  /** Milliseconds that one attempt may take, the bytes included. Default 30,000. */
  readonly timeout?: number;
  /** Attempts while the service does not answer, is busy or fails. Default 3. */
  readonly attempts?: number;
  /** Milliseconds before the second attempt; doubles every time. Default 500. */
  readonly delay?: number;
}

type Method = "PUT" | "GET" | "HEAD" | "DELETE";

/**
 * Keeps contents with a service that speaks PUT, GET, HEAD and DELETE, as those do that are compatible with S3 (path style). Follows no
 * redirects: whoever could send one would be shown prompts.
 *
 * @example
 * const store = new HttpContentStore({ url: "https://contents.example/athanor", authorise: bearer(token) });
 * const key = await store.put(bytes);
 *
 * @throws AthanorError `InvalidArgument` for an address that will not do
 */
export class HttpContentStore implements ContentStore {
  private readonly options: Required<HttpContentStoreOptions>;

  constructor({
    url,
    authorise = (request) => request,
    maximumBytes = DEFAULT_MAXIMUM_BYTES,
    timeout = 30_000,
    attempts = 3,
    delay = 500,
  }: HttpContentStoreOptions) {
    const parsed = URL.canParse(url) ? new URL(url) : undefined;
    const { protocol = "", username, password, search, hash } = parsed ?? {};
    if (!/^https?:$/.test(protocol) || username || password || search || hash) {
      // Not the address itself: what it has too much may be a secret.
      const found = parsed
        ? `an address of ${parsed.host} with more than a path, or of another scheme`
        : "none";
      throw athanorError("InvalidArgument", {
        ...{ name: "url", found, expected: "an http or https address without user name, query and fragment" },
      });
    }
    this.options = { url: url.replace(/\/+$/, ""), authorise, maximumBytes, timeout, attempts, delay };
  }

  async put(bytes: Uint8Array): Promise<string> {
    const { url, maximumBytes } = this.options;
    requireSize(bytes.length, maximumBytes, url);
    const key = contentKey(bytes);
    await this.ask(
      "PUT",
      key,
      async (response) => {
        await response.body?.cancel();
        if (!response.ok) throw refusal("PUT", key, url, response);
      },
      bytes,
    );
    return key;
  }

  get(key: string): Promise<Uint8Array> {
    const { url, maximumBytes } = this.options;
    return this.ask("GET", key, async (response) => {
      if (!response.ok || response.body === null) {
        await response.body?.cancel();
        if (response.status === 404) throw contentNotFound(key, url);
        // 204: nothing, which is what some services say about an empty content.
        if (response.status !== 204) throw refusal("GET", key, url, response);
        return requireContent(key, new Uint8Array(), url);
      }
      const bytes = await readBounded(response.body, maximumBytes, () =>
        athanorError("ContentTooLarge", { bytes: "more", maximum: maximumBytes, store: url }),
      );
      return requireContent(key, bytes, url);
    });
  }

  has(key: string): Promise<boolean> {
    return this.ask("HEAD", key, (response) => {
      if (response.ok || response.status === 404) return response.ok;
      throw refusal("HEAD", key, this.options.url, response);
    });
  }

  remove(key: string): Promise<void> {
    return this.ask("DELETE", key, async (response) => {
      await response.body?.cancel();
      if (!response.ok && response.status !== 404) throw refusal("DELETE", key, this.options.url, response);
    });
  }

  /** Every method may be repeated, so whatever may pass by itself is tried again. */
  private async ask<T>(
    method: Method,
    key: string,
    read: (response: Response) => T | Promise<T>,
    body?: Uint8Array,
  ): Promise<T> {
    requireKey(key);
    const { url, authorise, timeout, attempts, delay } = this.options;
    const attempt = async () => {
      try {
        const request = new Request(`${url}/${key.slice(2)}`, {
          method,
          ...(body && { body: body.slice(), headers: { "content-type": "application/octet-stream" } }),
        });
        const response = await fetch(await authorise(request), {
          ...{ redirect: "error", credentials: "omit", referrerPolicy: "no-referrer", cache: "no-store" },
          signal: AbortSignal.timeout(timeout),
        });
        return await read(response);
      } catch (error) {
        if (!isOfTheNetwork(error)) throw error;
        throw athanorError(
          "ContentStoreUnavailable",
          { method, key, store: url, details: describe(error, timeout) },
          { cause: error },
        );
      }
    };
    // One more second than an attempt gives itself.
    return retry(attempt, { operation: `${method} ${url}`, attempts, timeout: timeout + 1_000, delay });
  }
}

/** Lets requests in by a bearer token (RFC 6750). */
export function bearer(token: string): (request: Request) => Request {
  return (request) => {
    request.headers.set("authorization", `Bearer ${token}`);
    return request;
  };
}

function refusal(method: Method, key: string, store: string, { status, statusText }: Response) {
  const details = `it answered ${status} ${statusText}`.trim();
  const passes = status >= 500 || status === 408 || status === 425 || status === 429;
  return athanorError(passes ? "ContentStoreUnavailable" : "ContentStoreRefused", {
    ...{ method, key, store, details },
  });
}

/** What fetch throws for a connection that cannot be made or breaks, for a redirect and for time that is up. */
function isOfTheNetwork(error: unknown): boolean {
  return error instanceof TypeError || (error instanceof DOMException && error.name === "TimeoutError");
}

function describe(error: unknown, timeout: number): string {
  if (error instanceof DOMException) return `it took more than ${timeout / 1_000} seconds`;
  const cause = (error as Error).cause;
  return cause instanceof Error && cause.message !== "" ? cause.message : (error as Error).message;
}
