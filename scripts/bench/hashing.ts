import { toHex } from "../../engine/src/commitments/hash.ts";
import { EngineError } from "../../engine/src/errors.ts";
import { BUFFER_USAGE, MAP_READ, requestGpuDevice } from "../../engine/src/gpu/device.ts";
import { createGpuHasher, type GpuSection } from "../../engine/src/gpu/hash/hasher.ts";
import { openGpu } from "../../engine/src/node.ts";
import { offerSoftwareGpu } from "../../engine/src/testing/software-gpu.ts";
import { encodeSection, Scratch } from "../../engine/src/trace/encode-tile.ts";
import { treeHasher } from "../../engine/src/trace/hasher.ts";
import type { OperatorLayout } from "../../engine/src/trace/layout.ts";

/** Bytes a second of operators' outputs that become roots: elements encoded, tiles hashed, trees climbed. */
export interface HashingResult {
  /** One thread: WebAssembly, or JavaScript where it has no SIMD. */
  readonly processor: number;
  /** Absent where there is no WebGPU. */
  readonly gpu?: {
    readonly adapter: string;
    /** A processor plays the card: that it is right is all that this shows. */
    readonly software: boolean;
    readonly bytesPerSecond: number;
  };
}

/** An output of 65,536 elements of 32 bits: 64 tiles. */
const TILES = 64;
const TILE = 1024;
const SIZE = TILES * TILE;
const OPERATOR: OperatorLayout = {
  sections: [
    { name: "output", type: "int32", groups: 1, size: SIZE, tile: TILE, firstTile: 0, tilesPerGroup: TILES },
  ],
  tiles: TILES,
  depth: Math.log2(TILES),
};
const DIGEST = 32;

/** @throws when both do not yield the same root */
export async function benchHashing(): Promise<HashingResult> {
  const values = Int32Array.from({ length: SIZE }, (_, index) => Math.imul(index, 0x9e3779b1));
  const { bytesPerSecond: processor, root } = onProcessor(values);
  offerSoftwareGpu();
  try {
    const { device, report } = await requestGpuDevice(await openGpu());
    const rows = report.software ? 16 : 1024;
    const { bytesPerSecond, roots } = await onGpu(device, values, rows);
    if (roots.some((other) => other !== root)) {
      throw new Error(`The device hashes to ${roots.join(", ")}, not ${root}.`);
    }
    const { software, description, device: name } = report;
    return { processor, gpu: { adapter: description || name, software, bytesPerSecond } };
  } catch (error) {
    if (error instanceof EngineError && error.code === "GPU_UNAVAILABLE") return { processor };
    throw error;
  }
}

function onProcessor(values: Int32Array): { bytesPerSecond: number; root: string } {
  const [hasher, scratch] = [treeHasher(), new Scratch()];
  const hash = () => {
    const { whole } = encodeSection(OPERATOR.sections[0]!, values, scratch);
    return hasher.subtree(hasher.leaves(whole.bytes, whole.size));
  };
  hash();
  const times = 32;
  const start = performance.now();
  for (let time = 1; time < times; time++) hash();
  const root = toHex(hash());
  const seconds = (performance.now() - start) / 1000;
  return { bytesPerSecond: (times * values.byteLength) / seconds, root };
}

/** From the first command to the roots in the program's memory; the elements are on the device already. */
async function onGpu(
  device: GPUDevice,
  values: Int32Array,
  rows: number,
): Promise<{ bytesPerSecond: number; roots: string[] }> {
  const hasher = await createGpuHasher(device);
  const create = (size: number, usage: number) => device.createBuffer({ size, usage });
  const elements = create(values.byteLength, BUFFER_USAGE.storage | BUFFER_USAGE.copyDestination);
  device.queue.writeBuffer(elements, 0, Int32Array.from(values));
  const section: GpuSection = {
    elements: { buffer: elements },
    groupStride: SIZE,
    rows: Array.from({ length: rows }, () => ({ start: 0, present: SIZE })),
  };
  const size = rows * DIGEST;
  const target = create(size, BUFFER_USAGE.storage | BUFFER_USAGE.copySource);
  const read = create(size, BUFFER_USAGE.mapRead | BUFFER_USAGE.copyDestination);
  const hash = async () => {
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    hasher.encodeRoots(pass, OPERATOR, [section], { binding: { buffer: target }, first: 0 });
    pass.end();
    encoder.copyBufferToBuffer(target, 0, read, 0, size);
    device.queue.submit([encoder.finish()]);
    await read.mapAsync(MAP_READ);
    const bytes = new Uint8Array(read.getMappedRange()).slice();
    read.unmap();
    return bytes;
  };
  await hash();
  const start = performance.now();
  const bytes = await hash();
  const seconds = (performance.now() - start) / 1000;
  const roots = Array.from({ length: rows }, (_, row) =>
    toHex(bytes.slice(row * DIGEST, (row + 1) * DIGEST)),
  );
  device.destroy();
  return { bytesPerSecond: (rows * values.byteLength) / seconds, roots };
}
