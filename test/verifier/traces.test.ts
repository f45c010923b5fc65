import { expect } from "chai";
import fc from "fast-check";
import { leafHash, PAD } from "../../engine/src/commitments/merkle.ts";
import { PART, type ElementAddress } from "../../engine/src/dispute/claim.ts";
import { importModel } from "../../engine/src/import/import-model.ts";
import type { Model } from "../../engine/src/model.ts";
import { modelShapes } from "../../engine/src/testing/model-shapes.ts";
import { generateRandom } from "../../engine/src/testing/random.ts";
import { longScene, stoppedScene, tinyScenes, wideScene } from "../../engine/src/testing/step-models.ts";
import { tinySource } from "../../engine/src/testing/tiny-checkpoint.ts";
import { ELEMENT_BYTES } from "../../engine/src/trace/encode-tile.ts";
import { locateTile } from "../../engine/src/trace/layout.ts";
import { traceRequest, type TraceRequest } from "../../engine/src/trace.ts";
import type { Evidence } from "../support/step/evidence.ts";
import { deployJudge, type Judge, type Question } from "../support/step/judge.ts";
import { tracedModel } from "../support/step/traced-model.ts";

const RUNS = process.env.ATHANOR_AUDIT ? 100 : 6;

interface Asked {
  readonly question: Question;
  readonly expected: string;
}

type At = Pick<ElementAddress, "position" | "operator" | "tile">;

