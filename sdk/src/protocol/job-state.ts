import { JobStatus } from "../generated/enums.ts";

export type JobStatusName = keyof typeof JobStatus;

/** What the chain remembers of a job; see contracts/types/JobState.sol. */
export interface JobState {
  readonly status: JobStatusName;
  /** Seconds since 1970, 0 before submission. */
  readonly submittedAt: number;
  readonly liveChallenges: number;
}

const names = Object.keys(JobStatus) as JobStatusName[];

/** Unpacks the storage slot of a job: status in bits 0 to 7, submittedAt in 8 to 47, liveChallenges in 48 to 63. */
export function decodeJobState(packed: bigint): JobState {
  const status = names.find((name) => BigInt(JobStatus[name]) === (packed & 0xffn)) ?? "None";
  return {
    status,
    submittedAt: Number((packed >> 8n) & 0xff_ffff_ffffn),
    liveChallenges: Number((packed >> 48n) & 0xffffn),
  };
}
