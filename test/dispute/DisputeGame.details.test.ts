// What only a close look notices: events of what ends and pays, parameters at their bounds, what happens in the same second.
import { expect } from "chai";
import { CountingTrace, elements, HONEST_TOKENS } from "../support/counting.ts";
import {
  challenge,
  commit,
  freshArena,
  open,
  parametersOf,
  passDeadline,
  play,
  playUntil,
  resultWith,
  stateOf,
  step,
} from "../support/dispute.ts";
import { eventsOf, expectOnlyEvent } from "../support/expect.ts";
import { ATH, createJob, ethers, networkHelpers, submitResult, time } from "../support/system.ts";

const DEEP = { "7/2/33": elements(5_000) };
const WRONG = new CountingTrace(DEEP);

/** Mines what is sent meanwhile in one block. */
async function inOneBlock(send: () => Promise<unknown>): Promise<void> {
  await ethers.provider.send("evm_setAutomine", [false]);
  try {
    await send();
    await networkHelpers.mine(1);
  } finally {
    await ethers.provider.send("evm_setAutomine", [true]);
  }
}

describe("dispute game: events", () => {
  it("tells who paid how much for a commitment, and that it burned", async () => {
    const arena = await freshArena();
    const { game, newcomer } = arena;
    const { id } = await commit(arena, await resultWith(arena), arena.stranger, { bond: 5n });
    const paid = game.connect(newcomer).commit(id, { value: 7n });
    await expectOnlyEvent(game, paid, "Committed", [id, newcomer.address, 7n]);
    await time.increase(3_601);
    await expectOnlyEvent(game, game.burnUnopened(id), "BondBurned", [id, 12n]);
  });

  it("tells that a challenge was lost, and whether by time", async () => {
    const arena = await freshArena();
    const { game } = arena;
    const late = await challenge(arena, await resultWith(arena), arena.stranger, WRONG);
    await playUntil(arena, late, "Tile");
    const proven = await challenge(arena, await resultWith(arena), arena.stranger, WRONG);
    await playUntil(arena, proven, "Named");
    const [, lost] = await eventsOf(game, step(arena, proven, arena.operator));
    expect(lost).to.deep.equal({
      name: "ChallengeLost",
      values: [proven.id, proven.result.job.id, false],
    });
    const { node, at } = await stateOf(arena, late.id);
    await game.revealTile(late.id, late.result.trace.tile(at)!);
    expect(node).not.to.equal(ethers.ZeroHash);
    await passDeadline(arena, late);
    const ended = game.timeout(late.id);
    await expectOnlyEvent(game, ended, "ChallengeLost", [late.id, late.result.job.id, true]);
  });

  it("tells what a conviction gives back: bond and reward of who won, all of what was opened too late", async () => {
    const arena = await freshArena();
    const { game, stranger, newcomer } = arena;
    const result = await resultWith(arena, DEEP);
    const dispute = await challenge(arena, result, stranger);
    const asleep = await commit(arena, result, newcomer, { bond: 9n });
    await play(arena, dispute);
    const { bond, spent, reserved } = await stateOf(arena, dispute.id);
    await expectOnlyEvent(game, game.reclaim(dispute.id), "Reclaimed", [dispute.id, bond - spent, reserved]);
    await expectOnlyEvent(game, open(arena, asleep), "Reclaimed", [asleep.id, 9n, 0n]);
  });

  it("tells new parameters, and their version", async () => {
    const arena = await freshArena();
    const next = { ...(await parametersOf(arena)), priceMultiple: 21n };
    await expectOnlyEvent(arena.game, arena.game.setParameters(next), "ParametersSet", [1n, next]);
    expect(await parametersOf(arena)).to.deep.equal(next);
    await expectOnlyEvent(arena.game, arena.game.setParameters(next), "ParametersSet", [2n, next]);
  });
});

describe("dispute game: parameters", () => {
  it("take every value at its bounds, and the longest dispute that there may be", async () => {
    const arena = await freshArena();
    const { game } = arena;
    const usual = await parametersOf(arena);
    const day = 86_400n;
    const bounds: Partial<typeof usual>[] = [
      { clock: 60n, grace: 60n, openPeriod: 60n },
      { clock: 3n * day, openPeriod: 3n * day },
      { clock: 3n * day, grace: (30n * day) / 23n },
      { stressGasPrice: 1n, tracePricePerSecond: 0n, priceMultiple: 1n, minimumReward: 1n, athPerCoin: 1n },
      { stressGasPrice: 10n ** 14n, tracePricePerSecond: 10n ** 15n, priceMultiple: 10_000n },
      { minimumReward: 10n ** 27n, athPerCoin: 10n ** 30n },
    ];
    for (const change of bounds) {
      await game.setParameters({ ...usual, ...change });
      expect(await parametersOf(arena)).to.deep.equal({ ...usual, ...change });
    }
    // 9 days of windows, 2 clocks and 23 graces are 45 days to the second.
    const exact = { clock: 10n * 3_600n, grace: (36n * day - 20n * 3_600n) / 23n };
    const rest = 36n * day - 2n * exact.clock - 23n * exact.grace;
    const longest = { ...usual, grace: exact.grace, clock: exact.clock + rest / 2n };
    await game.setParameters(longest);
    const beyond = { ...longest, clock: longest.clock + 1n };
    await expect(game.setParameters(beyond)).to.be.revertedWithCustomError(game, "ParameterOutOfBounds");
  });

  it("that are set in the second of a result apply to it", async () => {
    const arena = await freshArena();
    const { game } = arena;
    const job = await createJob(arena);
    const next = { ...(await parametersOf(arena)), minimumReward: 777n * ATH };
    await inOneBlock(async () => {
      await game.setParameters(next);
      await submitResult(arena, job, HONEST_TOKENS);
    });
    const output = { count: 3, tokensRoot: (await resultWith(arena)).output.tokensRoot };
    const result = { job, output, tokens: HONEST_TOKENS, trace: new CountingTrace() };
    const dispute = await challenge(arena, result, arena.stranger);
    expect((await stateOf(arena, dispute.id)).reserved).to.equal(777n * ATH);
  });
});

describe("dispute game: commitments of the same second", () => {
  it("the one that named the tile first is rewarded, whoever proves it", async () => {
    const arena = await freshArena();
    const { game, stranger, newcomer } = arena;
    const result = await resultWith(arena, DEEP);
    const bond = await game.bondOf(result.job.job);
    const challengers = [stranger, newcomer] as const;
    const disputes = await Promise.all(
      challengers.map(async (challenger, index) => {
        const salt = ethers.id(`salt ${index}`);
        const id = await game.challengeIdOf(challenger, result.job.id, salt);
        return { id, salt, challenger, result, own: new CountingTrace() };
      }),
    );
    const [first, second] = disputes as [(typeof disputes)[0], (typeof disputes)[0]];
    await inOneBlock(async () => {
      for (const { id, challenger } of disputes) await game.connect(challenger).commit(id, { value: bond });
    });
    const committed = await Promise.all(
      disputes.map(async ({ id }) => (await game.challengeOf(id)).committedAt),
    );
    expect(committed[0]).to.equal(committed[1]);
    for (const dispute of disputes) await open(arena, dispute);
    await playUntil(arena, first, "Named");
    await playUntil(arena, second, "Named");
    await step(arena, second, newcomer);
    expect(await game.convictionOf(arena.provider)).to.equal(first.id);
  });
});
