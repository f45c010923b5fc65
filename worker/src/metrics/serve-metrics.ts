import { createServer } from "node:http";
import { Counter, Gauge, Registry } from "prom-client";
import { WorkerError } from "../errors.ts";
import { jobStates, type JobStateName } from "../jobs/states.ts";
import type { ProviderContext } from "../provider/context.ts";

/** Milliseconds without a round of the main loop after which the daemon counts as stuck. */
const UNHEALTHY_AFTER = 180_000;

/**
 * Serves GET /metrics (Prometheus) and GET /health on this machine only.
 *
 * @returns the function that ends it
 * @throws WorkerError METRICS_PORT_UNUSABLE
 */
export async function serveMetrics(context: ProviderContext, port: number): Promise<() => Promise<void>> {
  const { storage, clock } = context;
  const registry = new Registry();
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
  new Counter({
    name: "athanor_gas_used_total",
    help: "Gas of this operator's mined transactions",
    registers,
    collect() {
      this.reset();
      this.inc(Number(storage.gasTotals().gasUsed));
    },
  });

  const isHealthy = () => clock.now() - (storage.lastAlive() ?? 0) < UNHEALTHY_AFTER;
  const server = createServer((request, response) => {
    if (request.url === "/health") {
      response.writeHead(isHealthy() ? 200 : 503, { "content-type": "application/json" });
      response.end(JSON.stringify({ healthy: isHealthy(), lastRound: storage.lastAlive() }));
    } else if (request.url === "/metrics") {
      void registry.metrics().then((text) => {
        response.writeHead(200, { "content-type": registry.contentType });
        response.end(text);
      });
    } else response.writeHead(404).end();
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", (cause) =>
      reject(
        new WorkerError(
          "METRICS_PORT_UNUSABLE",
          `Port ${port} of 127.0.0.1 cannot be opened: ${cause.message}.`,
          {
            remedy: "Set metrics.port to a free port above 1023, or remove the field.",
            details: { port },
            cause,
          },
        ),
      ),
    );
    server.listen(port, "127.0.0.1", resolve);
  });
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}
