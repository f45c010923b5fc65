import type { Model } from "../model.ts";
import { constant, type OperatorDefinition } from "../operators/definition.ts";
import { OPERATORS } from "../operators/index.ts";
import { PAGE } from "../operators/page.ts";
import { LOGIT_CHUNK, THRESHOLD_BITS } from "../operators/sampling.ts";
import type { Operator, OperatorKind } from "../program/program.ts";

/** Operators that keep their own output for the next position. */
const KEEPERS: ReadonlySet<OperatorKind> = new Set(["page", "seen", "recent"]);

/** `value` rounded up to a multiple of `unit`. */
export function align(value: number, unit = 64): number {
  return Math.ceil(value / unit) * unit;
}

/** An operator's output: one slot a position of the block, or a single one if it only runs at the last. */
export interface Buffer {
  readonly address: number;
  /** Bytes from one position's values to the next. */
  readonly pitch: number;
  /** Exponents of narrow values stand behind the values of the same slot. */
  readonly exponents: number;
}

/** What is kept from position to position: keys with their exponents, pages of values, the tokens seen so far, the last ones. */
export interface Cache {
  readonly address: number;
  /** int32 [heads][capacity], of keys. */
  readonly exponents: number;
  /** Elements of a key, filled up with zeros to a multiple of 8; of tokens, all elements. */
  readonly stride: number;
}

/** Where the parts of the operator `sample` go; their sizes are in its definition. */
export interface SamplingLayout {
  readonly adjusted: number;
  readonly winners: number;
  readonly best: number;
  readonly weights: number;
  readonly masses: number;
  readonly target: number;
  readonly candidates: number;
  readonly threshold: number;
  readonly counted: number;
  readonly thresholds: number;
  readonly kept: number;
  readonly drawn: number;
}

/** Where a session keeps everything in its one memory. Addresses and sizes are in bytes. */
export interface SessionLayout {
  readonly capacity: number;
  /** Elements from one head's scores to the next. */
  readonly positionsPitch: number;
  readonly outputs: readonly Buffer[];
  readonly caches: ReadonlyMap<number, Cache>;
  /** By tensor index. */
  readonly tables: ReadonlyMap<number, { address: number; elements: number }>;
  /** Three arrays for the parts of the trace that are no operator's output. */
  readonly scratch: readonly [number, number, number];
  /** Of programs that choose tokens, as all but tests' do. */
  readonly sampling: SamplingLayout | undefined;
  readonly size: number;
}

/** Bytes that the kernel `threshold` needs behind its candidates. */
const CLASS_BYTES = 12288;

/**
 * Lays a session's memory out. Buffers of outputs are used again as soon as nobody reads the old value.
 *
 * @param capacity positions that the session can hold
 * @param blockSize positions that are computed at once
 */
export function planSession(model: Model, capacity: number, blockSize: number): SessionLayout {
  const { operators } = model.program;
  let end = 64;
  const reserve = (bytes: number) => {
    const address = end;
    // Vectors are read in steps of 16 bytes beyond their end.
    end = align(end + bytes + 64);
    return address;
  };
  const positionsPitch = align(capacity, PAGE);
  const tableSizes = new Map<number, number>();
  const caches = new Map<number, Cache>();
  for (const operator of operators) {
    for (const tensor of operator.tensors) {
      const { kind, rows, columns } = model.program.tensors[tensor]!;
      if (kind === "rows" || operator.kind === "linear") continue;
      const elements = (operator.kind === "rotate" ? Math.min(rows, capacity) : rows) * columns;
      tableSizes.set(tensor, Math.max(elements, tableSizes.get(tensor) ?? 0));
    }
    const definition: OperatorDefinition = OPERATORS[operator.kind];
    // These are caches by themselves: they hold what was before, whether or not anybody reads it.
    const source = KEEPERS.has(operator.kind)
      ? operators.indexOf(operator)
      : operator.inputs[definition.historyInput ?? -1];
    if (source === undefined || caches.has(source)) continue;
    caches.set(source, reserveCache(operators[source]!, capacity, reserve));
  }
  const tables = new Map(
    Array.from(tableSizes, ([tensor, elements]) => [tensor, { address: reserve(4 * elements), elements }]),
  );
  const outputs = planOutputs(operators, blockSize, positionsPitch, reserve);
  const scratchSize = scratchOf(operators, capacity);
  const scratch: [number, number, number] = [
    reserve(scratchSize),
    reserve(scratchSize),
    reserve(Math.max(...operators.map(rowBytes), 4096)),
  ];
  const choice = operators.find(({ kind }) => kind === "sample");
  const sampling = choice && planSampling(constant(choice, 0), reserve);
  const size = align(end + 64, 65536);
  return { capacity, positionsPitch, outputs, caches, tables, scratch, sampling, size };
}

