// Attacks on who gets what: stolen challenges, sleeping commitments, stolen reveals.
import { expect } from "chai";

import { CountingTrace, elements } from "../support/counting.ts";
import {
  challenge,
  commit,
  defend,
  type Dispute,
  freshArena,
  open,
  playUntil,
  resultWith,
  stateOf,
  step,
} from "../support/dispute.ts";
import { createJob, ethers, submitResult, time } from "../support/system.ts";

const LIE = elements(5_000);
const DEEP = { "7/2/33": LIE };
const WRONG = new CountingTrace(DEEP);

describe("attack: a stolen challenge", () => {
  it("a copied commitment opens nothing for the thief and loses the victim nothing", async () => {
    const arena = await freshArena();
    const { game, stranger, newcomer } = arena;
    const result = await resultWith(arena, DEEP);
    const salt = ethers.id("salt");
    const id = await game.challengeIdOf(stranger, result.job.id, salt);
    // The thief sees the commitment before it is mined, and is faster.
    await game.connect(newcomer).commit(id, { value: 1n });
    await game.connect(stranger).commit(id, { value: await game.bondOf(result.job.job) });
    await expect(
      game.connect(newcomer).open(result.job.job, result.output, salt),
    ).to.be.revertedWithCustomError(game, "UnknownChallenge");
    await game.connect(stranger).open(result.job.job, result.output, salt);
    expect((await game.challengeOf(id)).challenger).to.equal(stranger.address);
  });

  it("whoever learns of it by the opening has committed later, and is not rewarded", async () => {
    const arena = await freshArena();
    const result = await resultWith(arena, DEEP);
    const honest = await challenge(arena, result, arena.stranger);
    const thief = await challenge(arena, result, arena.newcomer);
    await playUntil(arena, honest, "Named");
    await playUntil(arena, thief, "Named");
    await step(arena, thief, arena.newcomer);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(honest.id);
    await arena.game.reclaim(thief.id);
    expect((await stateOf(arena, thief.id)).status).to.equal("Returned");
  });

  it("nor if it is faster in naming the tile", async () => {
    const arena = await freshArena();
    const result = await resultWith(arena, DEEP);
    const honest = await challenge(arena, result, arena.stranger);
    const thief = await challenge(arena, result, arena.newcomer);
    await playUntil(arena, thief, "Named");
    await playUntil(arena, honest, "Named");
    await step(arena, thief, arena.newcomer);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(honest.id);
  });

  it("a challenge that named the tile first, and lost over it, is not rewarded for who proves it wrong", async () => {
    const arena = await freshArena();
    const [right, wrong] = [0, 3];
    const at = 7 * 74 + 4 + 33;
    const result = await resultWith(arena, { "7/2/33": `${elements(at).slice(0, -8)}ffffffff` });
    const early = await challenge(arena, result, arena.newcomer);
    const late = await challenge(arena, result, arena.stranger);
    for (const [dispute, element] of [
      [early, right],
      [late, wrong],
    ] as const) {
      await playUntil(arena, dispute, "Tile");
      const { node } = await stateOf(arena, dispute.id);
      await arena.game.connect(dispute.challenger).nameElement(dispute.id, node, element);
    }
    await step(arena, early, arena.operator);
    expect((await stateOf(arena, early.id)).status).to.equal("Lost");
    await step(arena, late, arena.newcomer);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(late.id);
  });

  it("nor is a challenge that named another token of the answer", async () => {
    const arena = await freshArena();
    const { game } = arena;
    const result = await resultWith(arena, {}, [0, 75, 148]);
    const early = await challenge(arena, result, arena.newcomer);
    const late = await challenge(arena, result, arena.stranger);
    await defend(arena, early);
    await game.connect(arena.newcomer).disputeOutput(early.id, result.trace.root, 0);
    await game.connect(arena.stranger).disputeOutput(late.id, result.trace.root, 1);
    await step(arena, late, arena.newcomer);
    expect(await game.convictionOf(arena.provider)).to.equal(late.id);
  });

  it("no commitment is ready before the result is", async () => {
    const arena = await freshArena();
    const { game, stranger } = arena;
    const job = await createJob(arena);
    const salt = ethers.id("salt");
    const id = await game.challengeIdOf(stranger, job.id, salt);
    await game.connect(stranger).commit(id, { value: await game.bondOf(job.job) });
    await time.increase(1);
    const output = await submitResult(arena, job);
    await expect(game.connect(stranger).open(job.job, output, salt)).to.be.revertedWithCustomError(
      game,
      "CommittedBeforeResult",
    );
  });
});

