import { expect } from "chai";
import type { HDNodeWallet } from "ethers";
import { signDelegation } from "../private/delegation.ts";
import { decodeJobState } from "../protocol/job-state.ts";
import type { JobRecord } from "../protocol/job.ts";
import { PROMPT, startDisputeWorld, type DisputeWorld } from "../testing/dispute-world.ts";
import { rejection } from "../testing/rejection.ts";
import type { Disputes } from "./disputes.ts";
import type { MoveMade, PrivateJob } from "./types.ts";

describe("disputes about private jobs", () => {
  let world: DisputeWorld;
  let client: HDNodeWallet;
  let stranger: HDNodeWallet;
  let defender: Disputes;
  let moves: MoveMade[];
  const onMove = (move: MoveMade) => moves.push(move);

  before(async () => {
    world = await startDisputeWorld();
    ({ client, stranger } = world.chain.accounts);
  });
  beforeEach(async () => {
    await world.restore();
    moves = [];
    defender = await world.party(world.chain.accounts.operator);
  });
  after(() => world.chain.close());

  const flipped = () => world.answer.map((token, index) => (index === 1 ? (token + 1) % 12 : token));
  const statusOf = async (id: string) =>
    decodeJobState(await world.chain.contracts.jobEscrow.jobState(id)).status;
  const kinds = () => moves.map(({ kind }) => kind);

  /** Both sides at once; the provider's may fail, as a liar's does when nothing is left to say. */
  async function fight(
    job: JobRecord,
    challenger: Disputes,
    provider = defender,
    named: JobRecord | string = job,
  ) {
    const over = new AbortController();
    const defence = (async () => {
      while (!over.signal.aborted) {
        await provider.defend(job, { onMove }).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    })();
    const outcome = await challenger.challenge(named, { onMove });
    over.abort();
    await defence;
    return outcome;
  }

  const known = (job: JobRecord, changes: Partial<PrivateJob> = {}) => ({
    privateJob: () =>
      Promise.resolve({
        request: { prompt: job.promptTokens, generation: job.generation, secret: job.secret! },
        ...changes,
      }),
  });

  async function delegation(job: JobRecord, changes: { expiry?: number; work?: string } = {}) {
    const chainId = 31_337n;
    const { resultSources } = world.chain.deployment;
    const latest = (await world.chain.provider.getBlock("latest"))!.timestamp;
    const terms = { work: job.id, delegate: stranger.address, expiry: latest + 100_000, ...changes };
    return signDelegation(client, { chainId, resultSources }, terms);
  }

  it("tell an honest answer from a wrong one", async () => {
    const party = await world.party(client);
    expect(await party.verify(await world.submittedPrivately(world.answer))).to.deep.include({
      ...{ honest: true, submitted: world.answer, expected: world.answer },
    });
    const wrong = await party.verify(await world.submittedPrivately(flipped()));
    expect([wrong.honest, wrong.firstDifference]).to.deep.equal([false, 1]);
  });

  it("convict a wrong answer that the client challenges", async () => {
    const job = await world.submittedPrivately(flipped());
    const outcome = await fight(job, await world.party(client));
    expect(outcome).to.include({ status: "won", byTimeout: false });
    expect(kinds()).to.include("disputeOutput").and.not.include("delegateChallenge");
    expect(await statusOf(job.id)).to.equal("Refunded");
  });

  it("convict an answer that decrypts to nothing", async () => {
    const job = await world.submittedPrivately(`0x${"c0ffee11".repeat(3)}`);
    const outcome = await fight(job, await world.party(client));
    expect(outcome).to.include({ status: "won", byTimeout: false });
  });

  it("convict a wrong element of an operator that reads the blinded prompt", async () => {
    const operator = world.model.program.operators.findIndex(({ kind }) => kind === "embed");
    const liar = await world.faulty({
      ...{ position: 1, operator, section: "output", element: 0 },
      change: (value) => Number(value) ^ 4_095,
    });
    const job = await world.submittedPrivately(flipped());
    expect(await fight(job, await world.party(client), liar)).to.include({ status: "won", byTimeout: false });
  });

  it("acquit a right answer that the client challenges all the same", async () => {
    const job = await world.submittedPrivately(world.answer);
    // One logit so large that another token comes out.
    const { operators } = world.model.program;
    const operator = operators.find(({ kind }) => kind === "sample")!.inputs[0]!;
    const element = (world.answer[0]! + 1) % 12;
    const at = { position: PROMPT.length - 1, operator, section: "output" as const, element };
    const griefer = await world.party(client, {
      executor: world.executorWith({ ...at, change: () => 2 ** 30 }),
    });
    const attack = griefer.challenge(job).catch((error: unknown) => error);
    while ((await defender.defend(job, { onMove })).repelled.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    // It notices at the step that the chain would find the element right, and sends nothing more.
    await attack;
    expect(await griefer.challenge(job)).to.include({ status: "lost", byTimeout: false });
    expect(kinds()).to.include("step");
    expect(await statusOf(job.id)).to.equal("Submitted");
  });

  it("cannot be opened by a stranger: a private prompt is not bought with a bond", async () => {
    const job = await world.submittedPrivately(flipped());
    const before = await world.chain.provider.getBalance(stranger.address);
    const curious = await world.party(stranger, known(job));
    expect((await rejection(curious.challenge(job.id))).code).to.equal("NotClientOrDelegate");
    expect(await world.chain.provider.getBalance(stranger.address)).to.equal(before);
    const blind = await world.party(stranger);
    expect((await rejection(blind.challenge(job.id))).code).to.equal("RequestUnknown");
  });

  it("are opened by a delegate, whose delegation goes on chain first", async () => {
    const job = await world.submittedPrivately(flipped());
    const delegated = known(job, { delegation: await delegation(job) });
    const delegate = await world.party(stranger, delegated);
    // By its id: what the program knows of the job comes from the delegation alone.
    expect(await fight(job, delegate, defender, job.id)).to.include({ status: "won", byTimeout: false });
    expect(kinds().slice(0, 3)).to.deep.equal(["delegateChallenge", "commit", "open"]);
  });

  it("are refused to a delegate of another job, and to one whose delegation is over, before any bond", async () => {
    const job = await world.submittedPrivately(flipped());
    const other = await world.submittedPrivately(flipped());
    const wrong = [
      await delegation(other),
      await delegation(job, { expiry: 1 }),
      { ...(await delegation(job)), delegate: client.address },
    ];
    for (const given of wrong) {
      const delegate = await world.party(stranger, known(job, { delegation: given }));
      const error = await rejection(delegate.challenge(job.id, { onMove }));
      expect(["NotClientOrDelegate", "InvalidDelegation"]).to.include(error.code);
    }
    expect(kinds()).to.deep.equal([]);
  });
});
