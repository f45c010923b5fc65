import { systemClock, type Clock } from "../../../worker/src/clock.ts";
import type { LocalChain } from "../local-chain.ts";

/** Moves time for everybody: the chain's, and the clock that providers, clients and checkers of the demonstration read. */
export interface TimeMachine {
  /** Sleeps take real time. */
  readonly clock: Clock;
  /** Seconds since 1970 of the chain's last block. */
  now(): Promise<number>;
  /** Makes a block in this second, or leaves time where it is if that is over. */
  moveTo(second: number): Promise<void>;
}

/** The clock is never behind the chain's: a client would take receipts for signed in the future. */
export async function openTimeMachine(chain: LocalChain): Promise<TimeMachine> {
  let offset = 0;
  const clock: Clock = { now: () => systemClock.now() + offset, sleep: systemClock.sleep };
  const now = async () => (await chain.provider.getBlock("latest"))!.timestamp;
  const follow = async () => {
    offset = Math.max(offset, (await now()) * 1_000 - systemClock.now());
  };
  await follow();
  return {
    clock,
    now,
    async moveTo(second) {
      // The next block would come by itself so much after the last one.
      const ahead = second - Math.max(await now(), Math.floor(clock.now() / 1_000));
      if (ahead <= 0) return;
      await chain.advance(ahead);
      await follow();
    },
  };
}
