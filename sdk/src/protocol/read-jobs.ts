import { decodeGeneration, decodeStopSequences } from "@athanor/engine/commitments";
import { getBytes, zeroPadValue, type Log } from "ethers";
import type { AthanorContracts } from "./connect-contracts.ts";
import type { EventPosition, JobRecord, JobTerms } from "./job.ts";
import { logReaderOf, readLogs, type ReadLogsOptions } from "./read-logs.ts";
import { tokensOf } from "./tokens.ts";
import type { JobCreatedEvent, PrivateJobCreatedEvent } from "../generated/contracts/JobEscrow.ts";

/** Which jobs to read; all three parts are indexed, so that nodes find them without reading the others. */
export interface JobFilter {
  readonly id?: string | undefined;
  readonly client?: string | undefined;
  /** Owner account of the provider. */
  readonly provider?: string | undefined;
}

/**
 * The jobs created from one block to another, both included, oldest first.
 *
 * @example
 * const jobs = await readJobs(contracts, { provider: owner }, 0, await provider.getBlockNumber());
 */
export async function readJobs(
  contracts: AthanorContracts,
  filter: JobFilter,
  fromBlock: number,
  toBlock: number,
  options: ReadLogsOptions = {},
): Promise<JobRecord[]> {
  const { jobEscrow, deployment } = contracts;
  const topics = [
    [
      jobEscrow.interface.getEvent("JobCreated").topicHash,
      jobEscrow.interface.getEvent("PrivateJobCreated").topicHash,
    ],
    filter.id ?? null,
    filter.client === undefined ? null : zeroPadValue(filter.client, 32),
    filter.provider === undefined ? null : zeroPadValue(filter.provider, 32),
  ];
  const address = deployment.jobEscrow;
  const logs = await readLogs(logReaderOf(jobEscrow), { address, topics }, fromBlock, toBlock, options);
  return logs.map((log) => decodeJob(contracts, log));
}

/** Decodes a `JobCreated` or `PrivateJobCreated` log of the escrow. */
export function decodeJob(contracts: AthanorContracts, log: Log): JobRecord {
  const { name, args } = contracts.jobEscrow.interface.parseLog(log)!;
  if (name === "PrivateJobCreated") {
    const { id, job, seed, generation, stopsHash, promptRoot, ciphertext } =
      args as unknown as PrivateJobCreatedEvent.OutputObject;
    return {
      id,
      terms: termsOf(job),
      promptTokens: [],
      generation: { ...decodeGeneration(getBytes(generation)), stopSequences: [], seed },
      hidden: { promptRoot, stopsHash, ciphertext },
      created: positionOf(log),
    };
  }
  const { id, job, seed, generation, promptTokens, stopSequences } =
    args as unknown as JobCreatedEvent.OutputObject;
  return {
    id,
    terms: termsOf(job),
    promptTokens: tokensOf(promptTokens),
    generation: {
      ...decodeGeneration(getBytes(generation)),
      stopSequences: decodeStopSequences(getBytes(stopSequences)),
      seed,
    },
    created: positionOf(log),
  };
}

function termsOf(job: unknown): JobTerms {
  return (job as { toObject(): JobTerms }).toObject();
}

export function positionOf(log: Log): EventPosition {
  return {
    block: log.blockNumber,
    blockHash: log.blockHash,
    transactionHash: log.transactionHash,
    logIndex: log.index,
  };
}
