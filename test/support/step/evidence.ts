import { HASH_TAG, taggedHash, toHex, type Hex } from "../../../engine/src/commitments/hash.ts";
import { leafHash, PAD } from "../../../engine/src/commitments/merkle.ts";
import { unsigned } from "../../../engine/src/commitments/big-endian.ts";
import {
  decodeGeneration,
  encodeGeneration,
  encodeStopSequences,
  stopsHashBytes,
  type GenerationParameters,
} from "../../../engine/src/commitments/generation.ts";
import { EngineError } from "../../../engine/src/errors.ts";
import { PART, type Claim, type ElementAddress } from "../../../engine/src/dispute/claim.ts";
import { openingShape, type OpenedRead } from "../../../engine/src/dispute/openings.ts";
import { runReading, type Read } from "../../../engine/src/dispute/read.ts";
import { executeStep, judge, type StepSubject } from "../../../engine/src/dispute/step.ts";
import { verifyStep } from "../../../engine/src/dispute/verify.ts";
import {
  modelRootOf,
  type ModelCommitment,
  type ModelRootParts,
} from "../../../engine/src/commitments/model.ts";
import { programRoot } from "../../../engine/src/program/encode.ts";
import { workPerPosition } from "../../../engine/src/program/work.ts";
import type { Program } from "../../../engine/src/program/program.ts";
import { chunksPerRow } from "../../../engine/src/tensors/chunks.ts";
import { traceLayout, type TraceAddress } from "../../../engine/src/trace/layout.ts";
import { depthOf } from "../../../engine/src/trace/merkle-builder.ts";
import { treeOf, type Elsewhere, type Tree } from "./tree.ts";

export interface EvidenceShape extends GenerationParameters {
  readonly program: Program;
  readonly promptCount: number;
  readonly outputCount: number;
  readonly complete?: boolean;
  readonly startOffset?: number;
  /** In place of the parameters' own generation word, and of the encoding of their stop sequences: any bytes. */
  readonly generation?: Uint8Array;
  readonly stops?: Uint8Array;
  /** What stands where nothing was put: PAD, as behind everything that exists, or anything, as in the part of a large model that a step does not see. */
  readonly elsewhere: "PAD" | "anything";
}

/**
 * Everything that a claim commits to, as far as a test puts it in: tiles of the trace, leaves of tensors and of token lists. A claim about a
 * model of any size takes no more than the leaves that a step opens.
 */
export class Evidence {
  readonly shape: EvidenceShape;
  readonly layout: ReturnType<typeof traceLayout>;
  /** By position, operator and tile; undefined is PAD. */
  readonly #tiles = new Map<number, Map<number, Map<number, Uint8Array | undefined>>>();
  /** By tensor and leaf. */
  readonly #tensors = new Map<number, Map<number, Uint8Array>>();
  readonly #tokens = { prompt: new Map<number, Uint8Array>(), output: new Map<number, Uint8Array>() };
  #sealed: Sealed | undefined;

  constructor(shape: EvidenceShape) {
    this.shape = shape;
    this.layout = traceLayout(shape.program);
  }

