import { allocateMemory } from "../fast/kernels.ts";
import { planSession } from "../fast/layout.ts";
import { runOperator } from "../fast/operators.ts";
import type { Machine } from "../fast/step.ts";
import { Products } from "../fast/products.ts";
import { Threads } from "../fast/threads.ts";
import { loadWeights, planWeights } from "../fast/weights.ts";
import type { Model } from "../model.ts";
import type { SectionValues, Value } from "../operators/definition.ts";
import { OPERATORS } from "../operators/index.ts";
import { PAGE } from "../operators/page.ts";
import type { Operator, OperatorKind } from "../program/program.ts";
import type { TableTensor } from "../tensors/tensor.ts";
import type { OperatorRun } from "./run-operator.ts";
import { programOf } from "./single-operator.ts";

/** What `runOperator` does, with the fast executor: one operator on its own, and its trace. */
export function runFastOperator(kind: OperatorKind, run: OperatorRun): Record<string, SectionValues> {
  const { tensors = [], inputs = [], position = 0, token = 0 } = run;
  const program = programOf(kind, run);
  const index = program.operators.length - 1;
  const operator = program.operators[index]!;
  const model = { program, tensors, header: { contextLength: program.contextLength } } as unknown as Model;
  const layout = planSession(model, program.contextLength, 1);
  const memory = allocateMemory(layout.size);
  const { buffer } = memory;
  const plan = planWeights(model, 1, 2 ** 30);
  const threads = new Threads(0);
  const machine: Machine = {
    model,
    layout,
    memory: threads.share(memory),
    buffer,
    bytes: new Uint8Array(buffer),
    threads,
    products: new Products(model, plan, loadWeights(model, plan, threads), threads),
  };
  for (const [tensor, { address, elements }] of layout.tables) {
    new Int32Array(buffer, address, elements).set(
      (tensors[tensor] as TableTensor).values.subarray(0, elements),
    );
  }
  for (const [source, input] of inputs.entries()) putInput(machine, source, input, position + 1);
  putHistory(machine, operator, run);
  const sections: Record<string, SectionValues> = {};
  const { generated = 1, parameters = { maxTokens: Infinity }, startOffset = 0 } = run;
  runOperator(machine, {
    index,
    operator,
    first: position,
    tokens: [token],
    request: { generating: true, generated, parameters, startOffset },
    observe: (_, section, values) => (sections[section] = values),
  });
  return sections;
}

function putInput(machine: Machine, source: number, { values, exponents }: Value, count: number): void {
  const { layout, buffer } = machine;
  const { kind, constants } = machine.model.program.operators[source]!;
  const { address, exponents: offset } = layout.outputs[source]!;
  if (kind === "page") return;
  if (kind === "seen" || kind === "recent") return putState(machine, source, values);
  if (kind === "scores" || kind === "softmax") {
    for (let head = 0; head < constants[0]!; head++) {
      const from = address + 4 * head * layout.positionsPitch;
      new Int32Array(buffer, from, count).set(values.subarray(head * count, (head + 1) * count));
    }
  } else if (kind === "narrow") {
    new Int16Array(buffer, address, values.length).set(values);
    new Int32Array(buffer, address + offset, exponents!.length).set(exponents!);
  } else {
    new Int32Array(buffer, address, values.length).set(values);
  }
}

/** What an operator that keeps its output puts out at the position before, or at this one. */
function putState({ layout, buffer }: Machine, operator: number, values: Value["values"]): void {
  new Int32Array(buffer, layout.caches.get(operator)!.address, values.length).set(values);
}

/** Fills the cache: keys of all positions, or pages as they are at their last position. */
function putHistory(machine: Machine, operator: Operator, run: OperatorRun): void {
  const { layout, buffer, memory } = machine;
  const { history = [], position = 0, previous } = run;
  if (operator.kind === "page" && previous && position % PAGE !== 0) {
    const { address } = layout.caches.get(machine.model.program.operators.indexOf(operator))!;
    const from = address + 2 * previous.values.length * Math.floor(position / PAGE);
    new Int16Array(buffer, from, previous.values.length).set(previous.values);
  }
  if ((operator.kind === "seen" || operator.kind === "recent") && previous) {
    putState(machine, machine.model.program.operators.indexOf(operator), previous.values);
  }
  const source = OPERATORS[operator.kind].historyInput;
  if (source === undefined) return;
  const { address, exponents, stride } = layout.caches.get(source)!;
  for (const [at, value] of history.slice(0, position + 1).entries()) {
    if (operator.kind === "mix") {
      const from = address + 2 * value.values.length * Math.floor(at / PAGE);
      new Int16Array(buffer, from, value.values.length).set(value.values);
      continue;
    }
    const [heads, size] = machine.model.program.operators[source]!.constants as [number, number];
    // The input's own slot carries each position's keys to the cache.
    putInput(machine, source, value, 1);
    const slot = layout.outputs[source]!;
    memory.kernels.storeKeys(
      slot.address,
      slot.address + slot.exponents,
      heads,
      size,
      stride,
      layout.capacity,
      at,
      address,
      exponents,
    );
  }
}
