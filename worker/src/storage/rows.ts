import { decodeTokens, encodeTokens } from "@athanor/engine/commitments";
import type { JobStateName } from "../jobs/states.ts";
import { fromJson, toJson } from "../jobs/json.ts";
import type { Attempt, StoredJob, StoredTransaction, TransactionKind } from "./storage.ts";

/** How records become rows and rows become records. */

export type Row = Record<string, unknown>;

export function jobToRow(job: StoredJob) {
  return {
    id: job.id,
    state: job.state,
    terms: toJson(job.terms),
    deadline: Number(job.terms.submitDeadline),
    token: job.terms.token,
    prompt: encodeTokens(job.prompt),
    generation: toJson(job.generation),
    hidden: job.hidden === null ? null : toJson(job.hidden),
    created_block: job.createdBlock,
    tokens: encodeTokens(job.tokens),
    complete: job.complete ? 1 : 0,
    submitted_at: job.submittedAt,
    earned: job.earned?.toString() ?? null,
    reason: job.reason,
    failures: job.failures,
    not_before: job.notBefore,
  };
}

export function jobFromRow(row: Row): StoredJob {
  const earned = row["earned"] as string | null;
  const hidden = row["hidden"] as string | null;
  return {
    id: row["id"] as string,
    state: row["state"] as JobStateName,
    terms: fromJson(row["terms"] as string) as StoredJob["terms"],
    prompt: decodeTokens(row["prompt"] as Uint8Array),
    generation: fromJson(row["generation"] as string) as StoredJob["generation"],
    hidden: hidden === null ? null : (fromJson(hidden) as StoredJob["hidden"]),
    createdBlock: row["created_block"] as number,
    tokens: decodeTokens(row["tokens"] as Uint8Array),
    complete: row["complete"] === 1,
    submittedAt: row["submitted_at"] as number | null,
    earned: earned === null ? null : BigInt(earned),
    reason: row["reason"] as string | null,
    failures: row["failures"] as number,
    notBefore: row["not_before"] as number,
  };
}

export function transactionFromRow(row: Row): StoredTransaction {
  return {
    id: row["id"] as number,
    nonce: row["nonce"] as number,
    kind: row["kind"] as TransactionKind,
    jobIds: JSON.parse(row["job_ids"] as string) as string[],
    to: row["recipient"] as string,
    data: row["data"] as string,
    gasLimit: BigInt(row["gas_limit"] as string),
    attempts: JSON.parse(row["attempts"] as string) as Attempt[],
    status: row["status"] as StoredTransaction["status"],
  };
}
