import { decodeJob, decodeOutcome, jobIdOf } from "@athanor/sdk/protocol";
import type { Log } from "ethers";
import { applyEnding } from "./apply-ending.ts";
import type { ProviderContext } from "./context.ts";
import { reconcile } from "./reconcile.ts";

/** Stores what one event of the escrow says. Safe to repeat. */
export async function applyLog(context: ProviderContext, log: Log): Promise<void> {
  const { chain, storage } = context;
  const { jobEscrow } = chain.contracts;
  const created = ["JobCreated", "PrivateJobCreated"] as const;
  if (created.some((name) => log.topics[0] === jobEscrow.interface.getEvent(name).topicHash)) {
    return applyCreation(context, log);
  }
  const { ended } = decodeOutcome(chain.contracts, log);
  const job = ended === undefined ? null : storage.job(log.topics[1]!);
  // Jobs that were pruned, and events that say nothing about endings.
  if (ended === undefined || job === null) return;
  // An ending that we sent is noted with its receipt, which says what it cost.
  const { transactionHash } = log;
  const isOurs = storage
    .pendingTransactions()
    .some(({ attempts }) => attempts.some(({ hash }) => hash === transactionHash));
  if (!isOurs) await applyEnding(context, job, ended);
}

async function applyCreation(context: ProviderContext, log: Log): Promise<void> {
  const { chain, storage } = context;
  const record = decodeJob(chain.contracts, log);
  // The escrow cannot emit such an event; a node that makes it up would have us work for nothing.
  const id = jobIdOf(record.terms, chain.chainId, chain.contracts.deployment.jobEscrow);
  if (id !== record.id) throw new RangeError(`the terms of job ${record.id} hash to ${id}`);
  const isNew = storage.addJob({
    id,
    state: "seen",
    terms: record.terms,
    prompt: record.promptTokens,
    generation: record.generation,
    hidden: record.hidden ?? null,
    createdBlock: record.created.block,
    tokens: [],
    complete: false,
    submittedAt: null,
    earned: null,
    reason: null,
    failures: 0,
    notBefore: 0,
  });
  const job = storage.job(id)!;
  if (!isNew) {
    // Seen before: after a restart, or mined again after a reorganisation in which it was given up.
    if (job.state === "missed" || job.state === "late") await reconcile(context, job);
    return;
  }
  context.log.emit("info", "job.seen", {
    jobId: id,
    client: record.terms.client,
    private: record.hidden !== undefined,
    model: record.terms.modelRoot,
    promptTokens: Number(record.terms.promptTokens),
    maxTokens: Number(record.terms.maxTokens),
    deadline: Number(record.terms.submitDeadline),
    block: record.created.block,
  });
}
