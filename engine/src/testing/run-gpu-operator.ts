import { createCache, keyEntries, pageBytes } from "../gpu/cache.ts";
import type { GpuDevice } from "../gpu/device.ts";
import { BUFFER_USAGE } from "../gpu/device.ts";
import { historyOf } from "../gpu/fuse.ts";
import { Kernels } from "../gpu/launch.ts";
import { Matrices } from "../gpu/matrices.ts";
import { GpuMemory } from "../gpu/memory.ts";
import { Plan, readBack } from "../gpu/plan.ts";
import { encodeRequest, encodeRows, rowsWords, sizeOf, tableAt, type Row } from "../gpu/rows.ts";
import { narrowWords, type Place } from "../gpu/values.ts";
import type { SectionValues, Value } from "../operators/definition.ts";
import { OPERATORS } from "../operators/index.ts";
import { randomAt } from "../operators/sampling.ts";
import { PAGE } from "../operators/page.ts";
import type { OperatorKind, Program } from "../program/program.ts";
import type { TableTensor } from "../tensors/tensor.ts";
import type { OperatorRun } from "./run-operator.ts";
import { programOf } from "./single-operator.ts";

/**
 * What `runOperator` does, on a GPU: one operator on its own, and its trace. The tested row is the last of `rows`, so that
 * kernels for several rows are tested, too; the others compute the same.
 */
export async function runGpuOperator(
  gpu: GpuDevice,
  kind: OperatorKind,
  run: OperatorRun,
  rowCount = 1,
): Promise<Record<string, SectionValues>> {
  const { tensors = [], inputs = [], position = 0, generated = 1, startOffset = 0 } = run;
  const { parameters = { maxTokens: Infinity } } = run;
  const program = programOf(kind, run);
  const index = program.operators.length - 1;
  const memory = new GpuMemory(gpu);
  const text = textOf(kind, run);
  const positions = text.length;
  const pages = Math.ceil(positions / PAGE);
  const cache = createCache(memory, program, pages);
  const tokens = memory.filled("tokens", Int32Array.from(text));
  const rowsBuffer = memory.storage("rows", 4 * rowsWords(rowCount, 1, positions));
  const plan = await Plan.build({
    program,
    tensors,
    memory,
    matrices: new Matrices(memory, tensors),
    kernels: Kernels.of(gpu),
    cache,
    tokens,
    requests: memory.filled("request", encodeRequest({ ...parameters, startOffset })),
    positions,
    subgroups: gpu.report.subgroups,
    observed: true,
    table: (tensor) => memory.filled("table", (tensors[tensor] as TableTensor).values),
    capacity: rowCount,
    rows: rowsBuffer,
    rowCapacity: rowCount,
    only: index,
  });
  const { queue } = gpu.device;
  const { temperature = 0, seed = 0n } = parameters;
  const random = temperature > 0 ? randomAt(seed, position) : undefined;
  const row: Row = { slot: 0, position: positions - 1, generating: true, generated, random };
  const rows = Array.from({ length: rowCount }, () => row);
  queue.writeBuffer(rowsBuffer, 0, encodeRows(rows, positions));
  queue.writeBuffer(
    rowsBuffer,
    4 * tableAt(rowCount, 0, positions),
    Uint32Array.from({ length: pages }, (_, page) => page),
  );
  for (const [source, input] of inputs.entries()) {
    if (program.operators[source]!.kind === "page") continue;
    for (let at = 0; at < rowCount; at++) putValue(gpu, program, source, plan.values.at(source), input, at);
  }
  putCache(gpu, program, index, cache, run);
  const target = gpu.device.createBuffer({
    size: Math.max(16, rowCount * plan.shownBytes),
    usage: BUFFER_USAGE.mapRead | BUFFER_USAGE.copyDestination,
  });
  const encoder = gpu.device.createCommandEncoder();
  const shown = plan.encodeObserved(encoder, sizeOf(rows), target);
  queue.submit([encoder.finish()]);
  const bytes = await readBack(target, rowCount * plan.shownBytes);
  target.destroy();
  memory.destroy();
  return Object.fromEntries(
    shown
      .filter((entry) => entry.row === rowCount - 1)
      .map(({ section, offset }) => [
        section.name,
        section.decode(bytes.slice(offset, offset + section.bytes), position),
      ]),
  );
}