describe("StepVerifier: whole traces", () => {
  let judge: Judge;
  before(async () => {
    judge = await deployJudge();
  });

  /** Traces a request and holds the evidence against the engine's own roots. */
  async function trace(model: Model, request: TraceRequest): Promise<Evidence> {
    const evidence = await tracedModel(model, request);
    const { positionsRoot } = await traceRequest(model, request);
    expect(evidence.claim.positionsRoot).to.equal(positionsRoot);
    expect(evidence.weightsRoot).to.equal(model.commitment.weightsRoot);
    await judge.register(evidence);
    return evidence;
  }

  async function expectAnswers(evidence: Evidence, asked: readonly Asked[]): Promise<void> {
    const questions = asked.map(({ question }) => question);
    const answers = await judge.ask(evidence.claim, questions);
    const describe = (verdict: string, index: number) => {
      const { address, leaf } = questions[index]!;
      return `${JSON.stringify(address)}${leaf === PAD ? " PAD" : ""}: ${verdict}`;
    };
    expect(answers.map(({ verdict }, index) => describe(verdict, index))).to.deep.equal(
      asked.map(({ expected }, index) => describe(expected, index)),
    );
  }

  it("every tile of every operator at every position of a small trace is right, and wrong when it is changed", async () => {
    // More positions than a page and than a leaf of tokens, and some that do not exist.
    const attention = { heads: 2, keyValueHeads: 1, headSize: 4 };
    const shape = { context: 38, layers: 1, hidden: 6, feedForward: 4, ...attention };
    const prompt = Array.from({ length: 33 }, (_, index) => (index * 7 + 3) % 48);
    const evidence = await trace(await importModel(tinySource(shape)), { prompt, maxTokens: 4 });
    const random = generateRandom(2);
    const asked = allTiles(evidence).flatMap((at) => askAboutTile(evidence, at, random));
    expect(asked.length).to.be.greaterThan(3_000);
    await expectAnswers(evidence, asked);
  });

  it("tiles and outputs of uneven, stopped, continued, long and wide traces are right, and wrong when they are changed", async () => {
    const scenes = [...(await tinyScenes()), await stoppedScene(), await longScene(), wideScene()];
    for (const [seed, { model, request }] of scenes.entries()) {
      const evidence = await trace(model, request);
      const random = generateRandom(seed);
      // Of the rounds that find a threshold, which are alike, some.
      const sections = evidence.layout.operators.flatMap(({ sections }, operator) =>
        sections
          .filter(({ name }) => !/^(counted|threshold)/.test(name) || random() < 0.15)
          .map((section) => ({ operator, section })),
      );
      const existing = request.prompt.length + evidence.claim.outputCount - 1;
      const asked = sections.flatMap(({ operator, section }) => {
        const tiles = section.groups * section.tilesPerGroup;
        // The last position, where most of the context is read, and any.
        return [existing - 1, Math.floor(random() * evidence.layout.positions)].flatMap((position) => {
          const tile = section.firstTile + Math.floor(random() * tiles);
          return askAboutTile(evidence, { position, operator, tile }, random);
        });
      });
      asked.push(...askAboutOutput(evidence, "correct"));
      await expectAnswers(evidence, asked);
    }
  });

  it("where the program has nothing, PAD is right and everything else is wrong", async () => {
    const [scene] = await tinyScenes();
    const evidence = await trace(scene!.model, scene!.request);
    const { positions, operators } = evidence.layout;
    const most = 2 ** 32 - 1;
    const asked = [
      { position: positions, operator: 0, tile: 0 },
      { position: most, operator: most, tile: most },
      { position: 0, operator: operators.length, tile: 0 },
      { position: 3, operator: most, tile: 0 },
      { position: 3, operator: 1, tile: operators[1]!.tiles },
      { position: 8, operator: 1, tile: most },
    ].flatMap((at) => askAboutTile(evidence, at, () => 0));
    expect(asked.map(({ expected }) => expected)).to.deep.equal(
      asked.map((_, i) => ["correct", "wrong"][i % 2]),
    );
    await expectAnswers(evidence, asked);
  });

  it("an output with another token, that ends too early, or that has not ended, is wrong there", async () => {
    const { model, request } = await stoppedScene();
    const { tokens } = await traceRequest(model, request);
    const changed = [...tokens.slice(0, 5), (tokens[5]! + 1) % 48, ...tokens.slice(6)];
    for (const [claimed, element] of [
      [{ tokens: changed }, 5],
      [{ tokens: tokens.slice(0, -1) }, tokens.length - 1],
      [{ tokens: tokens.slice(0, 7), complete: true }, 7],
      [{ tokens: [...tokens, 3] }, tokens.length],
      [{ tokens: [...tokens, 3] }, tokens.length + 1],
      [{ tokens: [] }, 0],
    ] as const) {
      const evidence = await tracedModel(model, request, claimed);
      await judge.register(evidence);
      const asked = askAboutOutput(evidence, "wrong").filter(
        ({ question }) => question.address.element === element,
      );
      expect(asked).to.have.length(1);
      await expectAnswers(evidence, asked);
    }
  });

  it("tokens at positions that the program does not have are wrong", async () => {
    const model = await importModel(tinySource({ context: 8 }));
    const tokens = [1, 2, 3, 4, 5, 6];
    const evidence = await tracedModel(model, { prompt: [3, 4, 5, 6], maxTokens: 4 }, { tokens });
    await judge.register(evidence);
    const asked = askAboutOutput(evidence, "wrong").filter(({ question }) => question.address.element >= 5);
    expect(asked).to.have.length(3);
    await expectAnswers(evidence, asked);
  });

  it("the chain and the engine decide alike about any witness for any element, be it changed in any byte", () =>
    fc.assert(
      fc.asyncProperty(
        modelShapes,
        fc.record({
          prompt: fc.array(fc.nat(), { minLength: 1, maxLength: 40 }),
          maxTokens: fc.integer({ min: 1, max: 5 }),
          seed: fc.integer(),
        }),
        async (shape, { prompt, maxTokens, seed }) => {
          const model = await importModel(tinySource(shape));
          const limit = Math.min(maxTokens, shape.context - 1);
          const tokens = prompt.slice(0, shape.context - limit).map((token) => token % shape.vocabulary);
          const evidence = await tracedModel(model, { prompt: tokens, maxTokens: limit });
          await judge.register(evidence);
          const random = generateRandom(seed);
          const questions = Array.from({ length: 60 }, () => anyQuestion(evidence, random));
          const answers = await judge.ask(evidence.claim, questions);
          const found = answers.map(({ verdict }) =>
            /^(correct|wrong)$/.test(verdict) ? verdict : "refused",
          );
          expect(found).to.deep.equal(questions.map((question) => engineVerdict(evidence, question)));
        },
      ),
      { numRuns: RUNS },
    ));
});

