import { expect } from "chai";
import { toHex, type Hex } from "../commitments/hash.ts";
import { leafHash, PAD } from "../commitments/merkle.ts";
import { alteredTree } from "../testing/altered-tree.ts";
import { faultyExecutor } from "../testing/faulty-executor.ts";
import { generateRandom } from "../testing/random.ts";
import { longScene, privateScene, tinyScenes } from "../testing/step-models.ts";
import {
  flipElement,
  operatorOf,
  randomElement,
  sectionsAt,
  stageOf,
  traceAddress,
  type Stage,
} from "../testing/step-scenes.ts";
import { ELEMENT_BYTES } from "../trace/encode-tile.ts";
import { traceLayout } from "../trace/layout.ts";
import { claimOf, type ElementAddress } from "./claim.ts";
import { RevealedNodes } from "./revealed-nodes.ts";
import { createTraceTree, TREES, type TraceTree } from "./tree.ts";
import { stepWitness, type KnownNodes, type StepWitness } from "./witness.ts";

const LIES = process.env.ATHANOR_AUDIT ? 100 : 3;

/** Where a dispute ends: the claim's leaf there, its bytes where it is a tile, and what was revealed on the way. */
interface Bottom {
  readonly address: ElementAddress;
  readonly leaf: Hex;
  readonly ownTile: Uint8Array | undefined;
  readonly known: RevealedNodes;
}

/** Walks to the first tile of `claimed` that is not as in `own`; reveals two children of each node on the way, and nothing else. */
async function descend(claimed: TraceTree, own: TraceTree): Promise<Bottom> {
  const { layout } = own;
  const known = new RevealedNodes();
  const walk = async (tree: number, depth: number, position: number, operator: number): Promise<number> => {
    let index = 0;
    for (let level = depth; level > 0; level--) {
      const node = { tree, position, operator, level, index };
      const [children, expected] = await Promise.all([claimed, own].map((each) => each.descendants(node, 1)));
      known.add(node, children!);
      index = 2 * index + (toHex(children![0]!) === toHex(expected![0]!) ? 1 : 0);
    }
    return index;
  };
  const position = await walk(TREES.positions, layout.positionDepth, 0, 0);
  const operator = await walk(TREES.operators, layout.operatorDepth, position, 0);
  const tile = await walk(TREES.tiles, layout.operators[operator]!.depth, position, operator);
  const at = { position, operator, tile };
  const [ownTile, expected] = await Promise.all([claimed.tile(at), own.tile(at)]);
  const differs = ownTile && expected ? ownTile.findIndex((byte, offset) => byte !== expected[offset]) : 0;
  const section = layout.operators[operator]!.sections.findLast(({ firstTile }) => firstTile <= tile)!;
  const width = ELEMENT_BYTES[section.type];
  return {
    address: traceAddress(position, operator, tile, Math.floor(Math.max(0, differs) / width)),
    leaf: toHex(ownTile ? leafHash(ownTile) : PAD),
    ownTile,
    known,
  };
}

function nodesOf(known: RevealedNodes): KnownNodes {
  return (tree, [position = 0, operator = 0], level, index) =>
    known.find({ tree, position, operator, level, index });
}

/** What the chain decides about the claim of who has `claimed`, on the witness of who has the honest trace. */
async function decide(stage: Stage, claimed: TraceTree): Promise<Bottom & StepWitness> {
  const { model, request } = stage;
  const bottom = await descend(claimed, createTraceTree(model, request));
  const claim = claimOf(model, request, await claimed.commitment());
  const step = await stepWitness(model, request, claim, bottom.address, {
    leaf: bottom.leaf,
    ...(bottom.ownTile && { ownTile: bottom.ownTile }),
    nodes: nodesOf(bottom.known),
  });
  return { ...bottom, ...step };
}