/** Tokens up to the position, after which `seen` and `recent` put out what they did before: they read nothing else. */
function textOf(kind: OperatorKind, { position = 0, token = 0, previous }: OperatorRun): number[] {
  const before = [...(previous?.values ?? [])];
  if (kind === "recent" && previous) return [...before.slice(1), token];
  if (kind === "seen" && previous) {
    const members = before.flatMap((word, index) =>
      Array.from({ length: 32 }, (_, bit) => ((word >>> bit) & 1 ? 32 * index + bit : -1)),
    );
    return [...members.filter((member) => member >= 0), token];
  }
  return [...new Array<number>(position).fill(0), token];
}

function putValue(
  gpu: GpuDevice,
  program: Program,
  source: number,
  place: Place,
  { values, exponents }: Value,
  row: number,
): void {
  const { queue } = gpu.device;
  const operator = program.operators[source]!;
  const { type, groups, size } = OPERATORS[operator.kind].output(operator);
  const at = 4 * (place.first + row * place.pitch);
  if (type === "narrow") {
    const words = narrowWords(size);
    for (let group = 0; group < groups; group++) {
      const halves = splitHalves(values.subarray(group * size, (group + 1) * size), words);
      queue.writeBuffer(place.buffer, at + 8 * words * group, halves);
    }
    queue.writeBuffer(place.exponents!, 4 * groups * row, Int32Array.from(exponents!));
  } else if (type === "positions" || type === "weights") {
    const count = values.length / groups;
    for (let head = 0; head < groups; head++) {
      const part = Int32Array.from(values.subarray(head * count, (head + 1) * count));
      queue.writeBuffer(place.buffer, at + (4 * place.pitch * head) / groups, part);
    }
  } else {
    queue.writeBuffer(place.buffer, at, Int32Array.from(values));
  }
}

/** The high halves of narrow values, filled up to `words`, then the low ones. */
function splitHalves(values: Int16Array | Int32Array, words: number): Int8Array<ArrayBuffer> {
  const halves = new Int8Array(8 * words);
  values.forEach((value, index) => {
    const low = (value << 24) >> 24;
    halves[index] = (value - low) >> 8;
    halves[4 * words + index] = low;
  });
  return halves;
}

/** Keys of all positions, or pages as they are at their last position. */
function putCache(
  gpu: GpuDevice,
  program: Program,
  index: number,
  cache: ReadonlyMap<number, GPUBuffer>,
  run: OperatorRun,
): void {
  const { history = [], position = 0, previous } = run;
  const operator = program.operators[index]!;
  const bytes = pageBytes(program);
  if (operator.kind === "page" && previous && position % PAGE !== 0) {
    const page = pageWords(previous.values, operator.constants[0]! * operator.constants[1]!);
    gpu.device.queue.writeBuffer(cache.get(index)!, bytes.get(index)! * Math.floor(position / PAGE), page);
  }
  for (const source of historyOf(program)) {
    const { constants, kind } = program.operators[source]!;
    const [heads, size] = constants as [number, number];
    for (const [at, value] of history.slice(0, position + 1).entries()) {
      const start = bytes.get(source)! * Math.floor(at / PAGE);
      if (kind === "page") {
        gpu.device.queue.writeBuffer(cache.get(source)!, start, pageWords(value.values, heads * size));
        continue;
      }
      const entries = keyEntries(size);
      const words = (entries - 1) / 2;
      for (let head = 0; head < heads; head++) {
        const halves = splitHalves(value.values.subarray(head * size, (head + 1) * size), words);
        const key = [...new Int32Array(halves.buffer), value.exponents![head]!];
        key.forEach((word, entry) => {
          const offset = start + 4 * ((head * entries + entry) * PAGE + (at % PAGE));
          gpu.device.queue.writeBuffer(cache.get(source)!, offset, Int32Array.of(word));
        });
      }
    }
  }
}

/** [channels][32] int16 as [32][channels], two channels a word. */
function pageWords(values: Int16Array | Int32Array, channels: number): Int16Array<ArrayBuffer> {
  const width = 2 * Math.ceil(channels / 2);
  const words = new Int16Array(PAGE * width);
  for (let channel = 0; channel < channels; channel++) {
    for (let column = 0; column < PAGE; column++) {
      words[column * width + channel] = values[channel * PAGE + column]!;
    }
  }
  return words;
}
