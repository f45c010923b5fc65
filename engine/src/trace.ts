/** Traces on demand: roots, tiles and openings of everything that a request computes. */
export type { Hex } from "./commitments/hash.ts";
export {
  checkAddress,
  locateTile,
  traceLayout,
  type OperatorLayout,
  type SectionLayout,
  type TraceAddress,
  type TraceLayout,
} from "./trace/layout.ts";
export { defaultExecutor, referenceExecutor, type Executor, type TraceRequest } from "./trace/request.ts";
export {
  openTiles,
  operatorTiles,
  traceRequest,
  traceRootOf,
  type TraceCommitment,
  type TraceOptions,
} from "./trace/trace.ts";
export type { Opening, TracedTile } from "./trace/tracer.ts";
export { verifyOpening } from "./trace/verify.ts";