/** Of those that only sampled requests have, and that this one does not have, every tenth. */
function allTiles({ layout, isSampled }: Evidence): At[] {
  return Array.from({ length: layout.positions }, (_, position) =>
    layout.operators.flatMap((operator, index) =>
      Array.from({ length: operator.tiles }, (_, tile) => ({ position, operator: index, tile })).filter(
        ({ tile }) =>
          isSampled || !locateTile(operator, tile).section.sampled || (position + tile) % 10 === 0,
      ),
    ),
  ).flat();
}

/** An element of a tile and the same with a bit flipped; PAD in place of a tile that is there, anything in place of PAD. */
function askAboutTile(evidence: Evidence, at: At, random: () => number): Asked[] {
  const own = evidence.tile(at);
  const address = { part: PART.trace, ...at, element: 0 };
  if (!own) {
    const witness = evidence.witness(address);
    return [
      { question: { address, witness, leaf: PAD }, expected: "correct" },
      { question: { address, witness, leaf: leafHash(Uint8Array.of(7)) }, expected: "wrong" },
    ];
  }
  const { section } = locateTile(evidence.layout.operators[at.operator]!, at.tile);
  const width = ELEMENT_BYTES[section.type];
  const element = Math.floor(random() * (own.length / width));
  const named = { ...address, element };
  const flipped = flip(own, 8 * width * element + Math.floor(random() * 8 * width));
  return [
    {
      question: { address: named, leaf: leafHash(own), witness: evidence.witness(named) },
      expected: "correct",
    },
    {
      question: { address: named, leaf: leafHash(flipped), witness: evidence.witness(named, flipped) },
      expected: "wrong",
    },
    // For a few: what is decided before the tile is looked at is the same for all of a position.
    ...(random() < 0.1
      ? [{ question: { address, leaf: PAD, witness: evidence.witness(address, "PAD") }, expected: "wrong" }]
      : []),
  ];
}

/** Every token, the ending, and an element behind it, which is the ending too. */
function askAboutOutput(evidence: Evidence, expected: string): Asked[] {
  return Array.from({ length: evidence.claim.outputCount + 2 }, (_, element) => {
    const address = { part: PART.output, position: 0, operator: 0, tile: 0, element };
    return { question: { address, witness: evidence.witness(address) }, expected };
  });
}

/** A tile in or out of the program, an element in or out of the tile, a witness that is whole, changed, cut or too long. */
function anyQuestion(evidence: Evidence, random: () => number): Question {
  const below = (limit: number) => Math.floor(random() * limit);
  const { positions, operators } = evidence.layout;
  const operator = below(operators.length + (below(10) === 0 ? 1 : 0));
  const at = {
    position: below(positions + (below(10) === 0 ? 1 : 0)),
    operator,
    tile: below((operators[operator]?.tiles ?? 1) + (below(10) === 0 ? 1 : 0)),
  };
  const own = evidence.tile(at);
  const address = { part: PART.trace, ...at, element: below(own ? own.length : 2) };
  const claimed =
    own && (below(3) === 0 ? flip(own, below(8 * own.length)) : below(8) === 0 ? own.slice(1) : own);
  const leaf =
    claimed && below(9) > 0 ? leafHash(claimed) : below(2) === 0 ? PAD : leafHash(Uint8Array.of(1));
  const witness = evidence.witness(address, claimed && leaf !== PAD ? claimed : "PAD");
  const change = below(8);
  if (change === 0) return { address, leaf, witness: flip(witness, below(8 * witness.length)) };
  if (change === 1) return { address, leaf, witness: witness.slice(0, below(witness.length)) };
  if (change === 2) return { address, leaf, witness: Uint8Array.of(...witness, 0) };
  return { address, leaf, witness };
}

function engineVerdict(evidence: Evidence, { address, leaf = PAD, witness }: Question): string {
  try {
    return evidence.verdict(address, leaf, witness);
  } catch (error) {
    expect((error as { code?: string }).code).to.equal("WITNESS_INVALID");
    return "refused";
  }
}

function flip(bytes: Uint8Array, bit: number): Uint8Array {
  const flipped = bytes.slice();
  flipped[bit >> 3]! ^= 1 << (bit & 7);
  return flipped;
}
