import { expect } from "chai";
import { checkerStrategies, recheck } from "./checkers.ts";
import { leastCommission, splitPool } from "./delegators.ts";
import { breakEvenDepositAth, detectionChance, detectionTime, recomputedAnswers } from "./detection.ts";
import { bestOfDraws, binomialDistribution, captureOf, lastRevealer } from "./draw.ts";
import { defaultMarket, figuresOf } from "./market.ts";
import { Provider, providerStrategies } from "./providers.ts";
import { closeReports, FaultRecord, isFault, type Report, surprisedReports, verdictOf } from "./quality.ts";
import { Random } from "./random.ts";
import { defaultRules } from "./rules.ts";
import { estimate, median, medianWithout, sorted } from "./statistics.ts";

const rules = defaultRules;
const market = defaultMarket;
const figures = figuresOf(rules, market);
const speeds = (...values: (number | undefined)[]): Report[] =>
  values.map((speed) => ({ speed, uptime: speed === undefined ? 0 : 1 }));

describe("statistics of the simulation", () => {
  it("gives the mean and Student's interval", () => {
    const { mean, halfWidth } = estimate([1, 2, 3]);
    expect(mean).to.equal(2);
    // t(2) = 4.303, standard deviation 1, three runs.
    expect(halfWidth).to.be.closeTo(4.303 / Math.sqrt(3), 1e-12);
    expect(() => estimate([1])).to.throw(RangeError, "two runs, got 1");
  });

  it("takes medians, also without one of the values", () => {
    expect(median([3, 1, 2])).to.equal(2);
    expect(median([4, 1, 3, 2])).to.equal(2.5);
    expect(() => median([])).to.throw(RangeError);
    expect(medianWithout(sorted([5, 1, 2, 9]), 9)).to.equal(2);
    expect(medianWithout(sorted([5, 1, 2]), 2)).to.equal(3);
    expect(() => medianWithout(sorted([1, 2]), 3)).to.throw(RangeError);
    expect(() => medianWithout(sorted([1]), 1)).to.throw(RangeError);
  });
});

describe("quality rules", () => {
  it("judges by medians, and not at all with too few reveals", () => {
    expect(verdictOf(rules, speeds(1, 1, 1, 1))).to.equal(undefined);
    const verdict = verdictOf(rules, speeds(1.1, 0.1, 1.2, 9, 1));
    expect(verdict).to.deep.equal({ speed: 1.1, uptime: 1 });
  });

  it("finds a fault in half of the class's speed and in an uptime below nine tenths", () => {
    expect(isFault(rules, { speed: 0.79, uptime: 1 })).to.equal(true);
    expect(isFault(rules, { speed: 0.81, uptime: 1 })).to.equal(false);
    expect(isFault(rules, { speed: 1, uptime: 0.89 })).to.equal(true);
  });

  it("does not pay outliers, whichever side they are on", () => {
    expect(closeReports(rules, speeds(1, 1.02, 0.98, 1.6, 0.6))).to.deep.equal([
      true,
      true,
      true,
      false,
      false,
    ]);
  });

  it("lazy guess: without receipts only the report that nobody answered is left, and others belie it", () => {
    expect(closeReports(rules, speeds(1, 1, 1, 1, undefined)).at(-1)).to.equal(false);
    expect(closeReports(rules, speeds(undefined, undefined, undefined))).to.deep.equal([true, true, true]);
  });

  it("makes a penalty of as many faults as it takes within the window, then counts anew", () => {
    const faultsOf = (faultsForPenalty: number, faultWindowEpochs: number, epochs: readonly number[]) => {
      const record = new FaultRecord({ ...rules, faultsForPenalty, faultWindowEpochs });
      return epochs.map((epoch) => record.add(epoch));
    };
    expect(faultsOf(2, 7, [0, 7, 9, 10, 11])).to.deep.equal([false, false, true, false, true]);
    expect(faultsOf(3, 3, [0, 1, 3, 4, 5])).to.deep.equal([false, false, false, false, true]);
  });

  it("pays a bonus to whoever saw a surprise, and to nobody else", () => {
    const seen = (score: number) =>
      surprisedReports(rules, speeds(0.7, 0.75, 1, undefined), { speed: 0.72, uptime: 1 }, score);
    expect(seen(1)).to.deep.equal([true, true, false, false]);
    expect(seen(0.75)).to.deep.equal([false, false, false, false]);
  });
});

