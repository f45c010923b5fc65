import type { Checkers } from "@athanor/sdk/checkers";
import { blockAt } from "../chain/block-at.ts";
import type { Chain } from "../chain/chain.ts";
import type { RoundView } from "./duty.ts";

/** One look at the chain. */
export async function readRound(chain: Chain, checkers: Checkers): Promise<RoundView> {
  const { provider, confirmations } = chain;
  const head = await blockAt(chain.provider, "latest");
  const settled =
    confirmations > 1 ? await blockAt(chain.provider, Math.max(0, head.number - confirmations + 1)) : head;
  // A chain that makes blocks only when there is something to put in may have an old one; nodes without a pending block say so.
  const pending = await provider.getBlock("pending").catch(() => null);
  const now = Math.max(head.timestamp, pending?.timestamp ?? 0);
  return {
    block: head.number,
    now,
    epoch: checkers.epochAt(now),
    settledEpoch: checkers.epochAt(settled.timestamp),
    startOf: (epoch) => checkers.startOf(epoch),
    rulesOf: once((epoch) => checkers.rulesOf(epoch)),
    readEpoch: once((epoch) => checkers.readEpoch(epoch)),
    enrolled: onceAtAll(() => checkers.enrolled()),
  };
}

function once<T>(read: (epoch: number) => Promise<T>): (epoch: number) => Promise<T> {
  const known = new Map<number, Promise<T>>();
  return (epoch) => {
    const found = known.get(epoch) ?? read(epoch);
    known.set(epoch, found);
    return found;
  };
}

function onceAtAll<T>(read: () => Promise<T>): () => Promise<T> {
  let known: Promise<T> | undefined;
  return () => (known ??= read());
}
