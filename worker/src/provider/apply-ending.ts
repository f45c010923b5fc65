import type { JobEnding } from "@athanor/sdk/protocol";
import type { JobStateName } from "../jobs/states.ts";
import type { EventFields } from "../log/event-log.ts";
import type { StoredJob } from "../storage/storage.ts";
import type { ProviderContext } from "./context.ts";
import { moveJob } from "./move-job.ts";

const endings: Readonly<Record<JobEnding["kind"], JobStateName>> = {
  Finalized: "collected",
  Expired: "missed",
  Declined: "declined",
  Refunded: "missed",
};

const CONVICTED = "convicted: another result of this provider was proven wrong, so the client was refunded";

/** Moves a job to its ending. */
export async function applyEnding(
  context: ProviderContext,
  job: StoredJob,
  ending: JobEnding,
  fields: EventFields = {},
): Promise<void> {
  const state = endings[ending.kind];
  if (job.state === state) return;
  const change = {
    state,
    ...(ending.kind === "Finalized" ? { earned: ending.earned } : {}),
    ...(ending.kind === "Refunded" ? { reason: CONVICTED, earned: null } : {}),
    ...(ending.kind === "Expired" ? { reason: job.reason ?? "not answered before its deadline" } : {}),
  };
  await moveJob(context, job, change, { transactionHash: ending.position.transactionHash, ...fields });
}
