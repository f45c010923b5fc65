import { loadModel } from "@athanor/engine/node";
import { encryptTokens } from "@athanor/engine/commitments";
import { referenceExecutor, type Executor } from "@athanor/engine/trace";
import { Disputes, type DisputesOptions } from "@athanor/sdk/disputes";
import { EncryptionKey, openJob, sealDelegation, signDelegation } from "@athanor/sdk/private";
import { connectContracts, readJobs, tokenBytes } from "@athanor/sdk/protocol";
import { expect } from "chai";
import { randomBytes, Wallet } from "ethers";
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Registry } from "prom-client";
import { faultyExecutor } from "../../../engine/src/testing/faulty-executor.ts";
import { connectChain } from "../chain/connect.ts";
import { openRpc } from "../chain/rpc.ts";
import { systemClock } from "../clock.ts";
import { eventually } from "../testing/eventually.ts";
import { recordingLog } from "../testing/recording-log.ts";
import { setUpWorld } from "../testing/world.ts";
import { runChallenger } from "./challenger.ts";
import { delegatedJob, type DelegationsOptions } from "./delegations.ts";
import { DisputeMetrics } from "./dispute-metrics.ts";
import type { WatchContext } from "./follow-disputes.ts";
import { LazyModels } from "./models.ts";
import { runWatchtower } from "./watchtower.ts";

const PROMPT = [5, 6, 7];
const MAX_TOKENS = 4;
const SAMPLED = {
  minTokens: 2,
  temperature: 1_200,
  topK: 20,
  topP: 9_500,
  repetitionPenalty: 1_100,
  seed: 3n,
};
const POLL = 20;

interface ChallengerChanges {
  readonly maximumBond?: bigint;
  readonly atOnce?: number;
  readonly delegations?: Pick<DelegationsOptions, "folder" | "encryptionKeys">;
}