describe("rechecks", () => {
  const kinds = checkerStrategies(market);
  const named = (name: string) => kinds.find((each) => each.name === name)!;
  const [honest] = kinds;
  const lazy = named("asks, does not recompute");
  const copier = named("copies what others leak");
  const ring = named("ring that shares made-up roots");
  const outcomes = (first = honest, second = honest, isTrap = false) =>
    Array.from({ length: 50 }, (_, seed) => recheck(first, second, isTrap, new Random(seed)));

  it("lazy auditor: whoever did not recompute is slashed by any honest recheck", () => {
    expect(outcomes(lazy).every(({ firstSlashed }) => firstSlashed)).to.equal(true);
    expect(outcomes(honest).some(({ firstSlashed }) => firstSlashed)).to.equal(false);
  });

  it("lazy auditor copying: traps slash what was copied, and nothing else does", () => {
    expect(outcomes(honest, copier, true).some(({ secondSlashed }) => secondSlashed)).to.equal(true);
    expect(outcomes(honest, copier, false).some(({ secondSlashed }) => secondSlashed)).to.equal(false);
    expect(outcomes(honest, honest, true).some(({ secondSlashed }) => secondSlashed)).to.equal(false);
  });

  it("a ring passes among its own and nowhere else", () => {
    expect(outcomes(ring, ring).some(({ firstSlashed }) => firstSlashed)).to.equal(false);
    expect(outcomes(ring, honest).every(({ firstSlashed }) => firstSlashed)).to.equal(true);
  });
});

describe("detection", () => {
  it("takes the time that the formula says", () => {
    expect(detectionChance(0.01, 216)).to.be.closeTo(1 - 0.99 ** 216, 1e-12);
    const { epochs } = detectionTime(rules, 0.01, 56, 4_000, new Random(5));
    expect(epochs.mean).to.be.closeTo(1 / (0.01 * recomputedAnswers(rules)), 0.05);
  });

  it("asks for a deposit that outweighs the savings until the conviction, and no less", () => {
    const deposit = breakEvenDepositAth(rules, figures, market.athUsd) * market.athUsd;
    const saved = figures.substituteGainUsd * (1 / recomputedAnswers(rules) + figures.disputeEpochs);
    expect(deposit / 2).to.be.closeTo(saved, 1e-9);
    expect(rules.fraudDepositAth * market.athUsd).to.be.greaterThan(deposit);
  });
});

describe("the draw", () => {
  it("has binomial chances that sum to one", () => {
    const chances = binomialDistribution(9, 0.3);
    expect(chances.reduce((sum, chance) => sum + chance, 0)).to.be.closeTo(1, 1e-12);
    expect(chances[3]).to.be.closeTo(84 * 0.3 ** 3 * 0.7 ** 6, 1e-12);
    expect(binomialDistribution(2, 1)).to.deep.equal([0, 0, 1]);
  });

  it("captures as often as a coalition has most of the seats", () => {
    expect(captureOf(rules, 0, 56)).to.equal(0);
    const random = new Random(11);
    const trials = 20_000;
    let captured = 0;
    for (let trial = 0; trial < trials; trial++) {
      const [mine, theirs] = [random.binomial(28, 9 / 56), random.binomial(28, 9 / 56)];
      if (mine > theirs && mine + theirs >= rules.minimumReveals) captured++;
    }
    expect(captureOf(rules, 0.5, 56)).to.be.closeTo(captured / trials, 0.02);
  });

  it("predictable checker draw: the last revealer gains seats up to the bound, and none with a later block", () => {
    const setting = { tickets: 56, coalition: 19, providers: 30 };
    const result = lastRevealer(rules, figures, market.athUsd, setting, 400, 20_000, new Random(2));
    expect(result.gainedSeats).to.be.within(0.9 * result.boundSeats, result.boundSeats);
    expect(result.gainedBlindSeats).to.be.closeTo(0, 0.25);
    expect(result.gainedUsd).to.be.lessThan(result.costUsd);
    expect(result.captureUsd).to.be.greaterThan(result.costUsd);
  });

  it("bounds the best of several draws: one draw gains nothing", () => {
    expect(bestOfDraws(0)).to.equal(0);
    expect(bestOfDraws(1)).to.be.closeTo(1 / Math.sqrt(3), 1e-12);
    expect(bestOfDraws(2)).to.be.closeTo(3 / Math.sqrt(7), 1e-12);
  });
});

