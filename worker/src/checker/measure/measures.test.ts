import { expect } from "chai";
import { id } from "ethers";
import fc from "fast-check";
import { DerivedRandom } from "./derived-random.ts";
import { moments } from "./schedule.ts";
import { lowerMedian, measuresOf, throughputOf, type Observation } from "./statistics.ts";

const timed = (latency: number, duration = 1_000, positions = 100): Observation => ({
  answered: true,
  timing: { latency, duration, positions, workPerPosition: 2_000_000n },
});
const unanswered: Observation = { answered: false };

describe("what requests show of a provider", () => {
  it("is the median of the latencies, the throughput of the fastest, the share of the answered", () => {
    const observed = [timed(120), timed(80, 500), unanswered, timed(4_000)];
    // 100 positions in half a second, 2 million multiply-adds each.
    expect(measuresOf(observed, 3, 4)).to.deep.equal({ latency: 120, throughput: 400, uptime: 7_500 });
  });

  it("is nothing of a provider that answered nothing, and asks for no evidence then", () => {
    expect(measuresOf([unanswered], 0, 8)).to.deep.equal({ latency: 0, throughput: 0, uptime: 0 });
    expect(measuresOf([timed(1)], 0, 8)).to.deep.equal({ latency: 0, throughput: 0, uptime: 0 });
  });

  it("claims no more uptime than its evidence lets a report claim", () => {
    const outcomes = fc.record({ answered: fc.nat(64), lost: fc.nat(64), proven: fc.nat(64) });
    fc.assert(
      fc.property(outcomes, fc.integer({ min: 1, max: 64 }), ({ answered, lost, proven }, required) => {
        fc.pre(answered + lost > 0);
        const observed = [
          ...Array.from({ length: answered }, () => timed(5)),
          ...Array.from({ length: lost }, () => unanswered),
        ];
        const { uptime } = measuresOf(observed, proven, required)!;
        expect(proven * 10_000 >= uptime * required).to.equal(true);
        expect(uptime).to.be.at.most(Math.floor((answered * 10_000) / (answered + lost)));
      }),
    );
  });

  it("is not known when all that was answered was answered to a process that ended", () => {
    expect(measuresOf([{ answered: true }, unanswered], 1, 2)).to.equal(undefined);
    expect(measuresOf([{ answered: true }, timed(7)], 2, 2)).to.include({ latency: 7, uptime: 10_000 });
  });

  it("stays within what a report can hold", () => {
    const absurd = { latency: 1e12, duration: 0, positions: 1e9, workPerPosition: 2n ** 60n };
    expect(measuresOf([{ answered: true, timing: absurd }], 1, 1)).to.deep.equal({
      ...{ latency: 2 ** 32 - 1, throughput: 2 ** 48 - 1, uptime: 10_000 },
    });
  });

  it("takes the lower of two middle values, as the contract does", () => {
    expect(lowerMedian([9, 1])).to.equal(1);
    expect(lowerMedian([4, 9, 1])).to.equal(4);
    expect(lowerMedian([4, 9, 1, 5])).to.equal(4);
  });

  it("lies about speed by a burst of first tokens: throughput is over the whole request", () => {
    const honest = { latency: 100, duration: 1_000, positions: 50, workPerPosition: 1_000_000n };
    expect(throughputOf({ ...honest, latency: 1 }))
      .to.equal(throughputOf(honest))
      .and.equal(50);
  });
});

describe("derived numbers", () => {
  const secret = id("blinding");

  it("are the same again, and others for another secret or purpose", () => {
    const numbers = (of: string, purpose: string) => {
      const random = new DerivedRandom(of, purpose);
      return Array.from({ length: 5 }, () => random.bits64());
    };
    const all = [numbers(secret, "a"), numbers(secret, "b"), numbers(id("another"), "a")].flat();
    expect(numbers(secret, "a")).to.deep.equal(all.slice(0, 5));
    expect(new Set(all).size).to.equal(15);
  });

  it("fill what they are drawn from", () => {
    const random = new DerivedRandom(secret, "range");
    const whole = Array.from({ length: 400 }, () => random.whole(3, 6));
    expect([...new Set(whole)].sort()).to.deep.equal([3, 4, 5, 6]);
    const sizes = Array.from({ length: 2_000 }, () => random.logarithmic(10, 1_000));
    expect(Math.min(...sizes)).to.be.at.least(10);
    expect(Math.max(...sizes)).to.be.at.most(1_000);
    // A half of them below the geometric mean.
    const below = sizes.filter((size) => size < 100).length;
    expect(below).to.be.within(850, 1_150);
    const items = ["a", "b", "c", "d"];
    const firsts = new Set(Array.from({ length: 100 }, () => random.shuffle(items)[0]));
    expect(firsts.size).to.equal(4);
    expect(random.shuffle(items).sort()).to.deep.equal(items);
  });

  it("say moments that are spread over what is left of the epoch, the same after a restart", () => {
    const at = () => moments(new DerivedRandom(secret, "moments"), 8, 1_000, 4_200);
    const all = at();
    expect(at()).to.deep.equal(all);
    all.forEach((moment, index) => {
      expect(moment).to.be.within(1_000 + 400 * index, 1_000 + 400 * (index + 1));
    });
    const other = moments(new DerivedRandom(id("another"), "moments"), 8, 1_000, 4_200);
    expect(other).to.not.deep.equal(all);
    expect(moments(new DerivedRandom(secret, "moments"), 2, 50, 10)).to.deep.equal([50, 50]);
  });
});
