import { expect } from "chai";
import { agreeing, asked, checkerStrategies, measure, nameRoot } from "./checkers.ts";
import { leastCommission, splitPool } from "./delegators.ts";
import { breakEvenDepositAth, detectionChance, detectionTime, recomputedAnswers } from "./detection.ts";
import { bestOfDraws, binomialDistribution, captureOf, lastRevealer } from "./draw.ts";
import { defaultMarket, depositAthOf, figuresOf } from "./market.ts";
import { Provider, providerStrategies } from "./providers.ts";
import { isBad, type Report, scored, sharesOf, verdictOf } from "./quality.ts";
import { Random } from "./random.ts";
import { contractRules, ruleSets } from "./rules.ts";
import { estimate, lowerMedian } from "./statistics.ts";

const rules = contractRules;
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

  it("takes the lower of two medians", () => {
    expect(lowerMedian([3, 1, 2])).to.equal(2);
    expect(lowerMedian([4, 1, 3, 2])).to.equal(2);
    expect(() => lowerMedian([])).to.throw(RangeError);
  });
});

describe("reports, medians and shares", () => {
  const verdict = { speed: 1, uptime: 1 };

  it("are judged by lower medians, and not at all without a quorum", () => {
    expect(verdictOf(rules, speeds(1, 1, 1, 1))).to.equal(undefined);
    expect(verdictOf(rules, speeds(1.1, 0.1, 1.2, 9, 1))).to.deep.equal({ speed: 1.1, uptime: 1 });
    expect(verdictOf(rules, speeds(1, undefined, undefined, undefined, 2))).to.deep.equal({
      speed: undefined,
      uptime: 0,
    });
  });

  it("earn one share near the medians, and none far from them, whichever side they are on", () => {
    const shares = (speed: number | undefined, uptime: number) =>
      sharesOf(rules, { speed, uptime }, verdict, undefined);
    expect([0.5, 1.5].map((speed) => shares(speed, 1))).to.deep.equal([1, 1]);
    expect([0.49, 1.51].map((speed) => shares(speed, 1))).to.deep.equal([0, 0]);
    expect([0.92, 0.9].map((uptime) => shares(1, uptime))).to.deep.equal([1, 0]);
  });

  it("lazy guess: without asking only the report that nobody answered is left, and others belie it", () => {
    const [silent] = speeds(undefined);
    expect(sharesOf(rules, silent!, verdict, undefined)).to.equal(0);
    expect(sharesOf(rules, silent!, { speed: undefined, uptime: 0 }, undefined)).to.equal(1);
  });

  it("earn more for a surprise, if they are nearer to it than to the score", () => {
    const seen = (score: number) =>
      speeds(0.7, 0.75, 1).map((report) => sharesOf(rules, report, { speed: 0.72, uptime: 1 }, score));
    expect(seen(1)).to.deep.equal([rules.surpriseShares, rules.surpriseShares, 1]);
    expect(seen(0.75)).to.deep.equal([1, 1, 1]);
  });

  it("call absence bad, and slowness only where that is a rule", () => {
    expect(isBad(rules, { speed: 1, uptime: 0.89 })).to.equal(true);
    expect(isBad(rules, { speed: 0.1, uptime: 0.9 })).to.equal(false);
    expect(isBad(ruleSets.extended, { speed: 0.79, uptime: 1 })).to.equal(true);
    expect(isBad(ruleSets.extended, { speed: 0.81, uptime: 1 })).to.equal(false);
  });

  it("move the score a quarter of the way, its speed not in exams", () => {
    const score = scored(rules, { speed: 1, uptime: 1 }, { speed: 2, uptime: 0.6 }, false);
    expect(score).to.deep.equal({ speed: 1.25, uptime: 0.9 });
    expect(scored(rules, undefined, verdict, true)).to.deep.equal({ speed: undefined, uptime: 1 });
    expect(scored(rules, score, { speed: undefined, uptime: 0 }, false).speed).to.equal(1.25);
  });
});

