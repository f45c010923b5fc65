import type { Machine } from "./step.ts";

/** Arrays of a session's memory, copied, because the memory is used again. */

export function int16({ buffer }: Machine, address: number, count: number): Int16Array {
  return new Int16Array(new Int16Array(buffer, address, count));
}

export function int32({ buffer }: Machine, address: number, count: number): Int32Array {
  return new Int32Array(new Int32Array(buffer, address, count));
}

export function uint32({ buffer }: Machine, address: number, count: number): Uint32Array {
  return new Uint32Array(new Uint32Array(buffer, address, count));
}

export function int64({ buffer }: Machine, address: number, count: number): BigInt64Array {
  return new BigInt64Array(new BigInt64Array(buffer, address, count));
}
