import { describeError } from "../errors.ts";
import type { ProviderContext } from "../provider/context.ts";
import { moveJobContents } from "./job-contents.ts";
import { moveReceiptContents } from "./receipt-contents.ts";

/** Milliseconds between sweeps, and until a store that failed is asked again. */
const SWEEP_INTERVAL = 60_000;

/**
 * Moves contents to where they are kept and removes what nobody needs, beside the main loop: a store that is slow or gone costs no job its
 * time, for what was not moved stays in the database.
 */
export class Keeper {
  private readonly context: ProviderContext;
  private readonly keepAfterEnd: number;
  private work: Promise<void> | undefined;
  private notBefore = 0;
  private sweepAt = 0;

  /** @param keepAfterEnd milliseconds for which contents of a job stay after it ended */
  constructor(context: ProviderContext, keepAfterEnd: number) {
    this.context = context;
    this.keepAfterEnd = keepAfterEnd;
  }

  /** Begins what is due, unless it is under way. */
  tick(): void {
    if (this.work !== undefined || this.context.clock.now() < this.notBefore) return;
    this.work = this.round().finally(() => (this.work = undefined));
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.work;
  }

  private async round(): Promise<void> {
    const { archive, clock, log, storage } = this.context;
    try {
      await moveJobContents(this.context);
      await moveReceiptContents(this.context);
      const now = clock.now();
      if (now < this.sweepAt) return;
      this.sweepAt = now + SWEEP_INTERVAL;
      const endedBefore = now - this.keepAfterEnd;
      storage.clearEnded(endedBefore);
      const removed = await archive.sweep(now, endedBefore);
      if (removed > 0) log.emit("debug", "content.removed", { contents: removed });
    } catch (error) {
      this.notBefore = clock.now() + SWEEP_INTERVAL;
      log.emit("warn", "content.failed", {
        ...describeError(error),
        retryInSeconds: SWEEP_INTERVAL / 1_000,
      });
    }
  }
}
