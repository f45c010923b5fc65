import { fromHex, HASH_TAG, taggedHash, toHex, type Hex } from "../commitments/hash.ts";
import { outputRoot } from "../commitments/request.ts";
import { EngineError } from "../errors.ts";
import type { Model } from "../model.ts";
import { createTreeHasher } from "./hasher.ts";
import { checkAddress, traceLayout, type TraceAddress } from "./layout.ts";
import { checkRequest } from "../run/request.ts";
import { defaultExecutor, type Executor, type TraceRequest } from "./request.ts";
import { Tracer, type Opening, type PositionListener, type TracedTile } from "./tracer.ts";

export interface TraceOptions {
  /** Who computes. All executors yield the same trace. Default: the fast one, the reference where it cannot run. */
  readonly executor?: Executor;
  readonly signal?: AbortSignal;
}

/** What the trace of a request commits to. */
export interface TraceCommitment {
  /** Output token ids. */
  readonly tokens: readonly number[];
  /** Whether they are the whole answer. */
  readonly complete: boolean;
  readonly outputRoot: Hex;
  /** Root over positions; with `outputRoot` it makes `traceRoot`. */
  readonly positionsRoot: Hex;
  readonly traceRoot: Hex;
}

/**
 * Replays a request and computes the root of its trace. Holds one position's hashes at a time, never the trace.
 *
 * @throws EngineError what the executor throws, and `INVALID_ARGUMENT` for requests that cannot be or an executor that
 * does not show what runs.
 *
 * @example
 * const { traceRoot, tokens } = await traceRequest(model, { prompt, maxTokens: 64 });
 */
export async function traceRequest(
  model: Model,
  request: TraceRequest,
  options: TraceOptions = {},
): Promise<TraceCommitment> {
  return (await replay(model, request, [], options)).commitment;
}

/**
 * Replays a request and opens any tiles of its trace, in one pass whatever their number.
 *
 * @returns the openings in the order of `addresses`, and the commitment that they verify against
 * @throws EngineError as `traceRequest`; `INVALID_ARGUMENT` for an address outside the program's traces.
 */
export async function openTiles(
  model: Model,
  request: TraceRequest,
  addresses: readonly TraceAddress[],
  options: TraceOptions = {},
): Promise<{ commitment: TraceCommitment; openings: Opening[] }> {
  const layout = traceLayout(model.program);
  for (const address of addresses) checkAddress(layout, address);
  const { commitment, tracer } = await replay(model, request, addresses, options);
  const found = new Map(Array.from(tracer.openings(), (opening) => [addressKey(opening), opening]));
  return { commitment, openings: addresses.map((address) => found.get(addressKey(address))!) };
}

/**
 * Every tile of one operator at one position, in order. PAD, where the trace has it, is `data` undefined. Ends the
 * replay as soon as it has them.
 *
 * @throws EngineError as `openTiles`.
 */
export async function operatorTiles(
  model: Model,
  request: TraceRequest,
  at: { readonly position: number; readonly operator: number },
  options: TraceOptions = {},
): Promise<TracedTile[]> {
  const layout = traceLayout(model.program);
  checkAddress(layout, { ...at, tile: 0 });
  checkRequest(model, request);
  const addresses = Array.from({ length: layout.operators[at.operator]!.tiles }, (_, tile) => ({
    ...at,
    tile,
  }));
  const hasher = await createTreeHasher();
  const tracer = new Tracer(model.program, layout, request, hasher, addresses);
  const enough = new AbortController();
  const { executor = defaultExecutor, signal } = options;
  const stopWhenDone = () => {
    if (tracer.length > at.position) enough.abort();
  };
  try {
    await executor(model, {
      ...request,
      observer: (observation) => {
        tracer.observe(observation);
        stopWhenDone();
      },
      roots: {
        takes: (position, operator) => tracer.takes(position, operator),
        root(position, operator, root) {
          tracer.root(position, operator, root);
          stopWhenDone();
        },
      },
      signal: signal ? AbortSignal.any([signal, enough.signal]) : enough.signal,
    });
  } catch (error) {
    const ended = error instanceof EngineError && error.code === "ABORTED";
    if (!ended || tracer.length <= at.position) throw error;
  }
  return [...tracer.tiles()];
}

/** keccak(0x06 ‖ positionsRoot ‖ outputRoot). */
export function traceRootOf(positionsRoot: Hex, output: Hex): Hex {
  return toHex(taggedHash(HASH_TAG.trace, fromHex(positionsRoot), fromHex(output)));
}

/** One pass over a request: its commitment, and the tracer with what it watched. */
export async function replay(
  model: Model,
  request: TraceRequest,
  watched: readonly TraceAddress[],
  options: TraceOptions,
  onPosition?: PositionListener,
): Promise<{ commitment: TraceCommitment; tracer: Tracer }> {
  checkRequest(model, request);
  const { executor = defaultExecutor, signal } = options;
  const { prompt, maxTokens } = request;
  const hasher = await createTreeHasher();
  const layout = traceLayout(model.program);
  const tracer = new Tracer(model.program, layout, request, hasher, watched, onPosition);
  const { tokens, stopped } = await executor(model, {
    ...request,
    observer: (observation) => {
      tracer.observe(observation);
    },
    roots: tracer,
    ...(signal && { signal }),
  });
  const complete = stopped !== "max-tokens" || tokens.length === maxTokens;
  const positionsRoot = toHex(tracer.positionsRoot(prompt.length + tokens.length - 1));
  const output = outputRoot(tokens, complete, request.secret);
  const commitment = {
    tokens,
    complete,
    outputRoot: output,
    positionsRoot,
    traceRoot: traceRootOf(positionsRoot, output),
  };
  return { commitment, tracer };
}

function addressKey({ position, operator, tile }: TraceAddress): string {
  return `${position}/${operator}/${tile}`;
}
