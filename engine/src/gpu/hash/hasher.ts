import { EngineError } from "../../errors.ts";
import type { OperatorLayout, SectionLayout } from "../../trace/layout.ts";
import { BUFFER_USAGE } from "../device.ts";
import { NODE_THREADS, NODE_KERNEL, NODE_LEVELS, NODE_PARAMETERS } from "./node-kernel.ts";
import { ELEMENT_STORAGE, TABLE_HEADER, TABLE_ROW, TILE_KERNEL, TILE_THREADS } from "./tile-kernel.ts";

/** A section of an operator's trace at many rows, as it lies on the device. A row is a position of some sequence. */
export interface GpuSection {
  /**
   * Elements as the section's type says: int16 two a word, the first one in the lower half; int32 and uint32 one a word; int64
   * two words, the lower one first.
   */
  readonly elements: GPUBufferBinding;
  /** Elements from one group to the next. */
  readonly groupStride: number;
  readonly rows: readonly GpuSectionRow[];
}

export interface GpuSectionRow {
  /** The element of the buffer that is the first one of the row's first group. */
  readonly start: number;
  /**
   * Elements of each group from the first one on that the row has: all of them, or as many as its position gives. Those behind
   * are zero in the trace, whatever the buffer holds there.
   */
  readonly present: number;
}

/** Where digests go, 32 bytes each. */
export interface GpuDigests {
  readonly binding: GPUBufferBinding;
  /** The digest of the binding that is written first. */
  readonly first: number;
}

/** Hashes traces where they arise: of everything that an operator shows, only its root leaves the device. */
export interface GpuHasher {
  /**
   * Encodes the computation of an operator's roots, one for each row, in a pass that is under way.
   *
   * @param sections in the order of the operator's definition, of equally many rows
   * @throws EngineError `INVALID_ARGUMENT` where sections do not fit the layout
   */
  encodeRoots(
    pass: GPUComputePassEncoder,
    operator: OperatorLayout,
    sections: readonly GpuSection[],
    roots: GpuDigests,
  ): void;
}

const DIGEST_BYTES = 32;
/** Most bytes of digests that are worked on at once, unless a single row has more; more rows are done in turns. */
const WORKING_BYTES = 2 ** 24;

/** @throws EngineError `GPU_UNAVAILABLE` where the device does not compile the kernels */
export async function createGpuHasher(device: GPUDevice): Promise<GpuHasher> {
  try {
    const [tiles, nodes] = await Promise.all(
      [TILE_KERNEL, NODE_KERNEL].map((code) =>
        device.createComputePipelineAsync({
          layout: "auto",
          compute: { module: device.createShaderModule({ code }), entryPoint: "main" },
        }),
      ),
    );
    return new DeviceHasher(device, tiles!, nodes!);
  } catch (cause) {
    throw new EngineError("GPU_UNAVAILABLE", "The device does not compile the kernels that hash.", {
      remedy: "Update its driver, or hash on the processor.",
      cause,
    });
  }
}

const hashers = new WeakMap<GPUDevice, Promise<GpuHasher>>();

/** The hasher that all who work on a device share, made when it is first needed. @throws EngineError `GPU_UNAVAILABLE` */
export function gpuHasherOf(device: GPUDevice): Promise<GpuHasher> {
  let hasher = hashers.get(device);
  if (!hasher) hashers.set(device, (hasher = createGpuHasher(device)));
  return hasher;
}

class DeviceHasher implements GpuHasher {
  readonly #device: GPUDevice;
  readonly #tiles: GPUComputePipeline;
  readonly #nodes: GPUComputePipeline;
  /** Digests under way: leaves, and every third level in turn. */
  readonly #working: [GPUBuffer | undefined, GPUBuffer | undefined] = [undefined, undefined];

  constructor(device: GPUDevice, tiles: GPUComputePipeline, nodes: GPUComputePipeline) {
    this.#device = device;
    this.#tiles = tiles;
    this.#nodes = nodes;
  }

