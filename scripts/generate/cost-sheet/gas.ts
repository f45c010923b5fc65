import { ELEMENT_BYTES } from "../../../engine/src/trace/encode-tile.ts";
import type { Step } from "./steps.ts";

/** Gas of a step's parts; what they rest on stands in docs/cost-sheet.md. */
export const GAS = {
  transaction: 21_000,
  calldataByte: 40,
  keccak: 36,
  keccakWord: 6,
  copiedWord: 6,
  /** Hashing two siblings: three words, and the loop around it. */
  node: 250,
  packedProduct: 12,
  singleElement: 80,
  /** Decoding, checking and rounding, once a step and once an opening. */
  step: 30_000,
  opening: 2_000,
};

/** Bytes besides data and siblings: offsets, lengths, addresses and padding of an opening. */
const OPENING_OVERHEAD = 160;
/** Selector, addresses of the move, roots of model and request. */
const STEP_OVERHEAD = 1_024;

export interface StepCost {
  readonly ownBytes: number;
  readonly inputBytes: number;
  readonly pathBytes: number;
  readonly calldataGas: number;
  readonly executionGas: number;
  readonly totalGas: number;
}

/** Upper bound of a step's gas: every byte non-zero, the floor of EIP-7623 and the execution added up. */
export function costOf(step: Step): StepCost {
  const { section, reads, packed, single } = step;
  const ownBytes = Math.min(section.tile, section.size) * ELEMENT_BYTES[section.type];
  const inputBytes = reads.reduce((sum, { bytes }) => sum + bytes, 0);
  const siblings = reads.reduce((sum, read) => sum + read.siblings, 0);
  const pathBytes = 32 * siblings;
  const calldata = ownBytes + inputBytes + pathBytes + OPENING_OVERHEAD * (reads.length + 1) + STEP_OVERHEAD;
  const calldataGas = GAS.calldataByte * calldata;
  const leaf = (bytes: number) =>
    GAS.keccak + (GAS.keccakWord + GAS.copiedWord) * Math.ceil((bytes + 1) / 32) + GAS.opening;
  const executionGas =
    GAS.transaction +
    GAS.step +
    leaf(ownBytes) +
    reads.reduce((sum, { bytes }) => sum + leaf(bytes), 0) +
    GAS.node * siblings +
    GAS.packedProduct * packed +
    GAS.singleElement * single;
  return {
    ownBytes,
    inputBytes,
    pathBytes,
    calldataGas,
    executionGas,
    totalGas: calldataGas + executionGas,
  };
}
