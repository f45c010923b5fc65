import type { RowTensor, TableTensor, Tensor, TensorDescriptor } from "./tensor.ts";

/*
 * Tensors as the integer form of a model stores them, big endian:
 * rows: uint16 multiplier of each row ‖ int16 shift of each row ‖ int8 weights. table: int32 entries.
 */

export function storedBytes({ kind, rows, columns }: TensorDescriptor): number {
  return kind === "rows" ? 4 * rows + rows * columns : 4 * rows * columns;
}

/** The parts that one after another are the tensor's bytes; the weights are not copied. */
export function encodeTensor(tensor: Tensor): Uint8Array[] {
  if (tensor.kind === "rows") {
    const scales = new DataView(new ArrayBuffer(4 * tensor.rows));
    tensor.multipliers.forEach((multiplier, row) => {
      scales.setUint16(2 * row, multiplier);
    });
    tensor.shifts.forEach((shift, row) => {
      scales.setInt16(2 * (tensor.rows + row), shift);
    });
    const { buffer, byteOffset, byteLength } = tensor.values;
    return [new Uint8Array(scales.buffer), new Uint8Array(buffer, byteOffset, byteLength)];
  }
  const entries = new DataView(new ArrayBuffer(4 * tensor.values.length));
  tensor.values.forEach((entry, index) => {
    entries.setInt32(4 * index, entry);
  });
  return [new Uint8Array(entries.buffer)];
}

/** @param bytes exactly `storedBytes` of them; a rows tensor keeps them. */
export function decodeTensor(descriptor: TensorDescriptor, bytes: Uint8Array): Tensor {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return descriptor.kind === "rows" ? decodeRows(descriptor, bytes, view) : decodeTable(descriptor, view);
}

function decodeRows({ rows, columns }: TensorDescriptor, bytes: Uint8Array, view: DataView): RowTensor {
  return {
    kind: "rows",
    rows,
    columns,
    values: new Int8Array(bytes.buffer, bytes.byteOffset + 4 * rows, rows * columns),
    multipliers: Uint16Array.from({ length: rows }, (_, row) => view.getUint16(2 * row)),
    shifts: Int16Array.from({ length: rows }, (_, row) => view.getInt16(2 * (rows + row))),
  };
}

function decodeTable({ rows, columns }: TensorDescriptor, view: DataView): TableTensor {
  const values = Int32Array.from({ length: rows * columns }, (_, index) => view.getInt32(4 * index));
  return { kind: "table", rows, columns, values };
}
