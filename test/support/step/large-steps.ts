import { PART, type ElementAddress } from "../../../engine/src/dispute/claim.ts";
import { placeOf, positionOf } from "../../../engine/src/dispute/place.ts";
import type { Program } from "../../../engine/src/program/program.ts";
import { generateRandom } from "../../../engine/src/testing/random.ts";
import { Evidence } from "./evidence.ts";

/** One step of a section of an operator, of a model of any size. */
export interface LargeStep {
  readonly operator: number;
  readonly name: string;
  readonly section: string;
  readonly evidence: Evidence;
  readonly address: ElementAddress;
  /** The operators of the program that the step looks at. */
  readonly needed: readonly number[];
}

const PROMPT_COUNT = 1000;
/** The last of a span of 256 positions, where attention reads most. */
const POSITION = 2047;

/** A request of which a choice reads all that it can. */
const REQUEST = {
  promptCount: PROMPT_COUNT,
  outputCount: 2000,
  maxTokens: 2000,
  minTokens: 2000,
  temperature: 700,
  topK: 40,
  topP: 9_500,
  repetitionPenalty: 1_100,
  stopSequences: Array.from({ length: 8 }, () => new Array<number>(16).fill(257)),
} as const;

/**
 * A step of each section of the operators whose names differ, at a generated position: of the section's last element that
 * stands for no later position. Of the rounds that find a threshold, which cost the same, only the last. Tiles and weights are
 * random; nothing else of the model exists.
 */
export function largeSteps(program: Program): LargeStep[] {
  const seen = new Set<string>();
  const steps: LargeStep[] = [];
  program.operators.forEach(({ kind, name }, operator) => {
    if (seen.has(`${kind} ${name}`)) return;
    seen.add(`${kind} ${name}`);
    const shape = { ...REQUEST, program };
    const { layout } = new Evidence({ ...shape, elsewhere: "anything" });
    for (const section of layout.operators[operator]!.sections) {
      if (/^(counted|threshold)[1-9]/.test(section.name)) continue;
      const evidence = new Evidence({ ...shape, elsewhere: "anything" });
      const firstTile = section.firstTile + (section.groups - 1) * section.tilesPerGroup;
      const at = { position: POSITION, operator, tile: firstTile, element: 0 };
      const stride = positionOf(placeOf(program, shape, at), 1);
      const last = stride > 0 ? Math.floor(POSITION / stride) : section.size - 1;
      const address: ElementAddress = {
        ...at,
        part: PART.trace,
        tile: firstTile + Math.floor(last / section.tile),
        element: last % section.tile,
      };
      const needed = new Set([operator, ...program.operators[operator]!.inputs]);
      fill(evidence, address, needed);
      steps.push({
        operator,
        name: `${kind} ${name}`,
        section: section.name,
        evidence,
        address,
        needed: [...needed],
      });
    }
  });
  return steps;
}

function fill(evidence: Evidence, address: ElementAddress, needed: Set<number>): void {
  const { program } = evidence.shape;
  const random = generateRandom(address.operator + 1);
  const kindOf = (operator: number) => program.operators[operator]!.kind;
  evidence.invent(address, (read, length) => {
    const bytes = Uint8Array.from({ length }, () => Math.floor(random() * 256));
    if (read.from !== "trace") return bytes;
    needed.add(read.operator);
    // The position exists; its token is one.
    if (kindOf(read.operator) === "stop") return new Uint8Array(length);
    if (kindOf(read.operator) === "sample" && read.operator !== address.operator) {
      return Uint8Array.of(0, 0, 1, 1);
    }
    // Drawn from the first chunk, where nothing is left over for the last token.
    if (kindOf(read.operator) === "sample" && length === 16 && read.tile !== address.tile) {
      return bytes.fill(0, 0, 8).fill(127, 8);
    }
    // Small gates are those that read the table.
    if (kindOf(address.operator) === "gate" && read.operator !== address.operator) {
      for (let at = 0; at < length; at += 4) bytes.fill(bytes[at]! % 2 === 0 ? 0 : 255, at, at + 2);
    }
    return bytes;
  });
}
