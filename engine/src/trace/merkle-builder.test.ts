import { expect } from "chai";
import fc from "fast-check";
import { merkleRoot, leafHash, nodeHash, PAD } from "../commitments/merkle.ts";
import { createTreeHasher, PLAIN_HASHER, type TreeHasher } from "./hasher.ts";
import { depthOf, MerkleBuilder, padding, Uniform } from "./merkle-builder.ts";

describe("an incremental Merkle tree", () => {
  let hasher: TreeHasher;
  before(async () => (hasher = await createTreeHasher()));

  const leafOf = (value: number) => leafHash(Uint8Array.of(value));

  it("hashes leaves and nodes as the commitments do, one or many at once", () => {
    for (let size = 1; size <= 560; size += size < 280 ? 1 : 19) {
      const count = 1 + (size % 4);
      const data = Uint8Array.from({ length: count * size }, (_, index) => (31 * index + size) % 251);
      expect(hasher.leaves(data, size), `${count} of ${size} bytes`).to.deep.equal(
        PLAIN_HASHER.leaves(data, size),
      );
    }
    // More than is hashed in one go.
    const long = Uint8Array.from({ length: 5 * 300_000 }, (_, index) => index % 253);
    expect(hasher.leaves(long, 300_000)).to.deep.equal(PLAIN_HASHER.leaves(long, 300_000));
    for (const count of [1, 2, 4, 8, 4096]) {
      const digests = Uint8Array.from({ length: 32 * count }, (_, index) => (17 * index) % 249);
      expect(hasher.subtree(digests), `${count} leaves`).to.deep.equal(PLAIN_HASHER.subtree(digests));
    }
    for (const length of [0, 1, 64, 135, 136, 137, 4096]) {
      const data = Uint8Array.from({ length }, (_, index) => index % 251);
      expect(hasher.leaf(data)).to.deep.equal(leafHash(data));
    }
    expect(hasher.node(3, leafOf(1), leafOf(2))).to.deep.equal(nodeHash(3, leafOf(1), leafOf(2)));
  });

  it("has the root of the whole list, and paths that lead to it, however runs of equal leaves are pushed", () => {
    const runs = fc.array(
      fc.record({
        value: fc.integer({ min: 0, max: 3 }),
        count: fc.integer({ min: 0, max: 40 }),
        together: fc.boolean(),
      }),
      { maxLength: 5 },
    );
    fc.assert(
      fc.property(runs, fc.array(fc.nat(), { maxLength: 4 }), (parts, picks) => {
        const leaves = parts.flatMap(({ value, count }) => new Array<Uint8Array>(count).fill(leafOf(value)));
        const watched = new Set(leaves.length === 0 ? [] : picks.map((pick) => pick % leaves.length));
        const builder = new MerkleBuilder(hasher, padding(hasher), watched);
        for (const { value, count, together } of parts) {
          if (together) builder.pushAll(Buffer.concat(new Array<Uint8Array>(count).fill(leafOf(value))));
          else if (count === 1) builder.push(leafOf(value));
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
