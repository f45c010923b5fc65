import { Counter, Gauge, type Registry } from "prom-client";

const events = ["right", "wrong", "dropped", "false"] as const;

/** What happened to an audit: the result was right, or wrong; it was not attested to in time; a step proved an own attestation false. */
export type AuditEvent = (typeof events)[number];

/** What audits have found since they were started. */
export class AuditMetrics {
  readonly #audits: Counter<"event">;
  readonly #waiting: Gauge;

  /** @param registry where they are shown */
  constructor(registry: Registry) {
    const registers = [registry];
    this.#audits = new Counter({
      name: "athanor_audits_total",
      help: "Audits by what happened to them, since the start",
      labelNames: ["event"],
      registers,
    });
    for (const event of events) this.#audits.inc({ event }, 0);
    this.#waiting = new Gauge({
      name: "athanor_audits_waiting",
      help: "Results that this checker has to recompute and has not yet",
      registers,
    });
  }

  note(event: AuditEvent): void {
    this.#audits.inc({ event });
  }

  setWaiting(audits: number): void {
    this.#waiting.set(audits);
  }
}
