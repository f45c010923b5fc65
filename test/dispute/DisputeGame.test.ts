// The course of a dispute: every move, what it leaves behind, and who wins what.
import { expect } from "chai";
import { leafHash } from "../../engine/src/commitments/merkle.ts";
import { CountingTrace, elements, HONEST_TOKENS } from "../support/counting.ts";
import {
  type Arena,
  attack,
  challenge,
  commit,
  defend,
  freshArena,
  open,
  passDeadline,
  play,
  playUntil,
  resultWith,
  stateOf,
  step,
} from "../support/dispute.ts";
import { eventsOf } from "../support/expect.ts";
import { LARGE_VERIFIER, LONG_WALK, segmentsTo } from "../support/long-walk.ts";
import { ATH, ethers, networkHelpers, time } from "../support/system.ts";

const LIE = elements(5_000);
const DEEP = { "7/2/33": LIE };

/** Status and rewards after a challenge was played to its end. */
async function verdict(arena: Arena, lies: Parameters<typeof resultWith>[1], tokens?: readonly number[]) {
  const result = await resultWith(arena, lies, tokens);
  const dispute = await challenge(arena, result, arena.stranger);
  const receipts = await play(arena, dispute);
  return { result, dispute, receipts, convicted: await arena.game.convictionOf(arena.provider) };
}

describe("dispute game: the walk", () => {
  for (const [where, lies] of Object.entries({
    "an element in the middle of a large operator": DEEP,
    "the first tile of all": { "0/0/0": LIE },
    "the only tile of an operator": { "3/0/0": LIE },
    "the last tile of the last position": { "11/2/69": LIE },
    "a tile that should be there": { "5/1/2": null },
    "a tile of another length": { "5/1/1": "0x00" },
    "a decoy at a position after the end": { "15/1/0": LIE },
    "a decoy at a position that no model has": { "30": LIE },
    "a decoy at an operator that the model does not have": { "4/3/0": LIE },
    "a decoy at a tile that the operator does not have": { "4/2/100": LIE },
  })) {
    it(`convicts for ${where}`, async () => {
      const arena = await freshArena();
      const { dispute, convicted } = await verdict(arena, lies);
      expect(convicted).to.equal(dispute.id);
      const { at } = await stateOf(arena, dispute.id);
      const [position, operator = 0, tile = 0] = Object.keys(lies)[0]!.split("/").map(Number);
      const named = operator >= 3 ? [position, operator, 0] : [position, operator, tile];
      expect([at.position, at.operator, at.tile]).to.deep.equal(named);
    });
  }

  it("adds up the address where each tree takes several reveals", async () => {
    const arena = await freshArena();
    const { game, stranger, operator } = arena;
    await networkHelpers.setCode(await game.verifier(), LARGE_VERIFIER);
    const dispute = await challenge(arena, await resultWith(arena), stranger);
    const { segments } = segmentsTo(leafHash(Uint8Array.of(1)));
    for (const [number, { children, index, siblings }] of segments.entries()) {
      const shown = children.map((child) => ethers.hexlify(child));
      await game.connect(operator)[number === 0 ? "postTrace" : "reveal"](dispute.id, shown);
      await game.connect(stranger).narrow(dispute.id, index, shown[index]!, siblings);
    }
    expect(segments).to.have.length(7);
    const { at, stage } = await stateOf(arena, dispute.id);
    expect({ ...at, stage }).to.include({ ...LONG_WALK, stage: "Tile" });
  });

  it("convicts for the first wrong token of an answer whose trace is right", async () => {
    const arena = await freshArena();
    const { dispute, convicted } = await verdict(arena, {}, [0, 75, 148]);
    expect(convicted).to.equal(dispute.id);
    expect((await stateOf(arena, dispute.id)).at).to.include({ part: 1, element: 1 });
  });

  it("convicts for an answer that ends too early", async () => {
    const arena = await freshArena();
    const { dispute, convicted } = await verdict(arena, {}, HONEST_TOKENS.slice(0, 2));
    expect(convicted).to.equal(dispute.id);
    expect((await stateOf(arena, dispute.id)).at).to.include({ part: 1, element: 2 });
  });

  it("finds for an honest provider, whatever the challenger names", async () => {
    const arena = await freshArena();
    for (const liar of [DEEP, { "0/0/0": LIE }, { "15/1/0": LIE }, { "30": LIE }]) {
      const result = await resultWith(arena);
      const dispute = await challenge(arena, result, arena.stranger, new CountingTrace(liar));
      await play(arena, dispute);
      expect((await stateOf(arena, dispute.id)).status).to.equal("Lost");
    }
    const dispute = await challenge(arena, await resultWith(arena), arena.stranger);
    await play(arena, dispute);
    expect((await stateOf(arena, dispute.id)).status, "no difference, so a token was named").to.equal("Lost");
    expect(await arena.game.convictionOf(arena.provider)).to.equal(ethers.ZeroHash);
  });

  it("shows as few levels at a time as the depth allows, each reveal as wide as the last", async () => {
    const { game } = await freshArena();
    const levels = await Promise.all([0, 1, 6, 7, 12, 13, 24].map((level) => game.revealLevels(level)));
    expect(levels).to.deep.equal([0n, 1n, 6n, 4n, 6n, 5n, 6n]);
  });

  it("tells everything in events", async () => {
    const arena = await freshArena();
    const { game, stranger, provider, operator } = arena;
    const result = await resultWith(arena, DEEP);
    const dispute = await commit(arena, result, stranger);
    const bond = await game.bondOf(result.job.job);
    const opened = await eventsOf(game, open(arena, dispute));
    const reward = (bond * 10_000n * ATH) / ATH;
    expect(opened).to.deep.equal([
      {
        name: "Opened",
        values: [
          dispute.id,
          result.job.id,
          provider.address,
          stranger.address,
          [
            result.job.job.modelRoot,
            result.job.job.inputRoot,
            result.output.tokensRoot,
            3n,
            true,
            ethers.ZeroHash,
          ],
          reward,
        ],
      },
    ]);
    const posted = await eventsOf(game, defend(arena, dispute));
    expect(posted.map(({ name }) => name)).to.deep.equal(["TracePosted", "Reimbursed"]);
    expect(posted[0]!.values.slice(0, 2)).to.deep.equal([result.job.id, result.trace.root]);
    expect(posted[1]!.values.slice(0, 2)).to.deep.equal([dispute.id, operator.address]);
    const names: string[] = [];
    for (const receipt of await play(arena, dispute)) {
      names.push(...receipt.logs.flatMap((log) => game.interface.parseLog(log)?.name ?? []));
    }
    const reveal = ["Revealed", "Reimbursed", "Narrowed"];
    expect(names).to.deep.equal([
      ...["Narrowed", ...reveal, ...reveal, ...reveal],
      ...["TileRevealed", "Reimbursed", "ElementNamed", "Reimbursed", "Convicted"],
    ]);
  });
});

