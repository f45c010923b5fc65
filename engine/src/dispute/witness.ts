import { concatBytes } from "@noble/hashes/utils.js";
import { unsigned } from "../commitments/big-endian.ts";
import { fromHex, toHex, type Hex } from "../commitments/hash.ts";
import { encodeStopSequences } from "../commitments/generation.ts";
import { leafHash, merkleLevels, merklePath, PAD } from "../commitments/merkle.ts";
import {
  blindedPrompt,
  encryptTokens,
  keyLevels,
  LEAVES_PER_KEY,
  outputKey,
} from "../commitments/private.ts";
import { encodeRequest, inputRoot, outputTokensRoot } from "../commitments/request.ts";
import { decodeTokens, tokenLeaves, TOKENS_PER_LEAF } from "../commitments/tokens.ts";
import { EngineError } from "../errors.ts";
import type { Model } from "../model.ts";
import type { Program } from "../program/program.ts";
import type { TraceAddress } from "../trace/layout.ts";
import { checkRequest } from "../run/request.ts";
import type { TraceRequest } from "../trace/request.ts";
import { openTiles, type TraceOptions } from "../trace/trace.ts";
import type { Opening } from "../trace/tracer.ts";
import { PART, type Claim, type ElementAddress } from "./claim.ts";
import { openingShape, readOf, type OpenedRead } from "./openings.ts";
import { layoutOf } from "./place.ts";
import { runReading } from "./read.ts";
import { judge, type StepSubject } from "./step.ts";
import { tensorTrees, type TensorTrees } from "./tensor-trees.ts";
import { checkModel, verifyStep } from "./verify.ts";

/**
 * A node of the claim's trace that the other side has shown; undefined where one's own is to be taken.
 *
 * @param tree 0 positions, 1 operators, 2 tiles
 * @param prefix what names the tree: nothing; the position; the position and the operator
 * @param level of the node above the tree's leaves
 * @param index of the node among those of its level
 */
export type KnownNodes = (
  tree: 0 | 1 | 2,
  prefix: readonly number[],
  level: number,
  index: number,
) => Hex | Uint8Array | undefined;

/** One element that is to be stepped. */
export interface StepTask {
  readonly address: ElementAddress;
  /** The claim's leaf at the address. Default: that of `ownTile`, or else of one's own trace. */
  readonly leaf?: Hex;
  /** Bytes of the disputed tile, as the provider showed them. Default: one's own. */
  readonly ownTile?: Uint8Array;
}

export interface WitnessOptions extends TraceOptions {
  readonly nodes?: KnownNodes;
  /** The claim's output. Default: one's own. */
  readonly outputTokens?: readonly number[];
}

export interface StepWitness {
  readonly witness: Uint8Array;
  /** The leaf that it is for. */
  readonly leaf: Hex;
  /** What the chain will decide: whether the claim is right about the element. */
  readonly correct: boolean;
}

/**
 * Builds the witness of a step from a replay of the request. What a step reads is the same in one's own trace and in the
 * claim's, as long as the address is in the first tile about which they differ; nodes on the way down to it come from `options`.
 *
 * @throws EngineError as `openTiles`; `INVALID_ARGUMENT` when model, request or output are not the claim's;
 * `WITNESS_INVALID` when the claim's trace differs before the address, or a node or the disputed tile is missing
 *
 * @example
 * const { witness, correct } = await stepWitness(model, request, claim, address, { ownTile, nodes });
 * assert(!correct && !verifyStep(model, claim, address, leaf, witness));
 */
export async function stepWitness(
  model: Model,
  request: TraceRequest,
  claim: Claim,
  address: ElementAddress,
  options: WitnessOptions & Omit<StepTask, "address"> = {},
): Promise<StepWitness> {
  return (await stepWitnesses(model, request, claim, [{ ...options, address }], options))[0]!;
}

/** The same for any number of elements, with one replay for all of them, or two where one draws its token from chosen weights. */
export async function stepWitnesses(
  model: Model,
  request: TraceRequest,
  claim: Claim,
  tasks: readonly StepTask[],
  options: WitnessOptions = {},
): Promise<StepWitness[]> {
  checkModel(model, claim);
  const source = new Source(model, claimedRequest(model, request, claim), claim, options, tensorTrees(model));
  await source.replay(tasks);
  return tasks.map((task) => source.witnessOf(task));
}

