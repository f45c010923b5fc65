import { OPERATORS } from "../../../engine/src/operators/index.ts";
import type { SectionValues, Shape, Value } from "../../../engine/src/operators/definition.ts";
import type { Operator, OperatorKind, Program } from "../../../engine/src/program/program.ts";
import type { TensorDescriptor } from "../../../engine/src/tensors/tensor.ts";
import { chunkBytes, chunksPerRow } from "../../../engine/src/tensors/chunks.ts";
import {
  decodeArray,
  decodeCase,
  type VectorCase,
  type VectorFile,
} from "../../../engine/src/testing/operator-vectors.ts";
import { ELEMENT_BYTES, encodeElements } from "../../../engine/src/trace/encode-tile.ts";
import { Evidence } from "./evidence.ts";

/** A case of engine/vectors/operators as a claim: a program of the operator and of operators whose outputs are its inputs. */
export function vectorEvidence(
  file: VectorFile,
  vector: VectorCase,
): { evidence: Evidence; operator: number; position: number } {
  const run = decodeCase(file, vector);
  const { kind } = file;
  const { position } = vector;
  // The number of the token fixes where the prompt ends.
  const isChoice = kind === "sample" || kind === "stop";
  const promptCount = isChoice ? position + 2 - vector.generated : position + 1;
  const tensors = run.tensors ?? [];
  const contextLength = kind === "rotate" ? tensors[0]!.rows : position + 1;
  const descriptors = tensors.map(({ kind, rows, columns }) => ({ kind, rows, columns }));
  const { program, operator, inputs } = programAround(kind, vector.constants, descriptors, contextLength);
  const evidence = new Evidence({
    program,
    promptCount,
    outputCount: 1,
    ...run.parameters!,
    startOffset: vector.startOffset,
    elsewhere: "anything",
  });
  evidence.putTokens("prompt", [...new Array<number>(promptCount - 1).fill(0), vector.token]);
  evidence.putTokens("output", [0]);
  tensors.forEach((tensor, index) => {
    for (let leaf = 0; leaf < tensor.rows * chunksPerRow(tensor); leaf++) {
      const chunks = chunksPerRow(tensor);
      evidence.putTensorLeaf(index, leaf, chunkBytes(tensor, Math.floor(leaf / chunks), leaf % chunks));
    }
  });
  const put = (at: number, where: number, name: string, values: SectionValues) => {
    const section = OPERATORS[program.operators[at]!.kind]
      .sections(program.operators[at]!, program)
      .findIndex((found) => found.name === name);
    putSection(evidence, at, where, section, values);
  };
  const putValue = (at: number, where: number, value: Value) => {
    put(at, where, "output", value.values);
    if (value.exponents) put(at, where, "exponents", value.exponents);
  };
  run.inputs?.forEach((value, index) => putValue(inputs[index]!, position, value));
  run.history?.forEach((value, at) => {
    // Pages stand at their last position.
    const pageEnd = Math.min(position, at);
    if (at <= position) putValue(inputs[1]!, pageEnd, value);
  });
  if (run.previous) putValue(operator, position - 1, run.previous);
  const flag = program.operators.findIndex((other) => other.kind === "stop");
  if (position >= promptCount) put(flag, position - 1, "output", Int32Array.of(0));
  for (const [name, array] of Object.entries(vector.sections)) {
    put(operator, position, name, decodeArray(array) as SectionValues);
  }
  return { evidence, operator, position };
}

/** Puts the tiles of a section as far as it is filled. */
export function putSection(
  evidence: Evidence,
  operator: number,
  position: number,
  section: number,
  values: SectionValues,
): void {
  const layout = evidence.layout.operators[operator]!.sections[section]!;
  const { type, groups, size, tile, firstTile, tilesPerGroup } = layout;
  const active = values.length / groups;
  for (let group = 0; group < groups; group++) {
    for (let index = 0; index < tilesPerGroup; index++) {
      const start = index * tile;
      const end = Math.min(active, start + tile);
      const bytes = new Uint8Array(ELEMENT_BYTES[type] * Math.min(size - start, tile));
      if (end > start) {
        bytes.set(encodeElements(type, values.slice(group * active + start, group * active + end)));
      }
      evidence.putTile(
        { position, operator, tile: firstTile + group * tilesPerGroup + index },
        end > start ? bytes : undefined,
      );
    }
  }
}

/**
 * A program of an operator and of operators whose outputs have the shapes of its inputs, with the operators that every program has.
 *
 * @param tensors that the operator uses
 */
export function programAround(
  kind: OperatorKind,
  constants: readonly number[],
  tensors: readonly TensorDescriptor[],
  contextLength: number,
): { program: Program; operator: number; inputs: readonly number[] } {
  const tested = { ...operatorOf(kind, constants), tensors: tensors.map((_, index) => index) };
  const common = (["embed", "sample", "stop"] as const).map((every) =>
    // The tested operator takes the place of the one of its kind.
    operatorOf(every === kind ? "add" : every, every === "stop" && every !== kind ? [0] : [8, 8, 0]),
  );
  const shell = { vocabularySize: 2 ** 24, contextLength, tensors, operators: [] };
  const shapes = OPERATORS[kind].expects(tested, shell).inputs;
  const inputs = shapes.map((_, index) => common.length + index);
  const operators = [...common, ...shapes.map(operatorOfShape), { ...tested, inputs }];
  const hasOwn = kind === "embed" || kind === "sample" || kind === "seen";
  const vocabularySize = hasOwn ? constants[0]! : 2 ** 24;
  return { program: { ...shell, vocabularySize, operators }, operator: operators.length - 1, inputs };
}

function operatorOf(kind: Operator["kind"], constants: readonly number[]): Operator {
  return { kind, name: kind, phase: "always", inputs: [], tensors: [], constants };
}

/** An operator whose output has a shape. */
function operatorOfShape({ type, groups, size }: Shape): Operator {
  switch (type) {
    case "wide":
      return operatorOf("add", [groups * size]);
    case "narrow":
      return operatorOf("narrow", [groups, size]);
    case "page":
      return operatorOf("page", [groups, size]);
    case "positions":
      return operatorOf("scores", [groups, 1, 1, 1, 0]);
    case "weights":
      return operatorOf("softmax", [groups]);
    case "seen":
      return operatorOf("seen", [32 * size]);
    case "recent":
      return operatorOf("recent", []);
    case "token":
    case "flag":
      return operatorOf("sample", [8, 0]);
  }
}
