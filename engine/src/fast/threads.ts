import { compileKernels, type Kernels, type WasmMemory } from "./kernels.ts";
import type { Shard } from "./weights.ts";

/** Words that all threads see. */
const REMAINING = 0;
const DONE = 1;
const SLEEPING = 2;
const SHARD = 3;
const CHUNKS = 4;
const PARAMETERS = 5;
/** Positions of the rows' bounds among the kernel's parameters. */
const START = 5;
const END = 6;
const WORDS = 32;
/** Below this many multiply-adds, waking somebody takes longer than the work. */
const WORTHWHILE = 2 ** 16;

interface Task {
  readonly control: Int32Array;
  readonly kernels: readonly Kernels[];
}

/**
 * Takes chunks of the current product until none is left. A chunk is claimed by counting REMAINING down; the product
 * cannot end before a claimed chunk is done, so what is read after a claim belongs to it.
 *
 * This function also runs in the worker threads, as source text: it uses nothing but its arguments.
 */
function work({ control, kernels }: Task, words: readonly number[]): void {
  const [remaining, done, shard, chunkCount, parameters, start, end] = words as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (;;) {
    const left = Atomics.load(control, remaining);
    if (left === 0) return;
    if (Atomics.compareExchange(control, remaining, left, left - 1) !== left) continue;
    const chunks = Atomics.load(control, chunkCount);
    const own = Array.from(control.subarray(parameters, parameters + 14));
    const rows = own[end]!;
    // Whole fours: the kernel is fastest with them.
    const size = Math.ceil(rows / chunks / 4) * 4;
    own[start] = Math.min(rows, (left - 1) * size);
    own[end] = Math.min(rows, left * size);
    kernels[Atomics.load(control, shard)]!.linear(...own);
    Atomics.add(control, done, 1);
    Atomics.notify(control, done);
  }
}

const WORK_WORDS = [REMAINING, DONE, SHARD, CHUNKS, PARAMETERS, START, END];

/** What a thread does: sleeps until there is a product, after a while of looking. */
function workerSource(): string {
  return `
    const work = ${work.toString()};
    const begin = async ({ module, memories, control }) => {
      const kernels = [];
      for (const memory of memories) {
        kernels.push((await WebAssembly.instantiate(module, { env: { memory } })).exports);
      }
      for (;;) {
        for (let turn = 0; turn < 20000 && Atomics.load(control, ${REMAINING}) === 0; turn++);
        if (Atomics.load(control, ${REMAINING}) === 0) {
          Atomics.add(control, ${SLEEPING}, 1);
          Atomics.wait(control, ${REMAINING}, 0);
          Atomics.sub(control, ${SLEEPING}, 1);
        }
        work({ control, kernels }, ${JSON.stringify(WORK_WORDS)});
      }
    };
    if (typeof process === "object") begin(require("node:worker_threads").workerData);
    else onmessage = ({ data }) => begin(data);
  `;
}

interface Ending {
  terminate(): unknown;
}

interface WorkerData {
  readonly module: object;
  readonly memories: readonly WasmMemory[];
  readonly control: Int32Array;
}

/** Worker threads that help with products. The product never waits for a thread that has not begun with it. */
export class Threads {
  readonly #control: Int32Array;
  readonly #kernels: readonly Kernels[];
  #workers: Ending[];

  /** @param helpers threads besides the calling one */
  constructor(shards: readonly Shard[], helpers: number) {
    this.#control = new Int32Array(new SharedArrayBuffer(4 * WORDS));
    this.#kernels = shards.map(({ kernels }) => kernels);
    const data = {
      module: compileKernels(),
      memories: shards.map(({ memory }) => memory),
      control: this.#control,
    };
    this.#workers = Array.from({ length: helpers }, () => startWorker(data));
  }

  /** @param parameters of the kernel, for all rows */
  multiply(shard: number, parameters: readonly number[]): void {
    const control = this.#control;
    const [, stride, , , , , rows, , , , positions] = parameters as number[];
    const threads = this.#workers.length + 1;
    if (threads === 1 || rows! * stride! * positions! < WORTHWHILE) {
      this.#kernels[shard]!.linear(...parameters);
      return;
    }
    const wanted = Math.min(4 * threads, Math.ceil(rows! / 4));
    const chunks = Math.ceil(rows! / (Math.ceil(rows! / wanted / 4) * 4));
    control.set(parameters, PARAMETERS);
    Atomics.store(control, SHARD, shard);
    Atomics.store(control, CHUNKS, wanted);
    Atomics.store(control, DONE, 0);
    Atomics.store(control, REMAINING, chunks);
    if (Atomics.load(control, SLEEPING) > 0) Atomics.notify(control, REMAINING);
    work({ control, kernels: this.#kernels }, WORK_WORDS);
    this.#waitFor(chunks);
  }

  close(): void {
    for (const worker of this.#workers) void worker.terminate();
    this.#workers = [];
  }

  #waitFor(chunks: number): void {
    for (let turn = 0; ; turn++) {
      const done = Atomics.load(this.#control, DONE);
      if (done === chunks) return;
      if (turn > 20000 && canWait()) Atomics.wait(this.#control, DONE, done);
    }
  }
}

let waits: boolean | undefined;

/** Whether this thread may sleep; a browser's main thread may not. */
function canWait(): boolean {
  if (waits === undefined) {
    try {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 1);
      waits = true;
    } catch {
      waits = false;
    }
  }
  return waits;
}

interface NodeThreads {
  readonly Worker: new (
    source: string,
    options: { eval: true; workerData: WorkerData; env: object; execArgv: string[] },
  ) => Ending & { unref(): void; on(event: "error", listener: () => void): void };
}

function startWorker(data: WorkerData): Ending {
  const node = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const threads = node?.getBuiltinModule?.("node:worker_threads") as NodeThreads | undefined;
  if (threads) {
    const worker = new threads.Worker(workerSource(), {
      eval: true,
      workerData: data,
      env: {},
      execArgv: [],
    });
    // A program that is done ends although its threads sleep. A thread that cannot start only leaves more to others.
    worker.unref();
    worker.on("error", () => undefined);
    return worker;
  }
  const browser = globalThis as unknown as {
    Blob: new (parts: string[], options: { type: string }) => object;
    URL: { createObjectURL(blob: object): string };
    Worker: new (url: string) => Ending & { postMessage(data: WorkerData): void };
  };
  const source = new browser.Blob([workerSource()], { type: "text/javascript" });
  const worker = new browser.Worker(browser.URL.createObjectURL(source));
  worker.postMessage(data);
  return worker;
}