const kinds = checkerStrategies(market);
const named = (name: string) => kinds.find((each) => each.name === name)!;

describe("checkers", () => {
  const provider = { speed: 1, uptime: 1, bribes: false, score: 0.7 };
  const reportOf = (name: string, of = provider) =>
    measure(named(name), of, 1.1, rules, market, new Random(3)).report;

  it("can claim no more uptime than their requests were answered", () => {
    expect(reportOf("honest").uptime).to.equal(1);
    expect(reportOf("asks half").uptime).to.equal(0.5);
    expect(reportOf("asks all but one").uptime).to.equal(1 - 1 / rules.requests);
    expect(reportOf("asks nobody, reports no answer")).to.deep.equal({ speed: undefined, uptime: 0 });
    expect(asked(named("asks half"), rules)).to.equal(rules.requests / 2);
  });

  it("report what they measured, the score, or a lie for a bribe or against a competitor", () => {
    expect(reportOf("asks, reports the score").speed).to.equal(0.7);
    expect(reportOf("honest").speed).to.be.closeTo(1, 0.4);
    const slow = { ...provider, speed: 0.1, bribes: true };
    expect(reportOf("bribed by a provider", slow).speed).to.be.greaterThan(0.7);
    expect(reportOf("honest", slow).speed).to.be.lessThan(0.2);
    expect(reportOf("slanders").uptime).to.equal(0);
  });

  it("lazy auditor: made-up roots are paid only where most of those who reveal made them up", () => {
    const rootOf = (name: string) => nameRoot(named(name), new Random(1));
    const honest = rootOf("honest");
    const ring = rootOf("ring that shares made-up roots");
    const silent = rootOf("audits nothing");
    expect(agreeing(rules, [honest, honest, ring])).to.deep.equal([true, true, false]);
    expect(agreeing(rules, [honest, ring, ring])).to.deep.equal([false, true, true]);
    expect(agreeing(rules, [honest, honest, ring, ring])).to.deep.equal([false, false, false, false]);
    expect(agreeing(rules, [honest, silent])).to.deep.equal([false, false]);
  });
});

