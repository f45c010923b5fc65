import type { Model } from "@athanor/engine";
import { referenceExecutor, type Executor, type TraceRequest } from "@athanor/engine/trace";
import { faultyExecutor, type Fault } from "../../engine/src/testing/faulty-executor.ts";

/** A wrong computation whose output is another one. */
export interface WrongComputation {
  readonly fault: Fault;
  readonly executor: Executor;
  readonly tokens: readonly number[];
}

/** Places that are tried before giving up: most changes of one element leave every token as it was. */
const MOST_ATTEMPTS = 200;

/**
 * Changes one element at a random place of a request's computation, computes everything after it from the changed one, and
 * looks for another place if the output stays the same.
 *
 * @param random numbers in [0, 1)
 */
export async function wrongComputation(
  model: Model,
  request: TraceRequest,
  random: () => number,
): Promise<WrongComputation> {
  const honest = await referenceExecutor(model, request);
  const positions = request.prompt.length + honest.tokens.length - 1;
  const below = (limit: number) => Math.floor(random() * limit);
  for (let attempt = 0; attempt < MOST_ATTEMPTS; attempt++) {
    const position = below(positions);
    const shown = await sectionsAt(model, request, position);
    const { operator, section, elements, is64Bit } = shown[below(shown.length)]!;
    const bit = below(is64Bit ? 40 : 15);
    const fault: Fault = {
      ...{ position, operator, section, element: below(elements) },
      change: (value) => (typeof value === "bigint" ? value ^ (1n << BigInt(bit)) : value ^ (1 << bit)),
    };
    const executor = faultyExecutor(fault, referenceExecutor);
    const { tokens } = await executor(model, request);
    if (tokens.join() !== honest.tokens.join()) return { fault, executor, tokens };
  }
  throw new Error(`None of ${MOST_ATTEMPTS} random changes altered the output.`);
}

interface Shown {
  readonly operator: number;
  readonly section: string;
  readonly elements: number;
  readonly is64Bit: boolean;
}

async function sectionsAt(model: Model, request: TraceRequest, position: number): Promise<Shown[]> {
  const shown: Shown[] = [];
  await referenceExecutor(model, {
    ...request,
    observer({ position: at, operator, section, values }) {
      if (at !== position) return;
      shown.push({ operator, section, elements: values.length, is64Bit: values instanceof BigInt64Array });
    },
  });
  return shown;
}
