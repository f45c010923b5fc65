import { EngineError } from "../errors.ts";
import { OPERATORS } from "../operators/index.ts";
import type { InferenceRequest } from "../run/request.ts";
import type { Observation, RootObserver } from "../run/session.ts";
import type { Program } from "../program/program.ts";
import { traceLayout, type TraceLayout } from "../trace/layout.ts";
import type { TableTensor, Tensor } from "../tensors/tensor.ts";
import { createCache, mostPages, pageBytes } from "./cache.ts";
import { BUFFER_USAGE, type GpuDevice } from "./device.ts";
import { gpuHasherOf, type GpuHasher } from "./hash/hasher.ts";
import { ROOT_BYTES, StepRoots } from "./hash/step-roots.ts";
import { TILE_POSITIONS } from "./kernels/kernel.ts";
import { REQUEST_WORDS } from "./kernels/text.ts";
import { Kernels } from "./launch.ts";
import { Matrices } from "./matrices.ts";
import { GpuMemory } from "./memory.ts";
import { Plan, readBack, type PlanParts, type ShownSection } from "./plan.ts";
import { encodeRequest, encodeRows, rowsWords, sizeOf, tableAt, type Row } from "./rows.ts";
import { roundUp } from "./values.ts";

/** What a machine has room for. */
export interface MachineSize {
  /** Rows of a step. */
  readonly rows: number;
  /** Sequences at a time. */
  readonly slots: number;
  /** Positions of a sequence. */
  readonly positions: number;
  /** Pages of 32 positions, of all sequences together. */
  readonly pages: number;
}

export interface MachineOptions extends MachineSize {
  /** Most bytes of weights, values and pages together: fewer pages and rows, then `MEMORY_BUDGET_TOO_SMALL`. */
  readonly memoryBudget: number;
}

/** What a generating row yields. */
export interface Outcome {
  readonly token: number;
  readonly stop: boolean;
}

const NOTHING = new ArrayBuffer(0);

/** Most bytes of sections that one observed step shows. */
const SHOWN_BYTES = 2 ** 26;

/** What it takes to hash steps on the device. */
interface Hashing {
  readonly plan: Plan;
  readonly hasher: GpuHasher;
  readonly layout: TraceLayout;
  /** Roots of a step on the device, and where the host reads them. */
  readonly source: GPUBuffer;
  readonly target: GPUBuffer;
}

/** A model in the memory of one device, with the keys and values of its sequences. */
export class Machine {
  readonly size: MachineSize;
  readonly memory: GpuMemory;
  readonly #program: Program;
  readonly #gpu: GpuDevice;
  readonly #parts: Omit<PlanParts, "observed" | "capacity">;
  readonly #rows: GPUBuffer;
  readonly #plan: Plan;
  readonly #choice: { readonly token: number; readonly flag: number };
  readonly #spare: GPUBuffer[] = [];
  #shown: Promise<{ plan: Plan; rows: number; target: GPUBuffer }> | undefined;
  #hashed: Promise<Hashing> | undefined;

  private constructor(
    gpu: GpuDevice,
    size: MachineSize,
    parts: Omit<PlanParts, "observed" | "capacity">,
    plan: Plan,
  ) {
    this.#gpu = gpu;
    this.size = size;
    this.memory = parts.memory;
    this.#parts = parts;
    this.#rows = parts.rows;
    this.#plan = plan;
    const { operators } = (this.#program = parts.program);
    this.#choice = {
      token: operators.findIndex(({ kind }) => kind === "sample"),
      flag: operators.findIndex(({ kind }) => kind === "stop"),
    };
  }

  /**
   * Loads a model.
   *
   * @throws EngineError `MEMORY_BUDGET_TOO_SMALL`, `GPU_FAILED`
   */
  static async create(
    gpu: GpuDevice,
    model: { readonly program: Program; readonly tensors: readonly Tensor[] },
    options: MachineOptions,
  ): Promise<Machine> {
    return checked(gpu.device, () =>
      load(gpu, model, options, (size, parts, plan) => new Machine(gpu, size, parts, plan)),
    );
  }

