import { INTEGERS } from "./integers.ts";

/** A storage buffer of a kernel. */
export interface Binding {
  readonly name: string;
  /** In WGSL, as in "array<i32>". */
  readonly type: string;
  readonly writes?: true;
}

/**
 * An operator, or several in one, for the GPU. Works on `rows`: positions of any sequences, of which those that yield an
 * output token come first. A workgroup computes part `part` of `rowsPerGroup` rows from `block · rowsPerGroup` on.
 */
export interface Kernel {
  /** Kernels of one name have one code. */
  readonly name: string;
  /** Names of its parameters, as "name: u32" or "name: i32". */
  readonly parameters: readonly string[];
  /** In the order in which buffers are bound. */
  readonly bindings: readonly Binding[];
  /** Threads of a workgroup. */
  readonly threads: number;
  readonly rowsPerGroup: number;
  /** WGSL: declarations and `fn run(block: u32, part: u32, thread: u32)`. */
  readonly code: string;
}

/** Words before the first row, and of a row. */
export const HEADER_WORDS = 4;
export const ROW_WORDS = 8;

/** Positions in a page of keys or values. */
export const PAGE_POSITIONS = 32;
/** Positions in a tile of scores and in a chunk of sums. */
export const TILE_POSITIONS = 256;

/**
 * Every kernel's parameters begin with these: whether it runs at all rows (0) or at those that generate (1), parts of a
 * row, whether each of them comes for every tile of positions, rows that the buffers have room for, and tokens of a sequence.
 */
export const COMMON_PARAMETERS = [
  "phase: u32",
  "parts: u32",
  "tiled: u32",
  "capacity: u32",
  "history: u32",
] as const;

/** What all kernels see of a step: see `StepRows`. */
const ROWS = /* wgsl */ `
fn rowCount() -> u32 { return rows[p.phase]; }
fn tileCount() -> u32 { return rows[2]; }
fn wordOf(row: u32, word: u32) -> u32 { return rows[${HEADER_WORDS}u + row * ${ROW_WORDS}u + word]; }
fn positionOf(row: u32) -> u32 { return wordOf(row, 0u); }
fn slotOf(row: u32) -> u32 { return wordOf(row, 1u); }
fn generatedOf(row: u32) -> u32 { return wordOf(row, 2u); }
fn randomOf(row: u32) -> u32 { return wordOf(row, 3u); }
/** The page that holds a position of the row's sequence. */
fn pageOf(row: u32, position: u32) -> u32 {
  let table = ${HEADER_WORDS}u + p.capacity * ${ROW_WORDS}u + wordOf(row, 4u);
  return rows[table + position / ${PAGE_POSITIONS}u];
}
`;

/** The whole text of a kernel. */
export function assemble(kernel: Kernel, subgroups: boolean): string {
  const { parameters, bindings, threads, rowsPerGroup, code } = kernel;
  const declare = ({ name, type, writes }: Binding, index: number) =>
    `@group(0) @binding(${index + 1}) var<storage, ${writes ? "read_write" : "read"}> ${name}: ${type};`;
  return /* wgsl */ `
${subgroups ? "enable subgroups;" : ""}
requires packed_4x8_integer_dot_product;

struct Parameters { ${[...COMMON_PARAMETERS, ...parameters].join(", ")} }
@group(0) @binding(0) var<uniform> p: Parameters;
${[{ name: "rows", type: "array<u32>" }, ...bindings].map(declare).join("\n")}
${ROWS}
${INTEGERS}
${code}

@compute @workgroup_size(${threads})
fn main(
  @builtin(workgroup_id) id: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let group = id.y * groups.x + id.x;
  let blocks = (rowCount() + ${rowsPerGroup - 1}u) / ${rowsPerGroup}u;
  let parts = p.parts * select(1u, tileCount(), p.tiled == 1u);
  if (group < blocks * parts) { run(group % blocks, group / blocks, thread); }
}
`;
}

/** Adds `value` of every thread to a workgroup's atomic: sums of integers come out the same in any order. */
export function addToGroup(sum: string, value: string, subgroups: boolean): string {
  return subgroups
    ? `{ let added = subgroupAdd(${value}); if (subgroupElect()) { atomicAdd(&${sum}, added); } }`
    : `atomicAdd(&${sum}, ${value});`;
}
