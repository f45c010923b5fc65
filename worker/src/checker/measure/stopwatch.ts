import type { ChannelClientOptions } from "@athanor/sdk/channels";

type Fetch = NonNullable<ChannelClientOptions["fetch"]>;

/** Bytes of one response: many times what the longest answer that a checker asks for has, one line a token. */
const MOST_BYTES = 4 * 1_048_576;

/** Notes when a request leaves. In milliseconds of the monotonic clock. */
export class Stopwatch {
  readonly #sentAt = new Map<string, number>();
  readonly #fetch: Fetch;

  constructor(fetch: Fetch = globalThis.fetch.bind(globalThis)) {
    this.#fetch = fetch;
  }

  /** `fetch` as before, that notes the first time each channel is asked since `reset`, and takes no response without end. */
  readonly fetch: Fetch = async (input, init) => {
    const url = typeof input === "string" ? input : input instanceof URL ? input.href : input.url;
    const channel = /\/channels\/(0x[0-9a-f]{64})\/requests$/.exec(url)?.[1];
    if (channel !== undefined && !this.#sentAt.has(channel)) this.#sentAt.set(channel, performance.now());
    return bounded(await this.#fetch(input, init));
  };

  reset(channel: string): void {
    this.#sentAt.delete(channel);
  }

  /** When the request first left: sending it again does not start the clock anew. */
  sentAt(channel: string): number | undefined {
    return this.#sentAt.get(channel);
  }
}

function bounded(response: Response): Response {
  if (response.body === null) return response;
  let left = MOST_BYTES;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(chunk, controller) {
      left -= chunk.length;
      if (left < 0) controller.error(new Error(`the answer is longer than ${MOST_BYTES} bytes`));
      else controller.enqueue(chunk);
    },
  });
  const { status, statusText, headers } = response;
  return new Response(response.body.pipeThrough(counter), { status, statusText, headers });
}
