import { fromHex, leafHash, nodeHash, PAD, toHex } from "@athanor/engine/commitments";
import { PART, verifyStep, type Claim, type ElementAddress } from "@athanor/engine/dispute";
import type { DisputeContext } from "../disputes/context.ts";
import { revealLevels } from "../disputes/descent.ts";
import type { Dispute } from "../disputes/dispute.ts";
import type { Move } from "../disputes/moves.ts";
import type { ChallengeState } from "../disputes/state.ts";

const ROOT = { position: 0, operator: 0, tile: 0, element: 0, part: PART.trace } as const;
const NOTHING = `0x${"00".repeat(32)}`;

/**
 * The rules of docs/dispute.md on paper: one live challenge, no clocks, no money, the engine's judgement instead of the chain's.
 * Refuses every move that they do not allow.
 */
export class PaperGame {
  readonly #claim: Omit<Claim, "positionsRoot">;
  readonly #dispute: Dispute;
  readonly #children = new Map<string, Uint8Array[]>();
  readonly #tiles = new Map<string, Uint8Array>();
  state: ChallengeState;
  verdict: "Won" | "Lost" | undefined;
  /** Moves made, in order. */
  readonly moves: Move["kind"][] = [];

  /** @param dispute its job and result are what both sides see; its own trace is only used for the shape */
  constructor(dispute: Dispute, claim: Omit<Claim, "positionsRoot">) {
    this.#dispute = dispute;
    this.#claim = claim;
    this.state = {
      id: NOTHING,
      jobId: dispute.job.id,
      status: "Live",
      stage: "Root",
      challenger: "",
      committedAt: 0,
      node: NOTHING,
      tree: 0,
      level: 0,
      at: ROOT,
      provider: "",
      traced: false,
      positionsRoot: NOTHING,
      convicted: false,
      turn: { side: "Provider", deadline: 1 },
      time: 0,
    };
  }

  /** What a player sees of the chain. */
  get context(): DisputeContext {
    const context = {
      options: {},
      contracts: {
        disputeGame: { revealedAt: (_: string, leaf: string) => (this.#tiles.has(leaf) ? 1n : 0n) },
      },
      reveals: {
        children: (_: string, { node, hash }: { node: { tree: number; level: number }; hash: string }) =>
          this.#children.get(keyOf(node, hash)),
        tile: (_: string, leaf: string) => this.#tiles.get(leaf),
      },
    };
    return context as unknown as DisputeContext;
  }

  make({ kind, args }: Move): void {
    this.moves.push(kind);
    if (kind === "postTrace") return this.#postTrace(hashes(args[1]));
    if (kind === "reveal") return this.#reveal(hashes(args[1]));
    if (kind === "narrow") return this.#narrow(Number(args[1]), fromHex(String(args[2])), hashes(args[3]));
    if (kind === "revealTile") return this.#revealTile(args[1] as Uint8Array);
    if (kind === "disputeOutput") return this.#disputeOutput(String(args[1]), Number(args[2]));
    if (kind === "nameElement") return this.#nameElement(String(args[1]), Number(args[2]));
    if (kind === "step") return this.#step(args[1] as Claim, args[2] as Uint8Array);
    throw new Error(`No ${kind} on paper.`);
  }

  #postTrace(children: Uint8Array[]): void {
    demand(!this.state.traced, "a trace only once");
    const { positionDepth: level } = this.#layout;
    demand(children.length === 2 ** revealLevels(level), "the right number of descendants");
    const root = toHex(rootAbove(children, level));
    this.#children.set(keyOf({ tree: 0, level }, root), children);
    this.#turn({ traced: true, positionsRoot: root }, "Challenger");
  }

  #reveal(children: Uint8Array[]): void {
    const { stage, node, level, turn } = this.state;
    demand(stage === "Descent" && turn!.side === "Provider", "a reveal on the provider's turn");
    demand(children.length === 2 ** revealLevels(level), "the right number of descendants");
    demand(toHex(rootAbove(children, level)) === node, "descendants of the node");
    this.#children.set(keyOf(this.state, node), children);
    this.#turn({}, "Challenger");
  }

