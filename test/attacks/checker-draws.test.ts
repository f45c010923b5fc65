// What can be made of the draws of checkers by those who withhold secrets, make blocks, or are many: docs/checkers.md, sections 3, 4 and 9.
import { expect } from "chai";
import { AbiCoder, id as hashOfText, keccak256, toBeHex } from "ethers";
import { drawThreshold, isDrawn } from "../../sdk/src/checkers/hashes.ts";

const coder = AbiCoder.defaultAbiCoder();
const SEED_TYPE = hashOfText("Athanor.CheckerSeed");
const EXPECTED = 9;
const COMMITTED = 60;
const PROVIDER = BigInt(hashOfText("provider")) >> 96n;
const threshold = drawThreshold({ committed: COMMITTED, expected: EXPECTED });

/** A hash that nobody could foresee, another for each name. */
const unforeseen = (...names: (string | number)[]): string => hashOfText(names.join("/"));

/** As `Checkers.draw` makes it. */
const seedOf = (epoch: number, last: string, mix: bigint, value: string): string =>
  keccak256(
    coder.encode(
      ["bytes32", "uint32", "bytes32", "bytes32", "bytes32"],
      [SEED_TYPE, epoch, last, toBeHex(mix, 32), value],
    ),
  );

/** How many of an attacker's checkers are drawn for the provider. */
const drawnOf = (secrets: readonly string[], seed: string): number =>
  secrets.filter((secret) => isDrawn({ secret, seed, subject: PROVIDER, threshold })).length;

const ownSecrets = (world: number, own: number): string[] =>
  Array.from({ length: own }, (_, index) => unforeseen("secret", world, index));

/** Chances that 0, 1, … of the attacker's checkers are drawn. */
function binomial(own: number, chance: number): number[] {
  let chances = [1];
  for (let one = 0; one < own; one += 1) {
    chances = Array.from(
      { length: chances.length + 1 },
      (_, count) => (chances[count] ?? 0) * (1 - chance) + (chances[count - 1] ?? 0) * chance,
    );
  }
  return chances;
}

/** Mean of the largest of so many draws. */
function bestOf(draws: number, own: number): number {
  let below = 0;
  let mean = 0;
  for (const chance of binomial(own, EXPECTED / COMMITTED)) {
    below += chance;
    mean += 1 - Math.min(1, below) ** draws;
  }
  return mean;
}

/** Section 3. */
function boundOf(bits: number, own: number): number {
  const mean = (own * EXPECTED) / COMMITTED;
  const choice = bits * Math.LN2;
  return mean + Math.sqrt(2 * mean * choice) + choice / 3;
}

function measured(values: readonly number[]): { mean: number; error: number } {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1);
  return { mean, error: Math.sqrt(variance / values.length) };
}

