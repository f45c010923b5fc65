// A provider whose owner is a delegation pool: every step goes through the pool, and the manager's key sends it.
import { toHex } from "@athanor/engine";
import { Delegation } from "@athanor/sdk/delegation";
import { connectContracts, type AthanorError } from "@athanor/sdk/protocol";
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
import { gatherCrowd } from "../testing/checkers.ts";
import { expectError } from "../testing/expect-error.ts";
import { executePlan } from "./execute-plan.ts";
import { planLeaving } from "./leave-plan.ts";
import { readOwnerAccount, type OwnerAccount } from "./owner-account.ts";
import type { Plan } from "./plan.ts";
import { contributionSteps, planCommission, planHarvest, planPool } from "./pool-plans.ts";
import { planRegistration, type RegisterModel } from "./register-plan.ts";
import { planRest } from "./rest-plan.ts";
import { planWithdrawal } from "./withdraw-plan.ts";

const ONE = 10n ** 18n;
const program = minimalProgram({ vocabulary: 48, context: 96, width: 10 });
const properties = {
  vocabularySize: 48,
  contextLength: 96,
  workPerPosition: 480n,
  programRoot: toHex(programRoot(program)),
  weightsRoot: `0x${"22".repeat(32)}`,
  tokenizerHash: `0x${"33".repeat(32)}`,
};

