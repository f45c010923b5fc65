// A provider before the quality court: what it is told, how it appeals, how it takes work again.
import { courtOf, readStanding } from "@athanor/sdk/protocol";
import { expect } from "chai";
import { ZeroHash } from "ethers";
import { join } from "node:path";
import { checkCases } from "../check/cases.ts";
import { parseConfig } from "../config/load.ts";
import { readStatus } from "../status/read-status.ts";
import { expectError } from "../testing/expect-error.ts";
import { setUpWorld } from "../testing/world.ts";
import { planAppeal } from "./appeal-plan.ts";
import { executePlan } from "./execute-plan.ts";
import type { Plan } from "./plan.ts";
import { planReinstatement } from "./reinstate-plan.ts";

const DAY = 86_400;

describe("a provider before the quality court", function () {
  this.timeout(120_000);
  const world = setUpWorld();

  const connect = async () => (await world.start()).context.chain;
  type Chain = Awaited<ReturnType<typeof connect>>;

  const now = async ({ provider }: Chain) => (await provider.getBlock("latest"))!.timestamp;
  const titles = ({ steps }: Plan) => steps.map(({ title }) => title);

  /** As the reporter, who is the account that deployed a local chain. */
  async function announce(): Promise<string> {
    const { contracts } = world.chain;
    const court = await courtOf(contracts);
    const { address } = world.owner;
    const stake = await contracts.providerRegistry.hardwareLockOf(address);
    const { cases } = await court.standingOf(address);
    await court.announce(address, stake / 10n, ZeroHash, "Too slow.");
    return court.caseIdOf(address, cases + 1n);
  }

  async function penalise(): Promise<void> {
    const id = await announce();
    await world.chain.pass(7 * DAY + 1);
    await (await courtOf(world.chain.contracts)).execute(id);
  }

  const appeal = async (chain: Chain, reasons = "Not so.") =>
    planAppeal(chain, world.owner.address, world.operator.address, reasons, await now(chain));
  const reinstatement = async (chain: Chain) =>
    planReinstatement(chain, world.owner.address, await now(chain));

  const configured = () => {
    const text = `
chain: { rpcUrl: "${world.chain.rpc.url}", chainId: 31337 }
keys: { operatorKeystore: operator.json }
provider: { owner: "${world.owner.address}", endpoint: "http://127.0.0.1:1" }
hardware: [{ class: cpu, count: 1 }]
models: [{ path: model, offers: [{ token: ATH, inputCents: "2.5", outputCents: "5" }] }]
compute: cpu
`;
    return parseConfig(text, join(world.folder.path, "provider.yaml"));
  };

  const status = (chain: Chain) => readStatus(chain, configured(), null, Date.now());

  it("is told of a case, and appeals with its operator key, once", async () => {
    const chain = await connect();
    expect((await appeal(chain)).done).to.deep.equal(["no case is open against the provider"]);
    const checked = async () =>
      (await checkCases(chain, configured())).map(({ status: found, detail }) => `${found}: ${detail}`);
    expect(await checked()).to.deep.equal(["ok: none is open"]);
    const id = await announce();
    const told = await status(chain);
    expect(told.court).to.deep.include({ frozen: "100 ATH", penaltiesWithinYear: 0, suspended: false });
    expect(told.court.openCase).to.include({ id, status: "Announced" });
    expect(told.hints[0]).to.match(
      /^A penalty of 100 ATH .* announced.*or 80 ATH are taken: athanor provider appeal/,
    );

    expect(await checked()).to.deep.equal([
      `warning: A penalty of 100 ATH for bad service is announced, case ${id}.`,
    ]);

    const plan = await appeal(chain, "The chain stood still.");
    expect(titles(plan)).to.deep.equal([
      `appeal against case ${id}: if it is lost, 100 ATH are taken, without an appeal 80 ATH`,
    ]);
    await executePlan(chain.provider, world.operator, plan, () => undefined);
    expect((await readStanding(chain.contracts, world.owner.address)).open!.status).to.equal("Appealed");
    const again = await appeal(chain);
    expect(again.steps).to.deep.equal([]);
    expect(again.done[0]).to.match(/^an appeal was made already; it is decided by 20\d\d-/);
    expect((await status(chain)).hints[0]).to.match(
      /^The appeal against case .* is decided by .*\. Undecided, .* 100 ATH come back/,
    );
  });

  it("is told that it is too late to appeal", async () => {
    const chain = await connect();
    await announce();
    await world.chain.pass(7 * DAY + 1);
    const late = await appeal(chain);
    expect(late.steps).to.deep.equal([]);
    expect(late.done[0]).to.match(/^the time to appeal ended at 20\d\d-/);
    expect((await status(chain)).hints[0]).to.match(
      /^Nobody appealed against case .* in time\. Anyone can now execute the penalty of 80 ATH/,
    );
  });

  it("gives reasons that the court takes, before anything else is asked", async () => {
    const chain = await connect();
    for (const [reasons, length] of [
      ["", 0],
      ["é".repeat(2_049), 4_098],
    ] as const) {
      await expectError(() => appeal(chain, reasons), "INVALID_ARGUMENT", `${length} bytes`);
    }
  });

  it("is suspended by a penalty, told until when, and takes work again afterwards with a whole lock", async () => {
    const chain = await connect();
    expect((await reinstatement(chain)).done).to.deep.equal(["the provider is not suspended"]);
    await penalise();
    const suspended = await status(chain);
    expect(suspended.court).to.deep.include({ frozen: "0 ATH", penaltiesWithinYear: 1, suspended: true });
    expect(suspended.hints[0]).to.match(/^The provider is suspended for bad service until 20\d\d-/);
    expect((await reinstatement(chain)).done[0]).to.match(
      /^the provider is suspended until 20\d\d-.*run this again/,
    );

    await world.chain.pass(7 * DAY);
    expect((await status(chain)).hints[0]).to.match(/^The provider's suspension is over/);
    const plan = await reinstatement(chain);
    expect(titles(plan)).to.deep.equal([
      "end the suspension: lock 6000 ATH for hardware and fraud deposit, and take new work",
    ]);
    await executePlan(chain.provider, world.owner, plan, () => undefined);
    const { suspended: still } = await readStanding(chain.contracts, world.owner.address);
    expect(still).to.equal(false);
    await world.chain.createJob(world.request());
  });

  it("stakes what is missing first, or says what to send", async () => {
    const chain = await connect();
    const { contracts } = chain;
    const { staked, locked } = await contracts.vault.stakeOf(world.owner.address);
    const unbond: Plan = {
      sender: world.owner.address,
      done: [],
      steps: [
        {
          title: "unbond",
          to: contracts.deployment.vault,
          data: contracts.vault.interface.encodeFunctionData("unbond", [staked - locked]),
        },
      ],
    };
    await executePlan(chain.provider, world.owner, unbond, () => undefined);
    await penalise();
    await world.chain.pass(7 * DAY);
    const { ath, deployment } = contracts;
    const wallet = await ath.balanceOf(world.owner.address);
    const moved = ath.interface.encodeFunctionData("transfer", [deployment.vault, wallet]);
    await executePlan(
      chain.provider,
      world.owner,
      { sender: world.owner.address, done: [], steps: [{ title: "spend", to: deployment.ath, data: moved }] },
      () => undefined,
    );
    await expectError(() => reinstatement(chain), "TRANSACTION_FAILED", "80 ATH more must be staked");
    await world.chain.ath(world.owner.address, 80);
    const plan = await reinstatement(chain);
    expect(titles(plan).join(", ")).to.contain(
      "stake 80 ATH (6000 ATH for hardware and fraud deposit, of which 5920 ATH are locked)",
    );
    await executePlan(chain.provider, world.owner, plan, () => undefined);
    expect((await contracts.vault.stakeOf(world.owner.address)).locked).to.equal(6_000n * 10n ** 18n);
  });

  it("is told that it was removed, and that it leaves with its stake", async () => {
    const chain = await connect();
    for (let i = 0; i < 4; i += 1) {
      await penalise();
      await world.chain.pass(14 * DAY);
    }
    expect((await status(chain)).hints[0]).to.match(/^The provider was removed for repeated bad service/);
    expect((await reinstatement(chain)).done[0]).to.match(
      /^the provider was removed .*athanor provider leave$/,
    );
  });
});
