import { readLogs, type LogFilter } from "@athanor/sdk/protocol";
import type { Disputes, MoveMade } from "@athanor/sdk/disputes";
import type { Log } from "ethers";
import { blockAt, firstBlockSince } from "../chain/block-at.ts";
import type { Chain } from "../chain/chain.ts";
import type { Clock } from "../clock.ts";
import { describeError } from "../errors.ts";
import type { EventLog } from "../log/event-log.ts";
import type { DisputeMetrics } from "./dispute-metrics.ts";

/** What the watchtower and the challenger share. */
export interface WatchContext {
  readonly chain: Chain;
  readonly clock: Clock;
  readonly log: EventLog;
  readonly disputes: Disputes;
  readonly metrics: DisputeMetrics;
  /** Milliseconds between looks at the chain. */
  readonly pollInterval: number;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Seconds for which a result may be of interest: the longest dispute, which begins with its window, a sequencer's outage, and a day to spare. */
const LONGEST = (45 + 7 + 1) * 86_400;
/** Seconds from a request to its result, at most. */
const LONGEST_RESPONSE = 3 * 86_400;
/** Blocks that are read again every time: a reorganisation of fewer is followed. */
const REORGANISATION_DEPTH = 128;

/** Events of one kind, each once, as blocks come. */
export class EventReader {
  readonly #chain: Chain;
  readonly #filter: LogFilter;
  #seen = new Set<string>();
  #next: number;

  /** @param next the block from which on events were not read yet; those shortly before are read again */
  constructor(chain: Chain, filter: LogFilter, next: number) {
    this.#chain = chain;
    this.#filter = filter;
    this.#next = next;
  }

  /** The block from which on nothing was read yet. */
  get next(): number {
    return this.#next;
  }

  /** Events that were not there when it was asked last: in new blocks, or in others instead of those that were there. */
  async read(signal: AbortSignal): Promise<Log[]> {
    const { provider, confirmations } = this.#chain;
    const end = (await provider.getBlockNumber()) - confirmations + 1;
    const start = Math.max(0, this.#next - REORGANISATION_DEPTH);
    const events = await readLogs(provider, this.#filter, start, end, { signal });
    const keyOf = ({ blockHash, index }: Log) => `${blockHash}:${index}`;
    const found = events.filter((event) => !this.#seen.has(keyOf(event)));
    this.#seen = new Set(events.map(keyOf));
    this.#next = Math.max(this.#next, end + 1);
    return found;
  }
}

/** Hands over every event once, of the past that may still matter and then as blocks come, until the signal. Waits out outages. */
export async function followEvents(
  { chain, clock, log, metrics, pollInterval, signal }: WatchContext,
  filter: LogFilter,
  take: (event: Log) => void,
): Promise<void> {
  let events: EventReader | undefined;
  let isReachable = true;
  while (!signal.aborted) {
    try {
      const head = await chain.provider.getBlockNumber();
      events ??= new EventReader(chain, filter, await firstBlock(chain, LONGEST));
      for (const event of await events.read(signal)) take(event);
      if (!isReachable) log.emit("info", "chain.reachable", { block: head });
      isReachable = true;
    } catch (error) {
      if (isReachable) {
        log.emit("warn", "chain.unreachable", {
          ...describeError(error),
          retryInSeconds: pollInterval / 1_000,
        });
      }
      isReachable = false;
    }
    metrics.noteRound(clock.now());
    await clock.sleep(pollInterval, signal);
  }
}

/** The first block in which the request of a result of interest can be. */
export function firstRequestBlock(chain: Chain): Promise<number> {
  return firstBlock(chain, LONGEST + LONGEST_RESPONSE);
}

/** The first block that is not older than this many seconds. */
export async function firstBlock(chain: Chain, age: number): Promise<number> {
  return firstBlockSince(chain, (await blockAt(chain.provider, "latest")).timestamp - age);
}

/** Logs and counts a move that was made. */
export function noteMove({ log, metrics }: Pick<WatchContext, "log" | "metrics">, move: MoveMade): void {
  const { kind, jobId, challengeId, round, gas, secondsLeft, transactionHash } = move;
  log.emit("info", "dispute.move", { jobId, challengeId, kind, round, gas, secondsLeft, transactionHash });
  metrics.noteMove(move);
}
