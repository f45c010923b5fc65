import { expect } from "chai";
import { createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { Registry } from "prom-client";
import { eventually } from "../testing/eventually.ts";
import { expectError } from "../testing/expect-error.ts";
import { movableClock } from "../testing/clock.ts";
import { setUpWorld } from "../testing/world.ts";
import { registerProviderMetrics } from "./provider-metrics.ts";
import { serveMetrics } from "./serve-metrics.ts";

describe("serveMetrics", function () {
  this.timeout(120_000);
  const world = setUpWorld();

  it("counts jobs and says whether the daemon is alive", async () => {
    const { chain, request, start } = world;
    const clock = movableClock();
    const { context, log, storage, stop } = await start({ clock });
    const port = await freePort();
    const registry = new Registry();
    registerProviderMetrics(context, registry);
    const source = { registry, clock, lastRound: () => storage.lastAlive() };
    const close = await serveMetrics(source, port);
    const get = (path: string) => fetch(`http://127.0.0.1:${port}${path}`);
    const id = await chain.createJob(request());
    await eventually(() => log.of("job.submitted", id).length === 1, "submitted");
    await eventually(() => storage.lastAlive() !== null, "a round");
    const metrics = await (await get("/metrics")).text();
    expect(metrics).to.contain('athanor_jobs{state="submitted"} 1');
    expect(metrics).to.contain('athanor_jobs{state="late"} 0');
    expect(metrics).to.match(/athanor_gas_used_total [1-9]\d{4}/);
    expect((await get("/health")).status).to.equal(200);
    expect((await get("/else")).status).to.equal(404);
    chain.rpc.fault = () => true;
    await eventually(() => log.of("chain.unreachable").length > 0, "an outage is no death");
    expect((await get("/health")).status).to.equal(200);
    await expectError(() => serveMetrics(source, port), "METRICS_PORT_UNUSABLE", `Port ${port}`);
    await close();
    await stop();
  });
});

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
