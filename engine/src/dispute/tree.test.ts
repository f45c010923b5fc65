import { fileURLToPath } from "node:url";
import { expect } from "chai";
import fc from "fast-check";
import { toHex } from "../commitments/hash.ts";
import { leafHash, merkleRoot, nodeHash, PAD } from "../commitments/merkle.ts";
import { importModel } from "../import/import-model.ts";
import type { Model } from "../model.ts";
import { loadModel } from "../node.ts";
import { alteredTree } from "../testing/altered-tree.ts";
import { faultyExecutor } from "../testing/faulty-executor.ts";
import { modelShapes } from "../testing/model-shapes.ts";
import { tinySource } from "../testing/tiny-checkpoint.ts";
import type { TraceAddress } from "../trace/layout.ts";
import { defaultExecutor, type Executor, type TraceRequest } from "../trace/request.ts";
import { openTiles } from "../trace/trace.ts";
import { RevealedNodes } from "./revealed-nodes.ts";
import { createTraceTree, hexOf, TREES, type TraceNode } from "./tree.ts";

const RUNS = process.env["ATHANOR_AUDIT"] ? 60 : 8;
const BARD = fileURLToPath(new URL("../../../models/bard", import.meta.url));

/** Holds the tree to the openings of these tiles: every sibling of their paths, every root and leaf that two trees share. */
async function expectOpenings(model: Model, request: TraceRequest, addresses: readonly TraceAddress[]) {
  const { commitment, openings } = await openTiles(model, request, addresses);
  const tree = createTraceTree(model, request);
  const { layout } = tree;
  const hash = async (node: TraceNode) => toHex((await tree.descendants(node, 0))[0]!);
  expect(await tree.commitment()).to.deep.equal(commitment);
  const top = { tree: TREES.positions, level: layout.positionDepth, index: 0 };
  expect(await hash(top)).to.equal(commitment.positionsRoot);
  for (const { position, operator, tile, data, path } of openings) {
    expect(await tree.tile({ position, operator, tile })).to.deep.equal(data);
    const depth = layout.operators[operator]!.depth;
    const at = { position, operator };
    const walk = [
      { tree: TREES.tiles, depth, leaf: tile },
      { tree: TREES.operators, depth: layout.operatorDepth, leaf: operator },
      { tree: TREES.positions, depth: layout.positionDepth, leaf: position },
    ];
    const siblings: string[] = [];
    let below = toHex(data ? leafHash(data) : PAD);
    for (const { tree: number, depth, leaf } of walk) {
      expect(await hash({ ...at, tree: number, level: 0, index: leaf })).to.equal(below);
      for (let level = 0; level < depth; level++) {
        const index = Math.floor(leaf / 2 ** level) ^ 1;
        siblings.push(await hash({ ...at, tree: number, level, index }));
      }
      below = await hash({ ...at, tree: number, level: depth, index: 0 });
      const leaves = await tree.descendants({ ...at, tree: number, level: depth, index: 0 }, depth);
      expect(leaves).to.have.length(2 ** depth);
      expect(toHex(merkleRoot(leaves))).to.equal(below);
    }
    expect(siblings).to.deep.equal(hexOf(path));
  }
}

