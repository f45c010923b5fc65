// Attacks on the proof: lies about trees and openings, starving the judge, reorganisations, blessings.
import { expect } from "chai";
import { JobStatus } from "../../sdk/src/generated/enums.ts";
import { claimOf, CountingTrace, elements } from "../support/counting.ts";
import {
  type Arena,
  attack,
  challenge,
  commit,
  defend,
  type Dispute,
  freshArena,
  HONEST,
  narrowing,
  narrowTo,
  open,
  passDeadline,
  play,
  playUntil,
  resultWith,
  stateOf,
  step,
} from "../support/dispute.ts";
import { ATH, ethers, networkHelpers, passWindow, profileOf } from "../support/system.ts";

const LIE = elements(5_000);
const DEEP = { "7/2/33": LIE };
const WRONG = new CountingTrace(DEEP);

const convicted = async ({ game, provider }: Arena) =>
  (await game.convictionOf(provider)) !== ethers.ZeroHash;

/** A sequence of bits after which nothing of a challenge may have changed. */
async function footprint(arena: Arena, { id }: Dispute) {
  return JSON.stringify(
    [await stateOf(arena, id), await arena.game.credit(arena.provider), await convicted(arena)],
    (_, value: unknown) => (typeof value === "bigint" ? String(value) : value),
  );
}

describe("attack: a forged trace root", () => {
  it("only the operator and the watchtower post the trace, and only once", async () => {
    const arena = await freshArena();
    const { game, stranger, provider, operator, watchtower } = arena;
    const result = await resultWith(arena, {});
    const dispute = await challenge(arena, result, stranger);
    const forged: Dispute = { ...dispute, result: { ...result, trace: WRONG } };
    for (const sender of [stranger, provider]) {
      await expect(defend(arena, forged, sender))
        .to.be.revertedWithCustomError(game, "NotDefender")
        .withArgs(sender.address, operator.address, watchtower.address);
    }
    await defend(arena, dispute, watchtower);
    await expect(defend(arena, dispute, operator))
      .to.be.revertedWithCustomError(game, "TraceAlreadyPosted")
      .withArgs(result.job.id);
  });

  it("a provider without a watchtower does not have the zero address as one", async () => {
    const arena = await freshArena();
    const { game, providers, provider, operator } = arena;
    await providers.connect(provider).update(profileOf(operator));
    const { id, result } = await challenge(arena, await resultWith(arena), arena.stranger);
    const children = result.trace.descendants(0, { position: 0, operator: 0 }, 5, 0, 5);
    const nobody = await ethers.getImpersonatedSigner(ethers.ZeroAddress);
    await expect(game.connect(nobody).postTrace.staticCall(id, children))
      .to.be.revertedWithCustomError(game, "NotDefender")
      .withArgs(ethers.ZeroAddress, operator.address, ethers.ZeroAddress);
  });
});

describe("attack: a node that was shown elsewhere", () => {
  it("one that stands on another level, too, is not shown there: the provider has to, and cannot", async () => {
    const arena = await freshArena();
    const { game, provider } = arena;
    // The root over the 3 tiles of operator 1 stands in for the one over the 70 of operator 2.
    const [, shown] = HONEST.descendants(1, { position: 3, operator: 0 }, 2, 0, 2);
    const result = await resultWith(arena, { "3/2": shown! });
    const distracting = await challenge(arena, result, arena.newcomer);
    await defend(arena, distracting);
    await narrowTo(arena, distracting, 3);
    await defend(arena, distracting);
    await narrowTo(arena, distracting, 1);
    await defend(arena, distracting);
    const honest = await challenge(arena, result, arena.stranger);
    await attack(arena, honest);
    await attack(arena, honest);
    const { node, tree, level } = await stateOf(arena, honest.id);
    expect({ node, tree, level }).to.deep.equal({ node: shown, tree: 2, level: 7 });
    expect((await game.turnOf(honest.id)).side).to.equal(0n);
    await passDeadline(arena, honest);
    await game.timeout(honest.id);
    expect(await game.convictionOf(provider)).to.equal(honest.id);
  });

  it("what was shown of one result's trace is not shown of another's", async () => {
    const arena = await freshArena();
    const { game } = arena;
    const [first, second] = [await resultWith(arena, DEEP), await resultWith(arena, DEEP)];
    await playUntil(arena, await challenge(arena, first, arena.stranger), "Named");
    const dispute = await challenge(arena, second, arena.stranger);
    for (const stage of ["Root", "Descent", "Descent", "Descent", "Tile"] as const) {
      expect((await stateOf(arena, dispute.id)).stage).to.equal(stage);
      expect((await game.turnOf(dispute.id)).side, stage).to.equal(0n);
      await defend(arena, dispute);
      await attack(arena, dispute);
    }
  });
});

