import { createServer } from "node:http";
import type { Registry } from "prom-client";
import type { Clock } from "../clock.ts";
import { WorkerError } from "../errors.ts";

/** Milliseconds without a round of the main loop after which the program counts as stuck. */
const UNHEALTHY_AFTER = 180_000;

/** What is served. */
export interface MetricsSource {
  readonly registry: Registry;
  readonly clock: Clock;
  /** Milliseconds since 1970 of the main loop's last round; null before the first. */
  readonly lastRound: () => number | null;
}

/**
 * Serves GET /metrics (Prometheus) and GET /health on this machine only.
 *
 * @returns the function that ends it
 * @throws WorkerError METRICS_PORT_UNUSABLE
 */
export async function serveMetrics(
  { registry, clock, lastRound }: MetricsSource,
  port: number,
): Promise<() => Promise<void>> {
  const isHealthy = () => clock.now() - (lastRound() ?? 0) < UNHEALTHY_AFTER;
  const server = createServer((request, response) => {
    if (request.url === "/health") {
      response.writeHead(isHealthy() ? 200 : 503, { "content-type": "application/json" });
      response.end(JSON.stringify({ healthy: isHealthy(), lastRound: lastRound() }));
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
