import type { Hex } from "../commitments/hash.ts";
import type { ModelCommitment } from "../commitments/model.ts";
import type { Claim, ElementAddress } from "../dispute/claim.ts";

/** The file engine/vectors/steps.json: whole steps, with what the chain has to decide about them. */
export interface StepVectors {
  readonly models: readonly StepVectorModel[];
  readonly claims: readonly Claim[];
  readonly cases: readonly StepVector[];
}

export interface StepVectorModel {
  readonly name: string;
  /** The canonical program. */
  readonly program: Hex;
  /** What goes into the model's root; `workPerPosition` in decimals. */
  readonly commitment: Omit<ModelCommitment, "workPerPosition"> & { readonly workPerPosition: string };
}

export interface StepVector {
  readonly name: string;
  /** Index into `models`. */
  readonly model: number;
  /** Index into `claims`. */
  readonly claim: number;
  readonly address: ElementAddress;
  readonly leaf: Hex;
  readonly witness: Hex;
  /** Reverts: the witness is not complete or not authentic. */
  readonly expected: "correct" | "wrong" | "reverts";
}
