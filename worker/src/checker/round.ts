import type { Checkers } from "@athanor/sdk/checkers";
import { blockAt } from "../chain/block-at.ts";
import type { Chain } from "../chain/chain.ts";
import type { RpcProvider } from "../chain/rpc.ts";
import type { RoundView } from "./duty.ts";

/** One look at the chain. */
export async function readRound(chain: Chain, checkers: Checkers): Promise<RoundView> {
  const { confirmations } = chain;
  const head = await blockAt(chain.provider, "latest");
  const settled =
    confirmations > 1 ? await blockAt(chain.provider, Math.max(0, head.number - confirmations + 1)) : head;
  // A chain that makes blocks only when there is something to put in may have an old one.
  const now = Math.max(head.timestamp, await pendingTime(chain));
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

/** The second of the block that the node would make now, since 1970; 0 where it does not say. Read raw: such a block has no number, which ethers takes for an error. */
async function pendingTime({ provider }: Chain): Promise<number> {
  const { send } = provider as Partial<RpcProvider>;
  const block = (await send
    ?.call(provider, "eth_getBlockByNumber", ["pending", false])
    .catch(() => null)) as {
    timestamp?: unknown;
  } | null;
  const time = Number(block?.timestamp ?? 0);
  return Number.isSafeInteger(time) ? time : 0;
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
