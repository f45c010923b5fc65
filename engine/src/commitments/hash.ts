import { keccak_256 } from "@noble/hashes/sha3.js";
import { bytesToHex, concatBytes, hexToBytes } from "@noble/hashes/utils.js";
import { EngineError } from "../errors.ts";

/** A hexadecimal string with its prefix, as Ethereum libraries write bytes. */
export type Hex = `0x${string}`;

/**
 * First byte of everything that is hashed, randomness included. A leaf can never be read as a node, nor one kind of commitment as
 * another, whatever bytes an adversary chooses.
 */
export const HASH_TAG = {
  leaf: 0x00,
  node: 0x01,
  padding: 0x02,
  output: 0x03,
  input: 0x04,
  model: 0x05,
  trace: 0x06,
  stops: 0x07,
  draw: 0x08,
  blinded: 0x09,
  blind: 0x0a,
  private: 0x0b,
  key: 0x0c,
  encryption: 0x0d,
} as const;

/** keccak256 of a tag byte followed by the parts, in order. */
export function taggedHash(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return keccak_256(concatBytes(Uint8Array.of(tag), ...parts));
}

export function keccak256(data: Uint8Array): Uint8Array {
  return keccak_256(data);
}

export function toHex(bytes: Uint8Array): Hex {
  return `0x${bytesToHex(bytes)}`;
}

/** @throws EngineError `INVALID_ARGUMENT` when `hex` is not 0x followed by whole bytes. */
export function fromHex(hex: string): Uint8Array {
  if (!/^0x(?:[0-9a-fA-F]{2})*$/.test(hex)) {
    throw new EngineError("INVALID_ARGUMENT", `${JSON.stringify(hex)} is not a hexadecimal byte string.`, {
      remedy: "Pass 0x followed by an even number of hexadecimal digits.",
      details: { hex },
    });
  }
  return hexToBytes(hex.slice(2));
}
