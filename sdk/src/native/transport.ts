import { athanorError, AthanorError } from "../errors/athanor-error.ts";
import { throwIfAborted } from "../internal/abort.ts";
import {
  BASE_PATH,
  errorSchema,
  MOST_DOCUMENT_CHARACTERS,
  MOST_LINE_CHARACTERS,
  parseMessage,
  toJson,
} from "./messages.ts";
import { providerErrors, type ProviderErrorCode } from "./provider-errors.ts";

/** `fetch` of the platform, or one that behaves as it. */
export type Fetch = typeof globalThis.fetch;

export interface Transport {
  /** Base address of the provider, without the slash at its end. */
  readonly endpoint: string;
  readonly fetch: Fetch;
  /** Milliseconds without a line, or for a whole document. */
  readonly silence: number;
}

interface CallOptions {
  readonly method?: "GET" | "POST";
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Asks for one document.
 *
 * @throws AthanorError `ProviderRefused`, `ProviderUnreachable`, `ProviderStalled`, `ProviderMisbehaved`, `Aborted`
 */
export async function call<Schema extends Parameters<typeof parseMessage>[0]>(
  transport: Transport,
  path: string,
  schema: Schema,
  options: CallOptions = {},
) {
  const { response, guard } = await send(transport, path, options);
  const value = parseJson(transport, await guard(readText(transport, response, MOST_DOCUMENT_CHARACTERS)));
  const parsed = parseMessage<Schema>(schema, value);
  if ("problem" in parsed) throw misbehaved(transport, `a document in which ${parsed.problem}`, "its form");
  return parsed.message;
}

/**
 * Asks for a stream of lines. It ends when the provider ends it; whoever reads it decides whether that was the end of the answer.
 *
 * @throws as `call`
 */
export async function* callStream<Schema extends Parameters<typeof parseMessage>[0]>(
  transport: Transport,
  path: string,
  schema: Schema,
  { body, signal }: Pick<CallOptions, "body" | "signal">,
) {
  const { response, guard, stop } = await send(transport, path, { method: "POST", body, signal });
  if (response.body === null) throw misbehaved(transport, "an answer without a body", "a stream");
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await guard(reader.read());
      try {
        rest += decoder.decode(value, { stream: !done });
      } catch {
        throw misbehaved(transport, "bytes that are no UTF-8", "lines of JSON");
      }
      for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
        const line = rest.slice(0, end);
        rest = rest.slice(end + 1);
        if (line.length > MOST_LINE_CHARACTERS) throw lineTooLong(transport);
        const parsed = parseMessage<Schema>(schema, parseJson(transport, line));
        if ("problem" in parsed) throw misbehaved(transport, `a line in which ${parsed.problem}`, "its form");
        yield parsed.message;
      }
      if (rest.length > MOST_LINE_CHARACTERS) throw lineTooLong(transport);
      if (done) return;
    }
  } finally {
    stop();
    // Hanging up tells the provider that nobody reads on.
    await reader.cancel().catch(() => undefined);
  }
}

export function misbehaved({ endpoint }: Transport, found: string, expected: string): AthanorError {
  return athanorError("ProviderMisbehaved", { endpoint, found, expected });
}

async function send(transport: Transport, path: string, options: CallOptions) {
  const { endpoint, fetch, silence } = transport;
  const { method = "GET", body, headers = {}, signal } = options;
  throwIfAborted(signal);
  const silent = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** Waits for something of the provider, but not for ever. */
  const guard = async <Result>(promise: Promise<Result>): Promise<Result> => {
    clearTimeout(timer);
    timer = setTimeout(() => silent.abort(), silence);
    try {
      return await promise;
    } catch (error) {
      throwIfAborted(signal);
      if (error instanceof AthanorError) throw error;
      if (silent.signal.aborted) {
        throw athanorError("ProviderStalled", { endpoint, timeout: silence / 1_000 }, { cause: error });
      }
      const details = error instanceof Error ? describe(error) : String(error);
      throw athanorError("ProviderUnreachable", { endpoint, details }, { cause: error });
    } finally {
      clearTimeout(timer);
    }
  };
  const response = await guard(
    fetch(`${endpoint}${BASE_PATH}${path}`, {
      ...{ method, credentials: "omit", redirect: "error", referrerPolicy: "no-referrer" },
      signal: signal ? AbortSignal.any([signal, silent.signal]) : silent.signal,
      headers: { ...headers, ...(body !== undefined && { "content-type": "application/json" }) },
      ...(body !== undefined && { body: toJson(body) }),
    }),
  );
  if (!response.ok) {
    const text = await guard(readText(transport, response, MOST_LINE_CHARACTERS));
    throw refused(transport, response, text);
  }
  return { response, guard, stop: () => clearTimeout(timer) };
}

function refused(transport: Transport, response: Response, text: string): AthanorError {
  const { endpoint } = transport;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    // A proxy's page.
  }
  const parsed = parseMessage(errorSchema, value);
  if ("problem" in parsed) {
    const details = `HTTP status ${response.status}.`;
    return athanorError("ProviderUnreachable", { endpoint, details });
  }
  return refusal(transport, parsed.message.error, Number(response.headers.get("retry-after") ?? NaN));
}

/** What a provider said why it does not do something. */
export function refusal(
  { endpoint }: Transport,
  { code, message, remedy }: { code: string; message: string; remedy: string },
  retryAfter = NaN,
): AthanorError {
  const isLater = code in providerErrors && providerErrors[code as ProviderErrorCode].later;
  return athanorError("ProviderRefused", {
    ...{ endpoint, providerCode: code, reason: message, advice: remedy },
    // Seconds; a hostile provider does not decide how long anybody waits.
    retryAfter: isLater ? Math.min(Math.max(Number.isFinite(retryAfter) ? retryAfter : 1, 0), 60) : undefined,
  });
}

async function readText(transport: Transport, response: Response, most: number): Promise<string> {
  if (response.body === null) return "";
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    text += decoder.decode(value, { stream: !done });
    if (done) return text;
    if (text.length <= most) continue;
    await reader.cancel().catch(() => undefined);
    throw misbehaved(transport, `more than ${most} characters`, "a short document");
  }
}

function parseJson(transport: Transport, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Whatever was asked, its bytes are nobody's to read in a message.
    throw misbehaved(transport, "what is no JSON", "JSON");
  }
}

function lineTooLong(transport: Transport): AthanorError {
  return misbehaved(transport, `a line of more than ${MOST_LINE_CHARACTERS} characters`, "shorter ones");
}

/** Platforms hide the reason of a failed request in its cause. */
function describe(error: Error): string {
  const { cause } = error;
  return cause instanceof Error ? `${error.message}: ${cause.message}` : error.message;
}
