import { formatAmount } from "@athanor/sdk";
import type { LogLevel } from "../config/schema.ts";
import type { JobStateName } from "../jobs/states.ts";
import type { EventFields, EventName } from "../log/event-log.ts";
import type { JobChange, StoredJob } from "../storage/storage.ts";
import type { ProviderContext } from "./context.ts";
import { tokenInfo } from "./token-info.ts";

const events: Readonly<Partial<Record<JobStateName, readonly [LogLevel, EventName]>>> = {
  running: ["info", "job.running"],
  computed: ["info", "job.computed"],
  submitting: ["debug", "job.submitting"],
  submitted: ["info", "job.submitted"],
  collecting: ["debug", "job.collecting"],
  collected: ["info", "job.collected"],
  declining: ["debug", "job.declining"],
  declined: ["warn", "job.declined"],
  late: ["warn", "job.late"],
  releasing: ["debug", "job.releasing"],
  missed: ["warn", "job.missed"],
};

/**
 * Stores a job's next state and says so. Every event of a job's life comes from here, after the state is on disk.
 *
 * @param fields what else the event says
 */
export async function moveJob(
  context: ProviderContext,
  job: StoredJob,
  change: JobChange & { readonly state: JobStateName },
  fields: EventFields = {},
): Promise<StoredJob> {
  const moved = context.storage.changeJob(job.id, change);
  if (moved.state !== "running") {
    context.running.get(job.id)?.abort();
    context.opened.delete(job.id);
  }
  const [level, event] = events[moved.state] ?? ["warn", "job.reopened"];
  context.log.emit(level, event, { jobId: job.id, ...(await detailsOf(context, moved)), ...fields });
  return moved;
}

async function detailsOf(context: ProviderContext, job: StoredJob): Promise<EventFields> {
  switch (job.state) {
    case "computed":
      return { tokens: job.tokens.length };
    case "submitted":
      return { finalizableAt: job.submittedAt! + Number(job.terms.challengeWindow) };
    case "collected": {
      const token = await tokenInfo(context, job.terms.token);
      return {
        earned: job.earned === null ? undefined : formatAmount(token, job.earned),
        token: job.terms.token,
      };
    }
    case "declining":
    case "declined":
    case "late":
    case "missed":
      return { reason: job.reason };
    default:
      return {};
  }
}
