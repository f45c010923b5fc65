import { expect } from "chai";
import fc from "fast-check";
import { merkleRoot, leafHash, nodeHash, PAD } from "../commitments/merkle.ts";
import { createTreeHasher, type TreeHasher } from "./hasher.ts";
import { depthOf, MerkleBuilder, padding, Uniform } from "./merkle-builder.ts";

describe("an incremental Merkle tree", () => {
  let hasher: TreeHasher;
  before(async () => (hasher = await createTreeHasher()));

  const leafOf = (value: number) => leafHash(Uint8Array.of(value));

  it("hashes leaves and nodes as the commitments do", () => {
    for (const length of [0, 1, 64, 135, 136, 137, 4096]) {
      const data = Uint8Array.from({ length }, (_, index) => index % 251);
      expect(hasher.leaf(data)).to.deep.equal(leafHash(data));
    }
    expect(hasher.node(3, leafOf(1), leafOf(2))).to.deep.equal(nodeHash(3, leafOf(1), leafOf(2)));
  });

  it("has the root of the whole list, and paths that lead to it, however runs of equal leaves are pushed", () => {
    const runs = fc.array(
      fc.record({ value: fc.integer({ min: 0, max: 3 }), count: fc.integer({ min: 0, max: 40 }) }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(runs, fc.array(fc.nat(), { maxLength: 4 }), (parts, picks) => {
        const leaves = parts.flatMap(({ value, count }) => new Array<Uint8Array>(count).fill(leafOf(value)));
        const watched = new Set(leaves.length === 0 ? [] : picks.map((pick) => pick % leaves.length));
        const builder = new MerkleBuilder(hasher, padding(hasher), watched);
        for (const { value, count } of parts) {
          if (count === 1) builder.push(leafOf(value));
          else builder.fill(new Uniform(hasher, leafOf(value)), count);
        }
        const root = builder.root();
        expect(root).to.deep.equal(merkleRoot(leaves));
        for (const leaf of watched) {
          const path = builder.path(leaf);
          expect(path).to.have.length(depthOf(leaves.length));
          const climbed = path.reduce(
            (hash, sibling, level) =>
              Math.floor(leaf / 2 ** level) % 2 === 1
                ? nodeHash(level + 1, sibling, hash)
                : nodeHash(level + 1, hash, sibling),
            leaves[leaf]!,
          );
          expect(climbed).to.deep.equal(root);
        }
      }),
      { numRuns: 60 },
    );
  });

  it("is PAD when it is empty", () => {
    expect(new MerkleBuilder(hasher, padding(hasher)).root()).to.deep.equal(PAD);
  });
});
