import { EngineError } from "../errors.ts";
import {
  decodeText,
  parseJson,
  readJson,
  requireFile,
  hasFile,
  type CheckpointSource,
} from "./checkpoint.ts";
import {
  blockOf,
  bytesOf,
  tensorMissing,
  truncated,
  typeUnsupported,
  type StoredTensor,
} from "./stored-tensor.ts";

/** Element sizes of types that may be stored but not imported, so that the right thing is said about them. */
const OTHER_BYTES: Readonly<Record<string, number>> = {
  F64: 8,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};
const INDEX_FILE = "model.safetensors.index.json";
const SINGLE_FILE = "model.safetensors";
const LARGEST_HEADER = 100_000_000;

/**
 * Finds every tensor of a checkpoint, in one file or in shards with an index.
 *
 * @throws EngineError `CHECKPOINT_FILE_MISSING`, `JSON_INVALID`, `SAFETENSORS_HEADER_INVALID`, `SAFETENSORS_TRUNCATED`,
 * `TENSOR_MISSING`.
 */
export async function listTensors(source: CheckpointSource): Promise<Map<string, StoredTensor>> {
  if (!(await hasFile(source, INDEX_FILE))) {
    const tensors = await readHeader(source, SINGLE_FILE);
    return new Map(tensors.map((tensor) => [tensor.name, tensor]));
  }
  const { weight_map: map } = await readJson(source, INDEX_FILE);
  if (typeof map !== "object" || map === null) throw headerInvalid(INDEX_FILE, "it has no weight_map");
  const found = new Map<string, StoredTensor>();
  for (const file of new Set(Object.values(map as Record<string, unknown>))) {
    if (typeof file !== "string") {
      throw headerInvalid(INDEX_FILE, `it names the file ${JSON.stringify(file)}`);
    }
    for (const tensor of await readHeader(source, file)) {
      const mapped = (map as Record<string, unknown>)[tensor.name];
      if (mapped !== file) {
        throw headerInvalid(file, `it holds ${tensor.name}, which ${INDEX_FILE} places in ${String(mapped)}`);
      }
      found.set(tensor.name, tensor);
    }
  }
  for (const name of Object.keys(map)) {
    if (!found.has(name)) throw tensorMissing(name, `${INDEX_FILE} lists it, but its file does not hold it`);
  }
  return found;
}

/** uint64 length, little endian ‖ that many bytes of JSON ‖ the elements, without gaps or overlaps. */
async function readHeader(source: CheckpointSource, file: string): Promise<StoredTensor[]> {
  await requireFile(source, file);
  const size = await source.size(file);
  if (size < 8) throw truncated(file, 8, size);
  const lengthBytes = await source.readBytes(file, 0, 8);
  const length = new DataView(lengthBytes.buffer, lengthBytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(LARGEST_HEADER)) throw headerInvalid(file, `its header claims ${length} bytes`);
  const dataStart = 8 + Number(length);
  if (dataStart > size) throw truncated(file, dataStart, size);
  const name = `header of ${file}`;
  const header = parseJson(decodeText(await source.readBytes(file, 8, dataStart), name), name);
  const tensors = Object.entries(header)
    .filter(([name]) => name !== "__metadata__")
    .map(([name, entry]) => readEntry(name, entry, file, dataStart));
  const ordered = [...tensors].sort((left, right) => left.start - right.start || left.end - right.end);
  let expected = dataStart;
  for (const { name, start, end } of ordered) {
    const details = { tensor: name, expected, found: start };
    if (start < expected) throw headerInvalid(file, `tensor ${name} overlaps another one`, details);
    if (start > expected) {
      const gap = `${start - expected} bytes before tensor ${name} belong to no tensor`;
      throw headerInvalid(file, gap, details);
    }
    expected = end;
  }
  if (expected > size) {
    const cut = ordered.find(({ end }) => end > size)!;
    throw truncated(file, expected, size, cut.name);
  }
  if (expected < size) {
    const rest = `${size - expected} bytes at its end belong to no tensor`;
    throw headerInvalid(file, rest, { expected, found: size });
  }
  return tensors;
}

function readEntry(name: string, entry: unknown, file: string, dataStart: number): StoredTensor {
  const { dtype, shape, data_offsets: offsets } = (entry ?? {}) as Record<string, unknown>;
  if (typeof dtype !== "string" || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    throw headerInvalid(file, `tensor ${name} has no proper dtype, shape and data_offsets`, {
      tensor: name,
      expected: ["dtype", "shape", "data_offsets"],
      found: entry,
    });
  }
  const [start, end] = offsets as [number, number];
  if (blockOf(dtype) !== 1) throw typeUnsupported(file, name, dtype);
  const width = bytesOf(dtype, 1) ?? OTHER_BYTES[dtype];
  const elements = shape.reduce((product, dimension) => product * dimension, 1);
  const bytes = elements * (width ?? 1);
  if (end < start || (width !== undefined && bytes !== end - start)) {
    throw headerInvalid(
      file,
      `tensor ${name} of ${dtype} [${shape.join(", ")}] needs ${bytes} bytes, its offsets span ${end - start}`,
      { tensor: name, expected: bytes, found: end - start },
    );
  }
  return { name, file, type: dtype, shape, start: dataStart + start, end: dataStart + end };
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}

function headerInvalid(file: string, problem: string, details: object = {}): EngineError {
  return new EngineError("SAFETENSORS_HEADER_INVALID", `${file} is damaged: ${problem}.`, {
    remedy: "Download the file again.",
    details: { file, problem, ...details },
  });
}
