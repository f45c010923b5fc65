import { toHex, type Hex } from "../commitments/hash.ts";
import { EngineError } from "../errors.ts";
import type { Model } from "../model.ts";
import { createTreeHasher, type TreeHasher } from "../trace/hasher.ts";
import { checkAddress, traceLayout, type TraceAddress, type TraceLayout } from "../trace/layout.ts";
import { padding } from "../trace/merkle-builder.ts";
import type { TraceRequest } from "../trace/request.ts";
import { operatorTiles, replay, type TraceCommitment, type TraceOptions } from "../trace/trace.ts";
import { Layers } from "./layers.ts";

/** The three trees that stand on each other: over positions, over the operators of one, over the tiles of one of these. */
export const TREES = { positions: 0, operators: 1, tiles: 2 } as const;

/** A node of a trace. */
export interface TraceNode {
  /** 0 positions, 1 operators, 2 tiles. */
  readonly tree: number;
  /** Which position's tree it is in; ignored in the tree over positions. */
  readonly position?: number;
  /** Which operator's tree it is in; ignored in the first two. */
  readonly operator?: number;
  /** Levels above the leaves of its tree. */
  readonly level: number;
  /** Index from the left among the nodes of its level. */
  readonly index: number;
}

/**
 * Any node of a request's trace, on demand: what both sides of a dispute walk down. Three replays serve a whole dispute:
 * one for the roots of the positions, one for the operators of a position, one for the tiles of an operator; the last
 * two end at their position. The tree keeps the hashes of the positions, and of the one position and operator that
 * were looked at last.
 */
export interface TraceTree {
  readonly layout: TraceLayout;
  /** What the request commits to. */
  commitment(): Promise<TraceCommitment>;
  /**
   * Hashes of the descendants of a node `levels` levels below it, left to right; the node's own for 0.
   *
   * @throws EngineError `INVALID_ARGUMENT` for a node that the program's traces do not have, and what the executor throws
   */
  descendants(node: TraceNode, levels: number): Promise<Uint8Array[]>;
  /**
   * The bytes of a tile; undefined where the trace has PAD.
   *
   * @throws EngineError as `descendants`
   */
  tile(address: TraceAddress): Promise<Uint8Array | undefined>;
}

/**
 * @param request with `outputLimit` for an answer that was cut short
 * @example
 * const tree = createTraceTree(model, { prompt, maxTokens: 64 });
 * const { positionDepth } = tree.layout;
 * const children = await tree.descendants({ tree: 0, level: positionDepth, index: 0 }, 5);
 */
export function createTraceTree(model: Model, request: TraceRequest, options: TraceOptions = {}): TraceTree {
  return new ReplayedTree(model, request, options);
}

interface OperatorTree {
  readonly layers: Layers;
  readonly tiles: readonly (Uint8Array | undefined)[];
}

class ReplayedTree implements TraceTree {
  readonly layout: TraceLayout;
  readonly #model: Model;
  readonly #request: TraceRequest;
  readonly #options: TraceOptions;
  readonly #hasher: Promise<TreeHasher> = createTreeHasher();
  #positions: Promise<{ commitment: TraceCommitment; layers: Layers }> | undefined;
  readonly #operators = new Latest<Layers>();
  readonly #tiles = new Latest<OperatorTree>();

  constructor(model: Model, request: TraceRequest, options: TraceOptions) {
    this.layout = traceLayout(model.program);
    this.#model = model;
    this.#request = request;
    this.#options = options;
  }

