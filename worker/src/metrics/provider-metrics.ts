import { Counter, Gauge, type Registry } from "prom-client";
import { jobStates, type JobStateName } from "../jobs/states.ts";
import type { ProviderContext } from "../provider/context.ts";

/** What a provider's daemon has done, by its database. */
export function registerProviderMetrics(context: ProviderContext, registry: Registry): void {
  const { storage } = context;
  const registers = [registry];
  new Gauge({
    name: "athanor_jobs",
    help: "Jobs by state",
    labelNames: ["state"],
    registers,
    collect() {
      const states = Object.keys(jobStates) as JobStateName[];
      for (const state of states) this.set({ state }, 0);
      for (const { state, jobs } of storage.totals()) this.inc({ state }, jobs);
    },
  });
  new Gauge({
    name: "athanor_block",
    help: "Newest block whose events are stored",
    registers,
    collect() {
      this.set(storage.cursor()?.number ?? 0);
    },
  });
  new Gauge({
    name: "athanor_generations_running",
    help: "Generations in progress",
    registers,
    collect() {
      this.set(context.running.size);
    },
  });
  const { desk } = context;
  if (desk !== null) {
    new Gauge({
      name: "athanor_channels",
      help: "Channels by stage",
      labelNames: ["stage"],
      registers,
      collect() {
        for (const stage of ["open", "closing", "closed", "ended"] as const) {
          this.set({ stage }, storage.channelCount(stage));
        }
      },
    });
    new Gauge({
      name: "athanor_answers",
      help: "Answers of channels under way",
      labelNames: ["state"],
      registers,
      collect() {
        const { running, waiting } = desk.counts;
        this.set({ state: "running" }, running);
        this.set({ state: "waiting" }, waiting);
      },
    });
  }
  new Counter({
    name: "athanor_gas_used_total",
    help: "Gas of this operator's mined transactions",
    registers,
    collect() {
      this.reset();
      this.inc(Number(storage.gasTotals().gasUsed));
    },
  });
}
