import { toHex } from "@athanor/engine";
import { expect } from "chai";
import { Wallet } from "ethers";
import { connectChain } from "../chain/connect.ts";
import { openRpc } from "../chain/rpc.ts";
import type { Chain } from "../chain/chain.ts";
import { parseConfig } from "../config/load.ts";
import type { Config } from "../config/schema.ts";
import { programParts, programRoot } from "../../../engine/src/program/encode.ts";
import { minimalProgram } from "../../../engine/src/testing/minimal-program.ts";
import { startChain, type TestChain } from "../testing/chain.ts";
import { expectError } from "../testing/expect-error.ts";
import { executePlan } from "./execute-plan.ts";
import { planLeaving } from "./leave-plan.ts";
import { readOwnerAccount } from "./owner-account.ts";
import type { Plan } from "./plan.ts";
import { planRegistration, type ProviderKeys, type RegisterModel } from "./register-plan.ts";
import { planWithdrawal } from "./withdraw-plan.ts";

const program = minimalProgram({ vocabulary: 48, context: 96, width: 10 });
const commitment = {
  modelRoot: "0x",
  vocabularySize: 48,
  contextLength: 96,
  workPerPosition: 480n,
  programRoot: toHex(programRoot(program)),
  weightsRoot: `0x${"22".repeat(32)}`,
  tokenizerHash: `0x${"33".repeat(32)}`,
} as RegisterModel["commitment"];

const ATH = 10n ** 18n;

