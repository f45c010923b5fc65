export type ElementType = "F32" | "F16" | "BF16";

export interface FloatTensor {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/** Writes tensors one after another; values that the type cannot hold are cut towards zero. */
export function encodeSafetensors(tensors: ReadonlyMap<string, FloatTensor>, type: ElementType): Uint8Array {
  const header: Record<string, unknown> = { __metadata__: { format: "pt" } };
  const width = type === "F32" ? 4 : 2;
  let offset = 0;
  for (const [name, { shape, values }] of tensors) {
    header[name] = { dtype: type, shape, data_offsets: [offset, offset + width * values.length] };
    offset += width * values.length;
  }
  const data = new DataView(new ArrayBuffer(offset));
  let at = 0;
  for (const { values } of tensors.values()) {
    for (const value of values) {
      if (type === "F32") data.setFloat32(at, value, true);
      else data.setUint16(at, type === "BF16" ? brainBits(value) : halfBits(value), true);
      at += width;
    }
  }
  return withHeader(header, new Uint8Array(data.buffer));
}

/** uint64 length, little endian ‖ JSON ‖ data. */
export function withHeader(header: unknown, data: Uint8Array): Uint8Array {
  const json = new TextEncoder().encode(JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

export function brainBits(value: number): number {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return view.getUint16(0);
}

/** IEEE 754 binary16, cut towards zero, of a finite value below 65,520 in magnitude. */
export function halfBits(value: number): number {
  const sign = value < 0 ? 0x8000 : 0;
  const magnitude = Math.abs(value);
  if (magnitude < 2 ** -14) return sign | Math.floor(magnitude * 2 ** 24);
  const exponent = Math.floor(Math.log2(magnitude));
  return sign | ((exponent + 15) << 10) | Math.floor((magnitude * 2 ** -exponent - 1) * 1024);
}
