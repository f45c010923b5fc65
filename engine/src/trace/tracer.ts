import { EngineError } from "../errors.ts";
import type { Program } from "../program/program.ts";
import type { InferenceRequest } from "../run/request.ts";
import type { Observation, RootObserver } from "../run/session.ts";
import { encodeSection, Scratch } from "./encode-tile.ts";
import type { TreeHasher } from "./hasher.ts";
import type { OperatorLayout, SectionLayout, TraceAddress, TraceLayout } from "./layout.ts";
import { MerkleBuilder, padding, Uniform } from "./merkle-builder.ts";

const DIGEST = 32;

/** An address with the bytes that a trace has there; undefined where it has PAD. */
export interface TracedTile extends TraceAddress {
  readonly data: Uint8Array | undefined;
}

/** A tile with its Merkle path. */
export interface Opening extends TracedTile {
  /** Siblings from the tile upwards: levels of the operator, then of the position, then of the positions. */
  readonly path: readonly Uint8Array[];
}

/** Called with each position as its operators are complete; `operators` has undefined where one does not run. */
export type PositionListener = (
  position: number,
  root: Uint8Array,
  operators: readonly (Uint8Array | undefined)[],
) => void;

/** One operator at one position, while its sections arrive. */
interface OpenOperator {
  readonly tiles: MerkleBuilder;
  nextSection: number;
}

/** One position, while its operators arrive. */
interface OpenPosition {
  /** By operator; undefined while it has not run. */
  readonly roots: (Uint8Array | undefined)[];
  readonly open: Map<number, OpenOperator>;
  missing: number;
}

/**
 * Builds the tree of a trace from observations, and from roots of operators that were hashed elsewhere. Positions may be interleaved, as executors that compute blocks do;
 * the sections of one operator at one position come in order. Holds a hash for each operator of the positions under
 * way, a path for each level, and what it was asked to watch.
 */
export class Tracer implements RootObserver {
  readonly #layout: TraceLayout;
  readonly #program: Program;
  readonly #promptLength: number;
  readonly #isGreedy: boolean;
  readonly #hasher: TreeHasher;
  readonly #pads: Uniform;
  readonly #onPosition: PositionListener | undefined;
  /** Watched tiles by operator by position. */
  readonly #watched = new Map<number, Map<number, Map<number, Uint8Array | undefined>>>();
  /** Paths of watched tiles in their operators and of watched operators in their positions. */
  readonly #tilePaths = new Map<string, readonly Uint8Array[]>();
  readonly #operatorPaths = new Map<string, readonly Uint8Array[]>();
  readonly #positions: MerkleBuilder;
  readonly #scratch = new Scratch();
  readonly #open = new Map<number, OpenPosition>();
  /** Roots of positions that are complete before an earlier one is. */
  readonly #early = new Map<number, Uint8Array>();

