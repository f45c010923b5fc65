import { leafHash } from "../../../engine/src/commitments/merkle.ts";
import { PART, type ElementAddress } from "../../../engine/src/dispute/claim.ts";
import { placeOf, positionOf } from "../../../engine/src/dispute/place.ts";
import { RECENT_TOKENS } from "../../../engine/src/operators/recent.ts";
import { OPERATORS } from "../../../engine/src/operators/index.ts";
import type { OperatorKind } from "../../../engine/src/program/program.ts";
import { ELEMENT_BYTES } from "../../../engine/src/trace/encode-tile.ts";
import { locateTile } from "../../../engine/src/trace/layout.ts";
import { Evidence } from "./evidence.ts";
import type { Question } from "./judge.ts";
import { programAround } from "./vector-evidence.ts";

/** An element of an operator of any shape, from any inputs and tensors: also such as no honest trace and no valid model has. */
export interface InventedStep {
  readonly evidence: Evidence;
  /** With the value that the engine computes, if it fits into the tile; and with one bit of it flipped. */
  readonly questions: readonly Question[];
}

/** @param random uniform in [0, 1) */
export function inventedStep(kind: OperatorKind, random: () => number): InventedStep {
  const below = (limit: number) => Math.floor(random() * limit);
  const pick = <Item>(...items: readonly Item[]) => items[below(items.length)]!;
  const position = pick(0, 31, 32, 255, 256, below(700));
  const contextLength = position + 1 + pick(0, 1, 300);
  const tested = {
    kind,
    name: kind,
    phase: "always" as const,
    inputs: [],
    tensors: new Array<number>(pick(...OPERATORS[kind].tensors)).fill(0),
    constants: constantsOf(kind, below, pick),
  };
  const shell = { vocabularySize: 2 ** 24, contextLength, operators: [], tensors: [] };
  const { tensors } = OPERATORS[kind].expects(tested, shell);
  const { program, operator } = programAround(kind, tested.constants, tensors, contextLength);
  const promptCount = 1 + below(position + 1);
  const evidence = new Evidence({
    program,
    promptCount,
    outputCount: 1 + below(5),
    complete: random() < 0.5,
    ...anyRequest(below, pick, position + 2 - promptCount),
    elsewhere: "anything",
  });
  const address = addressOf(evidence, operator, position, below);
  evidence.invent(address, (read, length) => {
    const bytes = new Uint8Array(length);
    const view = new DataView(bytes.buffer);
    if (read.from === "prompt" || read.from === "output") {
      for (let at = 0; at < length; at += 4) view.setUint32(at, below(program.vocabularySize));
      return bytes;
    }
    // What interpolates between larger ones fits no tile; no executor opens a model with another table than the specification's.
    if (read.from === "tensor" && kind === "softmax") {
      for (let at = 0; at < length; at += 4) {
        view.setInt32(at, pick(below(2 ** 31) - 2 ** 30, below(256) - 128));
      }
      return bytes;
    }
    const isWeights = read.from === "tensor" && program.tensors[read.tensor]!.kind === "rows";
    let width = isWeights ? 1 : 4;
    if (read.from === "trace") {
      if (program.operators[read.operator]!.kind === "stop") return bytes;
      const { section } = locateTile(evidence.layout.operators[read.operator]!, read.tile);
      width = ELEMENT_BYTES[section.type];
      // A chosen token is one of the vocabulary; exponents and shifts are not everything that four bytes can say.
      if (program.operators[read.operator]!.kind === "sample" && section.name === "output") {
        view.setUint32(0, below(kind === "stop" ? FEW_TOKENS : program.vocabularySize));
        return bytes;
      }
      if (kind === "stop" && section.size === RECENT_TOKENS) {
        for (let at = 0; at < length; at += 4) view.setInt32(at, below(FEW_TOKENS + 1) - 1);
        return bytes;
      }
      // A token is drawn from a chunk that there is.
      if (section.name === "draw") {
        view.setBigInt64(0, BigInt(below(Math.ceil(program.vocabularySize / 1024))));
        view.setBigInt64(8, BigInt(pick(0, below(2 ** 30), below(2 ** 40), -1)));
        return bytes;
      }
      if (/^(exponents?|scale)$/.test(section.name)) {
        for (let at = 0; at < length; at += 4) {
          view.setInt32(at, pick(below(20), below(20), below(400) - 200));
        }
        return bytes;
      }
    }
    const mode = below(4);
    for (let at = 0; at < length; at++) {
      // Anything; the largest and the smallest; small ones of both signs; zeros with something here and there.
      const first = at % width === 0;
      const sign = at - (at % width);
      if (mode === 0) bytes[at] = below(256);
      else if (mode === 1) bytes[at] = first ? pick(0x7f, 0x80) : bytes[sign] === 0x7f ? 0xff : 0;
      else if (mode === 2) {
        bytes[at] = at % width === width - 1 ? below(256) : first ? pick(0, 0xff) : bytes[sign]!;
      } else bytes[at] = below(50) === 0 ? below(256) : 0;
    }
    return bytes;
  });
  return { evidence, questions: questionsAbout(evidence, address, below) };
}