describe("attack: an inconsistent tree", () => {
  it("children that do not hash to their node are none", async () => {
    const arena = await freshArena();
    const result = await resultWith(arena, DEEP);
    const dispute = await challenge(arena, result, arena.stranger);
    await playUntil(arena, dispute, "Descent");
    const { node } = await stateOf(arena, dispute.id);
    const lying: Dispute = { ...dispute, result: { ...result, trace: new CountingTrace({ "7/2/32": LIE }) } };
    await expect(defend(arena, lying)).to.be.revertedWithCustomError(arena.game, "UnexpectedNode");
    await passDeadline(arena, dispute);
    await arena.game.timeout(dispute.id);
    expect(await convicted(arena)).to.equal(true);
    expect(node).not.to.equal(ethers.ZeroHash);
  });

  it("a position whose root nobody can open convicts", async () => {
    const arena = await freshArena();
    const dispute = await challenge(arena, await resultWith(arena, { "7": "0xabcd" }), arena.stranger);
    await playUntil(arena, dispute, "Descent");
    await passDeadline(arena, dispute);
    await arena.game.timeout(dispute.id);
    expect(await convicted(arena)).to.equal(true);
  });
});

describe("attack: a wrong child", () => {
  it("a node that is not below the current one is refused, wherever it is said to be", async () => {
    const arena = await freshArena();
    const { game, stranger } = arena;
    const dispute = await challenge(arena, await resultWith(arena, DEEP), stranger);
    await defend(arena, dispute);
    const { node, siblings } = await narrowing(arena, dispute, 7);
    const as = game.connect(stranger);
    for (const [index, hash, path] of [
      [6, node, siblings],
      [7, ethers.id("another"), siblings],
      [7, node, siblings.toReversed()],
    ] as const) {
      await expect(as.narrow(dispute.id, index, hash, path)).to.be.revertedWithCustomError(
        game,
        "UnexpectedNode",
      );
    }
    await expect(as.narrow(dispute.id, 32 + 7, node, siblings)).to.be.revert(ethers);
    await expect(as.narrow(dispute.id, 7, node, siblings.slice(1)))
      .to.be.revertedWithCustomError(game, "WrongNumberOfChildren")
      .withArgs(4, 5);
    await expect(narrowTo(arena, dispute, 7, arena.newcomer)).to.be.revertedWithCustomError(
      game,
      "NotChallenger",
    );
  });

  it("one that follows a lie but is right in itself loses", async () => {
    const arena = await freshArena();
    // Everything after the lie counts on from it, consistently.
    const result = await resultWith(arena, { "11/2/68": LIE, "11/2/69": elements(5_001) });
    const dispute = await challenge(arena, result, arena.stranger);
    await defend(arena, dispute);
    await narrowTo(arena, dispute, 11);
    await defend(arena, dispute);
    await narrowTo(arena, dispute, 2);
    await defend(arena, dispute);
    await narrowTo(arena, dispute, 8);
    await defend(arena, dispute);
    await narrowTo(arena, dispute, 5);
    await arena.game
      .connect(arena.stranger)
      .nameElement(dispute.id, (await stateOf(arena, dispute.id)).node, 0);
    await step(arena, dispute, arena.operator);
    expect((await stateOf(arena, dispute.id)).status).to.equal("Lost");
  });
});

describe("attack: defence with bad openings", () => {
  it("reverts, whatever is wrong, and changes nothing", async () => {
    const arena = await freshArena();
    const { game, operator } = arena;
    const result = await resultWith(arena, DEEP);
    const dispute = await challenge(arena, result, arena.stranger);
    await playUntil(arena, dispute, "Named");
    const before = await footprint(arena, dispute);
    const { at } = await stateOf(arena, dispute.id);
    const claim = claimOf(result.job.job, result.tokens, result.trace.root);
    const consistent = new CountingTrace({ "7/2/32": elements(4_999), ...DEEP });
    const foreign = new CountingTrace({ "7/2/33": elements(0) });
    for (const witness of [
      consistent.witness(at),
      foreign.witness(at),
      "0x",
      result.trace.witness(at).slice(0, -64),
    ]) {
      await expect(game.connect(operator).step(dispute.id, claim, witness)).to.be.revert(ethers);
    }
    for (const other of [
      { ...claim, positionsRoot: consistent.root },
      { ...claim, inputRoot: ethers.id("another") },
      { ...claim, outputCount: 2 },
      { ...claim, complete: false },
      { ...claim, modelRoot: ethers.ZeroHash },
    ]) {
      await expect(
        game.connect(operator).step(dispute.id, other, result.trace.witness(at)),
      ).to.be.revertedWithCustomError(game, "ClaimMismatch");
    }
    expect(await footprint(arena, dispute)).to.equal(before);
  });
});