  putTile(at: { position: number; operator: number; tile: number }, bytes: Uint8Array | undefined): void {
    entry(entry(this.#tiles, at.position), at.operator).set(at.tile, bytes);
    this.#sealed = undefined;
  }

  putTensorLeaf(tensor: number, leaf: number, bytes: Uint8Array): void {
    entry(this.#tensors, tensor).set(leaf, bytes);
    this.#sealed = undefined;
  }

  putTokens(list: "prompt" | "output", tokens: readonly number[]): void {
    for (let leaf = 0; 32 * leaf < tokens.length; leaf++) {
      const bytes = new Uint8Array(128);
      tokens.slice(32 * leaf, 32 * leaf + 32).forEach((token, index) => {
        bytes.set(unsigned(token, 4, "token"), 4 * index);
      });
      this.#tokens[list].set(leaf, bytes);
    }
    this.#sealed = undefined;
  }

  /** Puts what a step reads. */
  put(read: OpenedRead, bytes: Uint8Array): void {
    if (read.from === "trace") this.putTile(read, bytes);
    else if (read.from === "tensor") {
      this.putTensorLeaf(read.tensor, leafIndex(this.shape.program, read), bytes);
    } else this.#tokens[listOf(read)].set(read.leaf, bytes);
    this.#sealed = undefined;
  }

  /** Bytes of a tile; undefined for PAD, and where nothing was put. */
  tile({ position, operator, tile }: TraceAddress): Uint8Array | undefined {
    return this.#tiles.get(position)?.get(operator)?.get(tile);
  }

  /** Leaf of the claim at an address. */
  leaf(address: TraceAddress): Uint8Array {
    const bytes = this.tile(address);
    return bytes ? leafHash(bytes) : PAD;
  }

  /** A node of the tree over positions, over the operators of a position, or over the tiles of an operator (0, 1, 2). */
  node(
    tree: number,
    { position, operator }: Pick<TraceAddress, "position" | "operator">,
    level: number,
    index: number,
  ): Uint8Array {
    const { positions, byPosition, operators } = this.#seal();
    const trees = [positions, byPosition.get(position), operators.get(`${position}/${operator}`)];
    return trees[tree]!.node(level, index);
  }

  get claim(): Claim {
    const { outputCount, complete = true } = this.shape;
    return {
      modelRoot: this.modelRoot,
      inputRoot: toHex(taggedHash(HASH_TAG.input, this.request())),
      outputTokensRoot: toHex(this.#seal().output.root),
      outputCount,
      complete,
      positionsRoot: toHex(this.#seal().positions.root),
    };
  }

  get weightsRoot(): Hex {
    return toHex(this.#seal().weights.root);
  }

  /** A model of its own for each program and its tensors. */
  get modelRoot(): Hex {
    return modelRootOf(this.model);
  }

  get model(): ModelRootParts {
    const { program } = this.shape;
    return {
      vocabularySize: program.vocabularySize,
      contextLength: program.contextLength,
      workPerPosition: workPerPosition(program),
      programRoot: rootOfProgram(program),
      weightsRoot: this.weightsRoot,
      tokenizerHash: toHex(PAD),
    };
  }

  /** The first 112 bytes of every witness. */
  request(): Uint8Array {
    const { promptCount, startOffset = 0, seed = 0n } = this.shape;
    return concat(
      unsigned(promptCount, 4, "promptCount"),
      unsigned(startOffset, 4, "startOffset"),
      unsigned(seed, 8, "seed"),
      this.#generation,
      stopsHashBytes(this.#stops),
      this.#seal().prompt.root,
    );
  }

  /**
   * The witness of a step.
   *
   * @param own bytes of the disputed tile, if they are not those that were put
   */
  witness(address: ElementAddress, own?: Uint8Array | "PAD"): Uint8Array {
    return concat(this.request(), ...this.openings(address, own).map(({ bytes }) => bytes));
  }

  /**
   * The parts of a witness after the request, up to the one that the engine refuses to go on after.
   *
   * @param own bytes of the disputed tile, if they are not those that were put
   */
  openings(
    address: ElementAddress,
    own: Uint8Array | "PAD" = this.tile(address) ?? "PAD",
  ): { read: Read; bytes: Uint8Array }[] {
    const parts: { read: Read; bytes: Uint8Array }[] = [];
    const leaf = own === "PAD" ? PAD : leafHash(own);
    try {
      runReading(judge(this.#subject, address, toHex(leaf)), (read) => {
        if (read.from === "own") {
          const bytes = own as Uint8Array;
          parts.push({ read, bytes: measured(bytes) });
          return bytes;
        }
        if (read.from === "stops") {
          parts.push({ read, bytes: measured(this.#stops) });
          return this.#stops;
        }
        const { data, path } = this.#open(read);
        const mark = read.from === "trace" ? Uint8Array.of(data ? 1 : 0) : new Uint8Array();
        parts.push({ read, bytes: concat(mark, data ?? new Uint8Array(), ...path) });
        return data;
      });
    } catch (error) {
      if (!(error instanceof EngineError && error.code === "WITNESS_INVALID")) throw error;
    }
    return parts;
  }

  get program(): Program {
    return this.shape.program;
  }

  /** Whether the request's temperature is not 0. */
  get isSampled(): boolean {
    return decodeGeneration(this.#generation).temperature > 0;
  }

  /** What the engine decides about a step. @throws EngineError `WITNESS_INVALID` */
  verdict(address: ElementAddress, leaf: Uint8Array, witness: Uint8Array): "correct" | "wrong" {
    const { program, modelRoot, weightsRoot } = this;
    const commitment = { modelRoot, weightsRoot } as ModelCommitment;
    const verdict = verifyStep({ program, commitment }, this.claim, address, toHex(leaf), witness);
    return verdict ? "correct" : "wrong";
  }

  /** The right element, as the engine computes it from what was put. */
  value(address: ElementAddress): bigint {
    return executeStep(this.#subject, address, (read) =>
      read.from === "stops" ? this.#stops : this.#open(read as OpenedRead).data,
    );
  }

  /** Puts what a step reads, as `invent` says, with the disputed tile. */
  invent(address: ElementAddress, invent: (read: OpenedRead, length: number) => Uint8Array): void {
    const own: OpenedRead = { ...address, from: "trace" };
    const lengthOf = (read: OpenedRead) => openingShape(this.#subject, read).length;
    if (address.part === PART.trace) this.put(own, invent(own, lengthOf(own)));
    runReading(judge(this.#subject, address, toHex(this.leaf(address))), (read) => {
      if (read.from === "own") return this.tile(address);
      if (read.from === "stops") return this.#stops;
      const bytes = invent(read, lengthOf(read));
      this.put(read, bytes);
      return bytes;
    });
  }

  get #subject(): StepSubject {
    const { program, promptCount, outputCount, complete = true, startOffset = 0, seed = 0n } = this.shape;
    const request = { ...decodeGeneration(this.#generation), promptCount, startOffset, seed };
    return { program, claim: { outputCount, complete }, request };
  }

  get #generation(): Uint8Array {
    return this.shape.generation ?? encodeGeneration(this.shape);
  }

  get #stops(): Uint8Array {
    return this.shape.stops ?? encodeStopSequences(this.shape.stopSequences ?? []);
  }

  #open(read: OpenedRead): { data: Uint8Array | undefined; path: Uint8Array[] } {
    const sealed = this.#seal();
    if (read.from === "trace") {
      const { position, operator, tile } = read;
      const path = [
        ...sealed.operators.get(`${position}/${operator}`)!.path(tile),
        ...sealed.byPosition.get(position)!.path(operator),
        ...sealed.positions.path(position),
      ];
      return { data: this.tile(read), path };
    }
    if (read.from === "tensor") {
      const leaf = leafIndex(this.shape.program, read);
      const path = [...sealed.byTensor.get(read.tensor)!.path(leaf), ...sealed.weights.path(read.tensor)];
      return { data: this.#tensors.get(read.tensor)!.get(leaf)!, path };
    }
    const list = listOf(read);
    return { data: this.#tokens[list].get(read.leaf)!, path: sealed[list].path(read.leaf) };
  }

  #seal(): Sealed {
    return (this.#sealed ??= this.#build());
  }

  #build(): Sealed {
    const { program, promptCount, outputCount, elsewhere } = this.shape;
    const other: Elsewhere = (level) => uniformRoot(level, elsewhere === "PAD" ? padRoots : anyRoots);
    const operators = new Map<string, Tree>();
    const byPosition = new Map<number, Tree>();
    for (const [position, known] of this.#tiles) {
      for (const [operator, tiles] of known) {
        const leaves = mapValues(tiles, (bytes) => (bytes ? leafHash(bytes) : PAD));
        const { depth } = this.layout.operators[operator]!;
        operators.set(`${position}/${operator}`, treeOf(depth, leaves, other));
      }
      const roots = mapKeys(known, (operator) => operators.get(`${position}/${operator}`)!.root);
      byPosition.set(position, treeOf(this.layout.operatorDepth, roots, other));
    }
    const positions = treeOf(
      this.layout.positionDepth,
      mapValues(byPosition, ({ root }) => root),
      other,
    );
    const byTensor = new Map<number, Tree>();
    for (const [tensor, leaves] of this.#tensors) {
      const shape = program.tensors[tensor]!;
      const depth = depthOf(shape.rows * chunksPerRow(shape));
      byTensor.set(tensor, treeOf(depth, mapValues(leaves, leafHash), other));
    }
    const weights = treeOf(
      depthOf(program.tensors.length),
      mapValues(byTensor, ({ root }) => root),
      other,
    );
    const tokens = (list: "prompt" | "output", count: number) =>
      treeOf(depthOf(Math.ceil(count / 32)), mapValues(this.#tokens[list], leafHash), (level) =>
        uniformRoot(level, padRoots),
      );
    return {
      operators,
      byPosition,
      positions,
      byTensor,
      weights,
      prompt: tokens("prompt", promptCount),
      output: tokens("output", outputCount),
    };
  }
}

function listOf({ from }: OpenedRead): "prompt" | "output" {
  if (from === "prompt" || from === "output") return from;
  throw new Error(`evidence of a public request has no ${from}`);
}

interface Sealed {
  readonly operators: ReadonlyMap<string, Tree>;
  readonly byPosition: ReadonlyMap<number, Tree>;
  readonly positions: Tree;
  readonly byTensor: ReadonlyMap<number, Tree>;
  readonly weights: Tree;
  readonly prompt: Tree;
  readonly output: Tree;
}

const programRoots = new WeakMap<Program, Hex>();

/** Programs of large models have thousands of parts, and many tests. */
function rootOfProgram(program: Program): Hex {
  const known = programRoots.get(program) ?? toHex(programRoot(program));
  programRoots.set(program, known);
  return known;
}

const padRoots: Uint8Array[] = [PAD];
const anyRoots: Uint8Array[] = [leafHash(new TextEncoder().encode("anything"))];

/** Root over 2^level leaves that are all the first of `roots`, which keeps those that are known. */
function uniformRoot(level: number, roots: Uint8Array[]): Uint8Array {
  while (roots.length <= level) {
    const below = roots.at(-1)!;
    roots.push(taggedHash(HASH_TAG.node, Uint8Array.of(roots.length), below, below));
  }
  return roots[level]!;
}

function leafIndex(program: Program, { tensor, row, chunk }: Extract<Read, { from: "tensor" }>): number {
  return row * chunksPerRow(program.tensors[tensor]!) + chunk;
}

function entry<Inner>(map: Map<number, Map<number, Inner>>, at: number): Map<number, Inner> {
  let inner = map.get(at);
  if (!inner) map.set(at, (inner = new Map<number, Inner>()));
  return inner;
}

function mapValues<From, To>(map: ReadonlyMap<number, From>, change: (value: From) => To): Map<number, To> {
  return new Map(Array.from(map, ([key, value]) => [key, change(value)]));
}

function mapKeys<To>(map: ReadonlyMap<number, unknown>, change: (key: number) => To): Map<number, To> {
  return new Map(Array.from(map.keys(), (key) => [key, change(key)]));
}

function measured(bytes: Uint8Array): Uint8Array {
  return concat(unsigned(bytes.length, 4, "length"), bytes);
}

function concat(...parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}