describe("attack: a copycat that sleeps on an early commitment", () => {
  it("is rewarded where it copied the right one, but pays a bond for every result that it did not open", async () => {
    const arena = await freshArena();
    const { game, newcomer, stranger, ath } = arena;
    const results = [await resultWith(arena, DEEP)];
    for (let index = 0; index < 4; index++) results.push(await resultWith(arena));
    const before = await ethers.provider.getBalance(newcomer);
    const asleep: Dispute[] = [];
    for (const result of results) asleep.push(await commit(arena, result, newcomer));
    const honest = await challenge(arena, results[0]!, stranger);
    await open(arena, asleep[0]!);
    await playUntil(arena, honest, "Named");
    await playUntil(arena, asleep[0]!, "Named");
    await step(arena, honest, stranger);
    expect(await game.convictionOf(arena.provider)).to.equal(asleep[0]!.id);
    await time.increase(3_601);
    for (const dispute of asleep.slice(1)) await game.burnUnopened(dispute.id);
    for (const dispute of [asleep[0]!, honest]) await game.reclaim(dispute.id);
    const { bond, spent, reserved } = await stateOf(arena, asleep[0]!.id);
    expect(await ath.balanceOf(newcomer)).to.equal(reserved);
    const paid = before - (await ethers.provider.getBalance(newcomer));
    expect(paid).to.be.greaterThan(4n * bond);
    // At the rate of the parameters the reward is worth one bond.
    expect(reserved / 10_000n).to.be.lessThan(4n * bond);
    const own = await stateOf(arena, honest.id);
    expect(await ath.balanceOf(stranger), "the honest one got its costs back").to.equal(own.spent * 10_000n);
    expect(spent).to.be.lessThanOrEqual(bond / 2n);
  });

  it("cannot open when the period is over, and its bond burns", async () => {
    const arena = await freshArena();
    const { game, stranger, newcomer } = arena;
    const { openPeriod } = await game.parameters();
    const result = await resultWith(arena);
    const dispute = await commit(arena, result, stranger);
    const committedAt = BigInt(await time.latest());
    await time.setNextBlockTimestamp(committedAt + openPeriod);
    await expect(game.connect(newcomer).burnUnopened(dispute.id))
      .to.be.revertedWithCustomError(game, "NotTooLate")
      .withArgs(committedAt + openPeriod, committedAt + openPeriod);
    await time.setNextBlockTimestamp(committedAt + openPeriod + 1n);
    await expect(open(arena, dispute))
      .to.be.revertedWithCustomError(game, "OpeningOutOfTime")
      .withArgs(committedAt + 1n, committedAt + openPeriod, committedAt + openPeriod + 1n);
    const bond = await game.bondOf(result.job.job);
    await expect(game.connect(newcomer).burnUnopened(dispute.id)).to.changeEtherBalance(
      ethers,
      "0x000000000000000000000000000000000000dEaD",
      bond,
    );
    expect((await stateOf(arena, dispute.id)).status).to.equal("Burned");
    await expect(game.commit(dispute.id, { value: 1 })).to.be.revertedWithCustomError(
      game,
      "ChallengeExists",
    );
  });
});

describe("attack: a replayed opening", () => {
  it("is refused", async () => {
    const arena = await freshArena();
    const dispute = await challenge(arena, await resultWith(arena), arena.stranger);
    await expect(open(arena, dispute))
      .to.be.revertedWithCustomError(arena.game, "ChallengeExists")
      .withArgs(dispute.id);
  });
});

describe("attack: a stolen reveal", () => {
  it("does the provider's work: the thief is reimbursed, the provider has moved", async () => {
    const arena = await freshArena();
    const { game, newcomer, operator } = arena;
    const dispute = await challenge(arena, await resultWith(arena, {}), arena.stranger, WRONG);
    await playUntil(arena, dispute, "Descent");
    await defend(arena, dispute, newcomer);
    expect((await game.turnOf(dispute.id)).side).to.equal(1n);
    await expect(defend(arena, dispute, operator)).to.be.revertedWithCustomError(game, "AlreadyRevealed");
  });
});
