import type { Model } from "../model.ts";
import { workPerPosition } from "../program/work.ts";
import { createFastExecutor, type FastExecutor } from "./executor.ts";
import { kernelsSupported } from "./kernels.ts";
import { mayShare } from "./threads.ts";

/** Multiply-adds a position from which threads help; below, one thread is as fast as several. */
const THREADED_WORK = 2 ** 24;
const MOST_THREADS = 16;

const executors = new WeakMap<Model, FastExecutor>();

/**
 * The executor that all requests for a model share, made when it is first needed; undefined where there is no
 * WebAssembly with SIMD. Small models run on the calling thread, others on every core.
 *
 * @throws EngineError `MEMORY_BUDGET_TOO_SMALL`
 */
export function defaultExecutor(model: Model): FastExecutor | undefined {
  if (!kernelsSupported()) return undefined;
  let executor = executors.get(model);
  if (!executor) {
    const threads = workPerPosition(model.program) < THREADED_WORK ? 1 : Math.min(MOST_THREADS, cores());
    executor = createFastExecutor(model, { threads });
    executors.set(model, executor);
  }
  return executor;
}

/** Threads that this program may run at once. */
function cores(): number {
  const { process, navigator } = globalThis as {
    process?: { getBuiltinModule?(name: string): unknown };
    navigator?: { hardwareConcurrency?: number };
  };
  const os = process?.getBuiltinModule?.("node:os") as { availableParallelism(): number } | undefined;
  if (os) return os.availableParallelism();
  return mayShare() ? (navigator?.hardwareConcurrency ?? 1) : 1;
}
