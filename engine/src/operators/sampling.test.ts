import { expect } from "chai";
import type { GenerationParameters } from "../commitments/generation.ts";
import { keccak256 } from "../commitments/hash.ts";
import { exponentialTable } from "../tables/tables.ts";
import { naiveDistribution } from "../testing/naive-sampling.ts";
import { generateNormal, generateRandom } from "../testing/random.ts";
import type { SectionValues } from "./definition.ts";
import { chooseToken, randomAt, samplingConstants, samplingNumbers } from "./sampling.ts";

const AUDIT = process.env.ATHANOR_AUDIT !== undefined;
const table = exponentialTable().values;
const ONE = 2 ** 16;

interface Choice {
  readonly logits: Int32Array;
  readonly seen?: ReadonlySet<number>;
  readonly stopTokens?: readonly number[];
  readonly parameters?: Partial<GenerationParameters>;
  readonly position?: number;
  readonly generated?: number;
}

function choose(choice: Choice): { token: number; sections: Record<string, SectionValues> } {
  const { logits, seen = new Set(), stopTokens = [], position = 7, generated = 1 } = choice;
  const words = new Int32Array(Math.ceil(logits.length / 32));
  for (const token of seen) words[token >> 5]! |= 1 << (token & 31);
  const parameters = { maxTokens: 99, ...choice.parameters };
  const numbers = samplingNumbers(parameters, Int32Array.from(stopTokens), position, generated);
  const sections: Record<string, SectionValues> = {};
  const output = chooseToken(logits, words, table, numbers, (name, values) => (sections[name] = values));
  return { token: output[0]!, sections };
}

/** Tokens with a weight that the cut-offs leave. */
function keptTokens({ weights, threshold0 }: Record<string, SectionValues>): number[] {
  const threshold = Number(threshold0![0]);
  return Array.from(weights as Int32Array, (weight, token) => (weight >= threshold ? token : -1)).filter(
    (token) => token >= 0,
  );
}

const natural = (logits: Int32Array) => Array.from(logits, (logit) => logit / ONE);

/** Pearson's statistic of drawn tokens; tokens that are expected less than five times count as one. */
function chiSquare(drawn: readonly number[], probabilities: readonly number[]): [number, number] {
  const counts = probabilities.map(() => 0);
  for (const token of drawn) counts[token]!++;
  let [statistic, freedom, rareExpected, rareCount] = [0, -1, 0, 0];
  const add = (count: number, expected: number) => {
    statistic += (count - expected) ** 2 / expected;
    freedom++;
  };
  probabilities.forEach((probability, token) => {
    const expected = probability * drawn.length;
    if (expected >= 5) return add(counts[token]!, expected);
    rareExpected += expected;
    rareCount += counts[token]!;
  });
  if (rareExpected > 0) add(rareCount, rareExpected);
  return [statistic, freedom];
}

/** About the 99.99th percentile of chi-square (Wilson and Hilferty 1931). */
function improbable(freedom: number): number {
  return freedom * (1 - 2 / (9 * freedom) + 3.719 * Math.sqrt(2 / (9 * freedom))) ** 3;
}

