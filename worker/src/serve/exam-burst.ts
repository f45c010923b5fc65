import { burstRequest, type Burst, type NativeRequest } from "@athanor/sdk/channels";
import type { ModelRunner } from "../model/runner.ts";

export interface BurstRunOptions {
  readonly burst: Burst;
  readonly runner: ModelRunner;
  /** Requests that are computed at a time. */
  readonly atOnce: number;
  /** Milliseconds after which what is not answered is left. */
  readonly longest: number;
}

/** The computation of a burst: as many requests at a time as there are places, until all are answered or the time is over. */
export class BurstRun {
  /** Output tokens so far, by request. */
  readonly tokens: number[][];
  /** Requests with tokens that nobody was sent yet; whoever sends them takes them out. */
  readonly fresh = new Set<number>();
  private readonly options: BurstRunOptions;
  private readonly controller = new AbortController();
  /** Resolves when nothing more is computed. */
  readonly ended: Promise<void>;
  /** Requests that were answered whole, in the order in which that happened. */
  readonly answered: number[] = [];
  private next = 0;
  private listeners: (() => void)[] = [];
  isOver = false;
  failure: Error | undefined;

  constructor(options: BurstRunOptions) {
    const { burst, atOnce, longest } = options;
    this.options = options;
    this.tokens = Array.from({ length: burst.count }, () => []);
    const timer = setTimeout(() => this.controller.abort(), longest);
    const places = Array.from({ length: Math.min(atOnce, burst.count) }, () => this.work());
    this.ended = Promise.all(places).then(() => {
      clearTimeout(timer);
      this.isOver = true;
      this.tell();
    });
  }

  /** Ends it. Resolves as `ended`. */
  async stop(): Promise<void> {
    this.controller.abort();
    await this.ended;
  }

  /** Resolves with false at the next token or at the end, with true after the time (milliseconds). */
  changed(timeout: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), timeout);
      this.listeners.push(() => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }

  request(index: number): NativeRequest {
    const { burst, runner } = this.options;
    return burstRequest(burst, index, runner.commitment.vocabularySize);
  }

  /** One place: takes request after request. */
  private async work(): Promise<void> {
    const { burst, runner } = this.options;
    const { signal } = this.controller;
    // A method, because TypeScript would take a property for constant.
    const isEnded = () => signal.aborted;
    while (this.next < burst.count && !isEnded()) {
      const index = this.next++;
      const { prompt, modelRoot: _, ...generation } = this.request(index);
      const tokens = this.tokens[index]!;
      try {
        await runner.run({
          ...{ prompt, prefix: [], generation, signal },
          onToken: (token) => {
            if (isEnded()) return;
            tokens.push(token);
            this.fresh.add(index);
            this.tell();
          },
        });
        if (tokens.length === burst.outputTokens) this.answered.push(index);
      } catch (error) {
        if (isEnded()) return;
        this.failure = error instanceof Error ? error : new Error(String(error));
        // A model that fails once fails again: what was answered counts.
        this.controller.abort();
      }
    }
  }

  private tell(): void {
    const told = this.listeners;
    this.listeners = [];
    for (const listener of told) listener();
  }
}