  encodeRoots(
    pass: GPUComputePassEncoder,
    operator: OperatorLayout,
    sections: readonly GpuSection[],
    roots: GpuDigests,
  ): void {
    const rows = sections[0]?.rows.length ?? 0;
    checkSections(operator, sections, rows);
    const most = Math.min(WORKING_BYTES, this.#device.limits.maxStorageBufferBindingSize) / DIGEST_BYTES;
    const atOnce = Math.max(1, Math.floor(most / 2 ** operator.depth));
    for (let start = 0; start < rows; start += atOnce) {
      const end = Math.min(rows, start + atOnce);
      const part = sections.map((section) => ({ ...section, rows: section.rows.slice(start, end) }));
      this.#encodePart(pass, operator, part, { ...roots, first: roots.first + start });
    }
  }

  #encodePart(
    pass: GPUComputePassEncoder,
    operator: OperatorLayout,
    sections: readonly GpuSection[],
    roots: GpuDigests,
  ): void {
    const { depth } = operator;
    const rows = sections[0]!.rows.length;
    const digests = rows * 2 ** depth;
    const climbs = climbsOf(depth);
    const leaves = depth === 0 ? roots : this.#workingDigests(0, digests);
    const tables = operator.sections.map((section, index) =>
      tableOf(operator, section, sections[index]!, leaves.first),
    );
    // Where digests of a level are, and where their ancestors go.
    const ways: { from: GpuDigests; to: GpuDigests; parameters: Uint32Array; parents: number }[] = [];
    let [from, parents] = [leaves, digests];
    for (const [index, { below, levels }] of climbs.entries()) {
      parents /= 2 ** levels;
      const last = index === climbs.length - 1;
      const to = last ? roots : this.#workingDigests((index + 1) % 2, parents);
      const parameters = new Uint32Array(NODE_PARAMETERS);
      parameters.set([parents, levels, below, from.first, to.first]);
      ways.push({ from, to, parameters, parents });
      from = to;
    }
    const bindings = this.#upload([...tables, ...ways.map(({ parameters }) => parameters)]);
    pass.setPipeline(this.#tiles);
    for (const [index, { elements }] of sections.entries()) {
      this.#bind(pass, this.#tiles, [bindings[index]!, elements, leaves.binding]);
      this.#dispatch(pass, Math.ceil((rows * tables[index]![WRITTEN]!) / TILE_THREADS));
    }
    if (ways.length > 0) pass.setPipeline(this.#nodes);
    for (const [index, way] of ways.entries()) {
      const parameters = bindings[tables.length + index]!;
      this.#bind(pass, this.#nodes, [parameters, way.from.binding, way.to.binding]);
      this.#dispatch(pass, Math.ceil(way.parents / NODE_THREADS));
    }
  }

  #workingDigests(which: number, digests: number): GpuDigests {
    const size = digests * DIGEST_BYTES;
    let buffer = this.#working[which];
    // One that is too small may still be in use by what was encoded before.
    if (!buffer || buffer.size < size) {
      buffer = this.#device.createBuffer({
        size: 2 ** Math.ceil(Math.log2(size)),
        usage: BUFFER_USAGE.storage,
      });
      this.#working[which] = buffer;
    }
    return { binding: { buffer }, first: 0 };
  }

  /** Puts tables into one buffer, each where a binding may begin. */
  #upload(tables: readonly Uint32Array[]): GPUBufferBinding[] {
    const unit = this.#device.limits.minStorageBufferOffsetAlignment;
    const places: { offset: number; size: number }[] = [];
    let end = 0;
    for (const { byteLength } of tables) {
      places.push({ offset: end, size: byteLength });
      end = Math.ceil((end + byteLength) / unit) * unit;
    }
    const buffer = this.#device.createBuffer({
      size: end,
      usage: BUFFER_USAGE.storage,
      mappedAtCreation: true,
    });
    const bytes = new Uint32Array(buffer.getMappedRange());
    for (const [index, table] of tables.entries()) bytes.set(table, places[index]!.offset / 4);
    buffer.unmap();
    return places.map((place) => ({ buffer, ...place }));
  }

  #bind(pass: GPUComputePassEncoder, pipeline: GPUComputePipeline, resources: GPUBufferBinding[]): void {
    const group = this.#device.createBindGroup({
      layout: pipeline.getBindGroupLayout(0),
      entries: resources.map((resource, binding) => ({ binding, resource })),
    });
    pass.setBindGroup(0, group);
  }

  #dispatch(pass: GPUComputePassEncoder, groups: number): void {
    const columns = Math.min(groups, this.#device.limits.maxComputeWorkgroupsPerDimension);
    pass.dispatchWorkgroups(columns, Math.ceil(groups / columns));
  }
}

/** Index of `written` in a table. */
const WRITTEN = 3;

function tableOf(
  operator: OperatorLayout,
  section: SectionLayout,
  { groupStride, rows }: GpuSection,
  firstDigest: number,
): Uint32Array {
  const { type, groups, size, tile, firstTile, tilesPerGroup } = section;
  const leaves = 2 ** operator.depth;
  const tiles = groups * tilesPerGroup;
  const last = firstTile + tiles === operator.tiles;
  const table = new Uint32Array(TABLE_HEADER + TABLE_ROW * rows.length);
  const storage = ELEMENT_STORAGE[type === "uint32" ? "int32" : type];
  const written = last ? leaves - firstTile : tiles;
  table.set([rows.length, leaves, firstTile, written, tiles, tilesPerGroup]);
  table.set([size, tile, storage, groupStride, firstDigest], 6);
  for (const [row, { start, present }] of rows.entries()) {
    table.set([start, present], TABLE_HEADER + TABLE_ROW * row);
  }
  return table;
}

/** From which level each dispatch climbs, and how far. */
function climbsOf(depth: number): { below: number; levels: number }[] {
  const climbs: { below: number; levels: number }[] = [];
  for (let below = 0; below < depth; below += NODE_LEVELS) {
    climbs.push({ below, levels: Math.min(NODE_LEVELS, depth - below) });
  }
  return climbs;
}

function checkSections(operator: OperatorLayout, sections: readonly GpuSection[], rows: number): void {
  const refuse = (problem: string): never => {
    throw new EngineError("INVALID_ARGUMENT", `The sections on the device cannot be hashed: ${problem}.`, {
      remedy: "Pass every section of the operator, in the order of its definition, at the same rows.",
      details: { expected: operator.sections.map(({ name }) => name) },
    });
  };
  if (sections.length !== operator.sections.length) {
    refuse(`there are ${sections.length}, the operator has ${operator.sections.length}`);
  }
  for (const [index, { name, size }] of operator.sections.entries()) {
    const section = sections[index]!;
    if (section.rows.length !== rows) refuse(`${name} has ${section.rows.length} rows, others ${rows}`);
    const strange = section.rows.find(({ present }) => present > size);
    if (strange) refuse(`a row has ${strange.present} elements in a group of ${name}, of at most ${size}`);
  }
}
