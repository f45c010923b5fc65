import { Gate } from "./gate.ts";
import { Refusal } from "./refusal.ts";

/** Places for answers that are computed at a time, and a bounded queue before them. First come, first served. */
export class Slots {
  private readonly most: number;
  private readonly mostWaiting: number;
  private readonly gate: Gate;
  private used = 0;
  private readonly waiting: (() => void)[] = [];

  /** @param gate while it is closed, nobody takes a place */
  constructor(most: number, mostWaiting: number, gate = new Gate()) {
    this.most = most;
    this.mostWaiting = mostWaiting;
    this.gate = gate;
    gate.onOpen(() => this.fill());
  }

  get running(): number {
    return this.used;
  }

  get queued(): number {
    return this.waiting.length;
  }

  /** @throws Refusal `ProviderBusy` */
  requireRoom(): void {
    if (this.isFree || this.waiting.length < this.mostWaiting) return;
    throw new Refusal(
      "ProviderBusy",
      `${this.used} answers are being computed, ${this.waiting.length} wait.`,
      "Send the same message again in some seconds, or ask another provider.",
      Math.min(60, 2 + this.waiting.length),
    );
  }

  /**
   * Takes a place, at once or when it is free.
   *
   * @param onAhead told how many are before this one, whenever that changes
   * @returns the function that gives the place back; undefined when the signal fired first
   */
  async enter(signal: AbortSignal, onAhead: (ahead: number) => void): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    if (!this.isFree) {
      const isFree = await new Promise<boolean>((resolve) => {
        const turn = () => {
          signal.removeEventListener("abort", leave);
          resolve(true);
        };
        const leave = () => {
          this.waiting.splice(this.waiting.indexOf(turn), 1);
          resolve(false);
        };
        this.waiting.push(turn);
        signal.addEventListener("abort", leave, { once: true });
        onAhead(this.waiting.length);
      });
      if (!isFree) return undefined;
    } else this.used++;
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      // The place goes to the next one directly, so that nobody overtakes it.
      this.used--;
      this.fill();
    };
  }

  private get isFree(): boolean {
    return this.gate.isOpen && this.used < this.most;
  }

  private fill(): void {
    while (this.isFree && this.waiting.length > 0) {
      this.used++;
      this.waiting.shift()!();
    }
  }
}
