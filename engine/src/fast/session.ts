import type { Model } from "../model.ts";
import type { SectionValues } from "../operators/definition.ts";
import {
  checkContext,
  checkToken,
  promptEmpty,
  type Observation,
  type PositionRequest,
  type PositionResult,
  type Session,
} from "../run/session.ts";
import type { TableTensor } from "../tensors/tensor.ts";
import { allocateMemory } from "./kernels.ts";
import type { SessionLayout } from "./layout.ts";
import { runOperator } from "./operators.ts";
import type { Machine, Step } from "./step.ts";
import type { Products } from "./products.ts";
import type { Threads } from "./threads.ts";

/** A session whose operators run in WebAssembly, up to `blockSize` positions at once. */
export class FastSession implements Session {
  readonly model: Model;
  length = 0;
  readonly blockSize: number;
  readonly #machine: Machine;
  readonly #observer: ((observation: Observation) => void) | undefined;

  constructor(
    model: Model,
    layout: SessionLayout,
    shared: { readonly threads: Threads; readonly products: Products },
    blockSize: number,
    observer: ((observation: Observation) => void) | undefined,
  ) {
    this.model = model;
    this.blockSize = blockSize;
    const memory = allocateMemory(layout.size);
    const { buffer } = memory;
    for (const [tensor, { address, elements }] of layout.tables) {
      const { values } = model.tensors[tensor] as TableTensor;
      new Int32Array(buffer, address, elements).set(values.subarray(0, elements));
    }
    this.#machine = {
      model,
      layout,
      memory: shared.threads.share(memory),
      buffer,
      bytes: new Uint8Array(buffer),
      ...shared,
    };
    this.#observer = observer;
  }

  run(tokens: readonly number[]): Int32Array {
    const last = tokens.at(-1);
    if (last === undefined) throw promptEmpty();
    this.#check(tokens);
    this.prefill(tokens.slice(0, -1));
    return this.advance(last, { generating: true })!.logits;
  }

  prefill(tokens: readonly number[]): void {
    this.#check(tokens);
    for (let start = 0; start < tokens.length; start += this.blockSize) {
      this.#block(tokens.slice(start, start + this.blockSize), { generating: false });
    }
  }

  advance(token: number, request: PositionRequest): PositionResult | undefined {
    this.#check([token]);
    this.#block([token], request);
    return request.generating ? this.#result() : undefined;
  }

  #check(tokens: readonly number[]): void {
    for (const token of tokens) checkToken(this.model, token);
    checkContext(this.model, this.length + tokens.length, this.#machine.layout.capacity);
  }

  #block(tokens: readonly number[], request: PositionRequest): void {
    const observer = this.#observer;
    const first = this.length;
    // The operators of a block run one after another, each at all positions; observers see position after position.
    const seen: Observation[][] = tokens.map(() => []);
    for (const [index, operator] of this.model.program.operators.entries()) {
      if (operator.phase === "generating" && !request.generating) continue;
      const observe =
        observer &&
        ((slot: number, section: string, values: SectionValues) =>
          seen[slot]!.push({
            position: first + slot,
            operator: index,
            name: operator.name,
            section,
            values,
          }));
      const step: Step = { index, operator, first, tokens, request, observe };
      runOperator(this.#machine, step);
    }
    this.length += tokens.length;
    if (observer) for (const observation of seen.flat()) observer(observation);
  }

  #result(): PositionResult {
    const { operators } = this.model.program;
    const { layout, buffer } = this.#machine;
    const choice = operators.findIndex(({ kind }) => kind === "sample");
    const flag = operators.findIndex(({ kind }) => kind === "stop");
    const logits = layout.outputs[operators[choice]!.inputs[0]!]!.address;
    return {
      logits: new Int32Array(buffer, logits, this.model.header.vocabularySize).slice(),
      token: new Int32Array(buffer, layout.outputs[choice]!.address, 1)[0]!,
      stop: new Int32Array(buffer, layout.outputs[flag]!.address, 1)[0] === 1,
    };
  }
}
