import { placeOf, type StepRequest } from "../dispute/place.ts";
import type { Read } from "../dispute/read.ts";
import { executeStep } from "../dispute/step.ts";
import type { SectionValues, ShapeType, Value } from "../operators/definition.ts";
import { encodeStopSequences } from "../commitments/generation.ts";
import { tokenLeaves } from "../commitments/tokens.ts";
import { OPERATORS } from "../operators/index.ts";
import type { Operator, OperatorKind, Program } from "../program/program.ts";
import { chunkBytes } from "../tensors/chunks.ts";
import { ELEMENT_BYTES, encodeElements } from "../trace/encode-tile.ts";
import { locateTile, traceLayout, type TraceAddress } from "../trace/layout.ts";
import type { OperatorRun } from "./run-operator.ts";

/** An operator that puts out vectors of a type, with the sections by which steps read them. */
const PRODUCERS: Readonly<Record<ShapeType, (groups: number, size: number) => [OperatorKind, number[]]>> = {
  wide: (_, size) => ["add", [size]],
  narrow: (groups, size) => ["narrow", [groups, size]],
  page: (groups, size) => ["page", [groups, size]],
  positions: (groups) => ["scores", [groups, 1, 1, 1, 0]],
  weights: (groups) => ["softmax", [groups]],
  seen: (_, size) => ["seen", [32 * size]],
  recent: () => ["recent", []],
  token: () => ["sample", [1, 0]],
  flag: () => ["stop", [0]],
};

/**
 * Recomputes elements of one operator on its own by steps, each from the inputs of the run and the sections before its own.
 *
 * @param sections the operator's trace at the run's position
 * @returns the element of a section, by its index among those that are filled
 */
export function stepOperator(
  kind: OperatorKind,
  run: OperatorRun,
  sections: Readonly<Record<string, SectionValues>>,
): (section: string, index: number) => bigint {
  const { constants = [], inputs = [], history = [], tensors = [], previous, token = 0 } = run;
  const { generated = 1, parameters = { maxTokens: 1 }, startOffset = 0 } = run;
  const isChoice = kind === "sample" || kind === "stop";
  const position = run.position ?? 0;
  const promptCount = isChoice ? position - generated + 2 : position + 1;
  const request: StepRequest = { ...parameters, promptCount, startOffset };
  const program = programOf(kind, constants, tensors, position + 1);
  const operator = inputs.length;
  const layout = traceLayout(program);
  const subject = { program, request, claim: { complete: true, outputCount: 1 } };

  const valuesOf = (read: TraceAddress, section: string): SectionValues => {
    if (read.operator === operator) {
      return read.position === position ? sections[section]! : previous!.values;
    }
    const isHistory = OPERATORS[kind].historyInput === read.operator;
    const value: Value = isHistory ? history[read.position]! : inputs[read.operator]!;
    return section === "exponents" ? value.exponents! : value.values;
  };
  const open = (read: Read): Uint8Array => {
    if (read.from === "tensor") return chunkBytes(tensors[read.tensor]!, read.row, read.chunk);
    if (read.from === "stops") return encodeStopSequences(parameters.stopSequences ?? []);
    if (read.from === "own") throw new Error("an element is recomputed without its own tile");
    if (read.from !== "trace") return tokenLeaves(new Array<number>(position + 1).fill(token))[read.leaf]!;
    const { section, group, tileOfGroup } = locateTile(layout.operators[read.operator]!, read.tile);
    const values = valuesOf(read, section.name);
    const active = values.length / section.groups;
    const start = tileOfGroup * section.tile;
    const length = Math.min(section.tile, section.size - start);
    const bytes = new Uint8Array(length * ELEMENT_BYTES[section.type]);
    const end = group * active + Math.min(start + length, active);
    bytes.set(encodeElements(section.type, values.slice(group * active + start, end)));
    return bytes;
  };
  return (name, index) => {
    const section = layout.operators[operator]!.sections.find((other) => other.name === name)!;
    const active = sections[name]!.length / section.groups;
    const [group, offset] = [Math.floor(index / active), index % active];
    const tile = section.firstTile + group * section.tilesPerGroup + Math.floor(offset / section.tile);
    const at = { position, operator, tile, element: offset % section.tile };
    if (placeOf(program, request, at).index !== offset) {
      throw new Error("the element is not where it was sought");
    }
    return executeStep(subject, at, open);
  };
}

function programOf(
  kind: OperatorKind,
  constants: readonly number[],
  tensors: OperatorRun["tensors"] & {},
  contextLength: number,
): Program {
  const bare = { name: "", phase: "always", inputs: [], tensors: [] } as const;
  const own: Operator = {
    ...bare,
    kind,
    inputs: OPERATORS[kind].inputs.map((_, input) => input),
    tensors: tensors.map((_, tensor) => tensor),
    constants,
  };
  const program = { vocabularySize: 2 ** 24, contextLength, operators: [], tensors };
  const producers = OPERATORS[kind].expects(own, program).inputs.map(({ type, groups, size }): Operator => {
    const [producer, shape] = PRODUCERS[type](groups, size);
    return { ...bare, kind: producer, constants: shape };
  });
  return { ...program, operators: [...producers, own] };
}
