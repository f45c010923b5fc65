// What a dispute costs at the shape of a model of 8 billion parameters, move by move, without the execution of the element itself.
import { expect } from "chai";
import { hexlify, randomBytes } from "ethers";
import { leafHash } from "../../engine/src/commitments/merkle.ts";
import { claimOf, HONEST_TOKENS } from "../support/counting.ts";
import { commit, freshArena, open, resultWith, stateOf } from "../support/dispute.ts";
import { LARGE_VERIFIER, LONG_WALK, segmentsTo } from "../support/long-walk.ts";
import { networkHelpers, time } from "../support/system.ts";

const TILE_BYTES = 4_096;

describe("dispute game: gas", () => {
  it("stays below 2.15 million for both sides together, from commitment to verdict, at the shape of 8 billion parameters", async () => {
    const arena = await freshArena();
    const { game, stranger, operator } = arena;
    await networkHelpers.setCode(await game.verifier(), LARGE_VERIFIER);
    const result = await resultWith(arena);
    const tile = randomBytes(TILE_BYTES);
    const { root, segments } = segmentsTo(leafHash(tile));
    const spent: Record<string, bigint[]> = {};
    const note = async (name: string, sent: Promise<{ wait(): Promise<{ gasUsed: bigint } | null> }>) => {
      (spent[name] ??= []).push((await (await sent).wait())!.gasUsed);
    };

    const dispute = await commit(arena, result, stranger);
    const bond = await game.bondOf(result.job.job);
    const another = await game.challengeIdOf(stranger, result.job.id, hexlify(randomBytes(32)));
    await note("commit", game.connect(stranger).commit(another, { value: bond }));
    await note("open", open(arena, dispute));
    for (const [number, { children, index, siblings }] of segments.entries()) {
      await time.increase(1);
      const shown = children.map((child) => hexlify(child));
      const defence = game.connect(operator);
      if (number === 0) await note("postTrace", defence.postTrace(dispute.id, shown));
      else await note("reveal", defence.reveal(dispute.id, shown));
      await note("narrow", game.connect(stranger).narrow(dispute.id, index, shown[index]!, siblings));
    }
    await note("revealTile", game.connect(operator).revealTile(dispute.id, tile));
    await note("nameElement", game.connect(stranger).nameElement(dispute.id, hexlify(leafHash(tile)), 7));
    const claim = claimOf(result.job.job, HONEST_TOKENS, hexlify(root));
    await note("step without execution", game.connect(stranger).step(dispute.id, claim, "0x"));
    expect({ ...(await stateOf(arena, dispute.id)).at }).to.deep.include({
      ...LONG_WALK,
      element: 7,
    });

    const total = Object.values(spent)
      .flat()
      .reduce((sum, gas) => sum + gas, 0n);
    if (process.env["ATHANOR_PRINT_GAS"] !== undefined) console.log(spent, total);
    expect(segments).to.have.length(7);
    expect(total).to.be.lessThan(2_150_000n);
    for (const gas of spent["narrow"]!.slice(1, -1)) expect(gas, "narrow").to.be.lessThan(70_000n);
    for (const gas of spent["reveal"]!) expect(gas, "reveal").to.be.lessThan(160_000n);
  });
});
