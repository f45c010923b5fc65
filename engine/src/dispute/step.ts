import { toHex, type Hex } from "../commitments/hash.ts";
import { leafHash, PAD } from "../commitments/merkle.ts";
import { TOKENS_PER_LEAF } from "../commitments/tokens.ts";
import type { Program } from "../program/program.ts";
import { ELEMENT_BYTES } from "../trace/encode-tile.ts";
import type { Claim, ElementAddress } from "./claim.ts";
import { PART } from "./claim.ts";
import { STEPS } from "./operators/index.ts";
import {
  lastElement,
  layoutOf,
  onlyOperator,
  placeOf,
  positionOf,
  type Place,
  type StepRequest,
} from "./place.ts";
import { decodeElements, refuseWitness, runReading, type Read, type Reading } from "./read.ts";

/** What a step looks at beyond what it opens. */
export interface StepSubject {
  readonly program: Program;
  readonly claim: Pick<Claim, "outputCount" | "complete">;
  readonly request: StepRequest;
}

/**
 * Recomputes one element of the trace from what it reads.
 *
 * @param at position, operator and tile of the program's traces, and an element of the tile that stands for no later position
 * @param open bytes of what a step reads; undefined where the trace has PAD
 * @throws EngineError `WITNESS_INVALID` when an input is PAD or a token is not in the vocabulary
 */
export function executeStep(
  { program, claim, request }: StepSubject,
  at: Omit<ElementAddress, "part">,
  open: (read: Read) => Uint8Array | undefined,
): bigint {
  const place = placeOf(program, limited(claim, request), at);
  return runReading(STEPS[place.operator.kind](place), open);
}

/**
 * What a step opens, in order.
 *
 * @param leaf the claim's leaf at the address; not looked at in the output
 * @param open answers a read, since what is read next may depend on it
 * @throws EngineError as `executeStep`
 */
export function stepReads(
  subject: StepSubject,
  address: ElementAddress,
  leaf: Hex,
  open: (read: Read) => Uint8Array | undefined,
): Read[] {
  const reads: Read[] = [];
  runReading(judge(subject, address, leaf), (read) => {
    reads.push(read);
    return open(read);
  });
  return reads;
}

/** Whether the claim is right about one element, as docs/dispute.md, section 3, says from 2. on. */
export function* judge(subject: StepSubject, address: ElementAddress, leaf: Hex): Reading<boolean> {
  if (address.part === PART.output) return yield* judgeOutput(subject, address.element);
  const { program, claim } = subject;
  const request = limited(claim, subject.request);
  const isPad = leaf.toLowerCase() === toHex(PAD);
  const layout = layoutOf(program);
  const { position, operator, tile } = address;
  if (position >= layout.positions || tile >= (layout.operators[operator]?.tiles ?? 0)) return isPad;
  const place = placeOf(program, request, address);
  if (!(yield* isActive(place))) return isPad;
  if (isPad) return false;
  const own = (yield { from: "own" })!;
  if (own.length !== place.length * ELEMENT_BYTES[place.section.type]) return false;
  if (address.element >= place.length) return true;
  const claimed = decodeElements(place.section.type, own)[address.element]!;
  if (positionOf(place, place.index) > position) return claimed === 0n;
  return (yield* STEPS[place.operator.kind](place)) === claimed;
}

/** Whether the trace has a tile there, and not PAD. */
function* isActive(place: Place): Reading<boolean> {
  const { program, position, promptCount, operator } = place;
  if (position >= promptCount) {
    const flag = yield* lastElement(program, onlyOperator(program, "stop"), position - 1);
    if (flag === undefined || flag === 1n) return false;
  }
  if (operator.phase === "generating" && position < promptCount - 1) return false;
  if (place.section.sampled && (place.temperature ?? 0) === 0) return false;
  return positionOf(place, place.first) <= position;
}

/** Token `element` of the output, or its ending. What stands at a position that the program does not have is wrong. */
function* judgeOutput({ program, claim, request }: StepSubject, element: number): Reading<boolean> {
  const { promptCount } = request;
  const exists = (position: number) => position >= 0 && position < program.contextLength;
  if (element >= claim.outputCount) {
    const last = promptCount - 2 + claim.outputCount;
    return exists(last) && (yield* lastElement(program, onlyOperator(program, "stop"), last)) === 1n;
  }
  const leaf = Math.floor(element / TOKENS_PER_LEAF);
  const tokenOf = (bytes: Uint8Array | undefined) =>
    BigInt(new DataView(bytes!.buffer, bytes!.byteOffset).getUint32(4 * (element % TOKENS_PER_LEAF)));
  const claimed = tokenOf(yield { from: "output", leaf });
  const position = promptCount - 1 + element;
  if (!exists(position)) return false;
  const chosen = yield* lastElement(program, onlyOperator(program, "sample"), position);
  if (chosen === undefined) return false;
  return (
    BigInt.asUintN(32, chosen) ===
    (request.isPrivate ? claimed ^ tokenOf(yield { from: "pad", leaf }) : claimed)
  );
}

/** The number of tokens of an incomplete output takes the place of the request's maximum. */
function limited(claim: StepSubject["claim"], request: StepRequest): StepRequest {
  return claim.complete ? request : { ...request, maxTokens: claim.outputCount };
}

/** Refuses bytes of the disputed tile that are not what the claim has there. */
export function checkOwnTile(bytes: Uint8Array, leaf: Hex): void {
  const found = toHex(leafHash(bytes));
  if (found !== leaf.toLowerCase()) {
    refuseWitness(`shows bytes of the disputed tile that hash to ${found}, not to ${leaf}`, { found, leaf });
  }
}
