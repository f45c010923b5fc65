import type { MoveMade } from "@athanor/sdk/disputes";
import { Counter, type Registry } from "prom-client";

const events = ["opened", "won", "lost", "repelled", "convicted"] as const;

/** Of a challenger's challenges: opened, won, lost. Of those against a watchtower's provider: repelled, or the provider was convicted. */
export type ChallengeEvent = (typeof events)[number];

/** What a challenger or a watchtower has done since it was started. */
export class DisputeMetrics {
  readonly #challenges: Counter<"event">;
  readonly #moves: Counter<"kind">;
  readonly #gas: Counter;
  #lastRound: number | null = null;

  /** @param registry where the counters are shown */
  constructor(registry: Registry) {
    const registers = [registry];
    this.#challenges = new Counter({
      name: "athanor_challenges_total",
      help: "Challenges by what happened to them, since the start",
      labelNames: ["event"],
      registers,
    });
    for (const event of events) this.#challenges.inc({ event }, 0);
    this.#moves = new Counter({
      name: "athanor_dispute_moves_total",
      help: "Mined moves of disputes by kind, since the start",
      labelNames: ["kind"],
      registers,
    });
    this.#gas = new Counter({
      name: "athanor_dispute_gas_used_total",
      help: "Gas of mined moves of disputes, since the start",
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

  noteMove({ kind, gas }: MoveMade): void {
    this.#moves.inc({ kind });
    this.#gas.inc(Number(gas));
    if (kind === "open") this.note("opened");
  }

  note(event: ChallengeEvent, challenges = 1): void {
    this.#challenges.inc({ event }, challenges);
  }
}