describe("dispute game: clocks", () => {
  it("gives the trace and the challenger's first move the time to recompute the request, takes the rest off the clock, leaves the grace", async () => {
    const arena = await freshArena();
    const { game, stranger } = arena;
    const { clock, grace } = await game.parameters();
    const dispute = await challenge(arena, await resultWith(arena, DEEP), stranger);
    const window = BigInt(dispute.result.job.job.challengeWindow);
    const openedAt = BigInt(await time.latest());
    expect(await game.turnOf(dispute.id)).to.deep.equal([0n, openedAt + window + clock]);
    // The provider uses all of its clock but a second, the challenger ten seconds of its own.
    await time.setNextBlockTimestamp(openedAt + window + clock - 1n);
    await defend(arena, dispute);
    const tracedAt = BigInt(await time.latest());
    expect(await game.turnOf(dispute.id)).to.deep.equal([1n, tracedAt + window + clock]);
    await time.setNextBlockTimestamp(tracedAt + window + 10n);
    await attack(arena, dispute);
    const movedAt = BigInt(await time.latest());
    const state = await stateOf(arena, dispute.id);
    expect([state.providerClock, state.challengerClock]).to.deep.equal([1n, clock - 10n]);
    expect(await game.turnOf(dispute.id)).to.deep.equal([0n, movedAt + grace]);
    await time.setNextBlockTimestamp(movedAt + grace);
    await defend(arena, dispute);
    expect((await game.turnOf(dispute.id)).side).to.equal(1n);
  });

  it("lets nobody end a challenge in the last second, and anybody in the next", async () => {
    const arena = await freshArena();
    const { game, stranger, newcomer } = arena;
    const dispute = await challenge(arena, await resultWith(arena, DEEP), stranger);
    const { deadline } = await game.turnOf(dispute.id);
    await time.setNextBlockTimestamp(deadline);
    await expect(game.connect(newcomer).timeout(dispute.id))
      .to.be.revertedWithCustomError(game, "NotTooLate")
      .withArgs(deadline, deadline);
    await time.setNextBlockTimestamp(deadline + 1n);
    await game.connect(newcomer).timeout(dispute.id);
    expect(await game.convictionOf(arena.provider)).to.equal(dispute.id);
  });

  it("keeps an honest provider that moves in its last second from losing", async () => {
    const arena = await freshArena();
    const { game, stranger } = arena;
    const dispute = await challenge(arena, await resultWith(arena), stranger, new CountingTrace(DEEP));
    while ((await stateOf(arena, dispute.id)).status === "Live") {
      const { side, deadline } = await game.turnOf(dispute.id);
      await time.setNextBlockTimestamp(deadline);
      await (side === 0n ? defend(arena, dispute) : attack(arena, dispute));
    }
    expect((await stateOf(arena, dispute.id)).status).to.equal("Lost");
  });

  it("plays on after the window, and takes no new challenge", async () => {
    const arena = await freshArena();
    const result = await resultWith(arena, DEEP);
    const dispute = await challenge(arena, result, arena.stranger);
    await time.increase(BigInt(result.job.job.challengeWindow) - 100n);
    const late = await commit(arena, result, arena.newcomer);
    await time.increase(100);
    await expect(open(arena, late)).to.be.revertedWithCustomError(arena.escrow, "ChallengeWindowOver");
    await play(arena, dispute);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(dispute.id);
  });

  it("lets the challenger name an element before the tile is shown", async () => {
    const arena = await freshArena();
    const dispute = await challenge(arena, await resultWith(arena, DEEP), arena.stranger);
    await playUntil(arena, dispute, "Tile");
    await attack(arena, dispute);
    expect((await stateOf(arena, dispute.id)).stage).to.equal("Named");
    await step(arena, dispute, arena.newcomer);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(dispute.id);
  });

  it("convicts a provider that does not defend the named element", async () => {
    const arena = await freshArena();
    const dispute = await challenge(arena, await resultWith(arena, DEEP), arena.stranger);
    await playUntil(arena, dispute, "Named");
    await passDeadline(arena, dispute);
    await expect(step(arena, dispute, arena.operator)).to.be.revertedWithCustomError(arena.game, "TooLate");
    await arena.game.timeout(dispute.id);
    expect(await arena.game.convictionOf(arena.provider)).to.equal(dispute.id);
  });
});