describe("a claim that differs from the honest trace", () => {
  let stages: Stage[];
  before(async () => {
    stages = await Promise.all(
      [...(await tinyScenes()), await longScene(), await privateScene()].map(stageOf),
    );
  });

  it("is shown to be wrong where one bit of a computation was flipped, and all else follows from it", async () => {
    const random = generateRandom(31);
    for (const stage of stages) {
      const { model, request, last, name } = stage;
      for (let lie = 0; lie < LIES; lie++) {
        const position = lie === 0 ? last : Math.floor(random() * (last + 1));
        const candidates = sectionsAt(stage, position);
        const { operator, section } = candidates[Math.floor(random() * candidates.length)]!;
        // A chunk that does not exist could not be computed with.
        const element = section.name === "draw" ? 1 : 0;
        const fault = { position, operator, section: section.name, element };
        const claimed = createTraceTree(model, request, { executor: faultyExecutor(fault) });
        const { correct, address } = await decide(stage, claimed);
        const where = `${name}: ${JSON.stringify(fault)}`;
        expect(address, where).to.include({ position, operator, element });
        expect(correct, where).to.equal(false);
      }
    }
  });

  it("is shown to be wrong where one tile has another bit, another length, PAD, or junk where PAD should be", async () => {
    const random = generateRandom(32);
    for (const stage of stages) {
      const { model, request, last, name } = stage;
      const honest = createTraceTree(model, request);
      for (let lie = 0; lie < LIES; lie++) {
        const candidates = sectionsAt(stage, last);
        const { operator, section } = candidates[Math.floor(random() * candidates.length)]!;
        const address = randomElement(stage, random, last, operator, section);
        const tile = (await honest.tile(address))!;
        const lies = [
          flipElement(stage, random, tile, address),
          Uint8Array.of(...tile, 0),
          tile.subarray(1),
          new Uint8Array(),
          undefined,
        ];
        const beyond = { ...address, position: last + 1 };
        for (const [at, data] of [
          ...lies.map((bytes) => [address, bytes] as const),
          [beyond, tile] as const,
        ]) {
          const { correct, address: found } = await decide(stage, alteredTree(honest, at, data));
          const where = `${name}: ${JSON.stringify(at)} ${data?.length}`;
          expect(found, where).to.include({ position: at.position, operator, tile: at.tile });
          expect(correct, where).to.equal(false);
        }
      }
    }
  });

  it("is shown to be wrong where a greedy request has anything in a section that only sampled ones have", async () => {
    const stage = stages[0]!;
    const { model, request, last } = stage;
    const honest = createTraceTree(model, request);
    const operator = operatorOf(stage, "sample");
    for (const section of traceLayout(model.program).operators[operator]!.sections) {
      if (!section.sampled) continue;
      const address = { position: last, operator, tile: section.firstTile };
      const data = new Uint8Array(Math.min(section.tile, section.size) * ELEMENT_BYTES[section.type]);
      const { correct, address: found } = await decide(stage, alteredTree(honest, address, data));
      expect(found, section.name).to.include(address);
      expect(correct, section.name).to.equal(false);
    }
  });

  it("is shown to be right by an honest provider, wherever a challenger sees another trace", async () => {
    const random = generateRandom(33);
    for (const stage of stages) {
      const { model, request, claim, last, name } = stage;
      const honest = createTraceTree(model, request);
      for (let lie = 0; lie < LIES; lie++) {
        const candidates = sectionsAt(stage, last);
        const { operator, section } = candidates[Math.floor(random() * candidates.length)]!;
        const address = randomElement(stage, random, last, operator, section);
        const bottom = await descend(honest, alteredTree(honest, address, Uint8Array.of(1)));
        const { correct } = await stepWitness(
          model,
          request,
          claim,
          { ...address, tile: bottom.address.tile },
          { nodes: nodesOf(bottom.known) },
        );
        expect(correct, `${name}: ${JSON.stringify(address)}`).to.equal(true);
      }
    }
  });
});
