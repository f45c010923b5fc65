import type { SectionType, SectionValues } from "../operators/definition.ts";
import type { SectionLayout } from "./layout.ts";

export const ELEMENT_BYTES: Readonly<Record<SectionType, number>> = {
  int16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
};

/** Tiles of `size` bytes each, one after another. */
export interface EncodedTiles {
  readonly size: number;
  readonly bytes: Uint8Array;
}

/** The tiles of a section, group after group, as far as they are filled. */
export interface EncodedSection {
  /** Tiles of full length. */
  readonly whole: EncodedTiles;
  /** The last tile of each group, where groups end with a shorter one. */
  readonly short: EncodedTiles;
  /** Tiles of a group in `whole`. */
  readonly perGroup: number;
  /** Tiles of a group in both. */
  readonly filled: number;
}

/** Bytes that are used again for every section: what was encoded before is lost. */
export class Scratch {
  #bytes = new Uint8Array(2 ** 16);

  take(size: number): Uint8Array {
    if (this.#bytes.length < size) this.#bytes = new Uint8Array(2 * size);
    return this.#bytes.subarray(0, size).fill(0);
  }
}

/** Canonical bytes of a section's tiles: elements big endian; groups over positions arrive as far as they are filled. */
export function encodeSection(
  section: SectionLayout,
  values: SectionValues,
  scratch: Scratch,
): EncodedSection {
  const { type, groups, size, tile } = section;
  const active = values.length / groups;
  const filled = Math.ceil(active / tile);
  const perGroup = Math.min(filled, Math.floor(size / tile));
  const shortLength = filled > perGroup ? size - perGroup * tile : 0;
  const width = ELEMENT_BYTES[type];
  const wholeBytes = groups * perGroup * tile * width;
  const bytes = scratch.take(wholeBytes + groups * shortLength * width);
  const whole = bytes.subarray(0, wholeBytes);
  const short = bytes.subarray(wholeBytes);
  const wholeActive = Math.min(active, perGroup * tile);
  const view = new DataView(bytes.buffer);
  for (let group = 0; group < groups; group++) {
    const from = group * active;
    encode(type, values, from, wholeActive, view, group * perGroup * tile * width);
    const at = wholeBytes + group * shortLength * width;
    encode(type, values, from + wholeActive, active - wholeActive, view, at);
  }
  return {
    whole: { size: tile * width, bytes: whole },
    short: { size: Math.max(1, shortLength * width), bytes: short },
    perGroup,
    filled,
  };
}

/** Canonical bytes of all elements, as a tile that holds just them has. */
export function encodeElements(type: SectionType, values: SectionValues): Uint8Array {
  const bytes = new Uint8Array(ELEMENT_BYTES[type] * values.length);
  encode(type, values, 0, values.length, new DataView(bytes.buffer), 0);
  return bytes;
}

function encode(
  type: SectionType,
  values: SectionValues,
  start: number,
  count: number,
  view: DataView,
  at: number,
): void {
  if (type === "int16") {
    for (let index = 0; index < count; index++) {
      view.setInt16(at + 2 * index, values[start + index] as number);
    }
  } else if (type === "int64") {
    for (let index = 0; index < count; index++) {
      view.setBigInt64(at + 8 * index, values[start + index] as bigint);
    }
  } else {
    // setUint32 writes the two's complement of negative numbers too.
    for (let index = 0; index < count; index++) {
      view.setUint32(at + 4 * index, values[start + index] as number);
    }
  }
}
