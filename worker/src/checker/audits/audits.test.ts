import { encryptTokens, tokensRoot } from "@athanor/engine/commitments";
import { referenceExecutor, type Executor } from "@athanor/engine/trace";
import type { JobTerms } from "@athanor/sdk/protocol";
import { expect } from "chai";
import { id as hashOfText } from "ethers";
import {
  DeadAfterOne,
  EPOCH,
  setUpAuditWorld,
  type Auditor,
  type Member,
} from "../../testing/audit-world.ts";

/** Longer than after which the first checker asks for a round, shorter than the window. */
const HALF_WINDOW = 1_900;
const movesOf = ({ log }: Auditor) => log.of("checker.move").map(({ move }) => move);
describe("audits", function () {
  this.timeout(240_000);
  const world = setUpAuditWorld();

  const memberOf = (index: number): Member => world.members[index]!;
  const sharesOf = ({ owner }: Member, epoch: number) =>
    world.contracts.checkerPay.sharesOf(epoch, owner.address);
  const attestationOf = ({ owner }: Member, id: string) =>
    world.contracts.resultAudits.attestationOf(id, owner.address);
  async function finalize(terms: JobTerms): Promise<void> {
    const { jobEscrow } = world.chain.contracts;
    const output = { count: world.answer.length, tokensRoot: tokensRoot(world.answer) };
    await jobEscrow.finalize(terms, output, world.owner.address);
  }

  /** Both have attested to a result of the provider. */
  async function attested(auditors: readonly Auditor[], tokens = world.answer) {
    const result = await world.submit(tokens);
    await world.chain.pass(HALF_WINDOW);
    for (const auditor of auditors) {
      await auditor.until(() => movesOf(auditor).includes("attest"), "an attestation");
    }
    return result;
  }

  it("three auditors of whom one lazy: those who recomputed are paid, the one who guessed is not", async () => {
    const [a, b, c] = [memberOf(0), memberOf(1), memberOf(2)];
    const [first, second] = [await world.auditor(a), await world.auditor(b)];
    const lazy = await world.auditor(c, { models: new Set() });
    const { id, terms } = await attested([first, second]);
    const guess = hashOfText("what the trace might be");
    const lie = await world.attestBlindly(c, id, guess);
    await lazy.settle();
    // One of them asked, for both.
    expect([...movesOf(first), ...movesOf(second)].filter((move) => move === "requestRound")).to.have.length(
      1,
    );
    await world.toEpoch(EPOCH + 1, first, second, lazy);
    await finalize(terms);
    await world.toEpoch(EPOCH + 2, first, second, lazy);
    await lie.reveal(terms);
    expect((await attestationOf(a, id)).positionsRoot).to.equal((await attestationOf(b, id)).positionsRoot);
    await world.toEpoch(EPOCH + 3, first, second);
    await world.contracts.resultAudits.count(id, lie.round, c.owner.address);
    expect([
      await sharesOf(a, EPOCH + 1),
      await sharesOf(b, EPOCH + 1),
      await sharesOf(c, EPOCH + 1),
    ]).to.deep.equal([1n, 1n, 0n]);
    for (const [member, auditor] of [
      [a, first],
      [b, second],
    ] as const) {
      const { counted, closed } = await attestationOf(member, id);
      expect([counted, closed]).to.deep.equal([true, true]);
      expect(auditor.audits.audits()).to.deep.equal([]);
      expect(await auditor.metrics()).to.contain('athanor_audits_total{event="right"} 1\n');
      expect((await world.contracts.checkers.checkerOf(member.owner.address)).held).to.equal(0n);
    }
    expect(lazy.audits.audits()).to.deep.equal([]);
  });

  it("go on where they were when the program dies after everything that it does", async () => {
    const member = memberOf(0);
    const other = await world.auditor(memberOf(1));
    const database = world.database();
    const done: string[] = [];
    /** One program after another, each of which dies with its first effect, until one has nothing to do. */
    async function live(): Promise<void> {
      for (;;) {
        const kill = new DeadAfterOne();
        const auditor = await world.auditor(member, { database, kill });
        await auditor.rest();
        await auditor.stop();
        if (kill.effect === undefined) return;
        done.push(kill.effect);
      }
    }
    const { id, terms } = await world.submit(world.answer);
    await world.chain.pass(HALF_WINDOW);
    await live();
    await other.until(() => movesOf(other).includes("attest"), "another attestation");
    for (let epoch = EPOCH + 1; epoch <= EPOCH + 3; epoch++) {
      await world.toEpoch(epoch, other);
      if (epoch === EPOCH + 1) await finalize(terms);
      await live();
    }
    const { counted, closed } = await attestationOf(member, id);
    expect([counted, closed]).to.deep.equal([true, true]);
    expect(await sharesOf(member, EPOCH + 1)).to.equal(1n);
    // Nothing was done twice. Sent: request, fix, attest, reveal of the attestation, count, close; and of secrets, a commitment in each epoch, draws and reveals.
    expect(done.filter((effect) => effect === "setVerdict")).to.have.length(1);
    const own = await sentBy(member);
    for (const name of ["attest", "revealAttestation", "count", "close"]) {
      expect(
        own.filter((each) => each === name),
        name,
      ).to.have.length(1);
    }
  });

  /** Functions of the audits' contract that an operator called. */
  async function sentBy({ operator }: Member): Promise<string[]> {
    const { provider } = world.chain.connection.ethers;
    const { resultAudits } = world.contracts;
    const address = await resultAudits.getAddress();
    const names: string[] = [];
    for (let block = await provider.getBlockNumber(); block > 0; block--) {
      const found = await provider.getBlock(block, true);
      for (const { from, to, data } of found!.prefetchedTransactions) {
        if (from !== operator.address || to !== address) continue;
        names.push(resultAudits.interface.parseTransaction({ data })!.name);
      }
    }
    return names;
  }

  it("free the stake for what was revealed before the disk was lost", async () => {
    const member = memberOf(0);
    const first = await world.auditor(member);
    const { id, terms } = await attested([first]);
    await world.toEpoch(EPOCH + 1, first);
    await world.toEpoch(EPOCH + 2, first);
    expect((await attestationOf(member, id)).closed).to.equal(false);
    await first.stop();
    await finalize(terms);
    const second = await world.auditor(member);
    await second.settle();
    expect((await attestationOf(member, id)).closed).to.equal(true);
    await world.toEpoch(EPOCH + 3, second);
    expect((await attestationOf(member, id)).counted).to.equal(true);
    expect(second.audits.audits()).to.deep.equal([]);
    const third = await world.auditor(member);
    await third.settle();
    expect([...movesOf(third), ...third.audits.audits()]).to.deep.equal([]);
  });

  it("attest again when a reorganisation gives the round another value", async () => {
    const member = memberOf(0);
    const { id } = await world.submit(world.answer);
    await world.chain.pass(HALF_WINDOW);
    const undo = await world.chain.snapshot();
    const auditor = await world.auditor(member);
    const { drawBeacon } = world.contracts;
    const value = async () => (await drawBeacon.roundOf(await drawBeacon.latest())).value;
    await auditor.until(() => movesOf(auditor).includes("attest"), "an attestation");
    const before = await value();
    await undo();
    await world.chain.mine(3);
    const attests = () => movesOf(auditor).filter((move) => move === "attest").length;
    await auditor.until(() => attests() === 2, "a second attestation");
    expect(await value()).to.not.equal(before);
    expect(auditor.log.of("result.right", id)).to.have.length(1);
    await world.toEpoch(EPOCH + 1, auditor);
    await world.toEpoch(EPOCH + 2, auditor);
    expect((await attestationOf(member, id)).epoch).to.equal(BigInt(EPOCH));
  });

  it("say of what they could not recompute in time that it is lost, and count it", async () => {
    let release = () => {};
    const busy = new Promise<void>((resolve) => (release = resolve));
    const slow: Executor = async (model, request) => {
      await busy;
      return referenceExecutor(model, request);
    };
    const auditor = await world.auditor(memberOf(0), { executor: slow });
    const ids = [];
    for (let count = 0; count < 3; count++) ids.push((await world.submit(world.answer)).id);
    await world.chain.pass(HALF_WINDOW);
    await auditor.until(async () => /athanor_audits_waiting 3\n/.test(await auditor.metrics()), "three wait");
    await world.chain.pass(4_000);
    await auditor.rounds.advance();
    const dropped = auditor.log.of("audit.dropped").map(({ jobId, reason }) => [jobId, reason]);
    expect(dropped).to.deep.equal(ids.map((id) => [id, "late"]));
    expect(await auditor.metrics()).to.contain('athanor_audits_total{event="dropped"} 3\n');
    expect(movesOf(auditor)).to.not.include("attest");
    release();
  });

  it("leave alone what they cannot recompute: models that are not theirs, and private results", async () => {
    const { chain } = world;
    const lacking = await world.auditor(memberOf(0), { models: new Set([hashOfText("another model")]) });
    const other = await world.auditor(memberOf(1));
    const secret = Uint8Array.from({ length: 32 }, (_, index) => index);
    const hidden = await chain.createPrivateJob(world.request({ prompt: [5, 6, 7], maxTokens: 4 }), {
      secret,
    });
    await world.answerWith(hidden, encryptTokens(world.answer, secret));
    await world.chain.pass(HALF_WINDOW);
    await other.rest();
    await world.submit(world.answer);
    await world.chain.pass(HALF_WINDOW);
    await lacking.rest();
    for (const auditor of [lacking, other]) {
      expect(auditor.audits.audits()).to.deep.equal([]);
      expect(movesOf(auditor)).to.deep.equal([]);
    }
  });
});
