// Attacks on time: stalling, withholding, delay.
import { expect } from "chai";

import { CountingTrace, elements } from "../support/counting.ts";
import {
  type Arena,
  attack,
  challenge,
  defend,
  freshArena,
  parametersOf,
  passDeadline,
  play,
  playUntil,
  resultWith,
  stateOf,
} from "../support/dispute.ts";
import { ATH, ethers, passWindow, time } from "../support/system.ts";

const DAY = 86_400n;
const LIE = elements(5_000);
const DEEP = { "7/2/33": LIE };
const WRONG = new CountingTrace(DEEP);

const convicted = async ({ game, provider }: Arena) =>
  (await game.convictionOf(provider)) !== ethers.ZeroHash;

describe("attack: delay by serial challenges", () => {
  it("ends: none is opened after the window, and each ends by itself", async () => {
    const arena = await freshArena();
    const { game, escrow, stranger, provider } = arena;
    const result = await resultWith(arena);
    const submittedAt = BigInt(await time.latest());
    const { clock, grace } = await game.parameters();
    const window = BigInt(result.job.job.challengeWindow);
    const disputes = [await challenge(arena, result, stranger, WRONG)];
    await time.increaseTo(submittedAt + window / 2n);
    disputes.push(await challenge(arena, result, stranger, WRONG));
    await time.increaseTo(submittedAt + window - 10n);
    disputes.push(await challenge(arena, result, stranger, WRONG));
    await passWindow(result.job);
    for (const dispute of disputes) {
      await expect(escrow.finalize(result.job.job, result.output, provider)).to.be.revertedWithCustomError(
        escrow,
        "ChallengesAlive",
      );
      await defend(arena, dispute).catch(() => undefined);
      await passDeadline(arena, dispute);
      await game.timeout(dispute.id);
    }
    const longest = 3n * window + 2n * clock + 2n * grace;
    expect(BigInt(await time.latest()) - submittedAt).to.be.lessThanOrEqual(longest);
    await escrow.finalize(result.job.job, result.output, provider);
  });
});

describe("attack: a Sybil challenger that stalls", () => {
  it("holds up nobody else's challenge of the same result", async () => {
    const arena = await freshArena();
    const result = await resultWith(arena, DEEP);
    const stalled = await challenge(arena, result, arena.newcomer);
    const honest = await challenge(arena, result, arena.stranger);
    await play(arena, honest);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(honest.id);
    await arena.game.reclaim(stalled.id);
    expect((await stateOf(arena, stalled.id)).status).to.equal("Returned");
  });
});

describe("attack: a stalled challenger", () => {
  it("loses its bond when its clock has run out, at any stage", async () => {
    for (const stage of ["Root", "Descent", "Tile"] as const) {
      const arena = await freshArena();
      const dispute = await challenge(arena, await resultWith(arena, {}), arena.stranger, WRONG);
      await playUntil(arena, dispute, stage);
      await defend(arena, dispute);
      await passDeadline(arena, dispute);
      await expect(attack(arena, dispute), stage).to.be.revertedWithCustomError(arena.game, "TooLate");
      await arena.game.timeout(dispute.id);
      expect((await stateOf(arena, dispute.id)).status, stage).to.equal("Lost");
    }
  });
});

describe("attack: withholding", () => {
  for (const stage of ["Root", "Descent", "Tile", "Named"] as const) {
    const what = { Root: "the trace", Descent: "a reveal", Tile: "a tile", Named: "the step" }[stage];
    it(`${what}: convicts the provider`, async () => {
      const arena = await freshArena();
      const dispute = await challenge(arena, await resultWith(arena, DEEP), arena.stranger);
      await playUntil(arena, dispute, stage);
      await passDeadline(arena, dispute);
      await expect(defend(arena, dispute)).to.be.revertedWithCustomError(arena.game, "TooLate");
      await arena.game.timeout(dispute.id);
      expect(await arena.game.convictionOf(arena.provider)).to.equal(dispute.id);
    });
  }

  it("a reveal that came too late for a challenge does not count for it", async () => {
    const arena = await freshArena();
    const result = await resultWith(arena, DEEP);
    const early = await challenge(arena, result, arena.stranger);
    await time.increase(3_000);
    const late = await challenge(arena, result, arena.newcomer);
    await passDeadline(arena, early);
    await defend(arena, late);
    await expect(attack(arena, early)).to.be.revertedWithCustomError(arena.game, "TooLate");
    await arena.game.timeout(early.id);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(early.id);
  });
});

