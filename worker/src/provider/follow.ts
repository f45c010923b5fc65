import { readLogs, type LogFilter } from "@athanor/sdk/protocol";
import { zeroPadValue, type Block } from "ethers";
import { describeError, isNodeTrouble } from "../errors.ts";
import type { Cursor } from "../storage/storage.ts";
import { applyLog } from "./apply-log.ts";
import { followChannels, recheckChannels, startServingAt } from "../serve/follow-channels.ts";
import type { ProviderContext } from "./context.ts";
import { reconcile } from "./reconcile.ts";

/** Blocks whose events are stored in one step: what a crash repeats at most. */
const CHUNK = 2_000;
/** How far back a reorganisation is followed. */
const REORGANISATION_DEPTH = 128;
/** Older jobs than this cannot be open: longest response time and longest challenge window, with a day to spare. */
const OLDEST_OPEN_JOB = 7 * 86_400;
/** Jobs that ended longer ago are not asked for again after a reorganisation; milliseconds. */
const RECHECK_ENDED = 3_600_000;

/** Whether stored jobs may differ from the chain: after a start, because the chain went on, and after a reorganisation. */
export interface Doubt {
  recheck: boolean;
}

/**
 * Brings what is stored up to the newest confirmed block: reads the events of every block since the cursor, in order, each once.
 * Handling an event twice changes nothing, so a crash between two steps costs nothing but time.
 *
 * @returns the newest block, confirmed or not
 */
export async function follow(context: ProviderContext, doubt: Doubt): Promise<Block> {
  const { chain, storage, time } = context;
  const head = await blockAt(context, "latest");
  time.observe(head);
  const confirmed = head.number - chain.confirmations + 1;
  startServingAt(context, confirmed);
  let cursor = storage.cursor() ?? (await firstCursor(context, head));
  // A node that is behind knows less than is stored. That is no reorganisation.
  if (confirmed < cursor.number) return head;
  if (await wasReorganised(context, cursor)) {
    cursor = await rewind(context, cursor);
    doubt.recheck = true;
  }
  while (cursor.number < confirmed) {
    const end = Math.min(confirmed, cursor.number + CHUNK);
    // The hash is read before the events: if the blocks change in between, the next round notices.
    const { hash } = await blockAt(context, end);
    const logs = await readLogs(chain.provider, eventsOf(context), cursor.number + 1, end, {
      chunkSize: CHUNK,
    });
    await followChannels(context, cursor.number + 1, end);
    cursor = { number: end, hash: hash! };
    for (const log of logs) {
      try {
        await applyLog(context, log);
      } catch (error) {
        if (isNodeTrouble(error)) throw error;
        // One event that cannot be read must not hide all later ones.
        context.log.emit("error", "job.unreadable", {
          transactionHash: log.transactionHash,
          logIndex: log.index,
          ...describeError(error),
        });
      }
    }
    storage.setCursor(cursor);
  }
  if (doubt.recheck) {
    // Only now is the chain's word about them known up to the end.
    for (const job of storage.jobsToRecheck(context.clock.now() - RECHECK_ENDED)) {
      await reconcile(context, job);
    }
    await recheckChannels(context);
    doubt.recheck = false;
  }
  return head;
}

/** The escrow's events that name this provider; all six index it in the same place. */
function eventsOf({ chain, owner }: ProviderContext): LogFilter {
  const { jobEscrow, deployment } = chain.contracts;
  const names = [
    ...["JobCreated", "PrivateJobCreated", "JobFinalized", "JobExpired", "JobDeclined", "JobRefunded"],
  ] as const;
  const signatures = names.map((name) => jobEscrow.interface.getEvent(name as "JobCreated").topicHash);
  return { address: deployment.jobEscrow, topics: [signatures, null, null, zeroPadValue(owner, 32)] };
}

async function wasReorganised({ chain }: ProviderContext, cursor: Cursor): Promise<boolean> {
  if (cursor.hash === "") return false;
  const block = await chain.provider.getBlock(cursor.number);
  return block !== null && block.hash !== cursor.hash;
}

async function rewind(context: ProviderContext, cursor: Cursor): Promise<Cursor> {
  const number = Math.max(-1, cursor.number - REORGANISATION_DEPTH);
  const rewound = { number, hash: number < 0 ? "" : (await blockAt(context, number)).hash! };
  context.storage.setCursor(rewound);
  context.log.emit("warn", "chain.reorganised", {
    block: cursor.number,
    hash: cursor.hash,
    readAgainFrom: number + 1,
  });
  return rewound;
}

/** A new database starts at the block before the first that can hold an open job. */
async function firstCursor(context: ProviderContext, head: Block): Promise<Cursor> {
  const since = head.timestamp - OLDEST_OPEN_JOB;
  let low = context.chain.contracts.deployment.startBlock ?? 0;
  let high = head.number;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await blockAt(context, middle)).timestamp < since) low = middle + 1;
    else high = middle;
  }
  return { number: low - 1, hash: "" };
}

async function blockAt({ chain }: ProviderContext, tag: number | "latest"): Promise<Block> {
  const block = await chain.provider.getBlock(tag);
  if (block === null) throw new BlockMissing(tag);
  return block;
}

/** A node behind a load balancer may not have the block that another one announced. */
class BlockMissing extends Error {
  readonly code = "RpcBlockMissing";

  constructor(tag: number | "latest") {
    super(`the node has no block ${tag}`);
  }
}
