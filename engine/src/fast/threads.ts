import { EngineError } from "../errors.ts";
import { compileKernels, instantiateKernels, type Kernels, type WasmMemory } from "./kernels.ts";

/** The kernels whose work is cut into items; their first two parameters are the bounds of a range of items. */
const SHARED_KERNELS = [
  "linear",
  "normalize",
  "narrow",
  "rotate",
  "scores",
  "softmax",
  "mix",
  "gate",
  "add",
] as const;

/** A memory that all threads compute in, with the calling thread's kernels. */
export interface SharedMemory {
  readonly id: number;
  readonly kernels: Kernels;
}

/** One call of a kernel, for all items. */
export interface Task {
  readonly memory: SharedMemory;
  readonly kernel: (typeof SHARED_KERNELS)[number];
  readonly items: number;
  /** Ranges begin at multiples of it. Default 1. */
  readonly granularity?: number;
  /** Multiply-adds of all items, or what takes as long. */
  readonly work: number;
  /** Behind the bounds. */
  readonly parameters: readonly number[];
}

/** Words that all threads see. The first holds the number of the task and the chunks of it that nobody has claimed. */
const CLAIMS = 0;
const DONE = 1;
const SLEEPING = 2;
const MEMORIES = 3;
const MEMORY = 4;
const KERNEL = 5;
const ITEMS = 6;
const CHUNK = 7;
const COUNT = 8;
const WORDS = 16;
const MOST_PARAMETERS = 24;
/** Bits of the first word that count chunks. */
const CLAIM_BITS = 12;
/** Below this many multiply-adds, waking somebody takes longer than the work. */
const WORTHWHILE = 2 ** 16;
const CHUNKS_A_THREAD = 4;
/** How often a thread looks for something before it sleeps. */
const LOOKS = 20000;

interface Bench {
  readonly control: Int32Array;
  readonly parameters: Float64Array;
}

/** The memories that a thread can compute in. */
interface Known {
  /** Announcements of memories that it has heard. */
  heard(): number;
  kernelsOf(memory: number): Kernels;
}

/**
 * Takes chunks of the current task until none is left. A chunk is claimed by counting it down; the task cannot end
 * before a claimed chunk is done, and a claim fails once another task has begun, so what is read after a claim belongs
 * to it. Memories are announced before their tasks begin: who has heard all announcements after it saw a task knows the
 * task's memory, and nobody else claims.
 *
 * This function also runs in the worker threads, as source text: it uses nothing but its arguments.
 */
