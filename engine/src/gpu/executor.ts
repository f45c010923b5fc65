import { EngineError } from "../errors.ts";
import type { Model } from "../model.ts";
import { checkRequest, type Generation } from "../run/generate.ts";
import { checkContext } from "../run/session.ts";
import type { GpuDevice, GpuReport } from "./device.ts";
import { finishOnProcessor } from "./failover.ts";
import { Machine, type MachineSize } from "./machine.ts";
import { PAGE_POSITIONS } from "./kernels/kernel.ts";
import { Scheduler } from "./scheduler.ts";
import { aborted, Sequence, type GpuRequest } from "./sequence.ts";

export interface GpuExecutorOptions {
  /** Opens a device: at the beginning, and again when it was lost. The executor does not close it. */
  readonly open: () => Promise<GpuDevice>;
  /** Sequences that are computed at a time; others wait. Default 16. */
  readonly maxSequences?: number;
  /** Positions that are computed in one step, of all sequences together. Default 64. */
  readonly maxRows?: number;
  /** Most positions of one sequence. Default: the model's context. */
  readonly capacity?: number;
  /** Pages of 32 positions of keys and values. Default: `maxSequences` of `capacity` positions. */
  readonly pages?: number;
  /** Most bytes on the device; pages become fewer before it is refused. Default: no limit. */
  readonly memoryBudget?: number;
  /** What goes on when no device can be had any more: the processor, or nobody. Default "processor". */
  readonly failover?: "processor" | "none";
  /** Called when a device was lost, and what is done about it. */
  readonly onDeviceLost?: (message: string) => void;
}

/** A model on a GPU, for any number of requests at a time. */
export interface GpuExecutor {
  readonly model: Model;
  /** The adapter that computes now; undefined once the processor does. */
  readonly report: GpuReport | undefined;
  /** What it has room for. */
  readonly size: MachineSize;
  /** Bytes on the device. */
  readonly memoryBytes: number;
  /** Positions that it was asked to compute so far: shared beginnings count once. */
  readonly computed: number;
  /** Dispatches of a step of so many rows. */
  dispatches(rows: number): number;
  /**
   * Generates as `generate` of this package does, beside other requests. Waits while there are no pages or places for it.
   *
   * @throws EngineError as `generate`; `MEMORY_BUDGET_TOO_SMALL` for a request that needs more pages than there are,
   * `GPU_UNAVAILABLE` when the device was lost and nobody goes on, `GPU_FAILED`
   */
  generate(request: GpuRequest): Promise<Generation>;
  /** Ends running requests (`ABORTED`) and gives the memory back. */
  close(): void;
}

const DEFAULTS = { maxSequences: 16, maxRows: 64 };

/**
 * Loads a model onto a GPU. It computes the same bits as the reference executor, whatever else it computes at the time.
 *
 * @throws EngineError `GPU_UNAVAILABLE`, `GPU_FAILED`, `MEMORY_BUDGET_TOO_SMALL`, `INVALID_ARGUMENT`
 *
 * @example
 * const gpu = await openGpu(); // of "@athanor/engine/node"; navigator.gpu in browsers
 * const executor = await createGpuExecutor(model, { open: () => requestGpuDevice(gpu) });
 * const { tokens } = await generate(model, { prompt, maxTokens: 32, executor });
 */
export async function createGpuExecutor(model: Model, options: GpuExecutorOptions): Promise<GpuExecutor> {
  const executor = new Executor(model, options);
  await executor.open();
  return executor;
}

class Executor implements GpuExecutor {
  readonly model: Model;
  readonly #options: GpuExecutorOptions;
  readonly #wanted: MachineSize;
  readonly #waiting: Sequence[] = [];
  #gpu: GpuDevice | undefined;
  #machine: Machine | undefined;
  #scheduler!: Scheduler;
  #size!: MachineSize;
  /** Positions computed on devices that were lost. */
  #computedBefore = 0;
  #lost: string | undefined;
  #running = false;
  #closed = false;