  async commitment(): Promise<TraceCommitment> {
    return (await this.#positionTree()).commitment;
  }

  async descendants(node: TraceNode, levels: number): Promise<Uint8Array[]> {
    const layers = await this.#layersOf(node);
    if (!layers.has(node.level, node.index) || !layers.has(node.level - levels, 0)) {
      throw new EngineError(
        "INVALID_ARGUMENT",
        `There is no node ${node.index} at level ${node.level} of tree ${node.tree} with ${levels} levels below it.`,
        { remedy: "Pass a node of this program's traces.", details: { ...node, levels } },
      );
    }
    return layers.descendants(node.level, node.index, levels);
  }

  async tile(address: TraceAddress): Promise<Uint8Array | undefined> {
    checkAddress(this.layout, address);
    const { tiles } = await this.#tileTree(address.position, address.operator);
    return tiles[address.tile];
  }

  async #layersOf({ tree, position = 0, operator = 0 }: TraceNode): Promise<Layers> {
    if (tree === TREES.positions) return (await this.#positionTree()).layers;
    if (tree !== TREES.operators && tree !== TREES.tiles) {
      throw new EngineError("INVALID_ARGUMENT", `There is no tree ${tree} in a trace.`, {
        remedy: "Pass 0 for positions, 1 for operators, 2 for tiles.",
        details: { tree },
      });
    }
    checkAddress(this.layout, { position, operator: tree === TREES.operators ? 0 : operator, tile: 0 });
    if (tree === TREES.operators) return this.#operatorTree(position);
    return (await this.#tileTree(position, operator)).layers;
  }

  async #positionTree(): Promise<{ commitment: TraceCommitment; layers: Layers }> {
    this.#positions ??= this.#replayPositions();
    try {
      return await this.#positions;
    } catch (error) {
      this.#positions = undefined;
      throw error;
    }
  }

  async #replayPositions(): Promise<{ commitment: TraceCommitment; layers: Layers }> {
    const roots: Uint8Array[] = [];
    const { commitment } = await replay(
      this.#model,
      this.#request,
      [],
      this.#options,
      (position, root) => (roots[position] = root),
    );
    const hasher = await this.#hasher;
    const { positions, positionDepth } = this.layout;
    const empty = this.#layersOfOperators(hasher, []).root;
    while (roots.length < positions) roots.push(empty);
    return { commitment, layers: new Layers(hasher, padding(hasher), roots, positionDepth) };
  }

  #operatorTree(position: number): Promise<Layers> {
    return this.#operators.get(String(position), async () => {
      const hasher = await this.#hasher;
      let found: readonly (Uint8Array | undefined)[] = [];
      const enough = new AbortController();
      const { signal } = this.#options;
      try {
        await replay(
          this.#model,
          this.#request,
          [],
          { ...this.#options, signal: signal ? AbortSignal.any([signal, enough.signal]) : enough.signal },
          (reached, _root, operators) => {
            if (reached !== position) return;
            found = operators;
            enough.abort();
          },
        );
      } catch (error) {
        const ended = error instanceof EngineError && error.code === "ABORTED";
        if (!ended || !enough.signal.aborted) throw error;
      }
      return this.#layersOfOperators(hasher, found);
    });
  }

  #layersOfOperators(hasher: TreeHasher, roots: readonly (Uint8Array | undefined)[]): Layers {
    const pads = padding(hasher);
    const leaves = this.layout.operators.map(({ depth }, operator) => roots[operator] ?? pads.root(depth));
    return new Layers(hasher, pads, leaves, this.layout.operatorDepth);
  }

  #tileTree(position: number, operator: number): Promise<OperatorTree> {
    return this.#tiles.get(`${position}/${operator}`, async () => {
      const hasher = await this.#hasher;
      const traced = await operatorTiles(this.#model, this.#request, { position, operator }, this.#options);
      const tiles = traced.map(({ data }) => data);
      const pads = padding(hasher);
      const leaves = tiles.map((data) => (data ? hasher.leaf(data) : pads.root(0)));
      return { tiles, layers: new Layers(hasher, pads, leaves, this.layout.operators[operator]!.depth) };
    });
  }
}

/** Remembers the value that was asked for last. */
class Latest<Value> {
  #key: string | undefined;
  #value: Promise<Value> | undefined;

  get(key: string, compute: () => Promise<Value>): Promise<Value> {
    if (key === this.#key && this.#value) return this.#value;
    const value = compute();
    this.#key = key;
    this.#value = value;
    value.catch(() => {
      if (this.#value === value) this.#value = undefined;
    });
    return value;
  }
}

/** As the contracts write hashes. */
export function hexOf(hashes: readonly Uint8Array[]): Hex[] {
  return hashes.map(toHex);
}
