/**
 * Disputes about a request's trace: its nodes on demand, the step that the chain executes, what the step reads, its witnesses,
 * and what the chain will decide; docs/dispute.md.
 */
export type { Hex } from "./commitments/hash.ts";
export {
  claimHash,
  claimOf,
  encodeClaim,
  PART,
  type Claim,
  type ElementAddress,
  type Part,
} from "./dispute/claim.ts";
export type { StepRequest } from "./dispute/place.ts";
export type { Read } from "./dispute/read.ts";
export {
  privateDisclosures,
  type Disclosure,
  type DisclosureMoment,
  type PrivateShape,
} from "./dispute/disclosure.ts";
export { RevealedNodes } from "./dispute/revealed-nodes.ts";
export { executeStep, stepReads, type StepSubject } from "./dispute/step.ts";
export { createTraceTree, hexOf, TREES, type TraceNode, type TraceTree } from "./dispute/tree.ts";
export { verifyStep } from "./dispute/verify.ts";
export {
  stepWitness,
  stepWitnesses,
  type KnownNodes,
  type StepTask,
  type StepWitness,
  type WitnessOptions,
} from "./dispute/witness.ts";
