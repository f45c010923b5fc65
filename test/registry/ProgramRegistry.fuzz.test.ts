import { expect } from "chai";
import fc from "fast-check";
import { decodeProgram } from "../../engine/src/program/decode.ts";
import { programParts } from "../../engine/src/program/encode.ts";
import type { Operator } from "../../engine/src/program/program.ts";
import { workPerPosition } from "../../engine/src/program/work.ts";
import { rootOfParts } from "../../sdk/src/protocol/program-chunks.ts";
import { partsWith, smallLlama } from "../support/programs.ts";
import { freshSystem } from "../support/system.ts";

const RUNS = process.env["ATHANOR_AUDIT"] ? 4_000 : 250;
const MAX_VOCABULARY = 2 ** 20;
const MAX_WORK = 2n ** 48n - 1n;

const BASES = [
  smallLlama(),
  smallLlama({ heads: 2, keyValueHeads: 1, headSize: 12 }),
  smallLlama({ vocabulary: 8, hidden: 8, feedForward: 8, headSize: 2 }),
];

/** Integers that are likely to matter: small ones, and both sides of every bound that there is. */
const integer = fc.oneof(
  fc.integer({ min: -2, max: 50 }),
  fc.constantFrom(-1025, -1024, 62, 63, 256, 257, 1024, 1025, 32_767, 32_768, 65_536, 65_537),
  fc.constantFrom(2 ** 24, 2 ** 24 + 1, 2 ** 32, 2 ** 52 - 1, 2 ** 52, -(2 ** 53)),
);
const index = fc.nat({ max: 40 });

/** Another operator in a few respects; what it has too many of is refused as well. */
const operatorChange: fc.Arbitrary<(operator: Operator) => Partial<Operator>> = fc.oneof(
  fc.tuple(fc.nat(), integer).map(([at, value]) => ({ constants }: Operator) => ({
    constants: constants.length === 0 ? [value] : constants.with(at % constants.length, value),
  })),
  fc.tuple(fc.nat(), index).map(([at, value]) => ({ inputs }: Operator) => ({
    inputs: inputs.length === 0 ? [value] : inputs.with(at % inputs.length, value),
  })),
  fc.tuple(fc.nat(), index).map(([at, value]) => ({ tensors }: Operator) => ({
    tensors: tensors.length === 0 ? [value] : tensors.with(at % tensors.length, value),
  })),
  fc.constantFrom("always" as const, "generating" as const).map((phase) => () => ({ phase })),
  fc.array(index, { maxLength: 3 }).map((inputs) => () => ({ inputs })),
  fc.array(index, { maxLength: 3 }).map((tensors) => () => ({ tensors })),
  fc.array(integer, { maxLength: 6 }).map((constants) => () => ({ constants })),
  fc.string({ maxLength: 80, unit: "binary-ascii" }).map((name) => () => ({ name })),
);

/** The parts of a valid program, changed by an operator or by some bytes, or not at all. */
const candidate: fc.Arbitrary<Uint8Array[]> = fc.oneof(
  fc.tuple(fc.constantFrom(...BASES), fc.nat(), operatorChange).map(([program, at, change]) => {
    const position = at % program.operators.length;
    return partsWith(program, position, change(program.operators[position]!));
  }),
  fc
    .tuple(
      fc.constantFrom(...BASES),
      fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat({ max: 255 })), { maxLength: 2 }),
    )
    .map(([program, changes]) => {
      const parts = programParts(program);
      for (const [at, offset, value] of changes) {
        const part = parts[at % parts.length]!.slice();
        part[offset % part.length] = value;
        parts[at % parts.length] = part;
      }
      return parts;
    }),
  fc
    .tuple(fc.constantFrom(...BASES), fc.nat(), fc.integer({ min: -9, max: 9 }))
    .map(([program, at, length]) => {
      const parts = programParts(program);
      const part = parts[at % parts.length]!;
      parts[at % parts.length] =
        length < 0 ? part.slice(0, length) : Uint8Array.of(...part, ...new Uint8Array(length));
      return parts;
    }),
);

/** What the engine makes of the parts, in which each must end where the next begins; undefined if it refuses. */
function work(parts: readonly Uint8Array[]): bigint | undefined {
  try {
    const program = decodeProgram(Uint8Array.from(parts.flatMap((part) => [...part])));
    const found = programParts(program);
    if (!parts.every((part, at) => Buffer.compare(part, found[at] ?? new Uint8Array()) === 0)) {
      return undefined;
    }
    const sum = workPerPosition(program);
    return program.vocabularySize <= MAX_VOCABULARY && sum > 0n && sum <= MAX_WORK ? sum : undefined;
  } catch {
    return undefined;
  }
}

describe("ProgramRegistry against the engine", () => {
  it("accepts exactly the programs that the engine accepts, with the same work", async () => {
    const { programs } = await freshSystem();
    let accepted = 0;
    let refused = 0;
    await fc.assert(
      fc.asyncProperty(candidate, async (parts) => {
        const root = rootOfParts(parts);
        const expected = work(parts);
        const found = await programs
          .addChunk(root, 0, parts, [])
          .then(() => programs.validate(root, 10_000))
          .then(async () => (await programs.programOf(root)).workPerPosition)
          .catch((error: unknown) => {
            if (!/custom error/.test(String(error))) throw error;
            return undefined;
          });
        expect(found).to.equal(expected);
        if (expected === undefined) refused++;
        else accepted++;
      }),
      { numRuns: RUNS, seed: 4_711 },
    );
    expect(accepted).to.be.greaterThan(RUNS / 20);
    expect(refused).to.be.greaterThan(RUNS / 5);
  });
});