describe("attack: last revealer", () => {
  it("who withholds secrets before the value is named gains nothing, whatever it chooses by", () => {
    const own = 20;
    const expected = (own * EXPECTED) / COMMITTED;
    const secrets = ownSecrets(0, own);
    // It may withhold three secrets of two epochs before, and looks at what each of the eight mixes would have made of the value before.
    const shown: number[] = [];
    const chosen: number[] = [];
    for (let epoch = 0; epoch < 400; epoch += 1) {
      const last = unforeseen("seed", epoch);
      const others = BigInt(unforeseen("others", epoch));
      const held = [0, 1, 2].map((index) => BigInt(keccak256(unforeseen("held", epoch, index))));
      const mixes = Array.from({ length: 8 }, (_, set) =>
        held.reduce((mix, hash, index) => ((set >> index) & 1 ? mix : mix ^ hash), others),
      );
      const old = unforeseen("value", epoch - 1);
      const scores = mixes.map((mix) => drawnOf(secrets, seedOf(epoch, last, mix, old)));
      const best = mixes[scores.indexOf(Math.max(...scores))]!;
      const value = unforeseen("value", epoch);
      shown.push(drawnOf(secrets, seedOf(epoch, last, mixes[0]!, value)));
      chosen.push(drawnOf(secrets, seedOf(epoch, last, best, value)));
    }
    for (const drawn of [shown, chosen]) {
      const { mean, error } = measured(drawn);
      expect(Math.abs(mean - expected)).to.be.lessThan(4 * error);
    }
  });

  it("last-revealer bias is bounded: who also makes the blocks has the best of 2^(k + b) seeds, for its own secrets only", () => {
    for (const [own, bits, epochs] of [
      [12, 1, 200],
      [20, 3, 100],
      [30, 5, 40],
    ] as const) {
      const best: number[] = [];
      for (let epoch = 0; epoch < epochs; epoch += 1) {
        const secrets = ownSecrets(own + epoch * 100, own);
        const mix = BigInt(unforeseen("mix", own, epoch));
        const seeds = Array.from({ length: 2 ** bits }, (_, choice) =>
          seedOf(epoch, unforeseen("last", own, epoch), mix, unforeseen("choice", own, epoch, choice)),
        );
        best.push(Math.max(...seeds.map((seed) => drawnOf(secrets, seed))));
      }
      const { mean, error } = measured(best);
      expect(Math.abs(mean - bestOf(2 ** bits, own)), `${own} checkers, ${bits} bits`).to.be.lessThan(
        4 * error,
      );
      expect(mean).to.be.lessThan(boundOf(bits, own));
    }
  });

  it("the bound holds for every size of the attacker and every choice that it can pay for", () => {
    for (let own = 1; own <= COMMITTED / 2; own += 1) {
      for (let bits = 0; bits <= 20; bits += 1) {
        const found = bestOf(2 ** bits, own);
        expect(found, `${own} checkers, ${bits} bits`).to.be.at.most(boundOf(bits, own) + 1e-9);
      }
    }
  });

  it("one bit more is worth at most 0.7 checkers to a fifth of all, 0.9 to a third, 1.1 to a half, in one epoch and of one provider", () => {
    for (const [own, most] of [
      [COMMITTED / 5, 0.7],
      [COMMITTED / 3, 0.9],
      [COMMITTED / 2, 1.1],
    ] as const) {
      for (let bits = 0; bits < 20; bits += 1) {
        expect(bestOf(2 ** (bits + 1), own) - bestOf(2 ** bits, own)).to.be.at.most(most);
      }
    }
  });
});

describe("attack: colluding majority", () => {
  /** Chance that more than half of at least a quorum of five is the attacker's. */
  function majority(own: readonly number[], others: readonly number[]): number {
    let chance = 0;
    for (const [a, ofOwn] of own.entries()) {
      for (const [b, ofOthers] of others.entries()) if (a + b >= 5 && a > b) chance += ofOwn * ofOthers;
    }
    return chance;
  }

  it("has the chances that section 4 states", () => {
    const poisson = (mean: number) => {
      const chances = [Math.exp(-mean)];
      while (chances.length < 60) chances.push((chances.at(-1)! * mean) / chances.length);
      return chances;
    };
    const percent = [1 / 5, 1 / 3, 1 / 2].map((share) =>
      (100 * majority(poisson(EXPECTED * share), poisson(EXPECTED * (1 - share)))).toFixed(1),
    );
    expect(percent).to.deep.equal(["1.6", "10.9", "41.3"]);
  });

  it("comes about as often among checkers that are drawn as the contract draws them", () => {
    const own = COMMITTED / 3;
    const chance = EXPECTED / COMMITTED;
    const epochs = 400;
    const secrets = ownSecrets(-1, COMMITTED);
    let won = 0;
    for (let epoch = 0; epoch < epochs; epoch += 1) {
      const seed = unforeseen("majority", epoch);
      const mine = drawnOf(secrets.slice(0, own), seed);
      const theirs = drawnOf(secrets.slice(own), seed);
      if (mine + theirs >= 5 && mine > theirs) won += 1;
    }
    const expected = majority(binomial(own, chance), binomial(COMMITTED - own, chance));
    const error = Math.sqrt((expected * (1 - expected)) / epochs);
    expect(Math.abs(won / epochs - expected)).to.be.lessThan(4 * error);
  });
});