  #narrow(index: number, node: Uint8Array, siblings: Uint8Array[]): void {
    const { stage, traced, positionsRoot } = this.state;
    demand(traced && (stage === "Root" || stage === "Descent"), "something to narrow");
    const from = stage === "Root" ? { tree: 0, level: this.#layout.positionDepth } : this.state;
    const hash = stage === "Root" ? positionsRoot : this.state.node;
    demand(this.#children.has(keyOf(from, hash)), "a revealed node");
    const levels = revealLevels(from.level);
    demand(siblings.length === levels && index < 2 ** levels, "a path from a descendant to the node");
    const above = siblings.reduce(
      (below, sibling, up) =>
        Math.floor(index / 2 ** up) % 2 === 1
          ? nodeHash(from.level - levels + up + 1, sibling, below)
          : nodeHash(from.level - levels + up + 1, below, sibling),
      node,
    );
    demand(toHex(above) === hash, "a descendant of the node");
    const names = ["position", "operator", "tile"] as const;
    const name = names[from.tree]!;
    const at = { ...this.state.at, [name]: this.state.at[name] * 2 ** levels + index };
    this.#arrive(toHex(node), from.tree, from.level - levels, at);
  }

  #arrive(node: string, tree: number, level: number, at: ElementAddress): void {
    const { positions, operators, operatorDepth } = this.#layout;
    if (level > 0) {
      const isKnown = this.#children.has(keyOf({ tree, level }, node));
      return this.#turn({ stage: "Descent", node, tree, level, at }, isKnown ? "Challenger" : "Provider");
    }
    if (tree === 0 && at.position < positions) return this.#arrive(node, 1, operatorDepth, at);
    if (tree === 1 && at.operator < operators.length) {
      return this.#arrive(node, 2, operators[at.operator]!.depth, at);
    }
    const isTile = tree === 2 && at.tile < operators[at.operator]!.tiles && node !== toHex(PAD);
    const known = this.#tiles.has(node);
    this.#turn(
      { stage: isTile ? "Tile" : "Named", node, tree, level, at },
      isTile && known ? "Challenger" : "Provider",
    );
  }

  #revealTile(tile: Uint8Array): void {
    const { stage, node, turn } = this.state;
    demand(stage === "Tile" && turn!.side === "Provider", "a tile on the provider's turn");
    demand(toHex(leafHash(tile)) === node, "the bytes of the tile");
    this.#tiles.set(node, tile);
    this.#turn({}, "Challenger");
  }

  #nameElement(leaf: string, element: number): void {
    const { stage, node, at } = this.state;
    demand(stage === "Tile" && leaf === node, "an element of the tile");
    this.#turn({ stage: "Named", at: { ...at, element } }, "Provider");
  }

  #disputeOutput(positionsRoot: string, element: number): void {
    const { stage, traced } = this.state;
    demand(traced && stage === "Root" && positionsRoot === this.state.positionsRoot, "a posted trace");
    demand(element <= this.#claim.outputCount, "a token of the output, or its ending");
    this.#turn({ stage: "Named", at: { ...ROOT, part: PART.output, element } }, "Provider");
  }

  #step(claim: Claim, witness: Uint8Array): void {
    const { stage, at, node, positionsRoot } = this.state;
    demand(stage === "Named", "a named element");
    const own = { ...this.#claim, positionsRoot: positionsRoot as Claim["positionsRoot"] };
    demand(JSON.stringify(claim) === JSON.stringify(own), "the claim");
    const correct = verifyStep(this.#dispute.own.model, own, at, node as Claim["modelRoot"], witness);
    this.verdict = correct ? "Lost" : "Won";
  }

  #turn(changes: Partial<ChallengeState>, side: "Provider" | "Challenger"): void {
    this.state = { ...this.state, ...changes, turn: { side, deadline: 1 } };
  }

  get #layout() {
    return this.#dispute.own.tree.layout;
  }
}

function keyOf({ tree, level }: { tree: number; level: number }, hash: string): string {
  return `${tree}/${level}/${hash}`;
}

function hashes(list: unknown): Uint8Array[] {
  return (list as string[]).map(fromHex);
}

function rootAbove(row: Uint8Array[], top: number): Uint8Array {
  for (let level = top - Math.log2(row.length) + 1; row.length > 1; level++) {
    row = Array.from({ length: row.length / 2 }, (_, pair) =>
      nodeHash(level, row[2 * pair]!, row[2 * pair + 1]!),
    );
  }
  return row[0]!;
}

function demand(condition: boolean, what: string): void {
  if (!condition) throw new Error(`The rules of the game ask for ${what}.`);
}
