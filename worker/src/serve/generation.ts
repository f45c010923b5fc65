import type { NativeRequest } from "@athanor/sdk/channels";
import { describeError } from "../errors.ts";
import { Allowance, type ModelRunner } from "../model/runner.ts";
import type { Slots } from "./slots.ts";

/** Milliseconds after which a generation that should rest is looked at again. */
const REST_LOOK = 1_000;
/** Tokens that may still come after it was told to rest; then it is stopped, and what it holds is lost. */
const MOST_AFTER = 32;

export interface GenerationOptions {
  readonly request: NativeRequest;
  /** Output tokens that are known already. */
  readonly tokens: readonly number[];
  readonly runner: ModelRunner;
  readonly slots: Slots;
  /** Milliseconds for which a generation that used up its allowance waits to be continued. */
  readonly keep: number;
}

/**
 * The computation of one answer, which vouchers let go on step by step. Between steps it holds its keys and values, but no place in the queue; when
 * nobody continues it in time it ends, and another one starts from the tokens so far.
 */
export class Generation {
  readonly request: NativeRequest;
  readonly tokens: number[];
  /** Whether `tokens` are the whole answer. */
  complete = false;
  failure: Error | undefined;
  /** Answers that are computed before this one. */
  ahead = 0;
  private readonly options: GenerationOptions;
  private readonly controller = new AbortController();
  private readonly allowance = new Allowance(0);
  private release: (() => void) | undefined;
  private listeners: (() => void)[] = [];
  private keepTimer: NodeJS.Timeout | undefined;
  private run: Promise<void> | undefined;
  private isEnded = false;
  private isPaused = false;
  private isQueued = false;

  constructor(options: GenerationOptions) {
    this.options = options;
    this.request = options.request;
    this.tokens = [...options.tokens];
  }

  /** Whether nothing more comes without a further allowance. */
  get isAtRest(): boolean {
    return this.complete || this.isEnded || this.isPaused;
  }

  /** Whether it can be continued. */
  get isAlive(): boolean {
    return !this.isEnded;
  }

  /** Ends one that has nothing to compute. */
  close(complete: boolean): void {
    this.complete = complete;
    this.end();
  }

  /** Whether its model works on it, or has its keys and values: a queued one cost nothing. */
  get isStarted(): boolean {
    return this.run !== undefined;
  }

  /** Lets it go on until so many tokens of the whole answer. */
  continue(tokens: number): void {
    if (this.isEnded) return;
    clearTimeout(this.keepTimer);
    void this.goOn(tokens).catch((error: unknown) => {
      this.failure = error instanceof Error ? error : new Error(String(error));
      this.end();
    });
  }

  /**
   * Has it rest as soon as it has so many tokens of the whole answer; what was granted further is taken back, as far as the model has not begun it. Resolves when it
   * rests, or when it is let go on again.
   */
  async rest(least: number, isWanted: () => boolean): Promise<void> {
    while (!this.isAtRest && isWanted()) {
      if (this.tokens.length >= least && this.allowance.tokens > this.tokens.length) {
        this.allowance.promise(this.tokens.length);
        this.allowance.grant();
      }
      // A graphics card waits for none.
      if (this.tokens.length > Math.max(least, this.allowance.tokens) + MOST_AFTER) return this.stop();
      await this.changed(REST_LOOK);
    }
  }

  /** Ends it; what was computed stays. Resolves when nothing more comes. */
  async stop(): Promise<void> {
    clearTimeout(this.keepTimer);
    this.controller.abort();
    await this.run;
    this.end();
  }

  /** Resolves with false at the next token or change, with true after the time (milliseconds). */
  changed(timeout: number): Promise<boolean> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => resolve(true), timeout);
      this.listeners.push(() => {
        clearTimeout(timer);
        resolve(false);
      });
    });
  }

  private async goOn(tokens: number): Promise<void> {
    const { slots } = this.options;
    const { signal } = this.controller;
    if (this.allowance.tokens >= tokens) return;
    this.allowance.promise(tokens);
    this.isPaused = false;
    if (this.isQueued) return;
    this.isQueued = true;
    this.release ??= await slots.enter(signal, (ahead) => {
      this.ahead = ahead;
      this.tell();
    });
    this.isQueued = false;
    this.ahead = 0;
    if (this.release === undefined) return;
    // Its step was taken back while it waited for its place.
    if (this.run !== undefined && this.tokens.length >= this.allowance.tokens) return this.paused();
    this.allowance.grant();
    this.run ??= this.compute();
  }

  private async compute(): Promise<void> {
    const { request, runner } = this.options;
    const { prompt, startOffset = 0, modelRoot: _, secret: _secret, ...generation } = request;
    try {
      await runner.run({
        ...{ prompt, startOffset, generation },
        prefix: [...this.tokens],
        signal: this.controller.signal,
        allowance: this.allowance,
        onToken: (token) => this.add(token),
        onPause: () => this.paused(),
      });
      this.complete = true;
    } catch (error) {
      if (describeError(error).code !== "ABORTED" || !this.controller.signal.aborted) {
        this.failure = error instanceof Error ? error : new Error(String(error));
      }
    }
    this.end();
  }

  private add(token: number): void {
    if (this.controller.signal.aborted) return;
    this.tokens.push(token);
    this.tell();
  }

  private paused(): void {
    // It was let go on since the model said so.
    if (this.tokens.length < this.allowance.tokens) return;
    this.isPaused = true;
    this.tell();
    this.release?.();
    this.release = undefined;
    this.keepTimer = setTimeout(() => void this.stop(), this.options.keep);
    this.keepTimer.unref();
  }

  private end(): void {
    this.isEnded = true;
    clearTimeout(this.keepTimer);
    this.release?.();
    this.release = undefined;
    this.tell();
  }

  private tell(): void {
    const told = this.listeners;
    this.listeners = [];
    for (const listener of told) listener();
  }
}