/** @throws EngineError `INVALID_ARGUMENT` when it is not the claim's request */
function claimedRequest(model: Model, request: TraceRequest, claim: Claim): TraceRequest {
  checkRequest(model, request);
  const { complete, outputCount } = claim;
  expectRoot("request", inputRoot(request), claim.inputRoot);
  const outputLimit = complete ? request.maxTokens : Math.min(Math.max(outputCount, 1), request.maxTokens);
  return { ...request, outputLimit };
}

/** Answers what steps read: from tensors and tokens at once, from the trace after a replay. */
class Source {
  readonly #model: Model;
  readonly #request: TraceRequest;
  readonly #claim: Claim;
  readonly #options: WitnessOptions;
  readonly #tensors: TensorTrees;
  readonly #stops: Uint8Array;
  readonly #subject: StepSubject;
  readonly #openings = new Map<string, Opening>();
  #output: readonly number[] | undefined;

  constructor(
    model: Model,
    request: TraceRequest,
    claim: Claim,
    options: WitnessOptions,
    tensors: TensorTrees,
  ) {
    this.#model = model;
    this.#request = request;
    this.#claim = claim;
    this.#options = options;
    this.#tensors = tensors;
    this.#stops = encodeStopSequences(request.stopSequences ?? []);
    this.#output = options.outputTokens;
    this.#subject = {
      program: model.program,
      claim,
      request: {
        ...request,
        promptCount: request.prompt.length,
        isPrivate: request.secret !== undefined,
      },
    };
  }

  /**
   * Replays the request for the tiles that the steps read. What a step reads may depend on what it read before, as the weights
   * from which a token is drawn do: a replay finds what the ones before it did not know to look for.
   */
  async replay(tasks: readonly StepTask[]): Promise<void> {
    for (;;) {
      const missing = new Map<string, TraceAddress>();
      for (const task of tasks) {
        for (const address of this.#missing(task)) missing.set(keyOf(address), address);
      }
      if (missing.size === 0 && (this.#output || !tasks.some(readsOutput))) return;
      const { commitment, openings } = await openTiles(
        this.#model,
        this.#request,
        [...missing.values()],
        this.#options,
      );
      this.#output ??= commitment.tokens;
      for (const opening of openings) this.#openings.set(keyOf(opening), opening);
    }
  }

  /**
   * The tiles that a step reads and no replay has shown yet. Zeros answer for them, so that more can be found at once; those
   * after them may not be what the step reads, but the first one is.
   */
  #missing({ address, leaf, ownTile }: StepTask): TraceAddress[] {
    const missing: TraceAddress[] = [];
    const find = ({ position, operator, tile }: TraceAddress): Opening | undefined => {
      const found = this.#openings.get(keyOf({ position, operator, tile }));
      if (!found) missing.push({ position, operator, tile });
      return found;
    };
    const zeros = (read: TraceAddress) =>
      new Uint8Array(openingShape(this.#subject, { ...read, from: "trace" }).length);
    const known = ownTile || !isOfProgram(this.#model.program, address) ? undefined : find(address);
    const own = ownTile ?? known?.data;
    const presumed = leaf ?? toHex(own || !known ? leafHash(own ?? new Uint8Array()) : PAD);
    runReading(judge(this.#subject, address, presumed), (read) => {
      if (read.from === "own") return own ?? zeros(address);
      if (read.from === "output") return new Uint8Array(4 * TOKENS_PER_LEAF);
      if (read.from === "stops") return this.#stops;
      if (read.from !== "trace") return readOf(this.#subject, read, this.#leafOf(read).data);
      const opening = find(read);
      return opening ? opening.data : zeros(read);
    });
    return missing;
  }

  witnessOf({ address, leaf, ownTile }: StepTask): StepWitness {
    const own = ownTile ?? this.#openings.get(keyOf(address))?.data;
    const claimed = leaf ?? toHex(own ? leafHash(own) : PAD);
    const parts = [encodeRequest(this.#request)];
    runReading(judge(this.#subject, address, claimed), (read) => {
      if (read.from === "own") {
        if (!own) throw tileMissing(address, claimed);
        parts.push(unsigned(own.length, 4, "length of the tile"), own);
        return own;
      }
      if (read.from === "stops") {
        parts.push(unsigned(this.#stops.length, 4, "length of the stop sequences"), this.#stops);
        return this.#stops;
      }
      const { data, path } = read.from === "trace" ? this.#tileOf(read) : this.#leafOf(read);
      if (read.from === "trace") parts.push(Uint8Array.of(data ? 1 : 0));
      if (data) parts.push(data);
      parts.push(...path);
      return data && readOf(this.#subject, read, data);
    });
    const witness = concatBytes(...parts);
    const correct = verifyStep(this.#model, this.#claim, address, claimed, witness);
    return { witness, leaf: claimed, correct };
  }

  #tileOf(read: TraceAddress): { data: Uint8Array | undefined; path: Uint8Array[] } {
    const { data, path } = this.#openings.get(keyOf(read))!;
    const { climbs } = openingShape(this.#subject, { from: "trace", ...read });
    const { nodes } = this.#options;
    if (!nodes) return { data, path: [...path] };
    const prefixes = [[read.position, read.operator], [read.position], []];
    const steps = climbs.flatMap(({ depth, index }, at) =>
      Array.from({ length: depth }, (_, level) => {
        const tree = (2 - at) as 0 | 1 | 2;
        return nodes(tree, prefixes[at]!, level, Math.floor(index / 2 ** level) ^ 1);
      }),
    );
    return {
      data,
      path: path.map((node, at) => {
        const known = steps[at];
        return typeof known === "string" ? fromHex(known) : (known ?? node);
      }),
    };
  }

  /** What an opening shows, and the hashes that follow. */
  #leafOf(read: Exclude<OpenedRead, { from: "trace" }>): { data: Uint8Array; path: Uint8Array[] } {
    if (read.from === "tensor") return this.#tensors.open(read.tensor, read.row, read.chunk);
    const { prompt, secret } = this.#request;
    if (read.from === "pad") {
      const key = Math.floor(read.leaf / LEAVES_PER_KEY);
      const path = [...merklePath(keyLevels(secret!), key), rootOf(blindedPrompt(prompt, secret!).levels)];
      return { data: outputKey(secret!, key), path };
    }
    if (read.from === "prompt") {
      if (!secret) return openTokens(prompt, read.leaf);
      const { leaves, levels } = blindedPrompt(prompt, secret);
      return {
        data: leaves[read.leaf]!,
        path: [...merklePath(levels, read.leaf), rootOf(keyLevels(secret))],
      };
    }
    expectRoot("output", outputTokensRoot(this.#output!, secret), this.#claim.outputTokensRoot);
    return openTokens(secret ? decodeTokens(encryptTokens(this.#output!, secret)) : this.#output!, read.leaf);
  }
}

function rootOf(levels: readonly (readonly Uint8Array[])[]): Uint8Array {
  return levels.at(-1)![0]!;
}

function readsOutput({ address }: StepTask): boolean {
  return address.part === PART.output;
}

function isOfProgram(program: Program, { part, position, operator, tile }: ElementAddress): boolean {
  const layout = layoutOf(program);
  return (
    part === PART.trace && position < layout.positions && tile < (layout.operators[operator]?.tiles ?? 0)
  );
}

function openTokens(tokens: readonly number[], leaf: number): { data: Uint8Array; path: Uint8Array[] } {
  const leaves = tokenLeaves(tokens);
  return { data: leaves[leaf]!, path: merklePath(merkleLevels(leaves.map(leafHash)), leaf) };
}

function keyOf({ position, operator, tile }: TraceAddress): string {
  return `${position}/${operator}/${tile}`;
}

function expectRoot(what: string, found: Hex, expected: Hex): void {
  if (found === expected.toLowerCase()) return;
  throw new EngineError(
    "INVALID_ARGUMENT",
    `The ${what} has the root ${found}, the claim's is ${expected}.`,
    {
      remedy: `Pass the ${what} that the claim is about.`,
      details: { found, expected },
    },
  );
}

function tileMissing(address: ElementAddress, leaf: Hex): EngineError {
  return new EngineError("WITNESS_INVALID", `The claim's tile with the leaf ${leaf} is not known.`, {
    remedy: "Pass the bytes that the provider showed as ownTile.",
    details: { ...address, leaf },
  });
}
