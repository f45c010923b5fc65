// What the dispute game does to a job: live challenges, refunds after a conviction, sequencer outages.
import { expect } from "chai";
import { JobStatus } from "../../sdk/src/generated/enums.ts";
import type { JobEscrow } from "../../sdk/src/generated/contracts/JobEscrow.ts";
import { expectOnlyEvent, expectRefusal } from "../support/expect.ts";
import { closeChallenge, convict, openChallenge, speakAsGame, speakAsSources } from "../support/game.ts";
import { accountOf } from "../support/ledger.ts";
import {
  ATH,
  ATH_BOUNTY,
  type OpenJob,
  type System,
  createJob,
  ethers,
  freshSystem,
  passWindow,
  submitResult,
  time,
} from "../support/system.ts";

const DAY = 86_400n;
const statusOf = (state: bigint) => Number(state & 0xffn);
const submittedAtOf = (state: bigint) => BigInt.asUintN(40, state >> 8n);
const liveChallengesOf = (state: bigint) => Number((state >> 48n) & 0xffffn);

async function endOf({ escrow }: System, { id, job }: OpenJob): Promise<bigint> {
  return submittedAtOf(await escrow.jobState(id)) + BigInt(job.challengeWindow);
}

describe("JobEscrow.challengeOpened and challengeClosed", () => {
  it("count the live challenges, and change nothing else of the job", async () => {
    const system = await freshSystem();
    const { escrow } = system;
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    const state = await escrow.jobState(opened.id);
    const sources = await speakAsSources(system);
    expect(await escrow.connect(sources).challengeOpened.staticCall(opened.job, output)).to.equal(opened.id);
    for (const [change, live] of [
      [openChallenge, 1n],
      [openChallenge, 2n],
      [closeChallenge, 1n],
      [openChallenge, 2n],
      [closeChallenge, 1n],
      [closeChallenge, 0n],
    ] as const) {
      await change(system, opened, output);
      expect(await escrow.jobState(opened.id)).to.equal(state | (live << 48n));
    }
  });

  it("let a challenge in the last second of the window hold the result up, until it is closed", async () => {
    const system = await freshSystem();
    const { escrow, stranger } = system;
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    await speakAsSources(system);
    const end = await endOf(system, opened);
    await time.setNextBlockTimestamp(end - 1n);
    await openChallenge(system, opened, output);
    await time.setNextBlockTimestamp(end);
    const call = () => escrow.finalize(opened.job, output, stranger);
    await expectRefusal("ChallengesAlive", { call, by: escrow, values: [opened.id, 1] });
    expect(await escrow.finalizeBatch.staticCall([opened.job], [output], stranger)).to.equal(0n);
    await closeChallenge(system, opened);
    await call();
    expect(statusOf(await escrow.jobState(opened.id))).to.equal(JobStatus.Finalized);
  });

  it("close a challenge whatever became of the job", async () => {
    const system = await freshSystem();
    const { escrow, stranger } = system;
    const opened = await createJob(system);
    await openChallenge(system, opened, await submitResult(system, opened));
    await convict(system);
    await escrow.refund(opened.job, stranger);
    const refunded = await escrow.jobState(opened.id);
    expect([statusOf(refunded), liveChallengesOf(refunded)]).to.deep.equal([JobStatus.Refunded, 1]);
    await closeChallenge(system, opened);
    const closed = await escrow.jobState(opened.id);
    expect([statusOf(closed), liveChallengesOf(closed)]).to.deep.equal([JobStatus.Refunded, 0]);
  });
});

describe("JobEscrow.refund", () => {
  for (const state of ["unanswered", "answered", "challenged"] as const) {
    for (const [when, seconds, bounty] of [
      ["at once", undefined, 0n],
      ["in the last second of the grace", 600n, 0n],
      ["after the grace", 601n, ATH_BOUNTY],
    ] as const) {
      const whom =
        bounty === 0n ? "everything goes back to the client" : "the bounty goes to whom the caller names";
      it(`${state}, ${when}: ${whom}`, async () => {
        const system = await freshSystem();
        const { escrow, vault, client, provider, stranger, newcomer, addresses } = system;
        const opened = await createJob(system);
        if (state !== "unanswered") {
          const output = await submitResult(system, opened);
          if (state === "challenged") await openChallenge(system, opened, output);
        }
        await convict(system);
        const ordinaryEnd =
          state === "unanswered" ? BigInt(opened.job.submitDeadline) : await endOf(system, opened);
        if (seconds !== undefined) await time.setNextBlockTimestamp(ordinaryEnd + seconds);
        const { escrowed } = await accountOf(system, addresses.ath, client.address);
        await expectOnlyEvent(escrow, escrow.connect(stranger).refund(opened.job, newcomer), "JobRefunded", [
          opened.id,
          client.address,
          provider.address,
          escrowed - bounty,
          bounty,
          newcomer.address,
        ]);
        const after = await accountOf(system, addresses.ath, client.address);
        expect([after.available, after.escrowed]).to.deep.equal([1_000n * ATH - bounty, 0n]);
        expect((await accountOf(system, addresses.ath, newcomer.address)).available).to.equal(bounty);
        const { openWork, locked } = await vault.stakeOf(provider);
        expect([openWork, locked]).to.deep.equal([0n, 1_000n * ATH]);
        expect(statusOf(await escrow.jobState(opened.id))).to.equal(JobStatus.Refunded);
      });
    }
  }

  it("is skipped neither by whoever forgets: a job that nobody answered still expires", async () => {
    const system = await freshSystem();
    const { escrow, client, stranger, addresses } = system;
    const { id, job } = await createJob(system);
    await convict(system);
    await time.setNextBlockTimestamp(BigInt(job.submitDeadline) + 601n);
    await escrow.expire(job, stranger);
    expect(statusOf(await escrow.jobState(id))).to.equal(JobStatus.Expired);
    expect((await accountOf(system, addresses.ath, client.address)).available).to.equal(
      1_000n * ATH - ATH_BOUNTY,
    );
  });
});