function planSampling(vocabulary: number, reserve: (bytes: number) => number): SamplingLayout {
  const chunks = Math.ceil(vocabulary / LOGIT_CHUNK);
  // Candidates come when nobody reads the adjusted logits any more.
  const adjusted = reserve(4 * vocabulary + CLASS_BYTES);
  return {
    ...{ adjusted, candidates: adjusted },
    winners: reserve(8 * chunks),
    best: reserve(8),
    weights: reserve(4 * vocabulary),
    masses: reserve(8 * chunks),
    target: reserve(8),
    threshold: reserve(4),
    counted: reserve(THRESHOLD_BITS.length * 16 * chunks),
    thresholds: reserve(THRESHOLD_BITS.length * 4),
    kept: reserve(8 * chunks),
    drawn: reserve(16),
  };
}

function reserveCache(source: Operator, capacity: number, reserve: (bytes: number) => number): Cache {
  const { type, groups, size } = OPERATORS[source.kind].output(source);
  if (type === "page") {
    const pages = Math.ceil(capacity / PAGE);
    return { address: reserve(2 * pages * groups * size * PAGE), exponents: 0, stride: 0 };
  }
  if (type === "seen" || type === "recent") {
    return { address: reserve(4 * size), exponents: 0, stride: size };
  }
  const stride = align(size, 8);
  return {
    address: reserve(2 * groups * capacity * stride),
    exponents: reserve(4 * groups * capacity),
    stride,
  };
}

function planOutputs(
  operators: readonly Operator[],
  blockSize: number,
  positionsPitch: number,
  reserve: (bytes: number) => number,
): Buffer[] {
  const lastReader = operators.map((_, index) => index);
  operators.forEach(({ kind, inputs }, reader) => {
    // The logits are what a session returns.
    for (const input of inputs) lastReader[input] = kind === "sample" ? Infinity : reader;
  });
  const free: { address: number; bytes: number }[] = [];
  const taken = new Map<number, { address: number; bytes: number }>();
  return operators.map((operator, index) => {
    const { pitch, exponents } = slotOf(operator, positionsPitch);
    const bytes = pitch * (operator.phase === "always" ? blockSize : 1);
    const fitting = free.findIndex((candidate) => candidate.bytes === bytes);
    const place = fitting >= 0 ? free.splice(fitting, 1)[0]! : { address: reserve(bytes), bytes };
    taken.set(index, place);
    for (const input of new Set([...operator.inputs, index])) {
      const used = taken.get(input);
      const isDone = operator.kind !== "sample" && operator.kind !== "stop" && lastReader[input]! <= index;
      if (used !== undefined && isDone) {
        taken.delete(input);
        free.push(used);
      }
    }
    return { address: place.address, pitch, exponents };
  });
}

/** Bytes of one position's output, and where in them the exponents stand. */
function slotOf(operator: Operator, positionsPitch: number): { pitch: number; exponents: number } {
  const { type, groups, size } = OPERATORS[operator.kind].output(operator);
  if (type === "narrow") {
    const exponents = align(2 * groups * size + 32);
    return { pitch: align(exponents + 4 * groups), exponents };
  }
  // These are written into the cache at once.
  if (KEEPERS.has(operator.kind)) return { pitch: 64, exponents: 0 };
  const isOverPositions = type === "positions" || type === "weights";
  const elements = isOverPositions ? groups * positionsPitch : groups * size;
  return { pitch: align(4 * elements + 32), exponents: 0 };
}

/** Bytes of the largest array of partial results. */
function scratchOf(operators: readonly Operator[], capacity: number): number {
  const chunks = Math.ceil(capacity / 256);
  const sizes = operators.map((operator) => {
    const { groups, size } = OPERATORS[operator.kind].output(operator);
    if (operator.kind === "mix") return 8 * groups * size * chunks;
    if (operator.kind === "softmax") return 4 * groups * chunks;
    if (operator.kind === "normalize") {
      return 8 * constant(operator, 0) * Math.ceil(constant(operator, 1) / 1024);
    }
    return 8 * groups * Math.ceil(size / 1024);
  });
  return Math.max(...sizes);
}

/** Bytes of an embedding row, of the sums of weights, or of exponents and scales, that a third array holds. */
function rowBytes(operator: Operator): number {
  return operator.kind === "embed"
    ? constant(operator, 1)
    : operator.kind === "mix"
      ? 8 * constant(operator, 0)
      : operator.kind === "normalize"
        ? 12 * constant(operator, 0)
        : 0;
}
