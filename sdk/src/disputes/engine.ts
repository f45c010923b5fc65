/** What disputes need of the engine: an optional peer of this package, which only this entry imports. */
export type { Model } from "@athanor/engine";
export type { Executor, TraceRequest } from "@athanor/engine/trace";
export type { Claim, ElementAddress, TraceNode, TraceTree } from "@athanor/engine/dispute";
