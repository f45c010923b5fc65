// A provider that rests: what is sent, what it says of itself, what its offers and open jobs are meanwhile.
import { expect } from "chai";
import { join } from "node:path";
import { checkNewWork } from "../check/market.ts";
import { parseConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { readProviderState } from "../market/provider-state.ts";
import { readStatus } from "../status/read-status.ts";
import { eventually } from "../testing/eventually.ts";
import { setUpWorld } from "../testing/world.ts";
import { executePlan } from "./execute-plan.ts";
import { planRest } from "./rest-plan.ts";

describe("a provider that takes no new work", function () {
  this.timeout(120_000);
  const world = setUpWorld();

  function configOf(channels = ""): Config {
    const text = `
chain: { rpcUrl: "${world.chain.rpc.url}", chainId: 31337 }
keys: { operatorKeystore: operator.json }
provider: { owner: "${world.owner.address}", endpoint: "http://127.0.0.1:1" }
hardware: [{ class: cpu, count: 1 }]
models: [{ path: model, offers: [{ token: ATH, inputCents: "2.5", outputCents: "5" }] }]
compute: cpu
${channels}
`;
    return parseConfig(text, join(world.folder.path, "provider.yaml"));
  }

  const connect = async () => (await world.start()).context.chain;
  type Chain = Awaited<ReturnType<typeof connect>>;

  async function rest(chain: Chain, resting: boolean): Promise<string[]> {
    const plan = await planRest(chain, world.owner.address, resting);
    await executePlan(chain.provider, world.owner, plan, () => undefined);
    return plan.steps.map(({ title }) => title);
  }

  /** In the voice of a contract that the provider lets lock its stake. */
  async function setSuspended(suspended: boolean): Promise<void> {
    const { contracts, connection } = world.chain;
    const { providerRegistry } = contracts.deployment;
    await connection.networkHelpers.impersonateAccount(providerRegistry);
    await world.chain.fund(providerRegistry);
    const registry = await connection.ethers.getSigner(providerRegistry);
    await contracts.vault.connect(registry).setSuspended(world.owner.address, suspended);
  }

  const told = async (chain: Chain, config = configOf()) => {
    const { noNewWork, hints } = await readStatus(chain, config, null, Date.now());
    const results = await checkNewWork(chain, config);
    return { noNewWork, hints, checks: results.map(({ status, detail }) => `${status}: ${detail}`) };
  };

  it("rests and takes work again, each with one transaction, and with none where it is so already", async () => {
    const chain = await connect();
    expect(await rest(chain, false)).to.deep.equal([]);
    expect(await rest(chain, true)).to.deep.equal(["take no new jobs and channels"]);
    expect((await readProviderState(chain, world.owner.address)).resting).to.equal(true);
    const again = await planRest(chain, world.owner.address, true);
    expect(again).to.deep.include({ done: ["the provider rests already"], steps: [] });
    expect(await rest(chain, false)).to.deep.equal(["take new jobs and channels again"]);
    expect((await readProviderState(chain, world.owner.address)).resting).to.equal(false);
  });

  it("keeps its offers, and serves the job that was open; nobody creates another", async () => {
    const chain = await connect();
    const id = await world.chain.createJob(world.request());
    await rest(chain, true);
    const { offerCount } = await readProviderState(chain, world.owner.address);
    expect(offerCount).to.equal(2);
    await eventually(async () => (await world.chain.status(id)) === "Submitted", "submitted");
    await world.chain.pass(4_000);
    await eventually(async () => (await world.chain.status(id)) === "Finalized", "finalized");
    const refusal = await world.chain.createJob(world.request()).then(
      () => "created",
      (error: unknown) => String(error),
    );
    expect(refusal).to.contain("ProviderTakesNoWork");
  });

  it("is told how much work is open before it stops its daemon", async () => {
    const chain = await connect();
    await world.chain.createJob(world.request());
    const plan = await planRest(chain, world.owner.address, true);
    expect(plan.done).to.deep.equal([
      "1 jobs and channels are open and go on: stop the daemon when athanor provider status shows none",
    ]);
  });

  it("says in status and check whether it takes work, and why not: rest, suspension, pauses, each with its remedy", async () => {
    const chain = await connect();
    expect(await told(chain)).to.deep.include({ noNewWork: [], checks: ["ok: taken"] });

    await rest(chain, true);
    await setSuspended(true);
    const { vault, deployment } = world.chain.contracts;
    for (const module of [deployment.jobEscrow, deployment.channelEscrow]) {
      await vault.pauseModule(module, 3_600);
    }
    const reasons = [
      /^the provider rests/,
      /^the provider is suspended by the protocol/,
      /^new jobs are paused for everybody until 20\d\d-/,
      /^new channels are paused for everybody until 20\d\d-/,
    ];
    const { noNewWork, hints, checks } = await told(chain, configOf("channels: { port: 8600 }"));
    expect(noNewWork).to.have.length(4);
    reasons.forEach((reason, index) => {
      expect(noNewWork[index]).to.match(reason);
      expect(checks[index]).to.equal(`warning: ${noNewWork[index]}`);
      expect(hints[index]!.toLowerCase()).to.contain(noNewWork[index]!.toLowerCase());
    });
    expect(hints[0]).to.contain("athanor provider rest --end --config FILE");
    expect((await told(chain)).noNewWork, "it serves no channels").to.have.length(3);

    await world.chain.pass(3_600);
    expect((await told(chain)).noNewWork, "the pauses are over").to.have.length(2);
    await rest(chain, false);
    await setSuspended(false);
    expect((await told(chain)).noNewWork).to.deep.equal([]);
  });
});