function takeChunks(
  { control, parameters }: Bench,
  words: readonly number[],
  names: readonly string[],
  known: Known,
): void {
  const [claims, done, memories, memory, kernel, items, chunk, count, mask] = words as [
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (;;) {
    const word = Atomics.load(control, claims);
    const left = word & mask;
    if (left === 0 || Atomics.load(control, memories) !== known.heard()) return;
    if (Atomics.compareExchange(control, claims, word, word - 1) !== word) continue;
    const size = control[chunk]!;
    const start = (left - 1) * size;
    const end = Math.min(control[items]!, start + size);
    const run = known.kernelsOf(control[memory]!)[names[control[kernel]!] as "linear"];
    run(start, end, ...parameters.subarray(0, control[count]));
    Atomics.add(control, done, 1);
    Atomics.notify(control, done);
  }
}

const MASK = 2 ** CLAIM_BITS - 1;
const TASK_WORDS = [CLAIMS, DONE, MEMORIES, MEMORY, KERNEL, ITEMS, CHUNK, COUNT, MASK];

/** What a thread does: learns of memories, looks for a task for a while, and then sleeps until there is one. */
function workerSource(): string {
  return `
    const takeChunks = ${takeChunks.toString()};
    const kernels = new Map();
    let heard = 0;
    let arrived;
    const known = { heard: () => heard, kernelsOf: (memory) => kernels.get(memory) };
    const begin = async ({ module, control, parameters }) => {
      for (;;) {
        for (let look = 0; look < ${LOOKS} && (Atomics.load(control, ${CLAIMS}) & ${MASK}) === 0; look++);
        const word = Atomics.load(control, ${CLAIMS});
        if (Atomics.load(control, ${MEMORIES}) !== heard) {
          await new Promise((resolve) => (arrived = resolve));
        } else if ((word & ${MASK}) === 0) {
          Atomics.add(control, ${SLEEPING}, 1);
          Atomics.wait(control, ${CLAIMS}, word);
          Atomics.sub(control, ${SLEEPING}, 1);
        } else {
          const names = ${JSON.stringify(SHARED_KERNELS)};
          takeChunks({ control, parameters }, ${JSON.stringify(TASK_WORDS)}, names, known);
        }
      }
    };
    let compiled;
    const receive = (message) => {
      if (message.module) {
        compiled = message.module;
        return void begin(message);
      }
      const { id, memory } = message;
      if (memory) kernels.set(id, new WebAssembly.Instance(compiled, { env: { memory } }).exports);
      else kernels.delete(id);
      heard++;
      arrived?.();
    };
    if (typeof process === "object") require("node:worker_threads").parentPort.on("message", receive);
    else onmessage = ({ data }) => receive(data);
  `;
}

/** Messages to a thread: one to begin with, then each memory when it appears and when nobody needs it any more. */
type Message = (Bench & { readonly module: object }) | { readonly id: number; readonly memory?: WasmMemory };

interface Thread {
  postMessage(message: Message): void;
  terminate(): unknown;
}

/** Threads that help the calling one. A task never waits for a thread that has not begun with it. */
export class Threads {
  readonly #bench: Bench;
  readonly #gone = new FinalizationRegistry<number>((id) => this.#tell({ id }));
  #workers: Thread[];
  #nextMemory = 0;
  #announced = 0;
  #task = 0;

  readonly #leastWork: number;

  /**
   * @param helpers threads besides the calling one
   * @param leastWork multiply-adds of a task from which they help
   * @throws EngineError `INVALID_ARGUMENT` for helpers where threads may not share memory
   */
  constructor(helpers: number, leastWork = WORTHWHILE) {
    if (helpers > 0 && !mayShare()) throw notIsolated(helpers + 1);
    const words = helpers > 0 ? SharedArrayBuffer : ArrayBuffer;
    this.#bench = {
      control: new Int32Array(new words(4 * WORDS)),
      parameters: new Float64Array(new words(8 * MOST_PARAMETERS)),
    };
    this.#leastWork = leastWork;
    this.#workers = Array.from({ length: helpers }, () => startWorker());
    for (const worker of this.#workers) worker.postMessage({ module: compileKernels(), ...this.#bench });
  }

  /** Makes a memory known to all threads, for as long as its user holds on to what this returns. */
  share(memory: WasmMemory): SharedMemory {
    const shared = { id: this.#nextMemory++, kernels: instantiateKernels(memory) };
    if (this.#workers.length > 0) {
      this.#tell({ id: shared.id, memory });
      this.#gone.register(shared, shared.id);
    }
    return shared;
  }

  run({ memory, kernel, items, granularity = 1, work, parameters }: Task): void {
    const threads = this.#workers.length + 1;
    const wanted = Math.min(CHUNKS_A_THREAD * threads, Math.ceil(items / granularity));
    if (threads === 1 || wanted === 1 || work < this.#leastWork) {
      memory.kernels[kernel](0, items, ...parameters);
      return;
    }
    const { control } = this.#bench;
    const chunk = Math.ceil(items / wanted / granularity) * granularity;
    const chunks = Math.ceil(items / chunk);
    this.#bench.parameters.set(parameters);
    control[MEMORY] = memory.id;
    control[KERNEL] = SHARED_KERNELS.indexOf(kernel);
    control[ITEMS] = items;
    control[CHUNK] = chunk;
    control[COUNT] = parameters.length;
    Atomics.store(control, DONE, 0);
    this.#task = (this.#task + 1) % 2 ** (31 - CLAIM_BITS);
    Atomics.store(control, CLAIMS, this.#task * 2 ** CLAIM_BITS + chunks);
    if (Atomics.load(control, SLEEPING) > 0) Atomics.notify(control, CLAIMS);
    takeChunks(this.#bench, TASK_WORDS, SHARED_KERNELS, {
      heard: () => this.#announced,
      kernelsOf: () => memory.kernels,
    });
    this.#waitFor(chunks);
  }

  close(): void {
    for (const worker of this.#workers) void worker.terminate();
    this.#workers = [];
  }

  #tell(message: Message): void {
    Atomics.store(this.#bench.control, MEMORIES, ++this.#announced);
    for (const worker of this.#workers) worker.postMessage(message);
    Atomics.notify(this.#bench.control, CLAIMS);
  }

  #waitFor(chunks: number): void {
    const { control } = this.#bench;
    for (let look = 0; ; look++) {
      const done = Atomics.load(control, DONE);
      if (done === chunks) return;
      if (look > LOOKS && canWait()) Atomics.wait(control, DONE, done);
    }
  }
}

/** A browser lets pages share memory with threads only if they are isolated from others. */
export function mayShare(): boolean {
  const { crossOriginIsolated } = globalThis as { crossOriginIsolated?: boolean };
  return crossOriginIsolated ?? "SharedArrayBuffer" in globalThis;
}

function notIsolated(threads: number): EngineError {
  return new EngineError(
    "INVALID_ARGUMENT",
    `This page may not share memory with threads, and threads is ${threads}.`,
    {
      remedy:
        "Serve it with Cross-Origin-Opener-Policy: same-origin and Cross-Origin-Embedder-Policy: require-corp, or use one thread.",
      details: { threads },
    },
  );
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
    options: { eval: true; env: object; execArgv: string[] },
  ) => Thread & { unref(): void; on(event: "error", listener: () => void): void };
}

function startWorker(): Thread {
  const node = (globalThis as { process?: { getBuiltinModule?: (name: string) => unknown } }).process;
  const threads = node?.getBuiltinModule?.("node:worker_threads") as NodeThreads | undefined;
  if (threads) {
    const worker = new threads.Worker(workerSource(), { eval: true, env: {}, execArgv: [] });
    // A program that is done ends although its threads sleep. A thread that cannot start only leaves more to others.
    worker.unref();
    worker.on("error", () => undefined);
    return worker;
  }
  const browser = globalThis as unknown as {
    Blob: new (parts: string[], options: { type: string }) => object;
    URL: { createObjectURL(blob: object): string };
    Worker: new (url: string) => Thread;
  };
  const source = new browser.Blob([workerSource()], { type: "text/javascript" });
  return new browser.Worker(browser.URL.createObjectURL(source));
}
