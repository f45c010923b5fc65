import { EngineError } from "../errors.ts";
import type { Shape } from "../operators/definition.ts";
import { OPERATORS } from "../operators/index.ts";
import { MULTIPLIER_LIMIT, SHIFT_MAXIMUM, SHIFT_MINIMUM, type Tensor } from "../tensors/tensor.ts";
import type { Operator, Program } from "./program.ts";

/**
 * Refuses a program that an executor could not run exactly: unknown shapes, forward references, constants outside
 * the ranges that the overflow proofs rest on.
 *
 * @throws EngineError `PROGRAM_INVALID` naming the operator.
 */
export function validateProgram(program: Program): void {
  if (!isWithin(program.vocabularySize, 1, 2 ** 24)) {
    refuse(`Vocabulary size ${program.vocabularySize} is not in [1, 2^24].`);
  }
  if (!isWithin(program.contextLength, 1, 65536)) {
    refuse(`Context length ${program.contextLength} is not in [1, 65,536].`);
  }
  const shapes: Shape[] = [];
  for (const [index, operator] of program.operators.entries()) {
    const complain = (problem: string) =>
      refuse(`Operator ${index} (${operator.kind} ${operator.name}): ${problem}`);
    checkOperator(operator, index, program, shapes, complain);
    shapes.push(OPERATORS[operator.kind].output(operator));
  }
  for (const kind of ["embed", "seen", "recent", "sample", "stop"] as const) {
    const count = program.operators.filter((operator) => operator.kind === kind).length;
    if (count !== 1) refuse(`It has ${count} operators of kind ${kind} instead of one.`);
  }
}

function checkOperator(
  operator: Operator,
  index: number,
  program: Program,
  shapes: readonly Shape[],
  complain: (problem: string) => never,
): void {
  const definition = OPERATORS[operator.kind];
  if (!/^[ -~]{0,255}$/.test(operator.name)) {
    complain("its name is not printable ASCII of at most 255 characters.");
  }
  if (definition.phase && operator.phase !== definition.phase) {
    complain(`its phase is ${operator.phase} instead of ${definition.phase}.`);
  }
  if (operator.constants.length !== definition.constants.length) {
    complain(`it has ${operator.constants.length} constants instead of ${definition.constants.length}.`);
  }
  definition.constants.forEach(({ name, minimum, maximum }, position) => {
    const value = operator.constants[position]!;
    if (!isWithin(value, minimum, maximum)) complain(`${name} ${value} is not in [${minimum}, ${maximum}].`);
  });
  const unfit = definition.checkConstants?.(operator);
  if (unfit !== undefined) complain(unfit);
  const [fewest, most] = definition.tensors;
  if (!isWithin(operator.tensors.length, fewest, most)) {
    complain(`it has ${operator.tensors.length} tensors.`);
  }
  if (operator.inputs.length !== definition.inputs.length) {
    complain(`it has ${operator.inputs.length} inputs.`);
  }
  const expected = definition.expects(operator, program);
  if (operator.tensors.length !== expected.tensors.length) {
    complain(`it has ${operator.tensors.length} tensors.`);
  }
  operator.inputs.forEach((input, position) => {
    if (!isWithin(input, 0, index - 1)) complain(`input ${input} is not an earlier operator.`);
    if (operator.phase === "always" && program.operators[input]!.phase !== "always") {
      complain(`input ${input} does not run at every position.`);
    }
    if (position === definition.historyInput && program.operators[input]!.phase !== "always") {
      complain(`input ${input} is read at earlier positions but does not run at every position.`);
    }
    const [found, wanted] = [describe(shapes[input]!), describe(expected.inputs[position]!)];
    if (found !== wanted) complain(`input ${input} is ${found}, expected ${wanted}.`);
  });
  operator.tensors.forEach((tensor, position) => {
    const descriptor = program.tensors[tensor];
    const wanted = expected.tensors[position]!;
    if (
      descriptor?.kind !== wanted.kind ||
      descriptor.rows !== wanted.rows ||
      descriptor.columns !== wanted.columns
    ) {
      const found = descriptor ? `${descriptor.kind} ${descriptor.rows} × ${descriptor.columns}` : "missing";
      complain(`tensor ${tensor} is ${found}, expected ${wanted.kind} ${wanted.rows} × ${wanted.columns}.`);
    }
  });
  if (operator.kind === "embed" && operator.constants[0] !== program.vocabularySize) {
    complain("it embeds another vocabulary.");
  }
  if (operator.kind === "seen" && operator.constants[0] !== program.vocabularySize) {
    complain("it notes tokens of another vocabulary.");
  }
  if (operator.kind === "sample" && operator.constants[0] !== program.vocabularySize) {
    complain("it chooses from another vocabulary.");
  }
}

/**
 * Refuses tensors whose shapes differ from the program's or whose values break the ranges that exactness rests on.
 *
 * @throws EngineError `TENSOR_OUT_OF_RANGE` or `PROGRAM_INVALID`.
 */
export function validateTensors(program: Program, tensors: readonly Tensor[]): void {
  if (tensors.length !== program.tensors.length) {
    refuse(`It names ${program.tensors.length} tensors, but ${tensors.length} were given.`);
  }
  tensors.forEach((tensor, index) => {
    const { kind, rows, columns } = program.tensors[index]!;
    if (
      tensor.kind !== kind ||
      tensor.rows !== rows ||
      tensor.columns !== columns ||
      tensor.values.length !== rows * columns
    ) {
      refuse(`Tensor ${index} does not have the shape ${kind} ${rows} × ${columns}.`);
    }
    if (tensor.kind === "rows") {
      if (tensor.values.includes(-128)) outOfRange(index, "a weight is -128");
      if (
        tensor.multipliers.length !== rows ||
        !tensor.multipliers.every((m) => isWithin(m, 1, MULTIPLIER_LIMIT - 1))
      ) {
        outOfRange(index, "a row multiplier is not in [1, 2^15)");
      }
      if (
        tensor.shifts.length !== rows ||
        !tensor.shifts.every((n) => isWithin(n, SHIFT_MINIMUM, SHIFT_MAXIMUM))
      ) {
        outOfRange(index, `a row shift is not in [${SHIFT_MINIMUM}, ${SHIFT_MAXIMUM}]`);
      }
    }
  });
  for (const operator of program.operators) {
    operator.tensors.forEach((index, position) => {
      const problem = OPERATORS[operator.kind].checkTensor?.(tensors[index]!, position);
      if (problem !== undefined) outOfRange(index, problem);
    });
  }
}

function describe(shape: Shape): string {
  return `${shape.type} ${shape.groups} × ${shape.size}`;
}

function isWithin(value: number, minimum: number, maximum: number): boolean {
  return Number.isSafeInteger(value) && value >= minimum && value <= maximum;
}

function outOfRange(tensor: number, problem: string): never {
  throw new EngineError("TENSOR_OUT_OF_RANGE", `Tensor ${tensor}: ${problem}.`, {
    remedy: "Import the model again from its checkpoint.",
    details: { tensor },
  });
}

function refuse(problem: string): never {
  throw new EngineError("PROGRAM_INVALID", `The program is not valid. ${problem}`, {
    remedy: "Import the model again from its checkpoint.",
  });
}
