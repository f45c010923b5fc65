import { hexlify, randomBytes } from "ethers";
import { nodeHash } from "../../engine/src/commitments/merkle.ts";
import { levelsOf } from "./dispute.ts";

/** Positions, operators and tiles of the vocabulary head of a model of 8 billion parameters: depths of their trees. */
const DEPTHS = [13, 10, 11] as const;

/** A tile of that model. */
export const LONG_WALK = { position: 5_000, operator: 700, tile: 1_500 } as const;

/** A verifier of that shape, for which every element is wrong: `widths` takes 68 bytes and gives 8,192, 774 and 2,004; all else gives false. */
export const LARGE_VERIFIER = "0x36604414600b5760205ff35b6120005f526103066020526107d460405260605ff3";

/** What a reveal shows. */
interface Segment {
  readonly children: Uint8Array[];
  /** Which of them the path goes on to. */
  readonly index: number;
  readonly siblings: string[];
}

/** What is shown on the way to the leaf at `LONG_WALK`, from the root down: all other nodes are random. */
export function segmentsTo(leaf: Uint8Array): { root: Uint8Array; segments: Segment[] } {
  const segments: Segment[] = [];
  let node = leaf;
  for (const [tree, place] of [
    [2, LONG_WALK.tile],
    [1, LONG_WALK.operator],
    [0, LONG_WALK.position],
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
