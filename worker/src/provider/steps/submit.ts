import { encodeTokens } from "@athanor/engine/commitments";
import { send } from "../../outbox/send.ts";
import type { StoredJob } from "../../storage/storage.ts";
import type { ProviderContext } from "../context.ts";
import { reconcile } from "../reconcile.ts";
import { isPastDeadline, markLate } from "./late.ts";

/** computed: puts the output on chain. */
export async function submit(context: ProviderContext, job: StoredJob): Promise<void> {
  const current = await reconcile(context, job);
  if (current.state !== "computed") return;
  if (isPastDeadline(context, current)) return markLate(context, current, "it was not submitted in time");
  const { jobEscrow, deployment } = context.chain.contracts;
  const data = jobEscrow.interface.encodeFunctionData("submit", [job.terms, encodeTokens(job.tokens)]);
  await send(context, { kind: "submit", jobIds: [job.id], to: deployment.jobEscrow, data }, () => {
    context.storage.changeJob(job.id, { state: "submitting" });
  });
  context.log.emit("debug", "job.submitting", { jobId: job.id });
}
