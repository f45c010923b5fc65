// Requests that sample, that end at stop sequences, and what a liar may try with them.
import { expect } from "chai";
import { encodeGeneration, type GenerationParameters } from "../../engine/src/commitments/generation.ts";
import { leafHash, PAD } from "../../engine/src/commitments/merkle.ts";
import { PART, type ElementAddress } from "../../engine/src/dispute/claim.ts";
import type { OperatorKind } from "../../engine/src/program/program.ts";
import { generateRandom } from "../../engine/src/testing/random.ts";
import {
  endedScene,
  minimumScene,
  tinyScenes,
  type StepScene,
} from "../../engine/src/testing/step-models.ts";
import { ELEMENT_BYTES } from "../../engine/src/trace/encode-tile.ts";
import { locateTile } from "../../engine/src/trace/layout.ts";
import type { Evidence } from "../support/step/evidence.ts";
import { deployJudge, type Judge, type Question } from "../support/step/judge.ts";
import { tracedModel } from "../support/step/traced-model.ts";

const KINDS: readonly OperatorKind[] = ["sample", "seen", "recent", "stop"];
/** Of the rounds that find a threshold, the first, one in the middle and the last. */
const ROUNDS = /^(counted|threshold)(28|27|13|0)$/;

describe("StepVerifier: choosing tokens", () => {
  let judge: Judge;
  let sampled: StepScene;
  let evidence: Evidence;
  before(async () => {
    judge = await deployJudge();
    sampled = (await tinyScenes()).find(({ name }) => name === "llama, sampled")!;
    evidence = await tracedModel(sampled.model, sampled.request);
    await judge.register(evidence);
  });

  /** Tiles of the operators that read or choose tokens, at a position. */
  function tilesAt({ program, layout }: Evidence, position: number, kinds = KINDS) {
    return program.operators.flatMap(({ kind }, operator) => {
      if (!kinds.includes(kind)) return [];
      return layout.operators[operator]!.sections.flatMap((section) => {
        if (/^(counted|threshold)/.test(section.name) && !ROUNDS.test(section.name)) return [];
        return Array.from({ length: section.tilesPerGroup }, (_, tile) => ({
          section: section.name,
          at: { position, operator, tile: section.firstTile + tile },
        }));
      });
    });
  }

  const lastOf = ({ shape }: Evidence) => shape.promptCount + shape.outputCount - 2;

  async function verdicts(about: Evidence, questions: readonly Question[]): Promise<string[]> {
    return (await judge.ask(about.claim, questions)).map(({ verdict }) => verdict);
  }

  function about(whose: Evidence, at: Omit<ElementAddress, "part" | "element">, element = 0): Question {
    const address = { part: PART.trace, ...at, element };
    const own = whose.tile(at);
    return { address, leaf: own ? leafHash(own) : PAD, witness: whose.witness(address) };
  }

  it("is right in every tile of an honest trace, and wrong with any bit flipped", async () => {
    const random = generateRandom(1);
    const scenes = [sampled, await endedScene(), await minimumScene()];
    for (const { name, model, request } of scenes) {
      const honest = await tracedModel(model, request);
      await judge.register(honest);
      const questions: Question[] = [];
      for (const position of [0, honest.shape.promptCount - 1, lastOf(honest)]) {
        for (const { at } of tilesAt(honest, position)) {
          const own = honest.tile(at);
          if (!own) continue;
          const { section } = locateTile(honest.layout.operators[at.operator]!, at.tile);
          const width = ELEMENT_BYTES[section.type];
          const element = Math.floor((random() * own.length) / width);
          const flipped = own.slice();
          const bit = 8 * width * element + Math.floor(random() * 8 * width);
          flipped[bit >> 3]! ^= 1 << (bit & 7);
          const address = { part: PART.trace, ...at, element };
          questions.push(about(honest, at, element), {
            address,
            leaf: leafHash(flipped),
            witness: honest.witness(address, flipped),
          });
        }
      }
      expect(questions.length, name).to.be.greaterThan(20);
      const expected = questions.map((_, index) => (index % 2 === 0 ? "correct" : "wrong"));
      expect(await verdicts(honest, questions), name).to.deep.equal(expected);
    }
  });

  it("leaves no room in a greedy request: junk where only sampled ones have something is wrong, PAD is right", async () => {
    const { temperature: _, ...greedy } = sampled.request;
    const honest = await tracedModel(sampled.model, greedy);
    await judge.register(honest);
    const questions: Question[] = [];
    for (const position of [honest.shape.promptCount - 1, lastOf(honest)]) {
      for (const { at, section } of tilesAt(honest, position, ["sample"])) {
        if (["winners", "best", "output"].includes(section)) continue;
        expect(honest.tile(at), section).to.equal(undefined);
        // What the same trace would have there if it sampled, and nothing but zeros.
        const own = evidence.tile({ ...at, position: lastOf(evidence) })!;
        const address = { part: PART.trace, ...at, element: 0 };
        const witness = honest.witness(address, "PAD");
        questions.push({ address, witness, leaf: PAD });
        for (const junk of [own, new Uint8Array(own.length), new Uint8Array()]) {
          questions.push({ address, witness, leaf: leafHash(junk) });
        }
      }
    }
    const expected = questions.map((_, index) => (index % 4 === 0 ? "correct" : "wrong"));
    expect(expected.length).to.be.greaterThan(50);
    expect(await verdicts(honest, questions)).to.deep.equal(expected);
  });

  it("is wrong where PAD stands in a sampled request", async () => {
    const questions = tilesAt(evidence, lastOf(evidence), ["sample"]).map(({ at }): Question => {
      const address = { part: PART.trace, ...at, element: 0 };
      return { address, leaf: PAD, witness: evidence.witness(address, "PAD") };
    });
    expect(new Set(await verdicts(evidence, questions))).to.deep.equal(new Set(["wrong"]));
  });

  const lies: [string, Partial<GenerationParameters>, string][] = [
    ["another seed", { seed: 1n }, "draw"],
    ["another temperature", { temperature: 900 }, "weights"],
    ["another top-p", { topP: 4_000 }, "target"],
    ["another top-k", { topK: 2 }, "threshold"],
    ["another penalty", { repetitionPenalty: 9_000 }, "winners|weights"],
  ];
  for (const [what, other, section] of lies) {
    it(`is wrong first in ${section} where it was computed with ${what}, and the rest follows`, async () => {
      const lie = await tracedModel(
        sampled.model,
        { ...sampled.request, ...other },
        { request: sampled.request },
      );
      await judge.register(lie);
      const position = lie.shape.promptCount - 1;
      const operator = lie.program.operators.findIndex(({ kind }) => kind === "sample");
      const differs: string[] = [];
      lie.layout.operators[operator]!.sections.forEach(({ name, firstTile }) => {
        const at = { position, operator, tile: firstTile };
        if (Buffer.compare(lie.tile(at)!, evidence.tile(at)!) !== 0) differs.push(name);
      });
      expect(differs[0]).to.match(new RegExp(`^(${section})\\d*$`));
      const { firstTile } = lie.layout.operators[operator]!.sections.find(({ name }) => name === differs[0])!;
      const at = { position, operator, tile: firstTile };
      const [own, right] = [lie.tile(at)!, evidence.tile(at)!];
      const { section: where } = locateTile(lie.layout.operators[operator]!, firstTile);
      const element = Math.floor(
        own.findIndex((byte, index) => byte !== right[index]) / ELEMENT_BYTES[where.type],
      );
      expect(await verdicts(lie, [about(lie, at, element)])).to.deep.equal(["wrong"]);
    });
  }

  it("does not look at bits of the request's word that mean nothing", async () => {
    const word = encodeGeneration(sampled.request);
    const generation = word.map((byte, index) => (index < 14 ? 0xa5 : byte));
    const odd = await tracedModel(sampled.model, sampled.request, {
      request: { ...sampled.request, generation },
    });
    await judge.register(odd);
    expect(odd.claim.inputRoot).to.not.equal(evidence.claim.inputRoot);
    const questions = tilesAt(odd, lastOf(odd)).map(({ at }) => about(odd, at));
    expect(new Set(await verdicts(odd, questions))).to.deep.equal(new Set(["correct"]));
  });

  it("takes parameters out of their ranges as the nearest in range", async () => {
    const nearest = { ...sampled.request, temperature: 50, topP: 10_000, repetitionPenalty: 10_000 };
    const honest = await tracedModel(sampled.model, nearest);
    const beyond = { ...nearest, temperature: 1, topP: 65_535, repetitionPenalty: 65_535 };
    const request = { ...nearest, generation: encodeGeneration(beyond) };
    const odd = await tracedModel(sampled.model, nearest, { request });
    await judge.register(odd);
    expect(odd.claim.positionsRoot).to.equal(honest.claim.positionsRoot);
    const questions = tilesAt(odd, lastOf(odd), ["sample"]).map(({ at }) => about(odd, at));
    expect(new Set(await verdicts(odd, questions))).to.deep.equal(new Set(["correct"]));
  });

  /** The position and the token at which the answer would end with a sequence of one token. */
  const token = () => Buffer.from(evidence.tile(choiceAt(lastOf(evidence) - 1))!);

  function choiceAt(position: number) {
    const operator = evidence.program.operators.findIndex(({ kind }) => kind === "sample");
    return { position, operator, tile: evidence.layout.operators[operator]!.tiles - 1 };
  }

  const others = (count: number) => Array.from({ length: count }, () => [1, 0, 0, 0, 255]).flat();
  const malformed: [string, () => Buffer, boolean][] = [
    ["the token alone", () => Buffer.from([1, ...token()]), true],
    ["an empty sequence first", () => Buffer.from([0, 1, ...token()]), false],
    ["an empty sequence behind it", () => Buffer.from([1, ...token(), 0]), true],
    ["seventeen tokens first", () => Buffer.from([17, ...Buffer.alloc(68), 1, ...token()]), false],
    ["a sequence that is cut off behind it", () => Buffer.from([1, ...token(), 2, 0, 0, 0, 1, 0]), true],
    ["the token without its last byte", () => Buffer.from([1, ...token().subarray(0, 3)]), false],
    ["the eighth sequence", () => Buffer.from([...others(7), 1, ...token()]), true],
    ["a ninth sequence", () => Buffer.from([...others(8), 1, ...token()]), false],
    ["the longest that a byte can say", () => Buffer.from([255]), false],
    ["a token above every vocabulary", () => Buffer.from([1, 255, 255, 255, 255]), false],
  ];
  for (const [what, bytes, ends] of malformed) {
    it(`decides about the end whatever the stop sequences are: ${what}`, async () => {
      const { minTokens: _, ...rest } = sampled.request;
      const request = { ...rest, stops: new Uint8Array(bytes()) };
      const claimed = await tracedModel(sampled.model, sampled.request, { request });
      await judge.register(claimed);
      const operator = claimed.program.operators.findIndex(({ kind }) => kind === "stop");
      const address = { part: PART.trace, position: lastOf(evidence) - 1, operator, tile: 0, element: 0 };
      const questions = [0, 1].map((flag) => {
        const own = Uint8Array.of(0, 0, 0, flag);
        return { address, leaf: leafHash(own), witness: claimed.witness(address, own) };
      });
      const expected = ends ? ["wrong", "correct"] : ["correct", "wrong"];
      expect(await verdicts(claimed, questions)).to.deep.equal(expected);
      const engine = questions.map(({ leaf, witness }) => claimed.verdict(address, leaf, witness));
      expect(engine).to.deep.equal(expected);
    });
  }

  it("refuses other stop sequences than the request's, more of them and fewer bytes", async () => {
    const request = { ...sampled.request, stopSequences: [[40, 41], [42]] };
    const claimed = await tracedModel(sampled.model, request);
    await judge.register(claimed);
    const operator = claimed.program.operators.findIndex(({ kind }) => kind === "stop");
    const address = { part: PART.trace, position: claimed.shape.promptCount, operator, tile: 0, element: 0 };
    const witness = claimed.witness(address);
    const { bytes } = claimed.openings(address).at(-1)!;
    const before = witness.subarray(0, witness.length - bytes.length);
    const leaf = leafHash(claimed.tile(address)!);
    const others = [
      bytes.with(-1, 43),
      Uint8Array.of(0, 0, 0, 0),
      Uint8Array.of(0, 0, 0, bytes.length + 1, ...bytes.subarray(4), 1, 0, 0, 0, 3),
    ];
    const questions = others.map((other) => ({ address, leaf, witness: Uint8Array.of(...before, ...other) }));
    for (const verdict of await verdicts(claimed, questions)) expect(verdict).to.match(/^StopsMismatch\(/);
    expect(await verdicts(claimed, [{ address, leaf, witness }])).to.deep.equal(["correct"]);
  });

  it("refuses a draw from a chunk that the vocabulary does not have", async () => {
    const claimed = await tracedModel(sampled.model, sampled.request);
    const position = lastOf(claimed);
    const output = choiceAt(position);
    const { sections } = claimed.layout.operators[output.operator]!;
    const draw = { ...output, tile: sections.find(({ name }) => name === "draw")!.firstTile };
    const address = { part: PART.trace, ...output, element: 0 };
    const right = claimed.witness(address);
    for (const chunk of [1n, -1n, 2n ** 62n]) {
      const bytes = claimed.tile(draw)!.slice();
      new DataView(bytes.buffer).setBigInt64(0, chunk);
      claimed.putTile(draw, bytes);
      await judge.register(claimed);
      const witness = claimed.witness(address);
      expect(witness.length).to.be.lessThan(right.length);
      const leaf = claimed.leaf(output);
      expect(await verdicts(claimed, [{ address, leaf, witness }])).to.deep.equal([
        `ChunkOutOfVocabulary(${chunk}, 1)`,
      ]);
      expect(() => claimed.verdict(address, leaf, witness)).to.throw("draw from chunk");
    }
  });
});