describe("pools", () => {
  it("take losses from the manager's part first", () => {
    const epoch = { revenueUsd: 100, costUsd: 60, slashedUsd: 50, capitalUsd: 1_000 };
    const { managerUsd, delegatorsUsd } = splitPool(rules, epoch, 30);
    expect(delegatorsUsd).to.be.closeTo(100 * 0.15 * 0.6 - 20, 1e-9);
    expect(managerUsd).to.be.closeTo(85 + 100 * 0.15 * 0.4 - 60 - 30, 1e-9);
  });

  it("leave a manager with the least commission nothing and no loss", () => {
    const commission = leastCommission(0.7, 0.1);
    expect(commission + (1 - commission) * 0.1).to.be.closeTo(0.7, 1e-12);
    expect(leastCommission(0.3, 0.4)).to.equal(0);
  });
});

describe("a provider's accounts", () => {
  const strategies = providerStrategies(market);
  const provider = (name: string) =>
    new Provider(
      strategies.find((each) => each.name === name)!,
      1,
      rules,
      market,
      figures,
    );

  it("goes on until the conviction, loses half of the deposit, and is back after an epoch", () => {
    const cheat = provider("smaller model for 100 %");
    const first = cheat.work(0, 0.5);
    const second = cheat.work(1, undefined);
    const third = cheat.work(2, undefined);
    expect(first.slashedUsd + second.slashedUsd).to.equal(0);
    expect(third.slashedUsd).to.equal(cheat.depositUsd / 2);
    // Found at noon of the first day; the dispute takes a day and 14 hours, so it ends at 2 o'clock of the third.
    expect(third.revenueUsd / first.revenueUsd).to.be.closeTo(2 / 24, 1e-9);
    expect(cheat.works(3)).to.equal(false);
    expect(cheat.idle(3).capitalUsd).to.equal(cheat.hardwareUsd);
    expect(cheat.works(4)).to.equal(true);
    expect(cheat.work(4, undefined).capitalUsd).to.equal(2 * cheat.hardwareUsd + cheat.depositUsd);
  });

  it("waits out a suspension, or comes back with a second stake", () => {
    const waits = provider("overbooked");
    const returns = provider("overbooked, new accounts");
    for (const each of [waits, returns]) {
      expect([each.judge(0, true), each.judge(1, true)]).to.deep.equal([0, 0]);
      expect(each.judge(2, true)).to.equal(each.hardwareUsd / 10);
    }
    expect([3, 9, 10].map((epoch) => waits.works(epoch))).to.deep.equal([false, false, true]);
    expect([3, 4].map((epoch) => returns.works(epoch))).to.deep.equal([false, true]);
    expect(returns.work(4, undefined).capitalUsd).to.equal(
      1.9 * returns.hardwareUsd + 2 * returns.depositUsd,
    );
  });

  it("oversells only while one more fault makes no penalty", () => {
    const careful = provider("overbooked when safe");
    expect(careful.behaviour().speed).to.be.lessThan(0.7);
    careful.judge(0, true);
    careful.judge(1, true);
    expect(careful.behaviour().speed).to.be.greaterThan(1);
    careful.judge(2, false);
    expect(careful.behaviour().speed).to.be.lessThan(0.7);
  });
});
