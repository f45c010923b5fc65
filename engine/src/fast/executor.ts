import { EngineError } from "../errors.ts";
import type { Model } from "../model.ts";
import { OPERATORS } from "../operators/index.ts";
import type { Session, SessionOptions } from "../run/session.ts";
import { ELEMENT_BYTES } from "../trace/encode-tile.ts";
import { MEMORY_LIMIT } from "./kernels.ts";
import { planSession } from "./layout.ts";
import { Products } from "./products.ts";
import { FastSession } from "./session.ts";
import { Threads } from "./threads.ts";
import { loadWeights, planWeights } from "./weights.ts";

export interface FastExecutorOptions {
  /** Threads that share the work of a request, the calling one included. Default 1. */
  readonly threads?: number;
  /** Multiply-adds of an operator from which threads share it. Default 2^16, as long as waking one takes. */
  readonly sharedWork?: number;
  /**
   * Most bytes that weights and one session take together, besides the model itself. Blocks become smaller before it
   * is refused. Default: no limit.
   */
  readonly memoryBudget?: number;
  /** Most prompt positions that are computed at once. Default 32. */
  readonly blockSize?: number;
  /** Largest memory of weights in bytes. Default: what WebAssembly allows, 4 GiB. */
  readonly shardSize?: number;
}

export interface FastSessionOptions extends SessionOptions {
  /** Positions that the session can hold. Default: the model's context. */
  readonly capacity?: number;
}

/** A model's weights, loaded once for any number of sessions. */
export interface FastExecutor {
  readonly model: Model;
  /** Prompt positions that are computed at once. */
  readonly blockSize: number;
  /** Bytes that the weights and one session of `capacity` positions take. */
  memoryFor(capacity: number): number;
  /**
   * @throws EngineError `INVALID_ARGUMENT`, `MEMORY_BUDGET_TOO_SMALL`
   */
  createSession(options?: FastSessionOptions): Session;
  /** Ends its threads; sessions go on with the calling one. */
  close(): void;
}

const DEFAULT_BLOCK = 32;
/** Most bytes of intermediates that are held until a block is done and its positions are shown one after another. */
const OBSERVED_BYTES = 2 ** 26;

/**
 * Loads a model for WebAssembly with 128-bit SIMD. Its sessions compute the same bits as the reference executor.
 *
 * @throws EngineError `INVALID_ARGUMENT`, `MEMORY_BUDGET_TOO_SMALL`
 *
 * @example
 * const executor = createFastExecutor(model, { threads: 2, memoryBudget: 2 ** 30 });
 * const { tokens } = await generate(model, { prompt, maxTokens: 32, executor });
 */
export function createFastExecutor(model: Model, options: FastExecutorOptions = {}): FastExecutor {
  const threads = positiveInteger("threads", options.threads ?? 1);
  const shardSize = Math.min(MEMORY_LIMIT, positiveInteger("shardSize", options.shardSize ?? MEMORY_LIMIT));
  const budget = options.memoryBudget ?? Infinity;
  if (!(budget > 0)) throw invalid("memoryBudget", budget);
  let blockSize = positiveInteger("blockSize", options.blockSize ?? DEFAULT_BLOCK);
  // The smallest session that can run; sessions are held against what is left when they are made.
  const needed = () => {
    const plan = planWeights(model, blockSize, shardSize);
    return { plan, bytes: plan.size + planSession(model, model.header.contextLength, blockSize).size };
  };
  let { plan, bytes } = needed();
  while (bytes > budget && blockSize > 1) {
    blockSize = Math.floor(blockSize / 2);
    ({ plan, bytes } = needed());
  }
  const smallest = plan.size + planSession(model, 1, blockSize).size;
  if (smallest > budget) throw budgetTooSmall(smallest, budget, "the weights and one position");
  const pool = new Threads(threads - 1, options.sharedWork);
  const products = new Products(model, plan, loadWeights(model, plan, pool), pool);
  return {
    model,
    blockSize,
    memoryFor: (capacity) => plan.size + planSession(model, capacity, blockSize).size,
    createSession({ capacity = model.header.contextLength, observer } = {}) {
      positiveInteger("capacity", capacity);
      const layout = planSession(model, Math.min(capacity, model.header.contextLength), blockSize);
      const total = plan.size + layout.size;
      if (total > budget) throw budgetTooSmall(total, budget, `the weights and ${layout.capacity} positions`);
      if (layout.size > MEMORY_LIMIT) {
        throw budgetTooSmall(layout.size, MEMORY_LIMIT, `a session of ${layout.capacity} positions`);
      }
      const shown = observer ? Math.floor(OBSERVED_BYTES / observedBytes(model)) : blockSize;
      const block = Math.max(1, Math.min(blockSize, shown));
      return new FastSession(model, layout, { threads: pool, products }, block, observer);
    },
    close: () => pool.close(),
  };
}

/** Bytes of all intermediates of a position at the end of the context. */
function observedBytes({ program }: Model): number {
  const sections = program.operators.flatMap((operator) =>
    OPERATORS[operator.kind].sections(operator, program),
  );
  return sections.reduce((sum, { type, groups, size }) => sum + ELEMENT_BYTES[type] * groups * size, 0);
}

function positiveInteger(name: string, value: number): number {
  if (!Number.isSafeInteger(value) || value < 1) throw invalid(name, value);
  return value;
}

function invalid(name: string, value: number): EngineError {
  return new EngineError("INVALID_ARGUMENT", `${name} is ${value}, not a positive whole number.`, {
    remedy: "Leave it out for the default.",
    details: { [name]: value },
  });
}

function budgetTooSmall(needed: number, budget: number, what: string): EngineError {
  return new EngineError(
    "MEMORY_BUDGET_TOO_SMALL",
    `${what[0]!.toUpperCase()}${what.slice(1)} take ${needed} bytes, and the budget is ${budget}.`,
    {
      remedy: "Allow more memory, hold fewer positions, or use a smaller model.",
      details: { needed, budget },
    },
  );
}
