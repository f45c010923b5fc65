import type { RootObserver } from "../../run/session.ts";
import type { TraceLayout } from "../../trace/layout.ts";
import type { Row } from "../rows.ts";
import type { DeviceSection } from "../sections.ts";
import type { GpuHasher, GpuSection } from "./hasher.ts";

export const ROOT_BYTES = 32;

/** Roots of the operators of one step that are computed on the device. */
export class StepRoots {
  readonly #hasher: GpuHasher;
  readonly #layout: TraceLayout;
  readonly #rows: readonly Row[];
  readonly #observer: RootObserver;
  readonly #target: GPUBuffer;
  /** What each root in the target belongs to. */
  readonly #places: { readonly operator: number; readonly row: number }[] = [];

  /** @param target a storage buffer with room for a root of every operator at every row */
  constructor(
    hasher: GpuHasher,
    layout: TraceLayout,
    rows: readonly Row[],
    observer: RootObserver,
    target: GPUBuffer,
  ) {
    this.#hasher = hasher;
    this.#layout = layout;
    this.#rows = rows;
    this.#observer = observer;
    this.#target = target;
  }

  /** Bytes of the roots so far. */
  get bytes(): number {
    return this.#places.length * ROOT_BYTES;
  }

  /** Whether the root of an operator will do at a row. Of greedy choices, which leave out sections, the sections are shown. */
  takes(operator: number, row: number): boolean {
    const draws = this.#rows.some(({ random }) => random !== undefined);
    if (!draws && this.#layout.operators[operator]!.sections.some(({ sampled }) => sampled)) return false;
    return this.#observer.takes(this.#rows[row]!.position, operator);
  }

  /**
   * Hashes what some operators have just computed.
   *
   * @param sections all that these operators show
   * @param count rows at which they ran, from the first one on
   */
  encode(pass: GPUComputePassEncoder, sections: readonly DeviceSection[], count: number): void {
    for (const operator of new Set(sections.map((section) => section.operator))) {
      const rows = Array.from({ length: count }, (_, row) => row).filter((row) => this.takes(operator, row));
      if (rows.length === 0) continue;
      const own = sections.filter((section) => section.operator === operator);
      this.#hasher.encodeRoots(
        pass,
        this.#layout.operators[operator]!,
        own.map((section) => this.#placed(section, rows)),
        { binding: { buffer: this.#target }, first: this.#places.length },
      );
      this.#places.push(...rows.map((row) => ({ operator, row })));
    }
  }

  /** @param digests the target's bytes once the step is done */
  show(digests: ArrayBuffer): void {
    for (const [index, { operator, row }] of this.#places.entries()) {
      const root = new Uint8Array(digests, index * ROOT_BYTES, ROOT_BYTES);
      this.#observer.root(this.#rows[row]!.position, operator, root);
    }
  }

  #placed(section: DeviceSection, rows: number[]): GpuSection {
    const { buffer, first, pitch, width, groupPitch } = section;
    return {
      elements: { buffer },
      groupStride: groupPitch,
      rows: rows.map((row) => ({
        start: (first + row * pitch) / width,
        present: section.active(this.#rows[row]!.position),
      })),
    };
  }
}
