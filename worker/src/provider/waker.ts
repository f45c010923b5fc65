import type { Clock } from "../clock.ts";

/** A sleep that ends early when something happens, even if it happened before the sleep began. */
export class Waker {
  private readonly clock: Clock;
  private controller = new AbortController();

  constructor(clock: Clock) {
    this.clock = clock;
  }

  wake(): void {
    this.controller.abort();
  }

  async sleep(milliseconds: number): Promise<void> {
    await this.clock.sleep(milliseconds, this.controller.signal);
    this.controller = new AbortController();
  }
}
