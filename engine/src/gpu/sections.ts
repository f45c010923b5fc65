import type { SectionValues } from "../operators/definition.ts";

/** A section of the trace as it lies on the device after its operator: for each row `bytes` bytes. */
export interface DeviceSection {
  readonly operator: number;
  readonly name: string;
  readonly buffer: GPUBuffer;
  /** From the buffer's beginning to the first row's elements, and from one row to the next. */
  readonly first: number;
  readonly pitch: number;
  /** Bytes of a row that belong to the section. */
  readonly bytes: number;
  /** Whether it is there only where the token is drawn. */
  readonly sampled?: boolean;
  /** Bytes of an element, and elements from one group to the next. */
  readonly width: number;
  readonly groupPitch: number;
  /** Elements of each group that a position has. */
  active(position: number): number;
  /** The elements of a row in the form that observers get; `bytes` is a copy of the row's. */
  decode(bytes: ArrayBuffer, position: number): SectionValues;
}

type Kind = "int32" | "uint32" | "int64" | "int16";

const VIEWS = { int16: Int16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array } as const;
const WIDTHS: Readonly<Record<Kind, number>> = { int16: 2, int32: 4, uint32: 4, int64: 8 };

export interface SectionPlace {
  readonly buffer: GPUBuffer;
  /** In words. */
  readonly first?: number;
  readonly pitch: number;
}

/**
 * A section of `groups` × `size` elements, of which a position may fill only the first: `active(position)` of each group.
 *
 * @param pitch elements from one group to the next
 */
export function section(
  operator: number,
  name: string,
  kind: Kind,
  place: SectionPlace,
  shape: {
    readonly groups: number;
    readonly pitch: number;
    readonly active: (position: number) => number;
  },
): DeviceSection {
  const { groups, pitch, active } = shape;
  return {
    operator,
    name,
    buffer: place.buffer,
    first: 4 * (place.first ?? 0),
    pitch: 4 * place.pitch,
    bytes: Math.ceil((groups * pitch * WIDTHS[kind]) / 4) * 4,
    width: WIDTHS[kind],
    groupPitch: pitch,
    active,
    decode(bytes, position) {
      const all = new VIEWS[kind](bytes, 0, groups * pitch);
      const count = active(position);
      if (count === pitch) return all;
      const values = new VIEWS[kind](groups * count);
      for (let group = 0; group < groups; group++) {
        const part = all.subarray(group * pitch, group * pitch + count);
        (values as Int32Array).set(part as Int32Array, group * count);
      }
      return values;
    },
  };
}
