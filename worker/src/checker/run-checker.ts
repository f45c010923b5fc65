import { describeError, isNodeTrouble } from "../errors.ts";
import type { CheckerContext } from "./context.ts";
import type { Duty, RoundView } from "./duty.ts";
import { readRound } from "./round.ts";

/** Epochs of which anything is still stored: the last in which something is decided, and as many again to look back at. */
const KEEP = 8;
/** Seconds by which the machine's clock may be off the chain's. */
const MOST_SKEW = 120;

/** Rounds of a checker: one look at the chain, then every duty. */
export class Rounds {
  readonly #context: CheckerContext;
  readonly #duties: readonly Duty[];
  /** Duties that an earlier round has not ended. */
  readonly #busy = new Map<Duty, Promise<void>>();
  /** What a duty failed with last: said once, until something else happens. */
  readonly #failures = new Map<Duty, string>();
  #epoch: number | undefined;
  #saidSkew = false;

  constructor(context: CheckerContext, duties: readonly Duty[]) {
    this.#context = context;
    this.#duties = duties;
  }

  /** One round, to its end. @throws what looking at the chain throws; what duties throw is logged */
  async advance(): Promise<RoundView> {
    const view = await this.begin();
    await this.idle();
    return view;
  }

  /** Begins a round: a duty that is still busy with an earlier one is left to it, and holds up no other. */
  async begin(): Promise<RoundView> {
    const { chain, checkers } = this.#context;
    const view = await readRound(chain, checkers);
    this.#note(view);
    await this.#replaceStuck();
    for (const duty of this.#duties) {
      if (this.#busy.has(duty)) continue;
      const ended = this.#attempt(duty, view).finally(() => this.#busy.delete(duty));
      this.#busy.set(duty, ended);
    }
    return view;
  }

  /** Resolves when no duty is at work. */
  async idle(): Promise<void> {
    await Promise.all(this.#busy.values());
  }

  /** What is not mined holds up all that comes after it. */
  async #replaceStuck(): Promise<void> {
    const { log, operator } = this.#context;
    try {
      const transactionHash = await operator.replaceStuck?.();
      if (transactionHash !== undefined) log.emit("warn", "transaction.bumped", { transactionHash });
    } catch (error) {
      if (isNodeTrouble(error)) throw error;
      log.emit("warn", "warning", { ...describeError(error) });
    }
  }

  async #attempt(duty: Duty, view: RoundView): Promise<void> {
    const { log, metrics, signal } = this.#context;
    try {
      await duty.advance(view);
      this.#failures.delete(duty);
    } catch (error) {
      if (signal.aborted) return;
      metrics.noteFailure(duty.name);
      const failure = describeError(error);
      const text = `${failure.code} ${failure.message}`;
      if (this.#failures.get(duty) === text) return;
      this.#failures.set(duty, text);
      const event = isNodeTrouble(error) ? "chain.unreachable" : "warning";
      log.emit("warn", event, { duty: duty.name, epoch: view.epoch, ...failure });
    }
  }

  #note(view: RoundView): void {
    const { clock, log, metrics, storage } = this.#context;
    storage.setLastAlive(clock.now());
    metrics.noteRound(clock.now());
    metrics.noteEpoch(view.epoch);
    this.#noteSkew(view.now - clock.now() / 1_000);
    if (this.#epoch === view.epoch) return;
    this.#epoch = view.epoch;
    const { epoch, startOf } = view;
    log.emit("info", "checker.epoch", { epoch, endsAt: new Date(startOf(epoch + 1) * 1_000).toISOString() });
    storage.prune(epoch - KEEP);
  }

  /** Epochs are the chain's, whatever the machine says; receipts and deadlines of what is bought are not. */
  #noteSkew(seconds: number): void {
    if (this.#saidSkew || Math.abs(seconds) <= MOST_SKEW) return;
    this.#saidSkew = true;
    this.#context.log.emit("warn", "warning", {
      message: `the chain's clock and this machine's are ${Math.round(Math.abs(seconds))} seconds apart`,
      remedy: "Set the machine's clock, with NTP for instance, or see whether the node follows the chain.",
    });
  }
}

export interface RunOptions {
  /** Milliseconds between rounds. */
  readonly pollInterval: number;
}

/** The daemon: round after round, until the signal of the context. Waits out outages of the node. */
export async function runChecker(
  context: CheckerContext,
  duties: readonly Duty[],
  { pollInterval }: RunOptions,
): Promise<void> {
  const { clock, log, metrics, signal } = context;
  const rounds = new Rounds(context, duties);
  let isReachable = true;
  while (!signal.aborted) {
    try {
      const { block } = await rounds.begin();
      if (!isReachable) log.emit("info", "chain.reachable", { block });
      isReachable = true;
    } catch (error) {
      if (isReachable) log.emit("warn", "chain.unreachable", { ...describeError(error) });
      isReachable = false;
      metrics.noteRound(clock.now());
    }
    await clock.sleep(pollInterval, signal);
  }
  await rounds.idle();
}
