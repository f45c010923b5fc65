import { expect } from "chai";
import { toHex } from "../../commitments/hash.ts";
import { leafHash, merkleRoot, PAD } from "../../commitments/merkle.ts";
import { EngineError } from "../../errors.ts";
import { openGpu } from "../../node.ts";
import type { SectionType, SectionValues } from "../../operators/definition.ts";
import { expectRefusal } from "../../testing/expect-error.ts";
import { generateRandom } from "../../testing/random.ts";
import { offerSoftwareGpu } from "../../testing/software-gpu.ts";
import { encodeElements } from "../../trace/encode-tile.ts";
import type { OperatorLayout } from "../../trace/layout.ts";
import { depthOf } from "../../trace/merkle-builder.ts";
import { BUFFER_USAGE, MAP_READ, requestGpuDevice } from "../device.ts";
import { createGpuHasher, type GpuHasher, type GpuSection } from "./hasher.ts";

interface Shape {
  readonly type: SectionType;
  readonly groups: number;
  readonly size: number;
  readonly tile: number;
}

describe("hashing on the GPU", () => {
  let device: GPUDevice;
  const opened: GPUDevice[] = [];
  let hasher: GpuHasher;
  const random = generateRandom(11);
  const below = (limit: number) => Math.floor(random() * limit);

  before(async function () {
    offerSoftwareGpu();
    try {
      ({ device } = await requestGpuDevice(await openGpu()));
    } catch (error) {
      if (error instanceof EngineError && error.code === "GPU_UNAVAILABLE") this.skip();
      throw error;
    }
    opened.push(device);
    hasher = await createGpuHasher(device);
  });
  after(() => {
    for (const each of opened) each.destroy();
  });

  it("has the roots of the specification for tiles of every length around keccak's blocks", async () => {
    for (const [type, lengths] of [
      ["int16", [1, 2, 3, 66, 67, 68, 69, 134, 135, 136, 137, 203, 204]],
      ["int32", [1, 2, 33, 34, 35, 67, 68, 69]],
      ["uint32", [1, 34]],
      ["int64", [1, 2, 16, 17, 18, 33, 34, 35]],
    ] as const) {
      for (const size of lengths) {
        const shapes = [{ type, groups: 1, size, tile: size }];
        await expectRoots(shapes, [[size], [Math.ceil(size / 2)]], `${size} × ${type}`);
      }
    }
  });

  it("has them for random sections, groups and rows that are partly there", async () => {
    const types = ["int16", "int32", "uint32", "int64"] as const;
    for (let round = 0; round < 40; round++) {
      const shapes = Array.from({ length: 1 + below(3) }, () => {
        const size = 1 + below(round % 2 === 0 ? 20 : 300);
        return { type: types[below(4)]!, groups: 1 + below(9), size, tile: 1 + below(size) };
      });
      const rows = Array.from({ length: 1 + below(6) }, () => shapes.map(({ size }) => below(size + 1)));
      await expectRoots(shapes, rows, `round ${round}: ${JSON.stringify({ shapes, rows })}`);
    }
  });

  for (const [tiles, rows] of [
    [1, 300],
    [2, 300],
    [255, 2],
    [256, 2],
    [257, 2],
    [5_000, 1],
  ] as const) {
    it(`climbs trees over ${tiles} tiles at ${rows} rows`, async () => {
      const shapes = [{ type: "int16", groups: tiles, size: 2, tile: 2 }] as const;
      await expectRoots(
        shapes,
        Array.from({ length: rows }, () => [2]),
        `${tiles} tiles`,
      );
    });
  }

  it("works in turns where the digests of all rows are more than it holds at once, and dispatches in two dimensions", async () => {
    const small = (
      await requestGpuDevice(await openGpu(), {
        limits: { maxStorageBufferBindingSize: 2 ** 16, maxComputeWorkgroupsPerDimension: 3 },
      })
    ).device;
    const shapes = [{ type: "int32", groups: 300, size: 1, tile: 1 }] as const;
    opened.push(small);
    // 512 leaves of 32 bytes each: four rows at once.
    await expectRoots(
      shapes,
      Array.from({ length: 11 }, () => [1]),
      "turns",
      small,
    );
  });

  it("refuses sections that do not fit the operator", async () => {
    const layout = layoutOf([{ type: "int32", groups: 1, size: 4, tile: 4 }]);
    const buffer = device.createBuffer({ size: 64, usage: BUFFER_USAGE.storage });
    const section: GpuSection = { elements: { buffer }, groupStride: 4, rows: [{ start: 0, present: 5 }] };
    const encode = (sections: GpuSection[]) => () => {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      hasher.encodeRoots(pass, layout, sections, { binding: { buffer }, first: 0 });
      return Promise.resolve();
    };
    await expectRefusal(encode([section]), "INVALID_ARGUMENT", "5 elements", "at most 4");
    await expectRefusal(encode([]), "INVALID_ARGUMENT", "there are 0, the operator has 1");
  });

  /** @param rows elements of a group that each row has, by section */
  async function expectRoots(
    shapes: readonly Shape[],
    rows: readonly (readonly number[])[],
    what: string,
    on = device,
  ): Promise<void> {
    const values = shapes.map((shape) => {
      // Groups and rows with something between them that is not hashed.
      const groupStride = shape.size + below(3);
      const rowStride = groupStride * shape.groups + below(3);
      const start = below(5);
      const elements = randomElements(shape.type, start + rowStride * rows.length);
      return { elements, groupStride, rowStride, start };
    });
    const expected = rows.map((present, row) => {
      const leaves = shapes.flatMap((shape, section) => {
        const { elements, groupStride, rowStride, start } = values[section]!;
        return Array.from({ length: shape.groups }, (_, group) =>
          leavesOf(shape, elements, start + row * rowStride + group * groupStride, present[section]!),
        ).flat();
      });
      return toHex(merkleRoot(leaves));
    });
    const sections = shapes.map((_, section): GpuSection => {
      const { elements, groupStride, rowStride, start } = values[section]!;
      return {
        elements: { buffer: uploaded(on, elements) },
        groupStride,
        rows: rows.map((present, row) => ({ start: start + row * rowStride, present: present[section]! })),
      };
    });
    const roots = await rootsOf(on, layoutOf(shapes), sections, rows.length);
    expect(roots, what).to.deep.equal(expected);
  }

  function leavesOf(shape: Shape, elements: SectionValues, from: number, present: number): Uint8Array[] {
    const leaves: Uint8Array[] = [];
    for (let begin = 0; begin < shape.size; begin += shape.tile) {
      const end = Math.min(shape.size, begin + shape.tile);
      if (begin >= present) {
        leaves.push(PAD);
        continue;
      }
      const tile = elements.slice(from + begin, from + end);
      const zero = tile instanceof BigInt64Array ? 0n : 0;
      tile.fill(zero as never, Math.min(tile.length, present - begin));
      leaves.push(leafHash(encodeElements(shape.type, tile)));
    }
    return leaves;
  }

  function randomElements(type: SectionType, count: number): SectionValues {
    const word = () => Math.floor(random() * 2 ** 32);
    if (type === "int16") return Int16Array.from({ length: count }, word);
    if (type === "int32") return Int32Array.from({ length: count }, word);
    if (type === "uint32") return Uint32Array.from({ length: count }, word);
    return BigInt64Array.from({ length: count }, () =>
      BigInt.asIntN(64, (BigInt(word()) << 32n) | BigInt(word())),
    );
  }

  function layoutOf(shapes: readonly Shape[]): OperatorLayout {
    let tiles = 0;
    const sections = shapes.map((shape, index) => {
      const tilesPerGroup = Math.ceil(shape.size / shape.tile);
      const firstTile = tiles;
      tiles += shape.groups * tilesPerGroup;
      return { ...shape, name: `section ${index}`, firstTile, tilesPerGroup };
    });
    return { sections, tiles, depth: depthOf(tiles) };
  }

  function uploaded(on: GPUDevice, values: SectionValues): GPUBuffer {
    const size = Math.max(4, Math.ceil(values.byteLength / 4) * 4);
    const buffer = on.createBuffer({ size, usage: BUFFER_USAGE.storage, mappedAtCreation: true });
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    new Uint8Array(buffer.getMappedRange()).set(bytes);
    buffer.unmap();
    return buffer;
  }

  async function rootsOf(
    on: GPUDevice,
    operator: OperatorLayout,
    sections: readonly GpuSection[],
    rows: number,
  ): Promise<string[]> {
    // One digest before and one behind that nobody may touch.
    const size = 32 * (rows + 2);
    const roots = on.createBuffer({ size, usage: BUFFER_USAGE.storage | BUFFER_USAGE.copySource });
    const read = on.createBuffer({ size, usage: BUFFER_USAGE.mapRead | BUFFER_USAGE.copyDestination });
    const encoder = on.createCommandEncoder();
    const pass = encoder.beginComputePass();
    (on === device ? hasher : await createGpuHasher(on)).encodeRoots(pass, operator, sections, {
      binding: { buffer: roots },
      first: 1,
    });
    pass.end();
    encoder.copyBufferToBuffer(roots, 0, read, 0, size);
    on.queue.submit([encoder.finish()]);
    await read.mapAsync(MAP_READ);
    const bytes = new Uint8Array(read.getMappedRange()).slice();
    read.destroy();
    const digests = Array.from({ length: rows + 2 }, (_, index) => bytes.slice(32 * index, 32 * index + 32));
    for (const edge of [digests[0]!, digests.at(-1)!]) expect([...edge]).to.deep.equal(new Array(32).fill(0));
    return digests.slice(1, -1).map(toHex);
  }
});
