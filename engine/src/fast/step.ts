import type { Model } from "../model.ts";
import type { SectionValues } from "../operators/definition.ts";
import type { Operator } from "../program/program.ts";
import type { PositionRequest } from "../run/session.ts";
import type { SessionLayout } from "./layout.ts";
import type { Products } from "./products.ts";
import type { SharedMemory, Threads } from "./threads.ts";

/** What a session computes with. */
export interface Machine {
  readonly model: Model;
  readonly layout: SessionLayout;
  readonly memory: SharedMemory;
  readonly buffer: SharedArrayBuffer;
  readonly bytes: Uint8Array;
  readonly threads: Threads;
  readonly products: Products;
}

/** One operator at a block of positions. */
export interface Step {
  readonly index: number;
  readonly operator: Operator;
  /** Position of the block's first token. */
  readonly first: number;
  readonly tokens: readonly number[];
  readonly request: PositionRequest;
  readonly observe: ((slot: number, section: string, values: SectionValues) => void) | undefined;
}

/** Some of a block's positions, from `slot` on: all, or a single one that is observed. */
export class Place {
  readonly #machine: Machine;
  readonly #step: Step;
  readonly slot: number;
  readonly count: number;

  constructor(machine: Machine, step: Step, slot: number, count: number) {
    this.#machine = machine;
    this.#step = step;
    this.slot = slot;
    this.count = count;
  }

  /** Position of the first one. */
  get position(): number {
    return this.#step.first + this.slot;
  }

  /** Where the parts of the trace go that are no operator's output: 0, which is nowhere, unless somebody observes. */
  get scratch(): readonly [number, number, number] {
    return this.#step.observe ? this.#machine.layout.scratch : [0, 0, 0];
  }

  /** Address of the first one's output, and bytes to the next one's. */
  get output(): [number, number] {
    return this.#slots(this.#step.index);
  }

  get outputExponents(): number {
    return this.output[0] + this.#machine.layout.outputs[this.#step.index]!.exponents;
  }

  input(index: number): [number, number] {
    return this.#slots(this.#step.operator.inputs[index]!);
  }

  inputExponents(index: number): number {
    const source = this.#step.operator.inputs[index]!;
    return this.#slots(source)[0] + this.#machine.layout.outputs[source]!.exponents;
  }

  /** Operators of the generating phase run at one position of a block, and have one slot. */
  #slots(operator: number): [number, number] {
    const { address, pitch } = this.#machine.layout.outputs[operator]!;
    const { phase } = this.#machine.model.program.operators[operator]!;
    return [phase === "always" ? address + this.slot * pitch : address, pitch];
  }
}