describe("detection", () => {
  it("takes the time that the formula says", () => {
    expect(detectionChance(0.01, 216)).to.be.closeTo(1 - 0.99 ** 216, 1e-12);
    const { epochs } = detectionTime(rules, 0.01, 56, 4_000, new Random(5));
    expect(epochs.mean).to.be.closeTo(1 / (0.01 * recomputedAnswers(rules)), 0.1);
  });

  it("asks for a deposit that outweighs the savings until the conviction, and no less", () => {
    const deposit = breakEvenDepositAth(rules, figures, market.athUsd) * market.athUsd;
    const saved = figures.substituteGainUsd * (1 / recomputedAnswers(rules) + figures.disputeEpochs);
    expect(deposit / 2).to.be.closeTo(saved, 1e-9);
    for (const gpus of [1, 4, 100]) {
      expect((depositAthOf(rules, gpus) * market.athUsd) / gpus).to.be.greaterThan(deposit);
    }
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
      if (mine > theirs && mine + theirs >= rules.quorum) captured++;
    }
    expect(captureOf(rules, 0.5, 56)).to.be.closeTo(captured / trials, 0.02);
  });

  it("predictable checker draw: the last revealer gains seats up to the bound, and none with a later block", () => {
    const setting = { tickets: 56, coalition: 19, providers: 30 };
    const result = lastRevealer(rules, market, setting, 4, 400, 20_000, new Random(2));
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
  const provider = (name: string) => {
    const strategy = providerStrategies(market).find((each) => each.name === name)!;
    return new Provider(strategy, 1, rules, market, figures);
  };
  const registered = (name: string, hasExams = false) => {
    const one = provider(name);
    one.phase(0, hasExams);
    return one;
  };

  it("goes on until the conviction, loses half of the deposit, and is back after an epoch", () => {
    const cheat = registered("smaller model for 100 %");
    const first = cheat.work(0, 0.5);
    const second = cheat.work(1, undefined);
    const third = cheat.work(2, undefined);
    expect(first.slashedUsd + second.slashedUsd).to.equal(0);
    expect(third.slashedUsd).to.equal(cheat.depositUsd / 2);
    // Found at noon of the first day; the dispute takes a day and 14 hours, so it ends at 2 o'clock of the third.
    expect(third.revenueUsd / first.revenueUsd).to.be.closeTo(2 / 24, 1e-9);
    expect(cheat.phase(3, false)).to.equal("idle");
    expect(cheat.idle(3, "idle").capitalUsd).to.equal(cheat.hardwareUsd);
    expect(cheat.phase(4, false)).to.equal("works");
    expect(cheat.work(4, undefined).capitalUsd).to.equal(2 * cheat.hardwareUsd + cheat.depositUsd);
  });

  it("a bad hour, or two bad epochs, cost no stake; three in a row cost a tenth less the discount, after the time for an appeal", () => {
    const away = registered("half offline");
    const judge = (epoch: number, isBadEpoch: boolean) => {
      away.judge(epoch, isBadEpoch);
      return away.takePenalty(epoch + 20);
    };
    expect([judge(0, true), judge(1, true), judge(2, false), judge(3, true), judge(4, true)]).to.deep.equal([
      0, 0, 0, 0, 0,
    ]);
    away.judge(5, true);
    expect(away.takePenalty(5 + 8)).to.equal(0);
    expect(away.takePenalty(5 + 9)).to.be.closeTo(away.hardwareUsd * 0.08, 1e-9);
    expect(away.takePenalty(5 + 30)).to.equal(0);
    expect([20, 21].map((epoch) => away.phase(epoch, false))).to.deep.equal(["idle", "works"]);
  });

  it("makes one case in an interval, suspends longer each time, and ends an account with the last", () => {
    const away = registered("half offline");
    const penalties: number[] = [];
    let works = 0;
    for (let epoch = 0; epoch < 200; epoch++) {
      if (away.takePenalty(epoch) > 0) penalties.push(epoch);
      if (away.phase(epoch, false) !== "works") continue;
      works++;
      away.judge(epoch, true);
    }
    // Cases in epochs 2, 18 and 41, each as soon as it works again; each judged after two epochs and taken a week later.
    expect(penalties.slice(0, 3)).to.deep.equal([11, 27, 50]);
    expect(away.account).to.be.greaterThan(0);
    expect(works).to.be.lessThan(150);
  });

  it("oversleeps only while one more bad epoch makes no case", () => {
    const careful = registered("half offline when safe");
    expect(careful.behaviour().hoursOffline).to.equal(12);
    careful.judge(0, true);
    careful.judge(1, true);
    expect(careful.behaviour().hoursOffline).to.equal(0);
    careful.judge(2, false);
    expect(careful.behaviour().hoursOffline).to.equal(12);
  });

  it("works when its hardware has passed, two epochs after the exam; a failure later suspends it again", () => {
    const one = registered("honest", true);
    expect(one.phase(0, true)).to.equal("idle");
    expect(one.phase(1, true)).to.equal("is examined");
    one.takeExam(1, true);
    expect([2, 3].map((epoch) => one.phase(epoch, true))).to.deep.equal(["idle", "works"]);
    one.takeExam(5, false);
    expect([6, 7, 8].map((epoch) => one.phase(epoch, true))).to.deep.equal(["works", "idle", "is examined"]);
    one.takeExam(8, false);
    expect(one.phase(9, true)).to.equal("is examined");
    // Where there are no exams any more nobody waits for one.
    expect(one.phase(10, false)).to.equal("works");
  });
});
