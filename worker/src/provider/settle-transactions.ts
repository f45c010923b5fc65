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

async function settleJob(
  context: ProviderContext,
  { transaction, receipt }: EndedTransaction,
  id: string,
): Promise<void> {
  const { contracts } = context.chain;
  if (transaction.kind.endsWith("-channels") || transaction.kind.endsWith("-channel")) {
    await lookAt(context, id);
    context.storage.changeChannel(id, { notBefore: 0 });
    return;
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