describe("registering, withdrawing and leaving", function () {
  this.timeout(120_000);
  const owner = new Wallet(Wallet.createRandom().privateKey);
  const operator = Wallet.createRandom().address;
  let testChain: TestChain;
  let chain: Chain;
  let rpc: ReturnType<typeof openRpc>;
  let models: RegisterModel[];
  let restore: () => Promise<void>;

  before(async () => {
    testChain = await startChain();
    rpc = openRpc(testChain.rpc.url, testChain.chainId);
    const config = {
      rpcUrl: testChain.rpc.url,
      chainId: testChain.chainId,
      confirmations: 1,
      pollInterval: 100,
    };
    chain = await connectChain(rpc, config);
    const modelRoot = await chain.contracts.modelRegistry.rootOf(commitment);
    models = [
      {
        commitment: { ...commitment, modelRoot } as typeof commitment,
        programParts: programParts(program),
        uri: "https://models.example/",
        offers: [],
      },
    ];
    await testChain.fund(owner.address);
  });
  beforeEach(async () => {
    restore = await testChain.snapshot();
  });
  afterEach(() => restore());
  after(async () => {
    rpc.destroy();
    await testChain.close();
  });

  function configOf(changes: (text: string) => string = (text) => text): Config {
    return parseConfig(
      changes(`
chain: { rpcUrl: "http://127.0.0.1", chainId: ${testChain.chainId} }
keys: { operatorKeystore: operator.json }
provider: { owner: "${owner.address}" }
hardware: [{ class: cpu, count: 2 }]
models: [{ path: model, offers: [{ token: ATH, inputCents: "2.5", outputCents: "5" }, { token: "${testChain.stablecoin}", inputCents: "50", outputCents: "100" }] }]
limits: { maxOpenJobs: 4 }
`),
      "/provider.yaml",
    );
  }

  function plan(
    config: Config,
    changes: Partial<RegisterModel> = {},
    keys: Partial<ProviderKeys> = {},
  ): Promise<Plan> {
    const offers = config.models[0]!.offers;
    return planRegistration(chain, config, { operator, ...keys }, [{ ...models[0]!, offers, ...changes }]);
  }

  async function execute(planned: Plan): Promise<number> {
    let sent = 0;
    await executePlan(rpc, owner, planned, () => sent++);
    return sent;
  }

  it("plans everything for a newcomer, and nothing the second time", async () => {
    await testChain.ath(owner.address, 7_400);
    const config = configOf();
    const planned = await plan(config);
    expect(planned.steps.map(({ title }) => title.split(":")[0]!.replace(/0x\w+/, "…"))).to.deep.equal([
      "add chunk 1 of 1 of the program …",
      "check operators 0 to 6 of the program …",
      "register the model …, files at https",
      "let the vault take 7400 ATH",
      "deposit 7400 ATH; stake 7400 ATH (7000 ATH for hardware and fraud deposit, 400 ATH for 4 open jobs); let the provider registry and the job escrow lock stake",
      "register the provider",
      "offer model … at 2.5 US cents in, 5 US cents out for a million tokens, paid in ATH",
      "offer model … at 50 US cents in, 100 US cents out for a million tokens, paid in mUSD",
    ]);
    expect(planned.table).to.deep.equal([
      ["class", "count", "stake each", "stake"],
      ["cpu", "2", "1000 ATH", "2000 ATH"],
      ["fraud deposit", "", "", "5000 ATH"],
      ["sum", "", "", "7000 ATH"],
    ]);
    expect(await execute(planned)).to.equal(8);
    const again = await plan(config);
    expect(again.steps).to.deep.equal([]);
    expect(again.table).to.equal(undefined);
    expect(again.done).to.have.length(5);
  });

  it("changes only what differs: a price, an offer that is gone, more GPUs", async () => {
    await testChain.ath(owner.address, 10_000);
    await execute(await plan(configOf()));
    const changed = configOf((text) =>
      text
        .replace('outputCents: "5"', 'outputCents: "7.5"')
        .replace(/, \{ token: "0x.*?"100" \}/, "")
        .replace("count: 2", "count: 3"),
    );
    const planned = await plan(changed);
    expect(planned.steps.map(({ title }) => title.split(" ").slice(0, 3).join(" "))).to.deep.equal([
      "let the vault",
      "deposit 1000 ATH;",
      "update the provider:",
      `offer model ${models[0]!.commitment.modelRoot}`,
      "remove the offer",
    ]);
    await execute(planned);
    expect((await plan(changed)).steps).to.deep.equal([]);
  });

  it("registers hardware of several classes, in whatever order and however they are named", async () => {
    await testChain.ath(owner.address, 130_000);
    const config = configOf((text) =>
      text.replace(
        "[{ class: cpu, count: 2 }]",
        "[{ class: data-centre-80gb, count: 1 }, { class: 1, count: 2 }, { class: data-centre-80gb, count: 1 }]",
      ),
    );
    const planned = await plan(config);
    expect(planned.table).to.deep.equal([
      ["class", "count", "stake each", "stake"],
      ["consumer-24gb", "2", "8000 ATH", "16000 ATH"],
      ["data-centre-80gb", "2", "40000 ATH", "80000 ATH"],
      ["fraud deposit", "", "", "24000 ATH"],
      ["sum", "", "", "120000 ATH"],
    ]);
    await execute(planned);
    expect((await plan(config)).steps).to.deep.equal([]);
    const { profile, reserved } = await chain.contracts.providerRegistry.providerOf(owner.address);
    expect(profile.hardware.map(({ hardwareClass, count }) => [hardwareClass, count])).to.deep.equal([
      [1n, 2n],
      [3n, 2n],
    ]);
    expect(reserved).to.equal(120_000n * ATH);

    // Classes close; what is registered may stay and get less, at a deposit that does not fall.
    const { providerRegistry } = testChain.contracts;
    const closed = {
      name: "consumer-24gb",
      minimumStakePerGpu: ATH,
      minimumThroughput: 10n ** 9n,
      open: false,
    };
    await (await providerRegistry.setHardwareClass(1, closed)).wait();
    await (await providerRegistry.setFraudDeposit(10n * ATH)).wait();
    expect((await plan(config)).steps).to.deep.equal([]);
    const more = configOf((text) =>
      text.replace("[{ class: cpu, count: 2 }]", "[{ class: consumer-24gb, count: 3 }]"),
    );
    await expectError(() => plan(more), "HARDWARE_CLASS_UNKNOWN", '"consumer-24gb"');
    const less = configOf((text) =>
      text.replace("[{ class: cpu, count: 2 }]", "[{ class: consumer-24gb, count: 1 }]"),
    );
    const shrunk = await plan(less);
    expect(shrunk.table!.slice(1)).to.deep.equal([
      ["consumer-24gb", "1", "1 ATH", "1 ATH"],
      ["fraud deposit", "", "", "24000 ATH"],
      ["sum", "", "", "24001 ATH"],
    ]);
    await execute(shrunk);
    expect((await chain.contracts.providerRegistry.providerOf(owner.address)).reserved).to.equal(
      24_001n * ATH,
    );
  });

  it("names the watchtower when there is one, and takes none away when there is not", async () => {
    await testChain.ath(owner.address, 7_400);
    const config = configOf();
    await execute(await plan(config));
    const watchtower = Wallet.createRandom().address;
    const planned = await plan(config, {}, { watchtower });
    expect(planned.steps.map(({ title }) => title.split(":")[0])).to.deep.equal(["update the provider"]);
    await execute(planned);
    const { profile } = await chain.contracts.providerRegistry.providerOf(owner.address);
    expect(profile.watchtower).to.equal(watchtower);
    expect((await plan(config, {}, { watchtower })).steps).to.deep.equal([]);
    expect((await plan(config)).steps).to.deep.equal([]);
  });

  it("registers an encryption key, rotates it, and takes none away when there is none", async () => {
    await testChain.ath(owner.address, 7_400);
    const config = configOf();
    await execute(await plan(config, {}, { encryptionKey: `0x${"ab".repeat(32)}` }));
    const registered = async () =>
      (await chain.contracts.providerRegistry.providerOf(owner.address)).profile.encryptionKey;
    expect(await registered()).to.equal(`0x${"ab".repeat(32)}`);
    expect((await plan(config)).steps).to.deep.equal([]);
    await execute(await plan(config, {}, { encryptionKey: `0x${"cd".repeat(32)}` }));
    expect(await registered()).to.equal(`0x${"cd".repeat(32)}`);
  });

  it("refuses before any transaction when the ATH do not suffice, naming the difference", async () => {
    await testChain.ath(owner.address, 7_000);
    const error = await expectError(
      () => plan(configOf()),
      "TRANSACTION_FAILED",
      "7400 ATH more must be staked",
      "7000 ATH in its wallet",
    );
    expect(error.remedy).to.contain("Send it 400 ATH");
    expect(await testChain.transactionsOf(owner.address)).to.equal(0);
  });

  it("refuses a model without an address for its files, an unknown hardware class, token and unit", async () => {
    await testChain.ath(owner.address, 10_000);
    await expectError(
      () => plan(configOf(), { uri: null }),
      "MODEL_URI_MISSING",
      models[0]!.commitment.modelRoot,
    );
    const quantum = configOf((text) => text.replace("class: cpu", "class: quantum"));
    const error = await expectError(() => plan(quantum), "HARDWARE_CLASS_UNKNOWN", '"quantum"');
    expect(error.remedy).to.contain("cpu, consumer-24gb, workstation-48gb");
    const doge = configOf((text) => text.replace("token: ATH", "token: DOGE"));
    await expectError(() => plan(doge), "TOKEN_UNKNOWN", '"DOGE"');
    const nobody = configOf((text) => text.replace(testChain.stablecoin, operator));
    await expectError(() => plan(nobody), "TOKEN_UNKNOWN", operator);
  });

  it("stops at the step that fails, says which, and goes on from there", async () => {
    await testChain.ath(owner.address, 7_400);
    const planned = await plan(configOf());
    await testChain.contracts.jobEscrow.parameters();
    const broken = { ...planned, steps: [...planned.steps.slice(0, 4), planned.steps[5]!] };
    const error = await expectError(
      () => execute(broken),
      "TRANSACTION_FAILED",
      "Could not register the provider",
    );
    expect(error.details["code"]).to.equal("StakeModuleNotApproved");
    expect(await execute(await plan(configOf()))).to.equal(4);
  });

  it("pays the account out and lets the provider go with all its stake", async () => {
    await testChain.ath(owner.address, 7_500);
    await execute(await plan(configOf()));
    const now = async () => (await rpc.getBlock("latest"))!.timestamp;

    const first = await planLeaving(chain, owner.address, await now());
    expect(first.steps.map(({ title }) => title.split(" ").slice(0, 3).join(" "))).to.deep.equal([
      ...["remove the offer", "remove the offer", "end the registration", "start to unbond"],
    ]);
    await execute(first);
    const waiting = await planLeaving(chain, owner.address, await now());
    expect(waiting.steps).to.deep.equal([]);
    expect(waiting.done[0]).to.match(/^7400 ATH are unbonding until /);

    await testChain.pass(Number(await chain.contracts.vault.unbondingPeriod()) + 1);
    expect(await execute(await planLeaving(chain, owner.address, await now()))).to.equal(1);
    const { ath, deployment } = chain.contracts;
    const token = { address: deployment.ath, symbol: "ATH", decimals: 18 };
    const account = await readOwnerAccount(chain, owner.address);
    const withdrawal = await planWithdrawal(chain, account, operator, [token]);
    expect(withdrawal.steps[0]!.title).to.equal(`pay 7400 ATH of ${owner.address} out to ${operator}`);
    await execute(withdrawal);
    expect(await ath.balanceOf(operator)).to.equal(7_400n * 10n ** 18n);
    expect((await planWithdrawal(chain, account, operator, [token])).steps).to.deep.equal([]);
    expect((await planLeaving(chain, owner.address, await now())).done[0]).to.contain(
      "nothing is registered",
    );
  });

  it("does not end a registration while jobs are open", async () => {
    await testChain.ath(owner.address, 7_500);
    await execute(await plan(configOf()));
    const { modelRoot } = models[0]!.commitment;
    await testChain.createJob({ provider: owner.address, modelRoot, prompt: [3], maxTokens: 4 });
    const planned = await planLeaving(chain, owner.address, 0);
    expect(planned.steps).to.have.length(2);
    expect(planned.done).to.deep.equal(["1 jobs are open; run this again when they have ended"]);
  });
});
