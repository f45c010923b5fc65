import { expect } from "chai";
import fc from "fast-check";
import { importModel } from "../import/import-model.ts";
import { decodeProgram } from "../program/decode.ts";
import { encodeProgram } from "../program/encode.ts";
import { validateProgram } from "../program/validate.ts";
import { generate } from "../run/generate.ts";
import type { Observation } from "../run/session.ts";
import { copied, naiveTraceRoot } from "../testing/naive-trace.ts";
import { modelShapes } from "../testing/model-shapes.ts";
import { generateRandom } from "../testing/random.ts";
import { randomGeneration } from "../testing/random-generation.ts";
import { tinySource } from "../testing/tiny-checkpoint.ts";
import { locateTile, traceLayout } from "./layout.ts";
import { openTiles, traceRequest } from "./trace.ts";
import { verifyOpening } from "./verify.ts";

const RUNS = process.env.ATHANOR_AUDIT ? 60 : 10;

const picks = fc.record({
  prompt: fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
  maxTokens: fc.integer({ min: 1, max: 5 }),
  tiles: fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { minLength: 1, maxLength: 8 }),
  block: fc.integer({ min: 1, max: 8 }),
  change: fc.tuple(fc.nat(), fc.nat()),
});

describe("random programs", () => {
  it("survive their bytes, have the specified trace root from any blocks, and open anywhere", () =>
    fc.assert(
      fc.asyncProperty(modelShapes, picks, async (shape, pick) => {
        const model = await importModel(tinySource(shape));
        const { program } = model;
        validateProgram(program);
        expect(decodeProgram(encodeProgram(program))).to.deep.equal(program);

        const maxTokens = Math.min(pick.maxTokens, shape.context - 1);
        const prompt = pick.prompt
          .slice(0, shape.context - maxTokens)
          .map((token) => token % shape.vocabulary);
        const random = generateRandom(shape.seed);
        const request = { ...randomGeneration(random, shape.vocabulary, maxTokens), prompt };
        const observations: Observation[] = [];
        const generation = await generate(model, {
          ...request,
          executor: "reference",
          observer: (observation) => observations.push(copied(observation)),
        });
        const { traceRoot, ...commitment } = await traceRequest(model, request);
        expect(commitment.tokens).to.deep.equal(generation.tokens);
        expect(traceRoot).to.equal(naiveTraceRoot(model, observations, generation, true));

        const replayed = (seen: readonly Observation[]) =>
          traceRequest(model, request, {
            executor: (_, { observer }) => {
              for (const observation of seen) observer?.(observation);
              return Promise.resolve(generation);
            },
          });
        const block = ({ position }: Observation) => Math.floor(position / pick.block);
        const inBlocks = observations.toSorted((a, b) => block(a) - block(b) || a.operator - b.operator);
        expect((await replayed(inBlocks)).traceRoot).to.equal(traceRoot);

        const changed = observations.map(copied);
        const { values } = changed[pick.change[0] % changed.length]!;
        const at = pick.change[1] % values.length;
        values[at] = typeof values[at] === "bigint" ? values[at] ^ 1n : values[at]! ^ 1;
        expect((await replayed(changed)).traceRoot, "root with one changed element").to.not.equal(traceRoot);

        const { operators, positions } = traceLayout(program);
        const addresses = pick.tiles.map(([position, operator, tile]) => ({
          position: position % positions,
          operator: operator % operators.length,
          tile: tile % operators[operator % operators.length]!.tiles,
        }));
        const opened = await openTiles(model, request, addresses);
        const existing = prompt.length + generation.tokens.length - 1;
        for (const opening of opened.openings) {
          expect(verifyOpening(program, { ...commitment, traceRoot }, opening)).to.equal(true);
          const { position, operator, tile, data } = opening;
          const { sampled } = locateTile(operators[operator]!, tile).section;
          const active =
            position < existing &&
            (program.operators[operator]!.phase === "always" || position >= prompt.length - 1) &&
            (!sampled || request.temperature! > 0);
          expect(data !== undefined, `data at ${position} ${operator}`).to.equal(active);
        }
      }),
      { numRuns: RUNS },
    ));
});
