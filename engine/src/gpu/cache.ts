import { OPERATORS } from "../operators/index.ts";
import type { Program } from "../program/program.ts";
import { historyOf } from "./fuse.ts";
import { PAGE_POSITIONS } from "./kernels/kernel.ts";
import type { GpuMemory } from "./memory.ts";

/** Bytes that each cached operator takes for a page of 32 positions: keys by the operator that narrows them, and pages. */
export function pageBytes(program: Program): Map<number, number> {
  const bytes = new Map<number, number>();
  const history = historyOf(program);
  program.operators.forEach((operator, index) => {
    const { type, groups, size } = OPERATORS[operator.kind].output(operator);
    if (type === "page") bytes.set(index, 4 * PAGE_POSITIONS * Math.ceil((groups * size) / 2));
    else if (history.has(index)) bytes.set(index, 4 * PAGE_POSITIONS * groups * keyEntries(size));
  });
  return bytes;
}

/** Words of a head's key: high halves, low halves, exponent. */
export function keyEntries(size: number): number {
  return 2 * Math.ceil(size / 4) + 1;
}

/** Keys and values of `pages` pages, a buffer for each operator that is cached. */
export function createCache(memory: GpuMemory, program: Program, pages: number): Map<number, GPUBuffer> {
  return new Map(
    Array.from(pageBytes(program), ([operator, bytes]) => [
      operator,
      memory.storage(`cache of ${program.operators[operator]!.name}`, pages * bytes),
    ]),
  );
}

/** Pages of which every cached operator's buffer still fits into one binding. */
export function mostPages(memory: GpuMemory, program: Program): number {
  return Math.floor(memory.largest / Math.max(16, ...pageBytes(program).values()));
}
