import { Counter, Gauge, type Registry } from "prom-client";

/** What a checker has done since it was started. */
export class CheckerMetrics {
  readonly #moves: Counter<"move">;
  readonly #gas: Counter;
  readonly #failures: Counter<"duty">;
  readonly #paid: Counter<"token">;
  readonly #epoch: Gauge;
  readonly #measured: Gauge<"state">;
  readonly #missed: Counter<"what">;
  #lastRound: number | null = null;

  /** @param registry where the counters are shown */
  constructor(registry: Registry) {
    const registers = [registry];
    this.#moves = new Counter({
      name: "athanor_checker_moves_total",
      help: "Mined moves of the checker by what they did, since the start",
      labelNames: ["move"],
      registers,
    });
    this.#gas = new Counter({
      name: "athanor_checker_gas_used_total",
      help: "Gas of the checker's mined moves, since the start",
      registers,
    });
    this.#failures = new Counter({
      name: "athanor_checker_failures_total",
      help: "Rounds of a duty that failed and were tried again, since the start",
      labelNames: ["duty"],
      registers,
    });
    this.#missed = new Counter({
      name: "athanor_checker_missed_total",
      help: "What could not be done in time, since the start",
      labelNames: ["what"],
      registers,
    });
    this.#paid = new Counter({
      name: "athanor_checker_paid_total",
      help: "Pay that was claimed, in the token's smallest units, since the start",
      labelNames: ["token"],
      registers,
    });
    this.#epoch = new Gauge({ name: "athanor_checker_epoch", help: "The chain's current epoch", registers });
    this.#measured = new Gauge({
      name: "athanor_checker_providers",
      help: "Providers that the checker is drawn for in the current epoch, and those it has measured",
      labelNames: ["state"],
      registers,
    });
  }

  /** Milliseconds since 1970 of the last look at the chain, or at an outage of it; null before the first. */
  get lastRound(): number | null {
    return this.#lastRound;
  }

  noteRound(now: number): void {
    this.#lastRound = now;
  }

  noteEpoch(epoch: number): void {
    this.#epoch.set(epoch);
  }

  noteMove(move: string, gas: bigint): void {
    this.#moves.inc({ move });
    this.#gas.inc(Number(gas));
  }

  noteFailure(duty: string): void {
    this.#failures.inc({ duty });
  }

  noteMissed(what: string): void {
    this.#missed.inc({ what });
  }

  notePaid(token: string, amount: bigint): void {
    this.#paid.inc({ token }, Number(amount));
  }

  noteMeasured(drawn: number, measured: number): void {
    this.#measured.set({ state: "drawn" }, drawn);
    this.#measured.set({ state: "measured" }, measured);
  }
}
