import { expect } from "chai";
import { Random } from "./random.ts";

const many = <Value>(count: number, draw: () => Value): Value[] => Array.from({ length: count }, draw);
const meanOf = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe("Random", () => {
  it("repeats itself for a seed, and differs for another seed or name", () => {
    const draw = (random: Random) => many(5, () => random.uniform());
    expect(draw(new Random(7))).to.deep.equal(draw(new Random(7)));
    expect(draw(new Random(7))).not.to.deep.equal(draw(new Random(8)));
    expect(draw(new Random(7).of("one"))).to.deep.equal(draw(new Random(7).of("one")));
    expect(draw(new Random(7).of("one"))).not.to.deep.equal(draw(new Random(7).of("two")));
    expect(draw(new Random(7).of("one"))).not.to.deep.equal(draw(new Random(8).of("one")));
  });

  it("starts anywhere, also for neighbouring seeds", () => {
    const firsts = Array.from({ length: 400 }, (_, seed) => new Random(seed).uniform());
    expect(meanOf(firsts)).to.be.closeTo(0.5, 0.06);
    expect(meanOf(firsts.map((value) => (value - 0.5) ** 2))).to.be.closeTo(1 / 12, 0.02);
  });

  it("does not shift the numbers of one part when another draws more", () => {
    const random = new Random(7);
    const before = random.of("part").uniform();
    many(100, () => random.uniform());
    expect(random.of("part").uniform()).to.equal(before);
  });

  it("draws numbers with the mean and the spread that they should have", () => {
    const random = new Random(3);
    expect(meanOf(many(20_000, () => random.uniform()))).to.be.closeTo(0.5, 0.01);
    const normals = many(20_000, () => random.normal());
    expect(meanOf(normals)).to.be.closeTo(0, 0.03);
    expect(meanOf(normals.map((value) => value ** 2))).to.be.closeTo(1, 0.05);
    const counts = many(20_000, () => random.binomial(24, 0.3));
    expect(meanOf(counts)).to.be.closeTo(7.2, 0.06);
    expect(meanOf(counts.map((value) => (value - 7.2) ** 2))).to.be.closeTo(5.04, 0.2);
    expect(meanOf(many(20_000, () => random.failuresBeforeSuccess(0.2)))).to.be.closeTo(4, 0.15);
    expect(new Set(many(1_000, () => random.below(3)))).to.deep.equal(new Set([0, 1, 2]));
  });

  it("knows what never and what always happens", () => {
    const random = new Random(1);
    expect(random.failuresBeforeSuccess(0)).to.equal(Infinity);
    expect(random.failuresBeforeSuccess(1)).to.equal(0);
    expect(random.binomial(9, 0)).to.equal(0);
    expect(random.binomial(9, 1)).to.equal(9);
  });
});
