import { decodeOutcome } from "@athanor/sdk/protocol";
import { advanceOutbox, type Outbox, type EndedTransaction } from "../outbox/advance.ts";
import { lookAt } from "../serve/follow-channels.ts";
import { applyEnding } from "./apply-ending.ts";
import type { ProviderContext } from "./context.ts";
import { moveJob } from "./move-job.ts";
import { reconcile } from "./reconcile.ts";

/** Looks after what was sent, and moves the jobs of transactions that ended. */
export async function settleTransactions(context: ProviderContext, outbox: Outbox): Promise<void> {
  await advanceOutbox(context, outbox, async (ended) => {
    for (const id of ended.transaction.jobIds) await settleJob(context, ended, id);
  });
}

/** Milliseconds until a channel that a mined transaction left as it was is tried again. */
const RETRY_UNCHANGED = 600_000;

async function settleChannel(context: ProviderContext, id: string, isMined: boolean): Promise<void> {
  const { storage, clock } = context;
  const before = storage.channel(id);
  await lookAt(context, id);
  const after = storage.channel(id);
  if (before === null || after === null) return;
  // A batch that skipped the channel would skip it again.
  const isMoved = after.chain.paid !== before.chain.paid || after.stage !== before.stage;
  if (isMoved) storage.changeChannel(id, { notBefore: 0 });
  else if (isMined) storage.changeChannel(id, { notBefore: clock.now() + RETRY_UNCHANGED });
}

async function settleJob(
  context: ProviderContext,
  { transaction, receipt }: EndedTransaction,
  id: string,
): Promise<void> {
  const { contracts } = context.chain;
  if (transaction.kind.endsWith("-channels") || transaction.kind.endsWith("-channel")) {
    return settleChannel(context, id, receipt !== null);
  }
  const job = context.storage.job(id);
  if (job === null) return;
  const logs = (receipt?.logs ?? []).filter(
    ({ address, topics }) => address === contracts.deployment.jobEscrow && topics[1] === id,
  );
  for (const log of logs) {
    const fields = {
      gasUsed: Number(receipt!.gasUsed),
      transactionHash: receipt!.hash,
      block: receipt!.blockNumber,
    };
    const { submitted, ended } = decodeOutcome(contracts, log);
    if (ended !== undefined) return applyEnding(context, job, ended, fields);
    if (submitted !== undefined) {
      const submittedAt = submitted.finalizableAt - Number(job.terms.challengeWindow);
      await moveJob(context, job, { state: "submitted", submittedAt }, fields);
      return;
    }
  }
  // Reverted, lost, or skipped in a batch: the chain says where the job stands.
  await reconcile(context, job);
}