describe("attack: starved gas", () => {
  it("a step that runs out of gas is no verdict, at whatever point it does", async () => {
    for (const lies of [{}, DEEP]) {
      const arena = await freshArena();
      const own = lies === DEEP ? new CountingTrace() : WRONG;
      const dispute = await challenge(arena, await resultWith(arena, lies), arena.stranger, own);
      await playUntil(arena, dispute, "Named");
      const before = await footprint(arena, dispute);
      const snapshot = await networkHelpers.takeSnapshot();
      const { gasUsed } = (await (await step(arena, dispute, arena.operator)).wait())!;
      await snapshot.restore();
      let starved = 0;
      for (let gas = 30_000n; gas < gasUsed; gas += gasUsed / 40n) {
        const sent = await step(arena, dispute, arena.newcomer, gas).then(
          (tx) =>
            tx.wait().then(
              () => true,
              () => false,
            ),
          () => false,
        );
        if (sent) break;
        starved++;
        expect(await footprint(arena, dispute)).to.equal(before);
      }
      expect(starved).to.be.greaterThan(20);
      await snapshot.restore();
      await step(arena, dispute, arena.newcomer);
      expect(await convicted(arena)).to.equal(lies === DEEP);
    }
  });
});

describe("attack: reorganisation of a move", () => {
  it("a move that was made for another trace is refused", async () => {
    const arena = await freshArena();
    const { game, stranger } = arena;
    const result = await resultWith(arena, DEEP);
    const dispute = await challenge(arena, result, stranger);
    const fork = await networkHelpers.takeSnapshot();
    await defend(arena, dispute);
    const move = await narrowing(arena, dispute, 7);
    await fork.restore();
    // On the other branch the provider posts a trace that differs elsewhere.
    const other: Dispute = { ...dispute, result: { ...result, trace: new CountingTrace({ "3/0/0": LIE }) } };
    await defend(arena, other);
    await expect(
      game.connect(stranger).narrow(dispute.id, 7, move.node, move.siblings),
    ).to.be.revertedWithCustomError(game, "UnexpectedNode");
    await expect(
      game.connect(stranger).disputeOutput(dispute.id, result.trace.root, 0),
    ).to.be.revertedWithCustomError(game, "UnexpectedNode");
    await play(arena, other);
    expect(await convicted(arena)).to.equal(true);
  });

  it("an element that was named in another tile is refused", async () => {
    const arena = await freshArena();
    const dispute = await challenge(arena, await resultWith(arena, DEEP), arena.stranger);
    await playUntil(arena, dispute, "Tile");
    await expect(
      arena.game.connect(arena.stranger).nameElement(dispute.id, ethers.id("another tile"), 0),
    ).to.be.revertedWithCustomError(arena.game, "UnexpectedNode");
  });
});

describe("attack: a result blessed by a challenge", () => {
  it("a lost challenge finalises nothing: another one still convicts", async () => {
    const arena = await freshArena();
    const { escrow, newcomer, stranger, provider } = arena;
    const result = await resultWith(arena, DEEP);
    const staged = await challenge(arena, result, newcomer);
    await defend(arena, staged);
    const honest = await commit(arena, result, stranger);
    await open(arena, honest);
    await narrowTo(arena, staged, 0);
    while ((await stateOf(arena, staged.id)).stage === "Descent") {
      await defend(arena, staged);
      await narrowTo(arena, staged, 0);
    }
    await arena.game.connect(newcomer).nameElement(staged.id, (await stateOf(arena, staged.id)).node, 0);
    await step(arena, staged, provider);
    expect((await stateOf(arena, staged.id)).status).to.equal("Lost");
    await passWindow(result.job);
    await expect(escrow.finalize(result.job.job, result.output, provider)).to.be.revertedWithCustomError(
      escrow,
      "ChallengesAlive",
    );
    expect(await escrow.finalizeBatch.staticCall([result.job.job], [result.output], provider)).to.equal(0n);
    await play(arena, honest);
    expect(await arena.game.convictionOf(provider)).to.equal(honest.id);
    await expect(escrow.finalize(result.job.job, result.output, provider)).to.be.revert(ethers);
  });
});

describe("attack: a thousand lies at once", () => {
  it("one conviction refunds them all, and costs what it costs for one", async () => {
    const one = await freshArena();
    const single = await challenge(one, await resultWith(one, DEEP), one.stranger);
    const gasForOne = (await play(one, single)).at(-1)!.gasUsed;

    const arena = await freshArena();
    const { escrow, vault, client, addresses } = arena;
    const before = await vault.accountOf(addresses.ath, client);
    const results = [await resultWith(arena, DEEP)];
    for (let index = 0; index < 30; index++) results.push(await resultWith(arena, DEEP));
    const dispute = await challenge(arena, results[0]!, arena.stranger);
    const gas = (await play(arena, dispute)).at(-1)!.gasUsed;
    expect(gas).to.be.lessThan((gasForOne * 11n) / 10n);
    for (const { job } of results) {
      await escrow.refund(job.job, client);
      expect(Number((await escrow.jobState(job.id)) & 0xffn)).to.equal(JobStatus.Refunded);
    }
    expect(await vault.accountOf(addresses.ath, client)).to.deep.equal(before);
    expect(before.escrowed).to.equal(0n);
    expect(before.available).to.be.greaterThan(ATH);
  });
});
