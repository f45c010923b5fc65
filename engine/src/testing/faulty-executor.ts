import type { Executor } from "../trace/request.ts";
import { referenceExecutor } from "../trace/request.ts";

/** One element of a computation that comes out otherwise. */
export interface Fault {
  readonly position: number;
  /** Index of the operator in the program. */
  readonly operator: number;
  readonly section: string;
  /** Index among the section's active elements. */
  readonly element: number;
  /** What it comes out as; default: its lowest bit flipped. */
  readonly change?: (value: number | bigint) => number | bigint;
}

/**
 * The reference executor of a provider that errs or lies: one element is changed, and everything that follows is computed
 * from it. Where a section is only shown and not read again (the parts of a reduction), its result stays as it was.
 *
 * @param executor one that computes from the arrays it shows, as the reference does
 */
export function faultyExecutor(fault: Fault, executor: Executor = referenceExecutor): Executor {
  const { position, operator, section, element, change = flipped } = fault;
  return (model, { observer, ...options }) =>
    executor(model, {
      ...options,
      observer: (observation) => {
        const isIt =
          observation.position === position &&
          observation.operator === operator &&
          observation.section === section;
        if (isIt) {
          const { values } = observation;
          // The executor's own array: what it computes next reads it.
          values[element] = change(values[element]!);
        }
        observer?.(observation);
      },
    });
}

function flipped(value: number | bigint): number | bigint {
  return typeof value === "bigint" ? value ^ 1n : value ^ 1;
}
