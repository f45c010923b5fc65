import type { Block } from "ethers";
import type { Clock } from "../clock.ts";

/**
 * What time the next block will say it is. Deadlines and windows run on the chain's clock; a chain without blocks has none,
 * and a local chain's clock may have been moved.
 */
export class ChainTime {
  private readonly clock: Clock;
  private timestamp = 0;
  private seenAt = 0;

  constructor(clock: Clock) {
    this.clock = clock;
  }

  /** Learns from a block that was just fetched. Returns the seconds by which the local clock is ahead if the block is new. */
  observe(block: Pick<Block, "timestamp">): number {
    if (block.timestamp > this.timestamp) {
      this.timestamp = block.timestamp;
      this.seenAt = this.clock.now();
    }
    return this.clock.now() / 1_000 - this.timestamp;
  }

  /** Seconds since 1970. */
  now(): number {
    const sinceBlock = this.timestamp + (this.clock.now() - this.seenAt) / 1_000;
    // On a chain that makes blocks only when there is something to put in, the last one may be hours old.
    return Math.floor(Math.max(sinceBlock, this.clock.now() / 1_000));
  }
}
