import { EngineError } from "../errors.ts";
import type { SectionType } from "../operators/definition.ts";
import { ELEMENT_BYTES } from "../trace/encode-tile.ts";
import type { TraceAddress } from "../trace/layout.ts";

/** Something that a step opens. */
export type Read =
  /** A tile of the trace. */
  | ({ readonly from: "trace" } & TraceAddress)
  /** A leaf of a tensor of the program. */
  | { readonly from: "tensor"; readonly tensor: number; readonly row: number; readonly chunk: number }
  /** 32 token ids of the prompt or the output. */
  | { readonly from: "prompt" | "output"; readonly leaf: number }
  /** What a leaf of the output of a private request is encrypted with. */
  | { readonly from: "pad"; readonly leaf: number }
  /** The request's stop sequences, encoded. */
  | { readonly from: "stops" }
  /** The disputed tile itself. */
  | { readonly from: "own" };

/**
 * A computation that says what it reads, one after the other, and goes on with the bytes: undefined where the trace has PAD.
 * Written once, it is what a witness is built by and what it is checked by.
 */
export type Reading<Result> = Generator<Read, Result, Uint8Array | undefined>;

/** Runs a reading on what `open` answers. */
export function runReading<Result>(
  reading: Reading<Result>,
  open: (read: Read) => Uint8Array | undefined,
): Result {
  let next = reading.next();
  while (!next.done) next = reading.next(open(next.value));
  return next.value;
}

/** The elements of a tile or of a table's leaf, in their type. */
export function decodeElements(type: SectionType, bytes: Uint8Array): bigint[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const width = ELEMENT_BYTES[type];
  const elements: bigint[] = [];
  for (let at = 0; at < bytes.length; at += width) {
    if (type === "int16") elements.push(BigInt(view.getInt16(at)));
    else if (type === "int32") elements.push(BigInt(view.getInt32(at)));
    else if (type === "uint32") elements.push(BigInt(view.getUint32(at)));
    else elements.push(view.getBigInt64(at));
  }
  return elements;
}

/** @throws EngineError `WITNESS_INVALID` */
export function refuseWitness(problem: string, details: Readonly<Record<string, unknown>> = {}): never {
  throw new EngineError("WITNESS_INVALID", `The witness ${problem}.`, {
    remedy: "Build it with stepWitness from the claim's model, request and trace.",
    details,
  });
}