describe("JobEscrow.finalizeBatch: convicted providers", () => {
  it("skips their results and finalises everybody else's", async () => {
    const system = await freshSystem();
    const { escrow, stranger } = system;
    const jobs = [await createJob(system), await createJob(system)];
    const outputs = [await submitResult(system, jobs[0]!), await submitResult(system, jobs[1]!)];
    await passWindow(jobs[1]!);
    await convict(system);
    const call = [jobs.map(({ job }) => job), outputs, stranger] as const;
    expect(await escrow.finalizeBatch.staticCall(...call)).to.equal(0n);
    await escrow.finalizeBatch(...call);
    for (const { id } of jobs) expect(statusOf(await escrow.jobState(id))).to.equal(JobStatus.Submitted);
  });
});

/** The same system with an escrow that follows an uptime feed, which says that the sequencer always ran. */
async function withFeed() {
  const system = await freshSystem();
  const { manager, addresses, vault, client, provider } = system;
  const feed = await ethers.deployContract("MockSequencerFeed");
  const escrow = (await ethers.deployContract("JobEscrow", [
    manager,
    addresses.vault,
    addresses.providers,
    addresses.currencies,
    addresses.fees,
    feed,
    [...(await system.escrow.parameters())],
  ])) as unknown as JobEscrow;
  await vault.addModule(escrow);
  const bit = await vault.moduleBit(escrow);
  await vault.connect(client).approveModules(addresses.ath, bit);
  await vault.connect(provider).approveStakeModules(bit);
  await escrow.setTokenTerms(addresses.ath, {
    accepted: true,
    feeBasisPoints: 100,
    exitBounty: ATH_BOUNTY,
    minimumCharge: 0,
  });
  await escrow.setDisputeGame(await speakAsGame(system));
  return {
    ...system,
    escrow,
    feed,
    say: (answer: number, since: bigint) => feed.getFunction("set")(answer, since) as Promise<unknown>,
    breakDown: () => feed.getFunction("breakDown")() as Promise<unknown>,
  };
}

describe("JobEscrow: sequencer outages", () => {
  async function submitted() {
    const system = await withFeed();
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    const end = await endOf(system, opened);
    const finalizeAt = async (moment: bigint) => {
      await time.setNextBlockTimestamp(moment);
      return system.escrow.finalize(opened.job, output, system.stranger);
    };
    const refusedAt = async (moment: bigint, finalizableAt: bigint) =>
      expectRefusal("ChallengeWindowOpen", {
        call: () => finalizeAt(moment),
        by: system.escrow,
        values: [opened.id, finalizableAt, moment],
      });
    return { ...system, opened, output, end, finalizeAt, refusedAt };
  }

  it("the window ends as ever where the sequencer ran since before the result", async () => {
    const { refusedAt, finalizeAt, end, feed, escrow } = await submitted();
    expect(await escrow.sequencerFeed()).to.equal(await feed.getAddress());
    await refusedAt(end - 1n, end);
    await finalizeAt(end);
  });

  it("nothing is final while it is down; afterwards the whole window is left, and challenges are taken in it", async () => {
    const { refusedAt, finalizeAt, end, say, opened, output, escrow, ...system } = await submitted();
    const window = BigInt(opened.job.challengeWindow);
    await say(1, end - 100n);
    await refusedAt(end + 50n, end + 50n + window);
    expect(await escrow.finalizeBatch.staticCall([opened.job], [output], system.stranger)).to.equal(0n);
    const up = end + 500n;
    await time.setNextBlockTimestamp(up);
    await say(0, up);
    await refusedAt(up + window - 2n, up + window);
    await time.setNextBlockTimestamp(up + window - 1n);
    await openChallenge({ ...system, escrow }, opened, output);
    await closeChallenge({ ...system, escrow }, opened);
    await finalizeAt(up + window + 10n);
  });

  it("a feed that says down for ever delays a result by a week at most", async () => {
    const { refusedAt, finalizeAt, end, say } = await submitted();
    await say(1, end - 3_600n);
    await refusedAt(end + 7n * DAY - 1n, end + 7n * DAY);
    await finalizeAt(end + 7n * DAY);
  });

  it("a feed that fails delays nothing", async () => {
    const { finalizeAt, end, breakDown } = await submitted();
    await breakDown();
    await finalizeAt(end);
  });
});
