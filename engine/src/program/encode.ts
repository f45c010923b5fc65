import { unsigned } from "../commitments/big-endian.ts";
import { leafHash, merkleRoot } from "../commitments/merkle.ts";
import { OPERATORS } from "../operators/index.ts";
import type { TensorDescriptor } from "../tensors/tensor.ts";
import type { Operator, Phase, Program } from "./program.ts";

/** First eight bytes of a canonical program. */
export const PROGRAM_MAGIC = new TextEncoder().encode("athanor\n");
export const PHASE_CODES: Readonly<Record<Phase, number>> = { always: 0, generating: 1 };
export const TENSOR_CODES: Readonly<Record<TensorDescriptor["kind"], number>> = { rows: 0, table: 1 };

/** magic ‖ uint32 vocabularySize ‖ uint32 contextLength ‖ uint32 operators ‖ uint32 tensors: 24 bytes. */
export function encodeHeader(program: Program): Uint8Array {
  return concat([
    PROGRAM_MAGIC,
    unsigned(program.vocabularySize, 4, "vocabularySize"),
    unsigned(program.contextLength, 4, "contextLength"),
    unsigned(program.operators.length, 4, "number of operators"),
    unsigned(program.tensors.length, 4, "number of tensors"),
  ]);
}

/**
 * uint8 opcode ‖ uint8 phase ‖ uint8 inputs ‖ uint8 tensors ‖ uint8 constants ‖ uint8 name length ‖ uint32 each input ‖
 * uint32 each tensor ‖ int64 each constant ‖ name in ASCII.
 */
export function encodeOperator(operator: Operator): Uint8Array {
  const name = new TextEncoder().encode(operator.name);
  return concat([
    Uint8Array.of(OPERATORS[operator.kind].opcode, PHASE_CODES[operator.phase]),
    unsigned(operator.inputs.length, 1, "number of inputs"),
    unsigned(operator.tensors.length, 1, "number of tensors"),
    unsigned(operator.constants.length, 1, "number of constants"),
    unsigned(name.length, 1, "length of the name"),
    ...operator.inputs.map((input) => unsigned(input, 4, "input")),
    ...operator.tensors.map((tensor) => unsigned(tensor, 4, "tensor")),
    ...operator.constants.map((value) => unsigned(BigInt.asUintN(64, BigInt(value)), 8, "constant")),
    name,
  ]);
}

/** uint8 kind (0 rows, 1 table) ‖ uint32 rows ‖ uint32 columns: 9 bytes. */
export function encodeTensorDescriptor(tensor: TensorDescriptor): Uint8Array {
  return concat([
    Uint8Array.of(TENSOR_CODES[tensor.kind]),
    unsigned(tensor.rows, 4, "rows"),
    unsigned(tensor.columns, 4, "columns"),
  ]);
}

/** The leaves of `programRoot`, which one after another are the canonical program. */
export function programParts(program: Program): Uint8Array[] {
  return [
    encodeHeader(program),
    ...program.operators.map(encodeOperator),
    ...program.tensors.map(encodeTensorDescriptor),
  ];
}

export function encodeProgram(program: Program): Uint8Array {
  return concat(programParts(program));
}

/** Merkle root over header, operators and tensor descriptors, a leaf each. */
export function programRoot(program: Program): Uint8Array {
  return merkleRoot(programParts(program).map(leafHash));
}

function concat(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
