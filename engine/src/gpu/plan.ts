import { MAP_READ } from "./device.ts";
import { fuse, outputsOf } from "./fuse.ts";
import type { Kernels, Launch, StepSize } from "./launch.ts";
import { planItem, type Workshop } from "./operators.ts";
import type { StepRoots } from "./hash/step-roots.ts";
import type { DeviceSection } from "./sections.ts";
import { Values } from "./values.ts";

/** What a plan is built with, but for its values. */
export type PlanParts = Omit<Workshop, "values"> & {
  readonly kernels: Kernels;
  /** Rows that the plan's buffers hold. */
  readonly capacity: number;
  /** What all kernels see of a step, and the rows that it has room for. */
  readonly rows: GPUBuffer;
  readonly rowCapacity: number;
  /** Plans only this operator, for tests of it alone. */
  readonly only?: number;
};

interface PlannedItem {
  readonly launches: readonly Launch[];
  readonly sections: readonly DeviceSection[];
}

/** A program as dispatches on one device. */
export class Plan {
  readonly values: Values;
  readonly #kernels: Kernels;
  readonly #items: readonly PlannedItem[];

  private constructor(values: Values, kernels: Kernels, items: readonly PlannedItem[]) {
    this.values = values;
    this.#kernels = kernels;
    this.#items = items;
  }

  static async build(parts: PlanParts): Promise<Plan> {
    const { program, memory, matrices, kernels, capacity, rows, rowCapacity, positions, only } = parts;
    const items = fuse(program, parts.observed, (tensors) => matrices.partsOf(tensors));
    const values = new Values(memory, program, items, { rows: capacity, positions });
    const planned: PlannedItem[] = [];
    for (const [at, item] of items.entries()) {
      values.take(at, outputsOf(item));
      if (only === undefined || item.operators.includes(only)) {
        const { launches, sections } = await planItem({ ...parts, values }, item, at);
        // What is for more rows than there can be is not even compiled.
        const useful = launches.filter(({ minimum = 1 }) => minimum <= capacity);
        const ready = await kernels.prepare(memory, useful, rows, {
          capacity: rowCapacity,
          history: positions,
        });
        planned.push({ launches: ready, sections });
      }
      // Alone, an operator's inputs are put where they lie.
      if (only === undefined) values.release(at);
    }
    return new Plan(values, kernels, planned);
  }

  /** All sections of the trace, in the order of the program. */
  get sections(): DeviceSection[] {
    return this.#items
      .flatMap(({ sections }) => sections)
      .sort((left, right) => left.operator - right.operator);
  }

  /** Dispatches in a step of so many rows. */
  dispatches(rows: number): number {
    return this.#items
      .flatMap(({ launches }) => launches)
      .filter(({ minimum = 1, maximum = Infinity }) => rows >= minimum && rows <= maximum).length;
  }

  encode(encoder: GPUCommandEncoder, size: StepSize): void {
    const pass = encoder.beginComputePass();
    for (const { launches } of this.#items) {
      for (const launch of launches) this.#kernels.encode(pass, launch, size);
    }
    pass.end();
  }

  /**
   * The same, and hashes what `roots` takes; copies every other section of every row to `target` before its buffer is used
   * again.
   */
  encodeObserved(
    encoder: GPUCommandEncoder,
    size: StepSize,
    target: GPUBuffer | undefined,
    roots?: StepRoots,
  ): ShownSection[] {
    const shown: ShownSection[] = [];
    let offset = 0;
    for (const item of this.#items) {
      const { launches } = item;
      const sections = shownAt(item, size);
      const pass = encoder.beginComputePass();
      for (const launch of launches) this.#kernels.encode(pass, launch, size);
      const rows = launches[0]!.generating ? size.generating : size.rows;
      roots?.encode(pass, sections, rows);
      pass.end();
      for (const section of sections) {
        for (let row = 0; row < rows; row++) {
          if (roots?.takes(section.operator, row)) continue;
          encoder.copyBufferToBuffer(
            section.buffer,
            section.first + row * section.pitch,
            target!,
            offset,
            section.bytes,
          );
          shown.push({ section, row, offset });
          offset += section.bytes;
        }
      }
    }
    return shown.sort(
      (left, right) => left.section.operator - right.section.operator || left.offset - right.offset,
    );
  }

  /** Bytes of the sections of a step that `roots` does not take. */
  copiedBytes(size: StepSize, roots: StepRoots): number {
    const bytesOf = (item: PlannedItem): number => {
      const rows = item.launches[0]!.generating ? size.generating : size.rows;
      return shownAt(item, size).reduce((sum, { operator, bytes }) => {
        const copied = Array.from({ length: rows }, (_, row) => row).filter(
          (row) => !roots.takes(operator, row),
        );
        return sum + copied.length * bytes;
      }, 0);
    };
    return this.#items.reduce((sum, item) => sum + bytesOf(item), 0);
  }

  /** Bytes of all sections of a row. */
  get shownBytes(): number {
    return this.sections.reduce((sum, { bytes }) => sum + bytes, 0);
  }
}

function shownAt({ sections }: PlannedItem, { draws }: StepSize): DeviceSection[] {
  return sections.filter(({ sampled }) => draws || !sampled);
}

/** Where a row's section lies among what was copied. */
export interface ShownSection {
  readonly section: DeviceSection;
  readonly row: number;
  readonly offset: number;
}

/** Waits for a buffer that was copied to, and returns a copy of its first bytes. */
export async function readBack(buffer: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
  await buffer.mapAsync(MAP_READ, 0, bytes);
  const copy = buffer.getMappedRange(0, bytes).slice(0);
  buffer.unmap();
  return copy;
}
