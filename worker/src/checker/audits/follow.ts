import type { Checkers } from "@athanor/sdk/checkers";
import { decodeJob, decodeJobState, readLogs, type JobRecord } from "@athanor/sdk/protocol";
import type { Log } from "ethers";
import type { Chain } from "../../chain/chain.ts";
import { EventReader, firstBlock, firstRequestBlock } from "../../disputes/follow-disputes.ts";
import type { AuditStorage } from "./storage.ts";

/** Seconds for which a result may wait for its end: the longest window, a sequencer's outage, and a day to spare. */
const LONGEST_WINDOW = (7 + 7 + 1) * 86_400;
/** Jobs that a node is asked for at once. */
const JOBS_AT_ONCE = 100;

export interface FollowContext {
  readonly chain: Chain;
  readonly checkers: Checkers;
  /** The owner account. */
  readonly checker: string;
  readonly storage: AuditStorage;
  /** Roots of the models that this checker has. */
  readonly models: ReadonlySet<string>;
  readonly signal: AbortSignal;
}

interface AttestedEvent {
  readonly id: string;
  readonly positionsRoot: string;
}

/** Brings public results of known models, and what steps proved wrong, from the chain to the disk: each at least once. */
export class AuditEvents {
  readonly #context: FollowContext;
  #results: EventReader | undefined;
  #convictions: EventReader | undefined;
  /** Read, and not yet on disk. */
  readonly #unstored: { results: Log[]; convictions: Log[] } = { results: [], convictions: [] };

  constructor(context: FollowContext) {
    this.#context = context;
  }

  /** @param now the chain's time, seconds since 1970 */
  async follow(now: number): Promise<void> {
    const { chain, storage, signal } = this.#context;
    const { jobEscrow, disputeGame, deployment } = chain.contracts;
    if (this.#results === undefined || this.#convictions === undefined) {
      const stored = storage.nextBlock();
      if (stored === null) await this.#recoverAttestations();
      const next = stored ?? (await firstBlock(chain, LONGEST_WINDOW));
      const submitted = jobEscrow.interface.getEvent("ResultSubmitted").topicHash;
      const convicted = disputeGame.interface.getEvent("Convicted").topicHash;
      this.#results = new EventReader(chain, { address: deployment.jobEscrow, topics: [submitted] }, next);
      this.#convictions = new EventReader(
        chain,
        { address: deployment.disputeGame, topics: [convicted] },
        next,
      );
    }
    const { results, convictions } = this.#unstored;
    results.push(...(await this.#results.read(signal)));
    convictions.push(...(await this.#convictions.read(signal)));
    await this.#storeResults(results, now);
    for (const log of convictions) {
      const { jobId, byTimeout } = disputeGame.interface.parseLog(log)!.args as unknown as {
        jobId: string;
        byTimeout: boolean;
      };
      if (!byTimeout) storage.addProvenWrong({ jobId, block: log.blockNumber });
    }
    results.length = 0;
    convictions.length = 0;
    storage.setNextBlock(Math.min(this.#results.next, this.#convictions.next));
  }

  /** What was revealed before the disk was lost still holds stake, until it is closed. */
  async #recoverAttestations(): Promise<void> {
    const { chain, checkers, checker, storage, signal } = this.#context;
    const { resultAudits, jobEscrow, deployment } = checkers.contracts;
    const topics = resultAudits.interface.encodeFilterTopics("Attested", [null, checker]) as string[];
    const filter = { address: await resultAudits.getAddress(), topics };
    const head = await chain.provider.getBlockNumber();
    for (const log of await readLogs(chain.provider, filter, deployment.startBlock ?? 0, head, { signal })) {
      const { id: jobId, positionsRoot } = resultAudits.interface.parseLog(log)!
        .args as unknown as AttestedEvent;
      const attestation = await checkers.attestationOf(jobId, checker);
      if (attestation === undefined || attestation.closed) continue;
      const { submittedAt } = decodeJobState(await jobEscrow.jobState(jobId));
      const unknown = { createdBlock: log.blockNumber, modelRoot: "", positions: 0, outputRoot: "" };
      const result = { jobId, ...unknown, submittedAt, windowEnd: submittedAt };
      storage.addResult(result);
      storage.setVerdict(result, { stage: "right", positionsRoot });
    }
  }

  async #storeResults(logs: readonly Log[], now: number): Promise<void> {
    const { chain, storage, models } = this.#context;
    const { jobEscrow } = chain.contracts;
    const results = logs.map((log) => {
      const { id, outputRoot, finalizableAt, outputTokens } = jobEscrow.interface.parseLog(log)!
        .args as unknown as { id: string; outputRoot: string; finalizableAt: bigint; outputTokens: string };
      return { jobId: id, outputRoot, windowEnd: Number(finalizableAt), output: outputTokens };
    });
    const open = results.filter(({ windowEnd }) => windowEnd > now);
    const jobs = await this.#jobsWith(open.map(({ jobId }) => jobId));
    for (const { jobId, outputRoot, windowEnd, output } of open) {
      const job = jobs.get(jobId);
      // Nobody but the client and whom it tells can look at a private result.
      if (job === undefined || job.hidden || !models.has(job.terms.modelRoot)) continue;
      storage.addResult({
        jobId,
        createdBlock: job.created.block,
        modelRoot: job.terms.modelRoot,
        // Tokens take four bytes, eight digits.
        positions: job.promptTokens.length + (output.length - 2) / 8,
        outputRoot,
        submittedAt: windowEnd - Number(job.terms.challengeWindow),
        windowEnd,
      });
    }
  }

  async #jobsWith(ids: readonly string[]): Promise<Map<string, JobRecord>> {
    const { chain, signal } = this.#context;
    const { contracts, provider } = chain;
    const { jobEscrow, deployment } = contracts;
    const jobs = new Map<string, JobRecord>();
    if (ids.length === 0) return jobs;
    const head = await provider.getBlockNumber();
    const from = await firstRequestBlock(chain);
    const created = (["JobCreated", "PrivateJobCreated"] as const).map(
      (name) => jobEscrow.interface.getEvent(name).topicHash,
    );
    for (let first = 0; first < ids.length; first += JOBS_AT_ONCE) {
      const topics = [created, ids.slice(first, first + JOBS_AT_ONCE)];
      const filter = { address: deployment.jobEscrow, topics };
      for (const log of await readLogs(provider, filter, from, head, { signal })) {
        const job = decodeJob(contracts, log);
        jobs.set(job.id, job);
      }
    }
    return jobs;
  }
}