describe("the tree of a trace", () => {
  it("has the nodes of every opening, of random programs and addresses", () =>
    fc.assert(
      fc.asyncProperty(
        modelShapes,
        fc.array(fc.nat(), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 4 }),
        fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 5 }),
        async (shape, words, maxTokens, picks) => {
          const model = await importModel(tinySource(shape));
          const prompt = words.slice(0, shape.context - maxTokens).map((word) => word % shape.vocabulary);
          const { operators, positions } = createTraceTree(model, { prompt, maxTokens }).layout;
          const addresses = picks.map(([position, operator, tile]) => ({
            // Half of them near the beginning, where positions exist.
            position: position % (position % 2 === 0 ? positions : prompt.length + maxTokens),
            operator: operator % operators.length,
            tile: tile % operators[operator % operators.length]!.tiles,
          }));
          await expectOpenings(model, { prompt, maxTokens }, addresses);
        },
      ),
      { numRuns: RUNS },
    ));

  it("has them of the bundled model, and replays thrice for a whole walk", async () => {
    const model = await loadModel(BARD);
    const request = { prompt: [1, 2, 3, 4, 5], maxTokens: 3 };
    await expectOpenings(model, request, [
      { position: 4, operator: 7, tile: 63 },
      { position: 6, operator: model.program.operators.length - 1, tile: 0 },
      { position: 2, operator: model.program.operators.length - 1, tile: 0 },
      { position: 511, operator: 3, tile: 0 },
    ]);

    let replays = 0;
    const executor: Executor = (...given) => {
      replays++;
      return defaultExecutor(...given);
    };
    const tree = createTraceTree(model, request, { executor });
    const at = { position: 5, operator: 9 };
    for (const [number, depth] of [
      [TREES.positions, tree.layout.positionDepth],
      [TREES.operators, tree.layout.operatorDepth],
      [TREES.tiles, tree.layout.operators[at.operator]!.depth],
    ] as const) {
      for (let level = depth; level > 0; level--) {
        await tree.descendants({ ...at, tree: number, level, index: 0 }, 1);
      }
    }
    await tree.tile({ ...at, tile: 0 });
    await tree.commitment();
    expect(replays).to.equal(3);
  });

  it("says which node does not exist, and forgets what failed", async () => {
    const model = await importModel(tinySource({}));
    let fails = true;
    const executor: Executor = (...given) => {
      if (fails) return Promise.reject(new Error("out of order"));
      return defaultExecutor(...given);
    };
    const tree = createTraceTree(model, { prompt: [1, 2], maxTokens: 2 }, { executor });
    const { positionDepth, operatorDepth, positions } = tree.layout;
    const thrown = async (node: TraceNode, levels: number) =>
      tree.descendants(node, levels).then(
        () => "nothing",
        (error: unknown) => (error as { code?: string }).code ?? String(error),
      );
    expect(await thrown({ tree: 0, level: positionDepth, index: 0 }, 1)).to.equal("Error: out of order");
    expect(await thrown({ tree: 1, position: 1, level: operatorDepth, index: 0 }, 1)).to.equal(
      "Error: out of order",
    );
    fails = false;
    expect(await thrown({ tree: 0, level: positionDepth, index: 0 }, 1)).to.equal("nothing");
    expect(await thrown({ tree: 1, position: 1, level: operatorDepth, index: 0 }, 1)).to.equal("nothing");
    for (const [node, levels] of [
      [{ tree: 0, level: positionDepth, index: 1 }, 0],
      [{ tree: 0, level: 1, index: 0 }, 2],
      [{ tree: 1, position: positions, level: 0, index: 0 }, 0],
      [{ tree: 3, level: 0, index: 0 }, 0],
    ] as const) {
      expect(await thrown(node, levels), JSON.stringify(node)).to.equal("INVALID_ARGUMENT");
    }
  });

  it("is known from its reveals: nodes between, siblings, the hash that they make", async () => {
    const model = await importModel(tinySource({}));
    const tree = createTraceTree(model, { prompt: [3, 1, 2], maxTokens: 2 });
    const { operatorDepth } = tree.layout;
    const top = { tree: TREES.operators, position: 1, level: operatorDepth, index: 0 };
    const known = new RevealedNodes();
    const hash = known.add(top, await tree.descendants(top, operatorDepth));
    expect([hash]).to.deep.equal(await tree.descendants(top, 0));
    for (let level = 0; level <= operatorDepth; level++) {
      for (let index = 0; index < 2 ** (operatorDepth - level); index++) {
        const node = { ...top, level, index };
        const [expected] = await tree.descendants(node, 0);
        expect(known.find({ ...node, operator: 5 })).to.deep.equal(expected);
        const siblings = known.siblings(node, operatorDepth - level);
        let above = expected!;
        for (const [up, sibling] of siblings.entries()) {
          const isRight = Math.floor(index / 2 ** up) % 2 === 1;
          above = isRight
            ? nodeHash(level + up + 1, sibling!, above)
            : nodeHash(level + up + 1, above, sibling!);
        }
        expect(above).to.deep.equal(hash);
      }
    }
    expect(known.find({ ...top, position: 2 })).to.equal(undefined);
    expect(known.find({ ...top, tree: TREES.positions })).to.equal(undefined);
  });

  it("can be altered in one tile, as those do who lie about it", async () => {
    const model = await importModel(tinySource({}));
    const tree = createTraceTree(model, { prompt: [3, 1, 2], maxTokens: 2 });
    const address = { position: 2, operator: 4, tile: 0 };
    const junk = Uint8Array.of(1, 2, 3);
    const altered = alteredTree(tree, address, junk);
    expect(await altered.tile(address)).to.deep.equal(junk);
    expect(await altered.tile({ ...address, position: 1 })).to.deep.equal(
      await tree.tile({ ...address, position: 1 }),
    );
    const { layout } = tree;
    let below: Uint8Array | undefined = leafHash(junk);
    for (const [number, depth, leaf] of [
      [TREES.tiles, layout.operators[4]!.depth, 0],
      [TREES.operators, layout.operatorDepth, 4],
      [TREES.positions, layout.positionDepth, 2],
    ] as const) {
      const top = { ...address, tree: number, level: depth, index: 0 };
      const leaves = await altered.descendants(top, depth);
      const honest = await tree.descendants(top, depth);
      expect(
        leaves.flatMap((hash, index) => (toHex(hash) === toHex(honest[index]!) ? [] : [index])),
      ).to.deep.equal([leaf]);
      expect(leaves[leaf]).to.deep.equal(below);
      [below] = await altered.descendants(top, 0);
      expect(below).to.deep.equal(merkleRoot(leaves));
    }
    expect((await altered.commitment()).positionsRoot).to.equal(toHex(below!));
  });

  it("of a faulty computation differs first where the fault is", async () => {
    const model = await importModel(tinySource({}));
    const request = { prompt: [3, 1, 2], maxTokens: 3 };
    const change = (value: number | bigint) => Number(value) + 1_000;
    const fault = { position: 2, operator: 6, section: "output", element: 1, change };
    const tree = createTraceTree(model, request);
    const faulty = createTraceTree(model, request, { executor: faultyExecutor(fault) });
    const difference = async (number: number, depth: number) => {
      const top = { tree: number, position: 2, operator: 6, level: depth, index: 0 };
      const [found, expected] = await Promise.all([faulty, tree].map((each) => each.descendants(top, depth)));
      return found!.findIndex((hash, index) => toHex(hash) !== toHex(expected![index]!));
    };
    expect(await difference(TREES.positions, tree.layout.positionDepth)).to.equal(2);
    expect(await difference(TREES.operators, tree.layout.operatorDepth)).to.equal(6);
    const at = { position: 2, operator: 6, tile: 0 };
    expect(await faulty.tile(at)).to.not.deep.equal(await tree.tile(at));
    // What follows was computed from it.
    const logits = model.program.operators.find(({ kind }) => kind === "sample")!.inputs[0]!;
    const after = { ...at, operator: logits };
    expect(await faulty.tile(after)).to.not.deep.equal(await tree.tile(after));
  });
});
