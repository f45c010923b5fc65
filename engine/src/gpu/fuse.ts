import { OPERATORS } from "../operators/index.ts";
import { constant } from "../operators/definition.ts";
import type { Operator, Program } from "../program/program.ts";
import { tensorReaders } from "./matrices.ts";

/**
 * Operators that run in one dispatch (more of them only at other numbers of rows). `operators` of "products" are the linear
 * ones, whose matrices lie below one another; what follows them is `ending`.
 */
export type Item =
  | { readonly kind: "single"; readonly operators: readonly [number] }
  | { readonly kind: "normalize and narrow"; readonly operators: readonly [number, number] }
  | {
      readonly kind: "products";
      readonly operators: readonly number[];
      /** The operator that is computed along with them: an `add` of a single product, a `gate` of two. */
      readonly ending?: number;
    };

/** Operators of an item whose outputs others see. */
export function outputsOf(item: Item): readonly number[] {
  if (item.kind === "normalize and narrow") return [item.operators[1]];
  return item.kind === "products" && item.ending !== undefined ? [item.ending] : item.operators;
}

/** Operators whose outputs an item reads. */
export function inputsOf(item: Item, { operators }: Program): number[] {
  const all = [...item.operators];
  if (item.kind === "products" && item.ending !== undefined) all.push(item.ending);
  return all.flatMap((index) => operators[index]!.inputs).filter((input) => !all.includes(input));
}

/**
 * A program as items, in an order in which they can run. With `observed` every operator's output is kept.
 *
 * @param partsOf how many buffers matrices below one another take; a gate is only joined to products in one
 */
export function fuse(
  program: Program,
  observed: boolean,
  partsOf: (tensors: readonly number[]) => number,
): Item[] {
  const { operators } = program;
  const readers = operators.map((_, index) =>
    operators.flatMap(({ inputs }, reader) => inputs.filter((input) => input === index).map(() => reader)),
  );
  const tensors = tensorReaders(program);
  const items: Item[] = [];
  const done = new Set<number>();
  /** The only reader of an operator's output, if it is of this kind and of the same phase. */
  const onlyReader = (index: number, kind: Operator["kind"]) => {
    const reader = readers[index]!.length === 1 ? readers[index]![0]! : undefined;
    const found = reader !== undefined && operators[reader]!.kind === kind;
    return found && operators[reader]!.phase === operators[index]!.phase ? reader : undefined;
  };
  operators.forEach((operator, index) => {
    if (done.has(index)) return;
    const item = itemAt(operator, index);
    items.push(item);
    for (const member of [...item.operators, ...outputsOf(item)]) done.add(member);
  });
  return items;

  function itemAt(operator: Operator, index: number): Item {
    if (operator.kind === "normalize" && !observed && constant(operator, 0) === 1) {
      const narrow = onlyReader(index, "narrow");
      const whole = narrow !== undefined && constant(operators[narrow]!, 0) === 1;
      if (whole) return { kind: "normalize and narrow", operators: [index, narrow] };
    }
    if (operator.kind !== "linear") return { kind: "single", operators: [index] };
    const group = productsBeside(operator, index);
    const matrices = group.map((member) => operators[member]!.tensors[0]!);
    const biased = group.some((member) => operators[member]!.tensors.length > 1);
    if (observed || biased) return { kind: "products", operators: group };
    const [first, second] = group;
    if (group.length === 1) {
      const add = onlyReader(first!, "add");
      // What it adds to is there already if it comes earlier in the program.
      const ready = add !== undefined && operators[add]!.inputs.every((input) => input <= first!);
      if (ready) return { kind: "products", operators: group, ending: add };
    }
    if (group.length === 2 && partsOf(matrices) === 1) {
      const gate = onlyReader(first!, "gate");
      const both = gate !== undefined && onlyReader(second!, "gate") === gate;
      const inOrder = both && operators[gate]!.inputs[0] === first;
      if (inOrder) return { kind: "products", operators: group, ending: gate };
    }
    return { kind: "products", operators: group };
  }

  /** The linear operators that read the same input; those whose matrix others use, too, stay alone. */
  function productsBeside(operator: Operator, index: number): number[] {
    const alone = (member: number) => tensors.get(operators[member]!.tensors[0]!)! > 1;
    if (alone(index)) return [index];
    return [
      ...new Set(
        readers[operator.inputs[0]!]!.filter((reader) => {
          const other = operators[reader]!;
          return other.kind === "linear" && other.phase === operator.phase && !alone(reader);
        }),
      ),
    ];
  }
}

/** Operators that the given one reads at earlier positions. */
export function historyOf({ operators }: Program): Set<number> {
  const sources = new Set<number>();
  for (const { kind, inputs } of operators) {
    const { historyInput } = OPERATORS[kind];
    const source = inputs[historyInput ?? -1];
    if (source !== undefined) sources.add(source);
  }
  return sources;
}