describe("sampling", () => {
  const normal = generateNormal(41);
  const logits = Int32Array.from({ length: 60 }, () => Math.round(normal() * 2 * ONE));

  for (const [name, parameters] of Object.entries<Partial<GenerationParameters>>({
    "at a temperature of 1": { temperature: 1000 },
    "at a temperature of 0.6": { temperature: 600 },
    "at a temperature of 3": { temperature: 3000 },
    "from the 12 most likely": { temperature: 1000, topK: 12 },
    "from nine tenths": { temperature: 1500, topP: 9000 },
    "with a penalty": { temperature: 1000, repetitionPenalty: 1400 },
  })) {
    it(`draws tokens as often as a float softmax says, ${name}, over seeds and over positions`, () => {
      const seen = new Set([3, 4, 17, 40, 59]);
      const { probabilities } = naiveDistribution({
        logits: natural(logits),
        seen,
        excluded: [],
        parameters,
      });
      const draws = AUDIT ? 40_000 : 4000;
      for (const over of ["seeds", "positions"]) {
        const drawn = Array.from({ length: draws }, (_, index) => {
          const at = over === "seeds" ? { seed: BigInt(index) } : { seed: 99n };
          const position = over === "seeds" ? 7 : index;
          return choose({ logits, seen, position, parameters: { ...parameters, ...at } }).token;
        });
        const [statistic, freedom] = chiSquare(drawn, probabilities);
        expect(freedom).to.be.at.least(5);
        expect(statistic, `chi-square over ${over}, ${freedom} degrees`).to.be.below(improbable(freedom));
        expect(drawn.filter((token) => probabilities[token] === 0).length, "cut off").to.equal(0);
      }
    });
  }

  it("keeps the tokens, and draws the one, that sorting in float64 says, wherever that is no tie", () => {
    const random = generateRandom(42);
    const integer = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
    let [kept, drawn] = [0, 0];
    for (let round = 0; round < (AUDIT ? 5000 : 400); round++) {
      const spread = integer(1, 6);
      const vocabulary = integer(2, 200);
      const values = Int32Array.from({ length: vocabulary }, () => Math.round(normal() * spread * ONE));
      const seen = new Set(Array.from({ length: integer(0, 20) }, () => integer(0, vocabulary - 1)));
      const excluded = Array.from({ length: integer(0, 3) }, () => integer(0, vocabulary - 1));
      if (new Set(excluded).size === vocabulary) continue;
      const parameters = {
        temperature: integer(200, 3000),
        topK: integer(0, 1) * integer(1, vocabulary),
        topP: integer(0, 1) * integer(1000, 9999),
        repetitionPenalty: integer(0, 1) * integer(600, 2000),
        minTokens: 5,
        seed: BigInt(round),
      };
      const { token, sections } = choose({ logits: values, seen, stopTokens: excluded, parameters });
      const naive = naiveDistribution({ logits: natural(values), seen, excluded, parameters });
      if (naive.margin < 1e-4) continue;
      const cut = parameters.topK > 0 || parameters.topP > 0;
      // Without cut-offs the integer form drops what is less likely than 2^-29 of the best.
      const expected = naive.probabilities.flatMap((probability, at) => (probability > 0 ? [at] : []));
      if (cut) expect(keptTokens(sections), `round ${round}`).to.deep.equal(expected);
      kept++;
      const u = randomAt(parameters.seed, 7) / 2 ** 32;
      let [below, chosen] = [0, 0];
      while (chosen < vocabulary - 1 && below + naive.probabilities[chosen]! <= u) {
        below += naive.probabilities[chosen++]!;
      }
      const distance = Math.min(u - below, below + naive.probabilities[chosen]! - u);
      if (distance < 1e-4) continue;
      expect(token, `round ${round}`).to.equal(chosen);
      drawn++;
    }
    expect(kept, "rounds that are no tie").to.be.greaterThan(200);
    expect(drawn, "draws that are no tie").to.be.greaterThan(200);
  });

  it("has weights within 2^-16 of the exponential of the distance to the largest logit, at every temperature", () => {
    for (const temperature of [50, 51, 333, 1000, 1442, 10_000, 65_535]) {
      const { weights } = choose({ logits, parameters: { temperature } }).sections;
      const largest = Math.max(...logits);
      for (const [token, logit] of logits.entries()) {
        const expected = Math.exp((logit - largest) / ONE / (temperature / 1000));
        // The scale is cut to an integer: off by one in 1,442 at the highest temperature, where distances are small.
        const scaleError =
          ((largest - logit) / ONE / (temperature / 1000)) * expected * (temperature / 94_548_000);
        const error = Math.abs(Number(weights![token]) / 2 ** 28 - expected);
        expect(error, `${temperature}: token ${token}`).to.be.below(2 ** -16 + scaleError);
      }
    }
  });

  it("is greedy at a temperature of 0: the largest logit after penalty and exclusion, and nothing else is computed", () => {
    const random = generateRandom(43);
    for (let round = 0; round < 200; round++) {
      const values = logits.map((logit) => logit + Math.floor(random() * ONE));
      const seen = new Set(Array.from({ length: 20 }, () => Math.floor(random() * 60)));
      const stopTokens = [Math.floor(random() * 60), values.indexOf(Math.max(...values))];
      const { token, sections } = choose({
        ...{ logits: values, seen, stopTokens },
        parameters: { repetitionPenalty: 1300, minTokens: 2, topK: 3, topP: 5000, seed: BigInt(round) },
      });
      const adjusted = natural(values).map((logit, at) => {
        if (stopTokens.includes(at)) return -Infinity;
        return seen.has(at) ? (logit > 0 ? logit / 1.3 : logit * 1.3) : logit;
      });
      expect(token).to.equal(adjusted.indexOf(Math.max(...adjusted)));
      expect(Object.keys(sections)).to.deep.equal(["winners", "best", "output"]);
    }
  });

  it("draws by the first four bytes of keccak(0x08 ‖ seed ‖ position)", () => {
    const bytes = Uint8Array.of(8, 1, 2, 3, 4, 5, 6, 7, 8, 0, 0, 2, 1);
    const expected = new DataView(keccak256(bytes).buffer).getUint32(0);
    expect(randomAt(0x0102030405060708n, 513)).to.equal(expected);
    expect(randomAt(0x0102030405060708n, 514)).to.not.equal(expected);
  });

  describe("at the ends of its ranges", () => {
    const of = (parameters: Partial<GenerationParameters>, values = logits, also: Partial<Choice> = {}) =>
      choose({ logits: values, parameters, ...also });
    const best = logits.indexOf(Math.max(...logits));
    const seeds = Array.from({ length: 40 }, (_, seed) => BigInt(seed));

    it("keeps one token with top-k 1 or the least top-p, and all tokens that are equal to it", () => {
      const equal = logits.with(5, logits[best]!).with(30, logits[best]!);
      for (const parameters of [
        { temperature: 65_535, topK: 1 },
        { temperature: 1000, topP: 1 },
      ]) {
        for (const seed of seeds) expect(of({ ...parameters, seed }).token).to.equal(best);
        expect(keptTokens(of(parameters, equal).sections)).to.deep.equal([5, 30, best].sort((a, b) => a - b));
        const drawn = new Set(seeds.map((seed) => of({ ...parameters, seed }, equal).token));
        expect(drawn.size, "tokens drawn").to.equal(3);
      }
    });

    it("keeps all with top-k of the vocabulary and more, and with a top-p of 1", () => {
      const all = keptTokens(of({ temperature: 1000 }).sections);
      expect(all).to.have.length(60);
      for (const parameters of [{ topK: 60 }, { topK: 2 ** 32 - 1 }, { topP: 10_000 }]) {
        expect(keptTokens(of({ temperature: 1000, ...parameters }).sections)).to.deep.equal(all);
      }
    });

    it("draws the best at the lowest temperature and almost anything at the highest", () => {
      for (const seed of seeds) {
        expect(of({ temperature: 50, seed }, logits.with(best, 2 ** 22)).token).to.equal(best);
      }
      const [statistic, freedom] = chiSquare(
        Array.from({ length: 3000 }, (_, seed) => of({ temperature: 65_535, seed: BigInt(seed) }).token),
        naiveDistribution({
          ...{ logits: natural(logits), seen: new Set(), excluded: [] },
          parameters: { temperature: 65_535 },
        }).probabilities,
      );
      expect(statistic).to.be.below(improbable(freedom));
    });

    it("draws from one token, from equal ones, and when all are excluded", () => {
      expect(of({ temperature: 700 }, Int32Array.of(-5)).token).to.equal(0);
      const equal = new Int32Array(1500).fill(-(2 ** 31));
      const everyone = Array.from(equal.keys());
      for (const [values, stopTokens] of [
        [equal, []],
        [equal.map((_, token) => token * 1000), everyone],
      ] as const) {
        const { sections } = of({ temperature: 700, minTokens: 3 }, values, { stopTokens });
        expect(keptTokens(sections)).to.have.length(1500);
        expect(sections.masses).to.deep.equal(BigInt64Array.of(1024n << 28n, 476n << 28n));
        const drawn = seeds.map(
          (seed) => of({ temperature: 700, minTokens: 3, seed }, values, { stopTokens }).token,
        );
        expect(drawn.some((token) => token < 1024) && drawn.some((token) => token >= 1024)).to.equal(true);
      }
      expect(of({ minTokens: 3 }, logits, { stopTokens: everyone }).token, "greedy").to.equal(0);
    });

    it("saturates penalised logits and keeps the largest distances", () => {
      const values = Int32Array.of(2 ** 31 - 1, -(2 ** 31), 0);
      const { sections } = of({ temperature: 50, repetitionPenalty: 100 }, values, {
        seen: new Set([0, 1, 2]),
      });
      expect(sections.best).to.deep.equal(Int32Array.of(0, 2 ** 31 - 1));
      expect(sections.weights).to.deep.equal(Int32Array.of(2 ** 28, 0, 0));
    });

    it("takes words that no request may have as the nearest ones that it may", () => {
      const same = (parameters: Partial<GenerationParameters>, valid: Partial<GenerationParameters>) => {
        const constants = (given: Partial<GenerationParameters>) =>
          samplingConstants({ maxTokens: 1, ...given });
        expect(constants(parameters), JSON.stringify(parameters)).to.deep.equal(constants(valid));
      };
      for (const temperature of [1, 49]) same({ temperature }, { temperature: 50 });
      for (const topP of [10_001, 65_535]) same({ topP }, { topP: 10_000 });
      for (const repetitionPenalty of [1, 99]) same({ repetitionPenalty }, { repetitionPenalty: 100 });
      for (const repetitionPenalty of [10_001, 65_535]) {
        same({ repetitionPenalty }, { repetitionPenalty: 10_000 });
      }
      expect(samplingConstants({ maxTokens: 1 })).to.deep.equal({
        ...{ greedy: true, scale: 1_890_960, shrink: ONE, grow: ONE, topK: 0, share: ONE },
      });
    });
  });
});