  /** Tells the device of a sequence: which pages hold it, its tokens, and its request. */
  setSequence(
    slot: number,
    pages: readonly number[],
    tokens: readonly number[],
    request: Omit<InferenceRequest, "prompt">,
  ): void {
    const { rows, positions } = this.size;
    const { queue } = this.#gpu.device;
    queue.writeBuffer(this.#rows, 4 * tableAt(rows, slot, positions), Uint32Array.from(pages));
    queue.writeBuffer(this.#parts.tokens, 4 * slot * positions, Uint32Array.from(tokens));
    queue.writeBuffer(this.#parts.requests, 4 * slot * REQUEST_WORDS, encodeRequest(request));
  }

  /** Dispatches of a step of so many rows. */
  dispatches(rows: number): number {
    return this.#plan.dispatches(rows);
  }

  /** Computes rows and returns what the generating ones, which come first, yield. Steps run in the order of calls. */
  async run(rows: readonly Row[]): Promise<Outcome[]> {
    const { device } = this.#gpu;
    const size = this.#write(rows);
    const encoder = device.createCommandEncoder();
    this.#plan.encode(encoder, size);
    return this.#submit(encoder, this.#plan, size.generating);
  }

  /** Rows of one sequence that can be observed in one step; more where roots are taken in place of sections. */
  async observedRows(roots: boolean): Promise<number> {
    return roots ? this.size.rows : (await this.#observed()).rows;
  }

  /**
   * Computes rows of one sequence, and shows their trace: roots of operators that `roots` takes, and every section of the
   * others, position by position.
   */
  async runObserved(
    rows: readonly Row[],
    observer: (observation: Observation) => void,
    roots?: RootObserver,
  ): Promise<Outcome[]> {
    if (roots) return this.#runHashed(rows, observer, roots);
    const { plan, target } = await this.#observed();
    const size = this.#write(rows);
    const encoder = this.#gpu.device.createCommandEncoder();
    const shown = plan.encodeObserved(encoder, size, target);
    const [outcomes, bytes] = await Promise.all([
      this.#submit(encoder, plan, size.generating),
      readBack(target, shownBytes(shown)),
    ]);
    this.#show(rows, shown, bytes, observer);
    return outcomes;
  }

  async #runHashed(
    rows: readonly Row[],
    observer: (observation: Observation) => void,
    observed: RootObserver,
  ): Promise<Outcome[]> {
    const { plan, hasher, layout, source, target } = await this.#hashing();
    const { device } = this.#gpu;
    const size = this.#write(rows);
    const encoder = device.createCommandEncoder();
    const roots = new StepRoots(hasher, layout, rows, observed, source);
    const copied = plan.copiedBytes(size, roots);
    const usage = BUFFER_USAGE.mapRead | BUFFER_USAGE.copyDestination;
    const sections = copied > 0 ? device.createBuffer({ label: "sections", size: copied, usage }) : undefined;
    const shown = plan.encodeObserved(encoder, size, sections, roots);
    if (roots.bytes > 0) encoder.copyBufferToBuffer(source, 0, target, 0, roots.bytes);
    const [outcomes, digests, bytes] = await Promise.all([
      this.#submit(encoder, plan, size.generating),
      roots.bytes > 0 ? readBack(target, roots.bytes) : NOTHING,
      sections ? readBack(sections, copied) : NOTHING,
    ]);
    sections?.destroy();
    roots.show(digests);
    this.#show(rows, shown, bytes, observer);
    return outcomes;
  }

  /** Gives the device what was encoded, and waits for what the generating rows yield. */
  async #submit(encoder: GPUCommandEncoder, plan: Plan, generating: number): Promise<Outcome[]> {
    const bytes = 8 * this.size.rows;
    const result = this.#spare.pop() ?? this.memory.readback("result", bytes);
    this.#copyOutcomes(encoder, plan, generating, result);
    this.#gpu.device.queue.submit([encoder.finish()]);
    const outcomes = decodeOutcomes(await readBack(result, bytes), this.size.rows, generating);
    this.#spare.push(result);
    return outcomes;
  }

  #show(
    rows: readonly Row[],
    shown: readonly ShownSection[],
    bytes: ArrayBuffer,
    observer: (observation: Observation) => void,
  ): void {
    const { operators } = this.#program;
    const order = rows
      .map((_, row) => row)
      .sort((left, right) => rows[left]!.position - rows[right]!.position);
    for (const row of order) {
      const { position } = rows[row]!;
      for (const { section, offset } of shown.filter((entry) => entry.row === row)) {
        const values = section.decode(bytes.slice(offset, offset + section.bytes), position);
        const { operator, name } = section;
        observer({ position, operator, name: operators[operator]!.name, section: name, values });
      }
    }
  }

  /** Gives its memory back; the device goes on. */
  destroy(): void {
    this.memory.destroy();
  }

  #write(rows: readonly Row[]) {
    this.#gpu.device.queue.writeBuffer(this.#rows, 0, encodeRows(rows, this.size.positions));
    return sizeOf(rows);
  }