  constructor(model: Model, options: GpuExecutorOptions) {
    this.model = model;
    this.#options = options;
    const { contextLength } = model.header;
    const slots = positive("maxSequences", options.maxSequences ?? DEFAULTS.maxSequences);
    const positions = Math.min(contextLength, positive("capacity", options.capacity ?? contextLength));
    const pages = slots * Math.ceil(positions / PAGE_POSITIONS);
    this.#wanted = {
      slots,
      positions,
      rows: positive("maxRows", options.maxRows ?? DEFAULTS.maxRows),
      pages: positive("pages", options.pages ?? pages),
    };
    if (!((options.memoryBudget ?? Infinity) > 0)) positive("memoryBudget", options.memoryBudget!);
  }

  get report(): GpuReport | undefined {
    return this.#gpu?.report;
  }

  get size(): MachineSize {
    return this.#size;
  }

  get memoryBytes(): number {
    return this.#machine?.memory.bytes ?? 0;
  }

  get computed(): number {
    return this.#computedBefore + this.#scheduler.computed;
  }

  dispatches(rows: number): number {
    return this.#machine?.dispatches(rows) ?? 0;
  }

  async open(): Promise<void> {
    const { open, memoryBudget = Infinity } = this.#options;
    const gpu = await open();
    const machine = await Machine.create(gpu, this.model, { ...this.#wanted, memoryBudget });
    this.#gpu = gpu;
    this.#machine = machine;
    this.#size = machine.size;
    this.#scheduler = new Scheduler(this.model, machine);
    this.#lost = undefined;
    void gpu.device.lost.then(({ message }) => {
      if (this.#gpu === gpu) this.#lost = message || "The device was lost.";
    });
  }

  async generate(request: GpuRequest): Promise<Generation> {
    const { prompt, maxTokens, signal, roots } = request;
    checkRequest(this.model, prompt, maxTokens);
    checkContext(this.model, prompt.length + maxTokens - 1, this.#size.positions);
    // Hashing is fast when many positions are hashed at once, which takes an answer that is known.
    const answered = roots && (await this.generate({ prompt, maxTokens, ...(signal && { signal }) })).tokens;
    const sequence = new Sequence(request, answered);
    if (this.#closed) throw aborted(sequence, new Error("The executor is closed."));
    if (signal?.aborted) throw aborted(sequence, signal.reason);
    if (sequence.pages > this.#size.pages) throw tooManyPages(sequence.pages, this.#size.pages);
    const onAbort = () => {
      if (!sequence.ended) this.#drop(sequence, aborted(sequence, signal!.reason));
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    this.#waiting.push(sequence);
    if (!this.#running) void this.#run();
    try {
      return await sequence.answer;
    } finally {
      signal?.removeEventListener("abort", onAbort);
    }
  }

  close(): void {
    this.#closed = true;
    for (const sequence of [...this.#waiting, ...this.#scheduler.sequences]) {
      this.#drop(sequence, aborted(sequence, new Error("The executor was closed.")));
    }
    this.#machine?.destroy();
    this.#machine = undefined;
    this.#gpu = undefined;
  }

  #drop(sequence: Sequence, error: EngineError): void {
    const index = this.#waiting.indexOf(sequence);
    if (index >= 0) this.#waiting.splice(index, 1);
    this.#scheduler.remove(sequence);
    sequence.fail(error);
  }

  /** Computes until nobody waits; the only place that gives the device work. */
  async #run(): Promise<void> {
    this.#running = true;
    try {
      while (this.#machine && !this.#closed) {
        this.#scheduler.admit(this.#waiting);
        if (this.#scheduler.idle) break;
        try {
          await this.#scheduler.advance();
        } catch (error) {
          await this.#recover(error);
        }
      }
      if (!this.#machine && !this.#closed) await this.#goOnOnProcessor();
    } finally {
      this.#running = false;
    }
  }

  /** After a failed step: a new device, or the processor; what was computed is computed again from its tokens. */
  async #recover(error: unknown): Promise<void> {
    // A lost device says so a little later than its commands fail.
    await Promise.race([this.#gpu?.device.lost, new Promise((resolve) => setTimeout(resolve, 100))]);
    const running = this.#scheduler.evacuate();
    this.#computedBefore += this.#scheduler.computed;
    this.#scheduler.computed = 0;
    if (this.#closed) return;
    if (this.#lost === undefined) {
      for (const sequence of running) sequence.fail(error);
      return;
    }
    this.#waiting.unshift(...running);
    this.#machine?.destroy();
    const message = this.#lost;
    try {
      await this.open();
      this.#options.onDeviceLost?.(`${message} A new device goes on.`);
    } catch {
      this.#machine = undefined;
      this.#gpu = undefined;
      const goesOn = this.#options.failover !== "none";
      this.#options.onDeviceLost?.(`${message} ${goesOn ? "The processor goes on." : "Nobody goes on."}`);
    }
  }

  async #goOnOnProcessor(): Promise<void> {
    for (;;) {
      const sequence = this.#waiting.shift();
      if (!sequence) return;
      try {
        if (this.#options.failover === "none") throw gone();
        await finishOnProcessor(this.model, sequence);
        if (!sequence.ended) sequence.end(this.model.header.stopTokens);
      } catch (error) {
        sequence.fail(error);
      }
    }
  }
}

function gone(): EngineError {
  return new EngineError("GPU_UNAVAILABLE", "The device was lost, and there is no other one.", {
    remedy: "Make an executor when there is one, or compute on the processor.",
  });
}

function positive(name: string, value: number): number {
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new EngineError("INVALID_ARGUMENT", `${name} is ${value}, not a positive whole number.`, {
    remedy: "Leave it out for the default.",
    details: { [name]: value },
  });
}

function tooManyPages(needed: number, pages: number): EngineError {
  return new EngineError(
    "MEMORY_BUDGET_TOO_SMALL",
    `The request may come to need ${needed} pages of ${PAGE_POSITIONS} positions, and there are ${pages}.`,
    { remedy: "Ask for fewer tokens, or allow more memory.", details: { needed, pages } },
  );
}
