import type { GenerationParameters } from "../commitments/generation.ts";
import { TOKENS_PER_LEAF } from "../commitments/tokens.ts";
import type { Operator, OperatorKind, Program } from "../program/program.ts";
import { locateTile, traceLayout, type SectionLayout, type TraceLayout } from "../trace/layout.ts";
import { POSITION_CHUNK } from "../operators/scores.ts";
import { decodeElements, refuseWitness, type Read, type Reading } from "./read.ts";

/** What a step needs to know of the request: the rest, stop sequences too, is opened. */
export interface StepRequest extends Omit<GenerationParameters, "stopSequences"> {
  /** Number of tokens of the prompt, and of those at its end that are output. */
  readonly promptCount: number;
  readonly startOffset?: number;
  /** Whether the prompt is blinded and the output encrypted. Default false. */
  readonly isPrivate?: boolean;
}

/** One element of the trace of a program. */
export interface Place extends StepRequest {
  readonly program: Program;
  readonly layout: TraceLayout;
  readonly position: number;
  readonly operator: Operator;
  /** Index of the operator in the program. */
  readonly operatorIndex: number;
  readonly section: SectionLayout;
  readonly group: number;
  /** Index of the tile's first element in the group, and the number of the tile's elements. */
  readonly first: number;
  readonly length: number;
  /** Index of the element in the group. */
  readonly index: number;
}

/** Sections whose groups stand for positions: how many an element stands for. */
const POSITIONS_PER_ELEMENT: Partial<Record<OperatorKind, Readonly<Record<string, number>>>> = {
  scores: { output: 1 },
  softmax: { maxima: POSITION_CHUNK, output: 1 },
  mix: { partialWeights: POSITION_CHUNK, partials: POSITION_CHUNK },
};

const layouts = new WeakMap<Program, TraceLayout>();

export function layoutOf(program: Program): TraceLayout {
  let layout = layouts.get(program);
  if (!layout) layouts.set(program, (layout = traceLayout(program)));
  return layout;
}

/** @param at position, operator and tile of the program's traces; an element that may be beyond the tile */
export function placeOf(
  program: Program,
  request: StepRequest,
  at: { position: number; operator: number; tile: number; element: number },
): Place {
  const layout = layoutOf(program);
  const { section, group, tileOfGroup } = locateTile(layout.operators[at.operator]!, at.tile);
  const first = tileOfGroup * section.tile;
  return {
    ...request,
    program,
    layout,
    position: at.position,
    operator: program.operators[at.operator]!,
    operatorIndex: at.operator,
    section,
    group,
    first,
    length: Math.min(section.tile, section.size - first),
    index: first + at.element,
  };
}

/** First position that element `index` of the place's group stands for; 0 in sections that do not stand for positions. */
export function positionOf({ operator, section }: Place, index: number): number {
  return index * (POSITIONS_PER_ELEMENT[operator.kind]?.[section.name] ?? 0);
}

/** Number of the output token that the place's position yields, from 1 on. */
export function generatedAt({ position, promptCount }: Place): number {
  return position - promptCount + 2;
}

/** Index of the only operator of a kind. */
export function onlyOperator(program: Program, kind: "sample" | "stop"): number {
  return program.operators.findIndex((operator) => operator.kind === kind);
}

/** The element of an operator's last tile, which holds one: a token or a flag. Undefined where the trace has PAD. */
export function* lastElement(
  program: Program,
  operator: number,
  position: number,
): Reading<bigint | undefined> {
  const { tiles } = layoutOf(program).operators[operator]!;
  const bytes = yield { from: "trace", position, operator, tile: tiles - 1 };
  return bytes && decodeElements("int32", bytes)[0]!;
}

/** The place's position's token. @throws EngineError `WITNESS_INVALID` when it is not in the vocabulary */
export function* tokenAt({ program, position, promptCount }: Place): Reading<number> {
  const token =
    position < promptCount
      ? yield* promptToken(position)
      : yield* lastElement(program, onlyOperator(program, "sample"), position - 1);
  if (token === undefined) refuseWitness("opens PAD where a token is read", { position });
  const { vocabularySize } = program;
  if (token < 0n || token >= BigInt(vocabularySize)) {
    refuseWitness(`shows token ${token}, which is not in the vocabulary of ${vocabularySize}`, { token });
  }
  return Number(token);
}

function* promptToken(position: number): Reading<bigint> {
  const bytes = yield { from: "prompt", leaf: Math.floor(position / TOKENS_PER_LEAF) };
  const view = new DataView(bytes!.buffer, bytes!.byteOffset);
  return BigInt(view.getUint32(4 * (position % TOKENS_PER_LEAF)));
}

/** Tile `tile` of a section of the place's own operator, at its position. */
export function ownSection(place: Place, section: string, tile: number): Reading<bigint[]> {
  return readTile(place, place.operatorIndex, section, tile, place.position);
}

/** Tile `tile` of a section of input `input`. */
export function inputSection(
  place: Place,
  input: number,
  section: string,
  tile: number,
  position = place.position,
): Reading<bigint[]> {
  return readTile(place, place.operator.inputs[input]!, section, tile, position);
}

export function* readTile(
  place: Place,
  operator: number,
  name: string,
  tile: number,
  position: number,
): Reading<bigint[]> {
  const section = place.layout.operators[operator]!.sections.find((other) => other.name === name)!;
  const read: Read = { from: "trace", position, operator, tile: section.firstTile + tile };
  const bytes = yield read;
  return bytes
    ? decodeElements(section.type, bytes)
    : refuseWitness("opens PAD where an input is read", { ...read });
}

/** All tiles of a section of the place's own operator, which has one group. */
export function* ownTiles(place: Place, name: string): Reading<bigint[]> {
  const { sections } = place.layout.operators[place.operatorIndex]!;
  const { tilesPerGroup } = sections.find((section) => section.name === name)!;
  const elements: bigint[] = [];
  for (let tile = 0; tile < tilesPerGroup; tile++) elements.push(...(yield* ownSection(place, name, tile)));
  return elements;
}

/** Entries of a leaf of a table. */
export function* readTable(place: Place, tensor: number, row: number, chunk: number): Reading<bigint[]> {
  return decodeElements("int32", yield* readLeaf(place, tensor, row, chunk));
}

export interface WeightChunk {
  readonly multiplier: bigint;
  readonly shift: bigint;
  readonly weights: Int8Array;
}

/** A leaf of a matrix. */
export function* readWeights(place: Place, tensor: number, row: number, chunk: number): Reading<WeightChunk> {
  const bytes = yield* readLeaf(place, tensor, row, chunk);
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    multiplier: BigInt(view.getUint16(0)),
    shift: BigInt(view.getInt16(2)),
    weights: Int8Array.from(bytes.subarray(4)),
  };
}

function* readLeaf(place: Place, tensor: number, row: number, chunk: number): Reading<Uint8Array> {
  const bytes = yield { from: "tensor", tensor: place.operator.tensors[tensor]!, row, chunk };
  return bytes!;
}