  async #planHashed(): Promise<Hashing> {
    const { rows } = this.size;
    const plan = await Plan.build({ ...this.#parts, observed: true, capacity: rows });
    const bytes = ROOT_BYTES * this.#program.operators.length * rows;
    return {
      plan,
      hasher: await gpuHasherOf(this.#gpu.device),
      layout: traceLayout(this.#program),
      source: this.memory.storage("roots", bytes),
      target: this.memory.readback("roots", bytes),
    };
  }

  #copyOutcomes(encoder: GPUCommandEncoder, plan: Plan, generating: number, result: GPUBuffer): void {
    if (generating === 0) return;
    const { token, flag } = this.#choice;
    encoder.copyBufferToBuffer(plan.values.at(token).buffer, 0, result, 0, 4 * generating);
    encoder.copyBufferToBuffer(plan.values.at(flag).buffer, 0, result, 4 * this.size.rows, 4 * generating);
  }

  #observed(): Promise<{ plan: Plan; rows: number; target: GPUBuffer }> {
    this.#shown ??= checked(this.#gpu.device, () => this.#planObserved());
    return this.#shown;
  }

  #hashing(): Promise<Hashing> {
    this.#hashed ??= checked(this.#gpu.device, () => this.#planHashed());
    return this.#hashed;
  }

