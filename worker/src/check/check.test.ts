import { expect } from "chai";
import { Wallet } from "ethers";
import { join } from "node:path";
import { parseConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { openModelProcess } from "../model/open-model-process.ts";
import { readStatus } from "../status/read-status.ts";
import { modelProcess } from "../testing/model.ts";
import { setUpWorld } from "../testing/world.ts";
import type { CheckResult } from "./check.ts";
import { checkMachine } from "./machine.ts";
import { checkClock, checkCoin, checkOffers, checkRegistration } from "./market.ts";
import { checkModels } from "./models.ts";
import { checkThroughput } from "./throughput.ts";

describe("the preflight", function () {
  this.timeout(120_000);
  const world = setUpWorld();

  function configOf(changes: (text: string) => string = (text) => text): Config {
    const text = `
chain: { rpcUrl: "${world.chain.rpc.url}", chainId: 31337 }
keys: { operatorKeystore: operator.json }
provider: { owner: "${world.owner.address}" }
hardware: [{ class: cpu, count: 1 }]
models: [{ path: model, offers: [{ token: ATH, inputCents: "2.5", outputCents: "5" }] }]
compute: cpu
`;
    return parseConfig(changes(text), join(world.folder.path, "provider.yaml"));
  }

  const connect = async () => (await world.start()).context.chain;
  const models = () => [{ commitment: world.runner.commitment, offers: configOf().models[0]!.offers }];
  const summary = (results: readonly CheckResult[]) => results.map(({ name, status }) => `${name} ${status}`);

  it("finds a provider in order", async () => {
    const chain = await connect();
    const results = await checkRegistration(chain, configOf(), world.operator.address);
    expect(summary(results)).to.deep.equal(["provider ok", "hardware ok", "stake ok"]);
    expect(summary(await checkOffers(chain, configOf(), models()))).to.deep.equal(["offer ok"]);
    expect((await checkCoin(chain, world.operator.address)).status).to.equal("ok");
    expect((await checkClock(chain, 1_000 * (await world.chain.now()))).status).to.equal("ok");
  });

  it("finds another operator, other hardware, too little stake", async () => {
    const chain = await connect();
    const config = configOf((text) => `${text.replace("count: 1", "count: 2")}limits: { maxOpenJobs: 90 }\n`);
    const results = await checkRegistration(chain, config, world.owner.address);
    expect(summary(results)).to.deep.equal(["provider failed", "hardware failed", "stake warning"]);
    expect(results[1]!.detail).to.equal('configured 2 × "cpu", registered 1 × "cpu"');
    for (const { remedy } of results) expect(remedy).to.contain("athanor provider register");
    const [nobody] = await checkRegistration(
      chain,
      configOf((text) => text.replace(world.owner.address, world.operator.address)),
      undefined,
    );
    expect(nobody).to.deep.include({
      status: "failed",
      detail: `${world.operator.address} is not registered`,
    });
  });

  it("finds offers that are missing, dearer, or in a token that nobody takes", async () => {
    const chain = await connect();
    const check = async (from: string, to: string) => {
      const config = configOf((text) => text.replaceAll(from, to));
      const [result] = await checkOffers(chain, config, [
        { ...models()[0]!, offers: config.models[0]!.offers },
      ]);
      return result!;
    };
    expect((await check('outputCents: "5"', 'outputCents: "7.5"')).detail).to.contain(
      "on chain 2.5 US cents in, 5 US cents out, configured 2.5 US cents in, 7.5 US cents out",
    );
    expect((await check("ATH", "DOGE")).detail).to.contain('"DOGE" is neither ATH nor');
    const other = { ...world.runner.commitment, modelRoot: `0x${"77".repeat(32)}` as const };
    const [missing] = await checkOffers(chain, configOf(), [{ ...models()[0]!, commitment: other }]);
    expect(missing).to.deep.include({ status: "failed" });
    expect(missing!.detail).to.contain("none stands on chain");
  });

  it("finds an operator without coin, and a clock that is off", async () => {
    const chain = await connect();
    await world.chain.fund(world.operator.address, "0");
    const coin = await checkCoin(chain, world.operator.address);
    expect(coin.status).to.equal("failed");
    expect(coin.remedy).to.contain(world.operator.address);
    const now = 1_000 * (await world.chain.now());
    expect(await checkClock(chain, now - 100_000)).to.deep.include({ status: "warning" });
    expect((await checkClock(chain, now + 3_600_000)).detail).to.contain("3600 seconds old");
  });

  it("finds models that do not load or are not registered, and measures those that do", async () => {
    const chain = await connect();
    const open = (folder: string) => openModelProcess(modelProcess, folder);
    const good = await checkModels(configOf(), chain, open);
    expect(summary(good.results)).to.deep.equal(["model ok", "compute ok", "speed ok", "model ok"]);
    expect(good.results[2]!.detail).to.match(/: [\d.]+ tokens\/s$/);
    const { measured } = good.models[0]!;
    expect(measured.computes.by).to.equal("cpu");
    // Some work was done, and not more than a machine can.
    expect(measured.throughput).to.be.within(1, 1e15);
    const throughput = await checkThroughput(chain, configOf(), [{ ...measured, throughput: 2.5e9 }]);
    expect(throughput).to.deep.include({
      status: "ok",
      detail: `the processor delivers 2.5 billion multiply-adds/s with ${measured.path}; 1 × "cpu" promises 1 billion`,
    });
    const bad = await checkModels(
      configOf((text) => text.replace("path: model", "path: nothing")),
      chain,
      open,
    );
    expect(summary(bad.results)).to.deep.equal(["model failed"]);
    expect(bad.results[0]!.detail).to.contain("CHECKPOINT_FILE_MISSING");
  });

  it("finds an old Node.js and too little memory", async () => {
    const results = await checkMachine(configOf(), {
      nodeVersion: "20.20.2",
      processors: 2,
      freeMemory: 2 ** 20,
    });
    expect(summary(results)).to.deep.equal(["Node.js failed", "machine warning"]);
    const fine = await checkMachine(configOf(), {
      nodeVersion: "22.13.0",
      processors: 2,
      freeMemory: 2 ** 33,
    });
    expect(summary(fine)).to.deep.equal(["Node.js ok", "machine ok"]);
  });

  it("is complete in the status, which also sees who is cheaper", async () => {
    const chain = await connect();
    const before = await readStatus(chain, configOf(), null, Date.now());
    expect(before).to.deep.include({ registered: true, openJobs: 0, jobs: null, daemonAlive: false });
    expect(before.offers).to.have.length(2);
    expect(before).to.deep.include({
      hardware: [{ class: "cpu", count: 1, stakeEach: "1000 ATH", stake: "1000 ATH" }],
      fraudDeposit: "5000 ATH",
      throughput: "1000000000",
    });
    const rival = new Wallet(Wallet.createRandom().privateKey);
    const operator = Wallet.createRandom().address;
    const { ath } = chain.contracts.deployment;
    await world.chain.registerProvider(rival, operator, [[world.modelRoot, ath]], 10n);
    const { offers, hints } = await readStatus(chain, configOf(), null, Date.now());
    expect(offers.find(({ token }) => token === ath)!.cheapestOther).to.equal("0.5 US cents");
    expect(hints.some((hint) => hint.includes("90 % cheaper"))).to.equal(true);
  });
});
