// What a dispute costs at the shape of a model of 8 billion parameters, move by move, without the execution of the element itself.
import { expect } from "chai";
import { hexlify, randomBytes } from "ethers";
import { leafHash, nodeHash } from "../../engine/src/commitments/merkle.ts";
import { claimOf, HONEST_TOKENS } from "../support/counting.ts";
import { commit, freshArena, levelsOf, open, resultWith, stateOf } from "../support/dispute.ts";
import { networkHelpers, time } from "../support/system.ts";

/** Positions, operators and tiles of the vocabulary head, and their trees' depths. */
const DEPTHS = [13, 10, 11] as const;
const AT = { position: 5_000, operator: 700, tile: 1_500 } as const;
const TILE_BYTES = 4_096;

/** A verifier of that shape, for which every element is wrong: `widths` takes 68 bytes and gives 8,192, 774 and 2,004; all else gives false. */
const VERIFIER = "0x36604414600b5760205ff35b6120005f526103066020526107d460405260605ff3";

interface Segment {
  readonly children: Uint8Array[];
  /** Which of them the path goes on to. */
  readonly index: number;
  readonly siblings: string[];
}

/** What is shown on the way to a leaf, from the root down: all other nodes are random. */
function segmentsTo(leaf: Uint8Array): { root: Uint8Array; segments: Segment[] } {
  const segments: Segment[] = [];
  let node = leaf;
  for (const [tree, place] of [
    [2, AT.tile],
    [1, AT.operator],
    [0, AT.position],
  ] as const) {
    const steps: number[] = [];
    for (let level: number = DEPTHS[tree]; level > 0; level -= steps.at(-1)!) steps.push(levelsOf(level));
    let height = 0;
    for (const levels of steps.toReversed()) {
      const index = Math.floor(place / 2 ** height) % 2 ** levels;
      const children = Array.from({ length: 2 ** levels }, (_, number) =>
        number === index ? node : randomBytes(32),
      );
      const siblings: string[] = [];
      let row = children;
      for (let level = 1; row.length > 1; level++) {
        siblings.push(hexlify(row[(index >> (level - 1)) ^ 1]!));
        const below = row;
        row = Array.from({ length: below.length / 2 }, (_, number) =>
          nodeHash(height + level, below[2 * number]!, below[2 * number + 1]!),
        );
      }
      segments.unshift({ children, index, siblings });
      node = row[0]!;
      height += levels;
    }
  }
  return { root: node, segments };
}

describe("dispute game: gas", () => {
  it("stays below 2.15 million for both sides together, from commitment to verdict, at the shape of 8 billion parameters", async () => {
    const arena = await freshArena();
    const { game, stranger, operator } = arena;
    await networkHelpers.setCode(await game.verifier(), VERIFIER);
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
      ...AT,
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