  constructor(
    program: Program,
    layout: TraceLayout,
    request: Pick<InferenceRequest, "prompt" | "temperature">,
    hasher: TreeHasher,
    watched: readonly TraceAddress[],
    onPosition?: PositionListener,
  ) {
    this.#layout = layout;
    this.#onPosition = onPosition;
    this.#program = program;
    this.#promptLength = request.prompt.length;
    this.#isGreedy = (request.temperature ?? 0) === 0;
    this.#hasher = hasher;
    this.#pads = padding(hasher);
    for (const { position, operator, tile } of watched) {
      const operators = entry(this.#watched, position, () => new Map<number, Map<number, undefined>>());
      entry(operators, operator, () => new Map<number, undefined>()).set(tile, undefined);
    }
    this.#positions = new MerkleBuilder(hasher, this.#pads, this.#watched.keys());
  }

  /** Number of complete positions from the first on. */
  get length(): number {
    return this.#positions.count;
  }

  observe(observation: Observation): void {
    const { position, operator, values } = observation;
    const layout = this.#layout.operators[operator]!;
    const state = entry(this.#open, position, () => this.#begin(position));
    const watched = this.#watched.get(position)?.get(operator);
    const current = entry(state.open, operator, () => ({
      tiles: new MerkleBuilder(this.#hasher, this.#pads, watched?.keys()),
      nextSection: 0,
    }));
    let section = layout.sections[current.nextSection++];
    for (; section?.sampled && this.#isGreedy; section = layout.sections[current.nextSection++]) {
      current.tiles.fill(this.#pads, section.groups * section.tilesPerGroup);
    }
    if (section?.name !== observation.section || state.roots[operator]) {
      throw outOfOrder(observation, section);
    }
    this.#addSection(current.tiles, section, values, watched);
    if (current.nextSection < layout.sections.length) return;
    const root = current.tiles.root();
    state.open.delete(operator);
    for (const tile of watched?.keys() ?? []) {
      this.#tilePaths.set(key(position, operator, tile), current.tiles.path(tile));
    }
    this.#completeOperator(position, operator, state, root);
  }

  /** Roots do where no tile is watched. */
  takes(position: number, operator: number): boolean {
    return !this.#watched.get(position)?.has(operator);
  }

  root(position: number, operator: number, root: Uint8Array): void {
    const state = entry(this.#open, position, () => this.#begin(position));
    if (state.roots[operator] || state.open.has(operator) || !this.takes(position, operator)) {
      throw rootUnexpected(position, operator);
    }
    this.#completeOperator(position, operator, state, root);
  }

  /**
   * The root over positions, of which `existing` exist.
   *
   * @throws EngineError `INVALID_ARGUMENT` when the executor showed others.
   */
  positionsRoot(existing: number): Uint8Array {
    if (this.#positions.count !== existing || this.#open.size > 0 || this.#early.size > 0) {
      throw new EngineError(
        "INVALID_ARGUMENT",
        `The executor showed ${this.#positions.count} whole positions instead of ${existing}.`,
        { remedy: "Show every section of every operator that runs.", details: { existing } },
      );
    }
    const none: (Uint8Array | undefined)[] = [];
    for (const position of this.#watched.keys()) {
      if (position >= existing) this.#positionRoot(position, none);
    }
    const empty = new Uniform(this.#hasher, this.#positionRoot(undefined, none));
    this.#positions.fill(empty, this.#layout.positions - existing);
    return this.#positions.root();
  }

  /** The tiles that were watched; complete once their positions are. */
  *tiles(): Generator<TracedTile> {
    for (const [position, operators] of this.#watched) {
      for (const [operator, tiles] of operators) {
        for (const [tile, data] of tiles) yield { position, operator, tile, data };
      }
    }
  }

  /** The same with their paths, once `positionsRoot` was called. */
  *openings(): Generator<Opening> {
    for (const traced of this.tiles()) {
      const { position, operator, tile } = traced;
      const path = [
        ...(this.#tilePaths.get(key(position, operator, tile)) ?? this.#padPath(operator)),
        ...this.#operatorPaths.get(key(position, operator))!,
        ...this.#positions.path(position),
      ];
      yield { ...traced, path };
    }
  }

  #begin(position: number): OpenPosition {
    const { operators } = this.#program;
    const generating = position >= this.#promptLength - 1;
    const missing = operators.filter(({ phase }) => generating || phase === "always").length;
    return { roots: new Array<Uint8Array | undefined>(operators.length), open: new Map(), missing };
  }

  #addSection(
    tree: MerkleBuilder,
    section: SectionLayout,
    values: Observation["values"],
    watched: Map<number, Uint8Array | undefined> | undefined,
  ): void {
    const { whole, short, perGroup, filled } = encodeSection(section, values, this.#scratch);
    const digests = this.#hasher.leaves(whole.bytes, whole.size);
    const { groups, tilesPerGroup } = section;
    if (perGroup === tilesPerGroup) {
      tree.pushAll(digests);
    } else {
      const shortDigests = this.#hasher.leaves(short.bytes, short.size);
      for (let group = 0; group < groups; group++) {
        tree.pushAll(digests.subarray(group * perGroup * DIGEST, (group + 1) * perGroup * DIGEST));
        if (filled > perGroup) tree.pushAll(shortDigests.subarray(group * DIGEST, (group + 1) * DIGEST));
        tree.fill(this.#pads, tilesPerGroup - filled);
      }
    }
    for (const tile of watched?.keys() ?? []) {
      const offset = tile - section.firstTile;
      if (offset < 0 || offset >= groups * tilesPerGroup) continue;
      const [group, index] = [Math.floor(offset / tilesPerGroup), offset % tilesPerGroup];
      if (index >= filled) continue;
      const { bytes, size } = index < perGroup ? whole : short;
      const at = index < perGroup ? group * perGroup + index : group;
      watched!.set(tile, bytes.slice(at * size, (at + 1) * size));
    }
  }

  #completeOperator(position: number, operator: number, state: OpenPosition, root: Uint8Array): void {
    state.roots[operator] = root;
    if (--state.missing === 0) this.#complete(position, state);
  }

  #complete(position: number, state: OpenPosition): void {
    this.#open.delete(position);
    const complete = this.#positionRoot(position, state.roots);
    this.#early.set(position, complete);
    this.#onPosition?.(position, complete, state.roots);
    for (;;) {
      const root = this.#early.get(this.#positions.count);
      if (!root) return;
      this.#early.delete(this.#positions.count);
      this.#positions.push(root);
    }
  }

  #positionRoot(position: number | undefined, roots: readonly (Uint8Array | undefined)[]): Uint8Array {
    const watched = position === undefined ? undefined : this.#watched.get(position);
    const tree = new MerkleBuilder(this.#hasher, this.#pads, watched?.keys());
    this.#layout.operators.forEach((layout, operator) => {
      tree.push(roots[operator] ?? this.#pads.root(layout.depth));
    });
    const root = tree.root();
    for (const operator of watched?.keys() ?? []) {
      this.#operatorPaths.set(key(position!, operator), tree.path(operator));
    }
    return root;
  }

  #padPath(operator: number): Uint8Array[] {
    const { depth }: OperatorLayout = this.#layout.operators[operator]!;
    return Array.from({ length: depth }, (_, level) => this.#pads.root(level));
  }
}

function key(...parts: readonly number[]): string {
  return parts.join("/");
}

function entry<Key, Value>(map: Map<Key, Value>, at: Key, create: () => Value): Value {
  let value = map.get(at);
  if (value === undefined) map.set(at, (value = create()));
  return value;
}

function outOfOrder(observation: Observation, expected: SectionLayout | undefined): EngineError {
  const { position, operator, name, section } = observation;
  return new EngineError(
    "INVALID_ARGUMENT",
    `The executor showed section ${section} of operator ${operator} (${name}) at position ${position}, expected ${expected?.name ?? "none"}.`,
    {
      remedy: "Show the sections of an operator once each, in the order of its definition.",
      details: { position, operator, section },
    },
  );
}

function rootUnexpected(position: number, operator: number): EngineError {
  return new EngineError(
    "INVALID_ARGUMENT",
    `The executor gave a root of operator ${operator} at position ${position}, of which it showed sections or which is watched.`,
    {
      remedy: "Give the root of an operator once, where it is taken, and show no section of it there.",
      details: { position, operator },
    },
  );
}
