import { AbiCoder, concat, hexlify, toBeHex } from "ethers";
import { leafHash, nodeHash, PAD } from "../../engine/src/commitments/merkle.ts";
import { packTokens, tokensRoot } from "./tokens.ts";

/** What `CountingMachine.sol` counts. */
export const EXISTING = 12;
export const TILES = [1, 3, 70] as const;
const ELEMENTS = 4;
const DEPTHS = { positions: 5, operators: 2, tiles: [0, 2, 7] } as const;
const PER_POSITION = TILES.reduce((sum, tiles) => sum + tiles, 0);

/** An honest answer: token j is the first element of position j. */
export const HONEST_TOKENS = [0, PER_POSITION, 2 * PER_POSITION] as const;

export interface TileAddress {
  readonly position: number;
  readonly operator: number;
  readonly tile: number;
}

/** How a trace differs from the honest one: `position/operator/tile` → bytes, or null for PAD; `position/operator` → the root of the operator's tiles. Leaves beyond
 * the program take any bytes. */
export type Lies = Readonly<Record<string, string | null>>;

type Rows = readonly (readonly Uint8Array[])[];

/** The honest bytes of a tile; undefined where there is none. */
export function honestTile({ position, operator, tile }: TileAddress): string | undefined {
  if (position >= EXISTING || operator >= TILES.length || tile >= TILES[operator]!) return undefined;
  const before = TILES.slice(0, operator).reduce((sum: number, tiles) => sum + tiles, 0);
  return elements(position * PER_POSITION + before + tile);
}

/** Four elements that count from `first`. */
export function elements(first: number): string {
  return concat(Array.from({ length: ELEMENTS }, (_, index) => toBeHex(first + index, 4)));
}

/** A whole trace of the counting machine, in memory. */
export class CountingTrace {
  readonly #lies: Lies;
  readonly #tileRows = new Map<string, Rows>();
  readonly #operatorRows = new Map<number, Rows>();
  #positionRows: Rows | undefined;

  constructor(lies: Lies = {}) {
    this.#lies = lies;
  }

  get root(): string {
    return hexlify(this.#rowsOf(0, 0, 0).at(-1)![0]!);
  }

  /** The bytes of a tile; undefined where the trace has PAD. */
  tile(at: TileAddress): string | undefined {
    const lie = this.#lies[`${at.position}/${at.operator}/${at.tile}`];
    return lie === undefined ? honestTile(at) : (lie ?? undefined);
  }

  /** Descendants of a node, left to right. `index` counts the nodes of its level; `position` and `operator` say in which tree it is. */
  descendants(
    tree: number,
    at: { position: number; operator: number },
    level: number,
    index: number,
    levels: number,
  ): string[] {
    const row = this.#rowsOf(tree, at.position, at.operator)[level - levels]!;
    return row.slice(index * 2 ** levels, (index + 1) * 2 ** levels).map((hash) => hexlify(hash));
  }

  /** Siblings of a tile from the leaf to the trace's root. */
  path({ position, operator, tile }: TileAddress): string[] {
    return [
      ...siblings(this.#rowsOf(2, position, operator), tile),
      ...siblings(this.#rowsOf(1, position, 0), operator),
      ...siblings(this.#rowsOf(0, 0, 0), position),
    ];
  }

  /** What the step needs for an element of this trace. */
  witness(at: TileAddress): string {
    const before = previous(at);
    if (honestTile(at) === undefined || before === undefined) return encode(this.tile(at) ?? "0x", "0x", []);
    return encode(this.tile(at) ?? "0x", this.tile(before) ?? "0x", this.path(before));
  }

  /** What the step needs for a token of the answer. */
  outputWitness(tokens: readonly number[], element: number): string {
    if (element >= tokens.length) return encode(packTokens(tokens), "0x", []);
    const at = { position: element, operator: 0, tile: 0 };
    return encode(packTokens(tokens), this.tile(at) ?? "0x", this.path(at));
  }

  #rootLie(position: number, operator: number): Uint8Array | undefined {
    const root = this.#lies[`${position}/${operator}`];
    return root ? Buffer.from(root.slice(2), "hex") : undefined;
  }

  #rowsOf(tree: number, position: number, operator: number): Rows {
    if (tree === 2) {
      const key = `${position}/${operator}`;
      const found = this.#tileRows.get(key);
      if (found) return found;
      const depth = DEPTHS.tiles[operator] ?? 0;
      const leaves = Array.from({ length: 2 ** depth }, (_, tile) => {
        const bytes = this.tile({ position, operator, tile });
        return bytes === undefined ? PAD : leafHash(Buffer.from(bytes.slice(2), "hex"));
      });
      return remember(this.#tileRows, key, rowsOver(leaves));
    }
    if (tree === 1) {
      const found = this.#operatorRows.get(position);
      if (found) return found;
      const leaves = Array.from(
        { length: 2 ** DEPTHS.operators },
        (_, index) => this.#rootLie(position, index) ?? this.#rowsOf(2, position, index).at(-1)![0]!,
      );
      return remember(this.#operatorRows, position, rowsOver(leaves));
    }
    this.#positionRows ??= rowsOver(
      Array.from({ length: 2 ** DEPTHS.positions }, (_, index) => {
        const beyond = this.#lies[`${index}`];
        if (beyond !== undefined) return leafHash(Buffer.from((beyond ?? "0x").slice(2), "hex"));
        return index < 20 ? this.#rowsOf(1, index, 0).at(-1)![0]! : PAD;
      }),
    );
    return this.#positionRows;
  }
}

/** The claim of an answer with this trace. */
export function claimOf(
  job: { modelRoot: unknown; inputRoot: unknown },
  tokens: readonly number[],
  root: string,
) {
  return {
    modelRoot: String(job.modelRoot),
    inputRoot: String(job.inputRoot),
    outputTokensRoot: tokensRoot(packTokens(tokens)),
    outputCount: tokens.length,
    complete: true,
    positionsRoot: root,
  };
}

/** The tile that a tile is compared with. */
function previous({ position, operator, tile }: TileAddress): TileAddress | undefined {
  if (tile > 0) return { position, operator, tile: tile - 1 };
  if (operator > 0) return { position, operator: operator - 1, tile: TILES[operator - 1]! - 1 };
  if (position === 0) return undefined;
  return { position: position - 1, operator: TILES.length - 1, tile: TILES.at(-1)! - 1 };
}

function encode(own: string, other: string, path: readonly string[]): string {
  return AbiCoder.defaultAbiCoder().encode(["bytes", "bytes", "bytes32[]"], [own, other, path]);
}

function rowsOver(leaves: readonly Uint8Array[]): Rows {
  const rows = [leaves];
  for (let level = 1; rows.at(-1)!.length > 1; level++) {
    const below = rows.at(-1)!;
    rows.push(
      Array.from({ length: below.length / 2 }, (_, index) =>
        nodeHash(level, below[2 * index]!, below[2 * index + 1]!),
      ),
    );
  }
  return rows;
}

function siblings(rows: Rows, leaf: number): string[] {
  return rows.slice(0, -1).map((row, level) => hexlify(row[Math.floor(leaf / 2 ** level) ^ 1]!));
}

function remember<K, V>(map: Map<K, V>, key: K, value: V): V {
  map.set(key, value);
  return value;
}
