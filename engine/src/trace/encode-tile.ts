import type { SectionType, SectionValues } from "../operators/definition.ts";

export const ELEMENT_BYTES: Readonly<Record<SectionType, number>> = {
  int16: 2,
  int32: 4,
  uint32: 4,
  int64: 8,
};

/**
 * Canonical bytes of one tile: `length` elements, big endian, the first `count` of them values[start …], zeros after.
 *
 * @param into zeros, or the last tile of the same length and count; overwritten and returned
 */
export function encodeTile(
  type: SectionType,
  values: SectionValues,
  start: number,
  count: number,
  length: number,
  into?: Uint8Array,
): Uint8Array {
  const bytes = into ?? new Uint8Array(ELEMENT_BYTES[type] * length);
  const view = new DataView(bytes.buffer);
  if (type === "int16") {
    for (let index = 0; index < count; index++) view.setInt16(2 * index, values[start + index] as number);
  } else if (type === "int64") {
    for (let index = 0; index < count; index++) view.setBigInt64(8 * index, values[start + index] as bigint);
  } else {
    // setUint32 writes the two's complement of negative numbers too.
    for (let index = 0; index < count; index++) view.setUint32(4 * index, values[start + index] as number);
  }
  return bytes;
}
