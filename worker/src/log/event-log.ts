import type { LogLevel } from "../config/schema.ts";

export type EventFields = Readonly<Record<string, unknown>>;

/** Where events go. Their names are part of the interface; docs/providers.md lists them. */
export interface EventLog {
  emit(level: LogLevel, event: EventName, fields?: EventFields): void;
}

export type EventName =
  | "starting"
  | "model.loaded"
  | "model.failed"
  | "model.computes"
  | "gpu.lost"
  | "ready"
  | "watching"
  | "warning"
  | "stopping"
  | "stopped"
  | "chain.unreachable"
  | "chain.reachable"
  | "chain.reorganised"
  | "job.seen"
  | "job.running"
  | "job.progress"
  | "job.computed"
  | "job.submitting"
  | "job.submitted"
  | "job.collecting"
  | "job.collected"
  | "job.declining"
  | "job.declined"
  | "job.late"
  | "job.releasing"
  | "job.missed"
  | "job.reopened"
  | "job.failed"
  | "job.challenged"
  | "provider.convicted"
  | "dispute.seen"
  | "dispute.move"
  | "dispute.repelled"
  | "dispute.convicted"
  | "dispute.failed"
  | "result.right"
  | "result.wrong"
  | "result.challenged"
  | "job.unreadable"
  | "transaction.sent"
  | "transaction.bumped"
  | "transaction.mined"
  | "transaction.reverted"
  | "transaction.lost"
  | "transaction.failed";
