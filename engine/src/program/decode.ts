import { EngineError } from "../errors.ts";
import { OPERATORS } from "../operators/index.ts";
import type { TensorDescriptor } from "../tensors/tensor.ts";
import { PHASE_CODES, PROGRAM_MAGIC, TENSOR_CODES } from "./encode.ts";
import type { Operator, Phase, Program } from "./program.ts";
import { validateProgram } from "./validate.ts";

/**
 * Reads a canonical program and validates it.
 *
 * @throws EngineError `PROGRAM_INVALID` on unknown codes, missing or trailing bytes, or whatever `validateProgram` refuses.
 */
export function decodeProgram(bytes: Uint8Array): Program {
  const reader = new Reader(bytes);
  if (reader.take(8).some((byte, index) => byte !== PROGRAM_MAGIC[index])) {
    reader.refuse("does not begin with its mark");
  }
  const vocabularySize = reader.uint32();
  const contextLength = reader.uint32();
  const operatorCount = reader.uint32();
  const tensorCount = reader.uint32();
  const operators: Operator[] = [];
  while (operators.length < operatorCount) operators.push(readOperator(reader));
  const tensors: TensorDescriptor[] = [];
  while (tensors.length < tensorCount) {
    const kind = reader.code(TENSOR_CODES, "tensor kind");
    tensors.push({ kind, rows: reader.uint32(), columns: reader.uint32() });
  }
  if (reader.offset !== bytes.length) reader.refuse(`has ${bytes.length - reader.offset} bytes too many`);
  const program = { vocabularySize, contextLength, operators, tensors };
  validateProgram(program);
  return program;
}

function readOperator(reader: Reader): Operator {
  const opcodes = Object.fromEntries(Object.values(OPERATORS).map(({ kind, opcode }) => [kind, opcode]));
  const kind = reader.code(opcodes as Record<Operator["kind"], number>, "opcode");
  const phase: Phase = reader.code(PHASE_CODES, "phase");
  const [inputs, tensors, constants, nameLength] = [...reader.take(4)] as [number, number, number, number];
  return {
    kind,
    phase,
    inputs: Array.from({ length: inputs }, () => reader.uint32()),
    tensors: Array.from({ length: tensors }, () => reader.uint32()),
    constants: Array.from({ length: constants }, () => Number(reader.int64())),
    name: String.fromCharCode(...reader.take(nameLength)),
  };
}

class Reader {
  offset = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  take(count: number): Uint8Array {
    if (this.offset + count > this.#bytes.length) this.refuse("ends in the middle");
    this.offset += count;
    return this.#bytes.subarray(this.offset - count, this.offset);
  }

  uint32(): number {
    this.take(4);
    return this.#view.getUint32(this.offset - 4);
  }

  int64(): bigint {
    this.take(8);
    return this.#view.getBigInt64(this.offset - 8);
  }

  code<K extends string>(codes: Readonly<Record<K, number>>, what: string): K {
    const code = this.take(1)[0]!;
    for (const key in codes) if (codes[key] === code) return key;
    return this.refuse(`has the unknown ${what} ${code}`);
  }

  refuse(problem: string): never {
    throw new EngineError(
      "PROGRAM_INVALID",
      `The program ${problem} (byte ${this.offset} of ${this.#bytes.length}).`,
      {
        remedy: "Import the model again or fetch an undamaged copy.",
        details: { offset: this.offset, length: this.#bytes.length },
      },
    );
  }
}