function questionsAbout(
  evidence: Evidence,
  address: ElementAddress,
  below: (limit: number) => number,
): Question[] {
  const { section } = locateTile(evidence.layout.operators[address.operator]!, address.tile);
  const width = ELEMENT_BYTES[section.type];
  const own = evidence.tile(address)!.slice();
  const bits = BigInt.asUintN(8 * width, evidence.value(address));
  for (let at = 0; at < width; at++) {
    own[address.element * width + at] = Number((bits >> BigInt(8 * (width - 1 - at))) & 255n);
  }
  evidence.putTile(address, own);
  const flipped = own.slice();
  const bit = below(8 * width);
  flipped[address.element * width + (bit >> 3)]! ^= 1 << (bit & 7);
  return [own, flipped].map((bytes) => ({
    address,
    leaf: leafHash(bytes),
    witness: evidence.witness(address, bytes),
  }));
}

/** So few that stop sequences occur. */
const FEW_TOKENS = 3;

/** Parameters of any request, those too that are refused at its creation: values out of range, bits that mean nothing, bytes that are no sequences. */
function anyRequest(
  below: (limit: number) => number,
  pick: <Item>(...items: readonly Item[]) => Item,
  generated: number,
): { maxTokens: number; generation: Uint8Array; stops: Uint8Array; seed: bigint; startOffset: number } {
  const generation = Uint8Array.from({ length: 32 }, () => pick(0, below(256)));
  // The bit of private requests, whose openings are others.
  generation[0]! &= 0x7f;
  const view = new DataView(generation.buffer);
  const half = () => pick(0, 1, 49, 50, 99, 100, 1000, 9_999, 10_000, 10_001, 65_535, below(3_000));
  const maxTokens = pick(generated, 1 + below(600), 2 ** 32 - 1);
  view.setUint32(28, maxTokens);
  view.setUint32(24, pick(0, generated, generated + 1, below(600), 2 ** 32 - 1));
  view.setUint32(20, pick(0, 1, below(2_000), 2 ** 32 - 1));
  for (const at of [14, 16, 18]) view.setUint16(at, half());
  const token = () => [0, 0, 0, below(FEW_TOKENS)];
  const sequence = (length: number) => [length, ...Array.from({ length }, token).flat()];
  const lengths = Array.from({ length: below(10) }, () => pick(1, 1, 1 + below(3), 16, below(18)));
  const encoded = lengths.flatMap((length) => sequence(length));
  const stops = Uint8Array.from(encoded.slice(0, encoded.length - pick(0, 0, below(6))));
  const seed = BigInt(below(2 ** 32)) * BigInt(below(2 ** 32));
  return { maxTokens, generation, stops, seed, startOffset: pick(0, below(8), 2 ** 32 - 1) };
}

/** An element of any section that the request has and that stands for no later position. */
function addressOf(
  { layout, program, isSampled }: Evidence,
  operator: number,
  position: number,
  below: (limit: number) => number,
): ElementAddress {
  const sections = layout.operators[operator]!.sections.filter(({ sampled }) => isSampled || !sampled);
  const section = sections[below(sections.length)]!;
  const at = { position, operator, tile: section.firstTile, element: 0 };
  const stride = positionOf(placeOf(program, { promptCount: 1, maxTokens: 1 }, at), 1);
  const index = below(stride > 0 ? Math.floor(position / stride) + 1 : section.size);
  return {
    ...at,
    part: PART.trace,
    tile:
      section.firstTile + below(section.groups) * section.tilesPerGroup + Math.floor(index / section.tile),
    element: index % section.tile,
  };
}

/** Constants in their ranges, with sizes on both sides of every chunk. */
function constantsOf(
  kind: OperatorKind,
  below: (limit: number) => number,
  pick: <Item>(...items: readonly Item[]) => Item,
): number[] {
  const width = () => pick(1, 1 + below(50), 1024, 1025, 1025 + below(3000), 4096, 4097, 8200);
  const shift = () => pick(below(40), below(120) - 60, below(2049) - 1024);
  const heads = () => 1 + below(9);
  const size = () => pick(1, 1 + below(64), 256);
  switch (kind) {
    case "embed":
      return [1 + below(200), width(), shift()];
    case "normalize":
      return [1 + below(6), width(), pick(0, below(1000), 2 ** 52 - 1)];
    case "narrow":
      return [1 + below(6), width()];
    case "linear":
      return [1 + below(200), width(), shift()];
    case "rotate":
      return [heads(), 2 * (1 + below(128))];
    case "page":
      return [heads(), size()];
    case "scores":
      return [heads(), heads(), size(), 1 + below(32767), shift()];
    case "softmax":
      return [heads()];
    case "mix":
      return [heads(), heads(), size()];
    case "gate":
      return [width(), shift(), 17 + below(46)];
    case "add":
      return [width()];
    case "sample":
      return [
        pick(1, 1 + below(50), 1024, 1025, 150_000, 2 ** 20 - below(3_000)),
        pick(0, 1 + below(6), 1024),
      ];
    case "seen":
      return [pick(1 + below(50), 1024, 32_769, 150_000)];
    case "recent":
      return [];
    case "stop":
      return [below(6)];
  }
}