describe("attack: leaving during a long dispute", () => {
  it("all stake that can leave leaves, and a dispute that outlasts it takes the whole deposit all the same", async () => {
    const arena = await freshArena();
    const { game, vault, provider, addresses } = arena;
    await game.setParameters({ ...(await parametersOf(arena)), clock: 3n * DAY, grace: DAY });
    await time.increase(1);
    const dispute = await challenge(arena, await resultWith(arena, DEEP), arena.stranger);
    const startedAt = BigInt(await time.latest());
    const { staked, locked } = await vault.stakeOf(provider);
    await vault.connect(provider).unbond(staked - locked);
    const released = await vault.unbondingOf(provider);
    for (;;) {
      const { side, deadline } = await game.turnOf(dispute.id);
      await time.setNextBlockTimestamp(deadline);
      const sent = side === 0n ? await defend(arena, dispute) : await attack(arena, dispute);
      expect(await sent!.wait()).to.include({ status: 1 });
      if (
        BigInt(await time.latest()) > released.releaseAt &&
        (await vault.unbondingOf(provider)).amount > 0n
      ) {
        await vault.claimUnbonded(provider);
        await vault.connect(provider).withdraw(addresses.ath, released.amount, provider);
      }
      if (await convicted(arena)) break;
    }
    expect(await arena.ath.balanceOf(provider), "what was free has left").to.equal(staked - locked);
    expect(BigInt(await time.latest()) - startedAt).to.be.greaterThan(await vault.unbondingPeriod());
    expect((await vault.stakeOf(provider)).staked, "the deposit has not").to.equal(locked - 5_000n * ATH);
  });
});

describe("the chain's inclusion delay", () => {
  /** A game on a chain that includes within a day what its sequencer ignores. */
  async function slowChain(changes: object) {
    const arena = await freshArena();
    const { addresses, game } = arena;
    const parameters = {
      ...(await parametersOf(arena)),
      clock: DAY,
      grace: DAY,
      openPeriod: DAY,
      ...changes,
    };
    const verifier = await game.verifier();
    return ethers.deployContract("DisputeGame", [
      ...[arena.manager, addresses.escrow, addresses.providers, addresses.vault, verifier, DAY, parameters],
    ]);
  }

  it("fits the bounds if it is a day: every move has one, and half a day to spare", async () => {
    const game = await slowChain({ grace: (3n * DAY) / 2n - 4_000n });
    expect(await game.getFunction("inclusionDelay")()).to.equal(DAY);
  });

  for (const name of ["clock", "grace", "openPeriod"]) {
    it(`is not above the ${name}`, async () => {
      const { game } = await freshArena();
      await expect(slowChain({ [name]: DAY - 1n }))
        .to.be.revertedWithCustomError(game, "ParameterOutOfBounds")
        .withArgs(ethers.encodeBytes32String(name), DAY - 1n, DAY, 3n * DAY);
    });
  }
});

describe("attack: both sides silent", () => {
  it("there is always one whose turn it is: first the provider, after its answer the challenger", async () => {
    const arena = await freshArena();
    const result = await resultWith(arena);
    const dispute = await challenge(arena, result, arena.stranger);
    expect((await arena.game.turnOf(dispute.id)).side).to.equal(0n);
    await defend(arena, dispute);
    expect((await arena.game.turnOf(dispute.id)).side).to.equal(1n);
    await passDeadline(arena, dispute);
    await arena.game.timeout(dispute.id);
    expect(await convicted(arena)).to.equal(false);
  });
});