describe("watchtower and challenger", () => {
  const world = setUpWorld();
  const running: { stop: () => Promise<void> }[] = [];
  let challengerKey: Wallet;
  let watchtowerKey: Wallet;

  beforeEach(async () => {
    const { chain, owner, operator } = world;
    challengerKey = new Wallet(Wallet.createRandom().privateKey);
    watchtowerKey = new Wallet(Wallet.createRandom().privateKey);
    for (const { address } of [challengerKey, watchtowerKey]) await chain.fund(address, "1000");
    const own = connectContracts(owner.connect(chain.connection.ethers.provider), chain.contracts.deployment);
    await own.providerRegistry.update({
      operator: operator.address,
      watchtower: watchtowerKey.address,
      encryptionKey: world.encryptionKey.publicKey,
      endpoint: "",
      hardware: [{ hardwareClass: 0, count: 1 }],
    });
  });
  afterEach(async () => {
    for (const { stop } of running.splice(0)) await stop();
  });

  const models = () => new LazyModels([{ path: join(world.folder.path, "model"), root: world.modelRoot }]);

  function partyOf(key: Wallet, changes: Partial<DisputesOptions> = {}): Promise<Disputes> {
    const { chain } = world;
    return Disputes.connect({
      signer: key.connect(openRpc(chain.rpc.url, chain.chainId)),
      deployment: chain.contracts.deployment,
      model: models().get,
      pollingInterval: POLL,
      ...changes,
    });
  }

  /** A program that runs until the test ends, as its command does. */
  async function start(
    key: Wallet,
    run: (context: WatchContext) => Promise<void>,
    delegations?: Pick<DelegationsOptions, "folder" | "encryptionKeys">,
  ) {
    const { chain } = world;
    const rpc = openRpc(chain.rpc.url, chain.chainId);
    const deployment = chain.contracts.deployment;
    const connected = await connectChain(rpc, {
      ...{ rpcUrl: chain.rpc.url, chainId: chain.chainId, confirmations: 1, pollInterval: POLL },
      deployment,
    });
    const log = recordingLog();
    const controller = new AbortController();
    const { signal } = controller;
    const disputes = await partyOf(key, {
      ...(delegations && {
        privateJob: (job) => delegatedJob({ ...delegations, chain: connected, log }, job),
      }),
    });
    const registry = new Registry();
    const metrics = new DisputeMetrics(registry);
    const parts = { chain: connected, clock: systemClock, log, disputes, metrics };
    const ended = run({ ...parts, pollInterval: POLL, signal });
    const stop = async () => {
      controller.abort();
      await ended;
      rpc.destroy();
    };
    running.push({ stop });
    return { log, stop, counters: () => registry.metrics() };
  }

  const startWatchtower = () =>
    start(watchtowerKey, (context) => runWatchtower(context, world.owner.address, [world.encryptionKey]));
  const startChallenger = ({ maximumBond = 10n ** 21n, atOnce = 1, delegations }: ChallengerChanges = {}) =>
    start(
      challengerKey,
      (context) => runChallenger(context, { models: new Set([world.modelRoot]), maximumBond, atOnce }),
      delegations,
    );

  async function answer(): Promise<readonly number[]> {
    const model = await loadModel(join(world.folder.path, "model"));
    return (await referenceExecutor(model, { prompt: PROMPT, maxTokens: MAX_TOKENS, ...SAMPLED })).tokens;
  }

  /** A request that the provider answered with these tokens. */
  async function submitted(tokens: readonly number[]): Promise<string> {
    const { chain, operator } = world;
    const id = await chain.createJob(
      world.request({ prompt: PROMPT, maxTokens: MAX_TOKENS, generation: SAMPLED }),
    );
    const { provider } = chain.connection.ethers;
    const [job] = await readJobs(chain.contracts, { id }, 0, await provider.getBlockNumber());
    const { jobEscrow } = connectContracts(operator.connect(provider), chain.contracts.deployment);
    await (await jobEscrow.submit(job!.terms, tokenBytes(tokens))).wait();
    return id;
  }

  async function wrong(): Promise<number[]> {
    return (await answer()).map((token, index) => (index === 0 ? (token === 5 ? 6 : 5) : token));
  }

  /** Computes another first token, and everything before it right. */
  async function griefing(): Promise<Executor> {
    const { program } = await loadModel(join(world.folder.path, "model"));
    const operator = program.operators.findIndex(({ kind }) => kind === "sample");
    const change = (token: number | bigint) => (Number(token) === 5 ? 6 : 5);
    const at = { position: PROMPT.length - 1, operator, section: "output" as const, element: 0 };
    return faultyExecutor({ ...at, change }, referenceExecutor);
  }

  it("convict a wrong result, and leave right ones alone", async () => {
    const right = await submitted(await answer());
    const challenger = await startChallenger();
    await startWatchtower();
    const id = await submitted(await wrong());
    await eventually(() => challenger.log.of("result.challenged", id).length > 0, "a verdict");
    expect(challenger.log.of("result.challenged", id)[0]).to.include({ status: "won", byTimeout: false });
    expect(challenger.log.of("result.right", right)).to.have.length(1);
    expect(await world.chain.status(id)).to.equal("Refunded");
    expect(await world.chain.status(right)).to.equal("Submitted");
    const { vault } = world.chain.contracts;
    expect((await vault.stakeOf(world.owner.address)).jailed).to.equal(true);
    const counted = await challenger.counters();
    const moves = challenger.log.of("dispute.move");
    for (const event of ["opened", "won"]) {
      expect(counted).to.contain(`athanor_challenges_total{event="${event}"} 1\n`);
    }
    expect(counted).to.contain('athanor_challenges_total{event="lost"} 0\n');
    expect(counted).to.contain('athanor_dispute_moves_total{kind="commit"} 1\n');
    const gas = moves.reduce((sum, move) => sum + Number(move["gas"]), 0);
    expect(counted).to.contain(`athanor_dispute_gas_used_total ${gas}\n`);
  });

  it("open a challenge of every wrong result, however long the others take", async () => {
    const ids = [
      await submitted(await wrong()),
      await submitted(await wrong()),
      await submitted(await wrong()),
    ];
    // Nobody answers, so each challenge is open and stays so.
    const challenger = await startChallenger({ atOnce: 16 });
    const opened = (id: string) => challenger.log.of("dispute.move", id).some(({ kind }) => kind === "open");
    await eventually(() => ids.every(opened), "all are open");
    expect(challenger.log.of("result.challenged")).to.deep.equal([]);
    expect(await challenger.counters()).to.contain('athanor_challenges_total{event="opened"} 3\n');
  });

  it("repel who challenges a right result", async () => {
    const watchtower = await startWatchtower();
    const id = await submitted(await answer());
    const griefer = await partyOf(challengerKey, { executor: await griefing() });
    // It finds out by itself, unless the watchtower executes the step first.
    const attack = griefer.challenge(id).catch(() => undefined);
    await eventually(() => watchtower.log.of("dispute.repelled", id).length > 0, "repelled");
    await attack;
    expect(await griefer.challenge(id)).to.include({ status: "lost", byTimeout: false });
    const kinds = watchtower.log.of("dispute.move", id).map(({ kind }) => kind);
    expect([kinds[0], kinds.at(-1)]).to.deep.equal(["postTrace", "step"]);
    expect(await world.chain.status(id)).to.equal("Submitted");
    expect(watchtower.log.of("dispute.convicted")).to.deep.equal([]);
    const counted = await watchtower.counters();
    expect(counted).to.contain('athanor_challenges_total{event="repelled"} 1\n');
    expect(counted).to.contain('athanor_challenges_total{event="convicted"} 0\n');
  });

  it("answer more challengers who let them wait than they have places", async () => {
    const tokens = await answer();
    const griefer = await partyOf(challengerKey, { executor: await griefing() });
    const ids: string[] = [];
    for (let count = 0; count < 3; count++) {
      const id = await submitted(tokens);
      const stall = new AbortController();
      const onMove = ({ kind }: { kind: string }) => kind === "open" && stall.abort();
      await griefer.challenge(id, { onMove, signal: stall.signal }).catch(() => undefined);
      ids.push(id);
    }
    const watchtower = await start(watchtowerKey, (context) =>
      runWatchtower(context, world.owner.address, [], undefined, { looks: 1, moves: 1 }),
    );
    const kindsOf = (id: string) => watchtower.log.of("dispute.move", id).map(({ kind }) => kind);
    await eventually(() => ids.every((id) => kindsOf(id).length > 0), "every result is answered for");
    for (const id of ids) expect(kindsOf(id)).to.deep.equal(["postTrace"]);
    // Whoever plays on is answered, while the others still let it wait.
    await griefer.challenge(ids[1]!).catch(() => undefined);
    await eventually(() => watchtower.log.of("dispute.repelled", ids[1]).length > 0, "repelled");
    for (const id of [ids[0]!, ids[2]!]) expect(kindsOf(id)).to.deep.equal(["postTrace"]);
  });

  it("go on where they were when they are started again in the middle, through outages of the node", async () => {
    const id = await submitted(await wrong());
    const first = await startChallenger();
    // Nobody answers, so the challenge is open and stays so.
    const kindsOf = ({ log }: typeof first) => log.of("dispute.move", id).map(({ kind }) => kind);
    await eventually(() => kindsOf(first).includes("open"), "open");
    await first.stop();
    expect(kindsOf(first)).to.deep.equal(["commit", "open"]);

    const lost = await startWatchtower();
    await eventually(() => kindsOf(lost).includes("postTrace"), "the trace");
    await lost.stop();

    const second = await startChallenger();
    world.chain.rpc.fault = () => true;
    await eventually(() => second.log.of("chain.unreachable").length > 0, "the outage is noticed");
    world.chain.rpc.fault = () => false;
    await startWatchtower();
    await eventually(() => second.log.of("result.challenged", id).length > 0, "a verdict");
    expect(second.log.of("result.challenged", id)[0]).to.include({ status: "won" });
    expect(kindsOf(second)).to.not.include("commit").and.not.include("open");
  });

  it("watch over a private result for a client that delegated it, and leave other private results alone", async () => {
    const { chain, encryptionKey, operator } = world;
    const secret = randomBytes(32);
    const asked = world.request({ prompt: PROMPT, maxTokens: MAX_TOKENS, generation: SAMPLED });
    const ids: string[] = [];
    for (let count = 0; count < 2; count++) {
      const id = await chain.createPrivateJob(asked, { secret });
      const { provider } = chain.connection.ethers;
      const [job] = await readJobs(chain.contracts, { id }, 0, await provider.getBlockNumber());
      const { jobEscrow } = connectContracts(operator.connect(provider), chain.contracts.deployment);
      await (await jobEscrow.submit(job!.terms, encryptTokens(await wrong(), secret))).wait();
      ids.push(id);
    }
    const [delegated, other] = ids as [string, string];
    const folder = join(world.folder.path, "delegations");
    await mkdir(folder, { recursive: true });
    const place = {
      chainId: BigInt(chain.chainId),
      resultSources: chain.contracts.deployment.resultSources,
    };
    const ownKey = await EncryptionKey.fromSeed(randomBytes(32));
    const signed = await signDelegation(chain.client, place, {
      ...{ work: delegated, delegate: challengerKey.address, expiry: (await chain.now()) + 100_000 },
    });
    const provider = chain.connection.ethers.provider;
    const [job] = await readJobs(chain.contracts, { id: delegated }, 0, await provider.getBlockNumber());
    const opened = await openJob(job!, [encryptionKey], {
      chainId: place.chainId,
      escrow: chain.contracts.deployment.jobEscrow,
    });
    const request = { prompt: opened.promptTokens, generation: opened.generation, secret };
    const file = await sealDelegation(signed, request, place, ownKey.publicKey);
    await writeFile(join(folder, `${delegated}.json`), JSON.stringify(file));

    const challenger = await startChallenger({ delegations: { folder, encryptionKeys: [ownKey] } });
    await startWatchtower();
    await eventually(() => challenger.log.of("result.challenged", delegated).length > 0, "a verdict");
    expect(challenger.log.of("result.challenged", delegated)[0]).to.include({
      status: "won",
      byTimeout: false,
    });
    expect(challenger.log.of("dispute.move", delegated)[0]).to.include({ kind: "delegateChallenge" });
    expect(challenger.log.of("result.private", other)).to.have.length(1);
    expect(challenger.log.of("dispute.move", other)).to.deep.equal([]);
  });

  it("make no challenge that takes a larger bond than allowed", async () => {
    const id = await submitted(await wrong());
    const challenger = await startChallenger({ maximumBond: 1n });
    await eventually(() => challenger.log.of("warning", id).length > 0, "a warning");
    expect(challenger.log.of("warning", id)[0]).to.include({ code: "BondAboveLimit" });
    expect(await world.chain.transactionsOf(challengerKey.address)).to.equal(0);
  });
});