describe("a provider whose owner is a delegation pool", function () {
  this.timeout(120_000);
  const manager = new Wallet(Wallet.createRandom().privateKey);
  const operator = Wallet.createRandom().address;
  let testChain: TestChain;
  let chain: Chain;
  let rpc: ReturnType<typeof openRpc>;
  let modelRoot: string;
  let pool: string;
  let account: OwnerAccount;
  let restore: () => Promise<void>;

  before(async () => {
    testChain = await startChain();
    rpc = openRpc(testChain.rpc.url, testChain.chainId);
    const { chainId } = testChain;
    chain = await connectChain(rpc, {
      ...{ rpcUrl: testChain.rpc.url, chainId, confirmations: 1, pollInterval: 100 },
    });
    modelRoot = await chain.contracts.modelRegistry.rootOf(properties);
    await testChain.fund(manager.address);
    const made = await planPool(chain, manager.address, "hearth", 750);
    pool = made.pool;
    expect(made.plan.steps.map(({ title }) => title)).to.deep.equal([
      `make the pool hearth at ${pool}, with a commission of 7.5 %`,
    ]);
    await execute(made.plan);
    account = await readOwnerAccount(chain, pool);
  });
  beforeEach(async () => {
    restore = await testChain.snapshot();
  });
  afterEach(() => restore());
  after(async () => {
    rpc.destroy();
    await testChain.close();
  });

  function configOf(count = 1): Config {
    return parseConfig(
      `
chain: { rpcUrl: "http://127.0.0.1", chainId: ${testChain.chainId} }
keys: { operatorKeystore: operator.json }
provider: { owner: "${pool}" }
hardware: [{ class: cpu, count: ${count} }]
models: [{ path: model, offers: [{ token: ATH, inputCents: "2.5", outputCents: "5" }] }]
limits: { maxOpenJobs: 4 }
channels: { port: 8600, maxOpen: 1 }
`,
      "/provider.yaml",
    );
  }

  const registration = (config = configOf()): Promise<Plan> => {
    const offers = config.models[0]!.offers;
    const commitment = { ...properties, modelRoot } as RegisterModel["commitment"];
    const model = { commitment, programParts: programParts(program), uri: "https://models.example/", offers };
    return planRegistration(chain, config, { operator }, [model]);
  };

  async function execute(plan: Plan): Promise<number> {
    let sent = 0;
    expect(plan.sender).to.equal(manager.address);
    await executePlan(rpc, manager, plan, () => sent++);
    return sent;
  }

  const titles = ({ steps }: Plan, words = 3) =>
    steps.map(({ title }) => title.split(" ").slice(0, words).join(" "));
  const now = async () => (await rpc.getBlock("latest"))!.timestamp;
  const athToken = () => ({ address: chain.contracts.deployment.ath, symbol: "ATH", decimals: 18 });

  async function delegate(amount: bigint): Promise<Wallet> {
    const delegator = new Wallet(Wallet.createRandom().privateKey, rpc);
    await testChain.fund(delegator.address);
    await testChain.ath(delegator.address, Number(amount / ONE));
    const { deployment } = chain.contracts;
    const delegation = await Delegation.connect({ signer: delegator, deployment, pollingInterval: 20 });
    await delegation.delegate({ pool, amount });
    return delegator;
  }

  /** Income of the pool, as a client pays it. */
  async function earn(whole: bigint): Promise<void> {
    const { ath, vault, deployment } = testChain.contracts;
    await (await ath.approve(deployment.vault, whole * ONE)).wait();
    await (await vault.deposit(deployment.ath, whole * ONE, pool)).wait();
  }

  it("is the pool on chain, and the manager to whom its key belongs; a plain owner is itself", async () => {
    expect(account).to.deep.include({ address: pool, sender: manager.address });
    expect((await planPool(chain, manager.address, "hearth", 750)).plan).to.deep.equal({
      sender: manager.address,
      done: [`the pool hearth is ${pool}`],
      steps: [],
    });
    expect(await readOwnerAccount(chain, operator)).to.deep.equal({
      address: operator,
      sender: operator,
      pool: null,
    });
  });

  it("registers through the pool: contributes what is missing, and nothing the second time", async () => {
    // 6,000 for one GPU and the fraud deposit, 400 for jobs, 500 for a channel.
    await testChain.ath(manager.address, 6_900);
    const plan = await registration();
    expect(titles(plan)).to.deep.equal([
      "add chunk 1",
      "check operators 0",
      "register the model",
      "let the pool",
      "contribute 6900 ATH",
      "register the provider:",
      `let ${operator} sign`,
      `offer model ${modelRoot}`,
    ]);
    expect(await execute(plan)).to.equal(8);
    expect((await registration()).steps).to.deep.equal([]);
    const { providerRegistry, channelEscrow, vault } = chain.contracts;
    expect(await providerRegistry.operatorOf(pool)).to.equal(operator);
    expect(await channelEscrow.receiptKeyUntil(pool, operator)).to.equal(2n ** 40n - 1n);
    expect((await vault.stakeOf(pool)).staked).to.equal(6_900n * ONE);
    const id = await testChain.createJob({ provider: pool, modelRoot, prompt: [3], maxTokens: 4 });
    expect(await testChain.status(id)).to.equal("Created");
  });

  it("refuses before any transaction when the manager has too little", async () => {
    await testChain.ath(manager.address, 6_000);
    const before = await testChain.transactionsOf(manager.address);
    const error = await expectError(
      () => registration(),
      "TRANSACTION_FAILED",
      "6900 ATH must be contributed",
      "6000 ATH in its wallet",
    );
    expect(error.remedy).to.contain("Send it 900 ATH");
    expect(await testChain.transactionsOf(manager.address)).to.equal(before);
  });

  it("backs more hardware with what others delegated", async () => {
    await testChain.ath(manager.address, 12_000);
    await execute(await registration());
    const steps = await contributionSteps(chain, account, 5_100n * ONE);
    await execute({ sender: manager.address, done: [], steps });
    await delegate(20_000n * ONE);
    const plan = await registration(configOf(20));
    expect(titles(plan)).to.deep.equal(["update the provider:"]);
    await execute(plan);
    expect((await chain.contracts.vault.stakeOf(pool)).locked).to.equal(25_000n * ONE);
  });

  it("rests by the manager's word, and takes work again", async () => {
    await testChain.ath(manager.address, 6_900);
    await execute(await registration());
    expect((await planRest(chain, pool, false)).steps).to.deep.equal([]);
    expect(await execute(await planRest(chain, pool, true))).to.equal(1);
    expect((await chain.contracts.vault.stakeOf(pool)).resting).to.equal(true);
    expect((await planRest(chain, pool, true)).done).to.deep.equal(["the provider rests already"]);
    expect(await execute(await planRest(chain, pool, false))).to.equal(1);
    expect((await chain.contracts.vault.stakeOf(pool)).resting).to.equal(false);
  });

  it("lowers its commission at once, and raises it when the notice is over", async () => {
    const commission = async () => Number((await account.pool!.commission()).current);
    const plan = async (points: number) => planCommission(account, account.pool!, points, await now());
    expect((await plan(750)).done).to.deep.equal(["the commission is 7.5 %"]);
    expect(titles(await plan(500), 2)).to.deep.equal(["lower the"]);
    await execute(await plan(500));
    expect(await commission()).to.equal(500);
    const rise = await plan(1_000);
    expect(rise.steps[0]!.title).to.equal("announce a rise of the commission from 5 % to 10 %, in 139 days");
    await execute(rise);
    expect((await plan(1_000)).done[0]).to.match(/^a rise to 10 % can be applied from 20\d\d-/);
    await testChain.pass(139 * 86_400);
    expect(titles(await plan(1_000), 2)).to.deep.equal(["raise the"]);
    await execute(await plan(1_000));
    expect(await commission()).to.equal(1_000);
  });

  it("takes any commission that the contract takes, and says which is too high before anything is sent", async () => {
    expect(titles(await planCommission(account, account.pool!, 9_000, await now()), 2)).to.deep.equal([
      "announce a",
    ]);
    const before = await testChain.transactionsOf(manager.address);
    for (const plan of [
      () => planCommission(account, account.pool!, 9_001, 0),
      () => planPool(chain, manager.address, "greedy", 9_001),
    ]) {
      const refusal = await plan().then(
        () => expect.fail("planned"),
        (error: unknown) => error as AthanorError,
      );
      expect(refusal.code).to.equal("CommissionOutOfBounds");
      expect(refusal.shortMessage).to.contain("9001").and.contain("9000");
    }
    expect(await testChain.transactionsOf(manager.address)).to.equal(before);
  });

  it("shows delegators what checkers found of it", async () => {
    await testChain.ath(manager.address, 6_900);
    await execute(await registration());
    const delegation = await Delegation.connect({ runner: rpc, deployment: chain.contracts.deployment });
    expect((await delegation.read(pool)).score).to.equal(undefined);
    const crowd = await gatherCrowd(testChain, 5);
    await crowd.contracts.qualityReports.enroll(pool);
    await crowd.nextEpoch();
    const silent = { provider: pool, latency: 0, throughput: 0, uptime: 0, evidence: "0x" };
    const reports = new Map(crowd.members.map((member) => [member, [silent]]));
    await crowd.commitReports(reports);
    await crowd.nextEpoch();
    await crowd.reveal(reports);
    await crowd.nextEpoch();
    await crowd.contracts.qualityReports.score(pool);
    expect((await delegation.read(pool)).score).to.deep.include({ provider: pool, uptime: 0, badEpochs: 1 });
  });

  it("harvests, and pays the manager its part alone", async () => {
    await testChain.ath(manager.address, 10_000);
    const steps = await contributionSteps(chain, account, 10_000n * ONE);
    await execute({ sender: manager.address, done: [], steps });
    await delegate(10_000n * ONE);
    expect((await planHarvest(chain, account, account.pool!, [athToken()])).steps).to.deep.equal([]);
    await earn(1_000n);
    const plan = await planWithdrawal(chain, account, operator, [athToken()]);
    expect(plan.steps.map(({ title }) => title)).to.deep.equal([
      "harvest 1000 ATH",
      `pay 0 ATH of ${manager.address} out to ${operator}, and its part of the harvest`,
    ]);
    await execute(plan);
    // Half of it, and 7.5 % of the other half.
    expect(await chain.contracts.ath.balanceOf(operator)).to.equal((5_375n * ONE) / 10n);
    const again = await planWithdrawal(chain, account, operator, [athToken()]);
    expect(again.done).to.deep.equal([`no ATH of ${manager.address} is free in the pool`]);
  });

  it("contributes what covers the fraud deposit of more hardware twice, before it registers that", async () => {
    await testChain.ath(manager.address, 30_000);
    await execute(await registration());
    const covered = await contributionSteps(chain, account, 3_100n * ONE);
    await execute({ sender: manager.address, done: [], steps: covered });
    await delegate(50_000n * ONE);
    // 30 processors: 30,000 ATH, and a quarter of it as fraud deposit; of 60,000 staked, 37,500 and the jobs' are there.
    const plan = await registration(configOf(30));
    expect(plan.steps.map(({ title }) => title.split(" (")[0])).to.deep.equal([
      "let the pool take 5000 ATH",
      "contribute 5000 ATH to the own part",
      `update the provider: operator ${operator} and hardware 30 × "cpu"`,
    ]);
    expect(plan.steps[1]!.title).to.contain("the own part covers the fraud deposit twice");
    await execute(plan);
    expect(await chain.contracts.providerRegistry.fraudDepositOf(pool)).to.equal(7_500n * ONE);
    const { resting } = await chain.contracts.vault.stakeOf(pool);
    expect(resting).to.equal(false);
  });

  it("leaves: retires, ends the registration, takes the own part out while a delegator stays", async () => {
    await testChain.ath(manager.address, 10_000);
    await execute(await registration());
    const rest = await contributionSteps(chain, account, 3_100n * ONE);
    await execute({ sender: manager.address, done: [], steps: rest });
    const delegator = await delegate(100n * ONE);
    const first = await planLeaving(chain, pool, await now());
    expect(titles(first)).to.deep.equal([
      "retire the pool,",
      "remove the offer",
      "end the registration",
      "ask for the",
    ]);
    expect(await execute(first)).to.equal(4);
    const waiting = await planLeaving(chain, pool, await now());
    expect(waiting.steps).to.deep.equal([]);
    expect(waiting.done[0]).to.match(/^10000 ATH of the own part leave, a round until /);
    await testChain.pass(14 * 86_400);
    expect(await execute(await planLeaving(chain, pool, await now()))).to.equal(1);
    await execute(await planWithdrawal(chain, account, operator, [athToken()]));
    expect(await chain.contracts.ath.balanceOf(operator)).to.equal(10_000n * ONE);
    expect((await planLeaving(chain, pool, await now())).done[0]).to.contain("nothing of the own part");
    const { deployment } = chain.contracts;
    const delegation = await Delegation.connect({ signer: delegator, deployment, pollingInterval: 20 });
    const { id } = await delegation.requestExit({ pool, shares: 100n * ONE });
    await testChain.pass(14 * 86_400);
    await delegation.claimExit({ pool, id });
    const { ath } = connectContracts(rpc, deployment);
    expect(await ath.balanceOf(delegator.address)).to.equal(100n * ONE);
  });
});