  async #planObserved() {
    const shownBytes = sectionBytes(this.#program, this.size.positions);
    const rows = Math.max(1, Math.min(this.size.rows, Math.floor(SHOWN_BYTES / shownBytes)));
    const plan = await Plan.build({ ...this.#parts, observed: true, capacity: rows });
    const target = this.memory.readback("sections", rows * plan.shownBytes);
    return { plan, rows, target };
  }
}

/** What a model takes on a device, and how large a machine that leaves. */
async function load(
  gpu: GpuDevice,
  { program, tensors }: { readonly program: Program; readonly tensors: readonly Tensor[] },
  options: MachineOptions,
  make: (size: MachineSize, parts: Omit<PlanParts, "observed" | "capacity">, plan: Plan) => Machine,
): Promise<Machine> {
  const memory = new GpuMemory(gpu);
  const { slots, positions, memoryBudget } = options;
  const tables = new Map<number, GPUBuffer>();
  const matrices = new Matrices(memory, tensors);
  // Every matrix is loaded when it is first planned; what they take is known before.
  const rows = Math.max(
    1,
    Math.min(options.rows, Math.floor(memory.largest / widestRow(program, positions))),
  );
  const weights = tensors.reduce(
    (sum, tensor) => sum + (tensor.kind === "rows" ? tensor.values.length : 0),
    0,
  );
  const perPage = Array.from(pageBytes(program).values()).reduce((sum, bytes) => sum + bytes, 0);
  const affordable = Math.floor((memoryBudget - weights) / Math.max(1, perPage));
  const pages = Math.min(options.pages, mostPages(memory, program), affordable);
  if (pages < 1) {
    throw new EngineError(
      "MEMORY_BUDGET_TOO_SMALL",
      `The weights and one page take ${weights + perPage} bytes, and the budget is ${memoryBudget}.`,
      {
        remedy: "Allow more memory, or use a smaller model.",
        details: { needed: weights + perPage, budget: memoryBudget },
      },
    );
  }
  const parts = {
    program,
    tensors,
    memory,
    matrices,
    kernels: Kernels.of(gpu),
    cache: createCache(memory, program, pages),
    tokens: memory.storage("tokens", 4 * slots * positions),
    requests: memory.storage("requests", 4 * slots * REQUEST_WORDS),
    positions,
    subgroups: gpu.report.subgroups,
    rows: memory.storage("rows", 4 * rowsWords(rows, slots, positions)),
    rowCapacity: rows,
    table(tensor: number) {
      let buffer = tables.get(tensor);
      if (!buffer) {
        buffer = memory.filled("table", (tensors[tensor] as TableTensor).values);
        tables.set(tensor, buffer);
      }
      return buffer;
    },
  };
  const plan = await Plan.build({ ...parts, observed: false, capacity: rows });
  if (memory.bytes > memoryBudget) {
    const spare = memory.bytes - memoryBudget;
    throw new EngineError(
      "MEMORY_BUDGET_TOO_SMALL",
      `Weights, values and ${pages} pages take ${memory.bytes} bytes, and the budget is ${memoryBudget}.`,
      {
        remedy: `Ask for ${Math.ceil(spare / Math.max(1, perPage))} pages fewer, or allow more memory.`,
        details: { needed: memory.bytes, budget: memoryBudget, pages },
      },
    );
  }
  return make({ rows, slots, positions, pages }, parts, plan);
}

/** Bytes of the largest buffer per row: scores, sums over chunks of positions, a group of products. */
function widestRow(program: Program, positions: number): number {
  const tiles = roundUp(positions, TILE_POSITIONS);
  return Math.max(
    ...program.operators.map((operator) => {
      const { type, groups, size } = OPERATORS[operator.kind].output(operator);
      if (operator.kind === "mix") return Math.max(4, (8 * tiles) / TILE_POSITIONS) * groups * size;
      if (type === "positions" || type === "weights") return 4 * groups * tiles;
      // Up to three products lie beside one another.
      return 12 * groups * size;
    }),
  );
}

function sectionBytes(program: Program, positions: number): number {
  const widths = { int16: 4, int32: 4, uint32: 4, int64: 8 };
  const context = { ...program, contextLength: roundUp(positions, TILE_POSITIONS) };
  return program.operators
    .flatMap((operator) => OPERATORS[operator.kind].sections(operator, context))
    .reduce((sum, { type, groups, size }) => sum + widths[type] * groups * size, 0);
}

function shownBytes(shown: readonly ShownSection[]): number {
  return shown.reduce((end, { offset, section }) => Math.max(end, offset + section.bytes), 0);
}

function decodeOutcomes(bytes: ArrayBuffer, capacity: number, count: number): Outcome[] {
  const words = new Int32Array(bytes);
  return Array.from({ length: count }, (_, row) => ({
    token: words[row]!,
    stop: words[capacity + row] === 1,
  }));
}

/**
 * Creates what an action creates on a device, or says why the device does not.
 *
 * @throws EngineError `MEMORY_BUDGET_TOO_SMALL`, `GPU_FAILED`, and what the action throws
 */
async function checked<Result>(device: GPUDevice, action: () => Promise<Result>): Promise<Result> {
  device.pushErrorScope("out-of-memory");
  device.pushErrorScope("validation");
  const [done] = await Promise.allSettled([action()]);
  const [validation, memory] = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
  if (memory) throw outOfMemory(memory.message);
  if (done.status === "rejected") throw done.reason;
  if (validation) throw failed(validation.message);
  return done.value;
}

function outOfMemory(message: string): EngineError {
  return new EngineError("MEMORY_BUDGET_TOO_SMALL", `The device has too little memory: ${message}`, {
    remedy: "Give a memory budget that fits beside other programs, or use a smaller model.",
  });
}

function failed(message: string): EngineError {
  return new EngineError("GPU_FAILED", `The device refused a command: ${message}`, {
    remedy: "Update its driver, or compute on the processor.",
  });
}
