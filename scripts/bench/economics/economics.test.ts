import { expect } from "chai";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { benchEconomics, economicsTable } from "../economics.ts";
import { crossingOf } from "./experiments.ts";
import { defaultMarket } from "./market.ts";
import { fillTables, markdownOf } from "./page.ts";
import { checkerStrategies } from "./checkers.ts";
import { providerStrategies } from "./providers.ts";
import { Random } from "./random.ts";
import { defaultRules } from "./rules.ts";
import { type Table } from "./tables.ts";
import { simulate } from "./world.ts";

const SMALL = { epochs: 60, runs: 4, samples: 200 };
const table: Table = {
  name: "one",
  title: "One",
  columns: [{ heading: "what" }, { heading: "source", align: "right" }],
  rows: [
    ["a page", "docs/dispute.md"],
    ["an address", "https://example.org/x"],
  ],
};

describe("npm run bench -- economics", () => {
  let folder: string;
  let result: Awaited<ReturnType<typeof benchEconomics>>;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), "economics-"));
    result = await benchEconomics({ ...SMALL, svg: folder });
  });
  after(() => rm(folder, { recursive: true }));

  it("repeats to the byte for a seed, and not for another", async () => {
    const again = await benchEconomics(SMALL);
    expect(JSON.stringify(again)).to.equal(JSON.stringify(result));
    expect(economicsTable(again)).to.equal(economicsTable(result));
    const other = await benchEconomics({ ...SMALL, seed: 2 });
    expect(JSON.stringify(other.mixed)).not.to.equal(JSON.stringify(result.mixed));
  });

  it("finds honesty to be worth more than each dishonest kind, in every role", () => {
    const [honestProvider, ...otherProviders] = result.mixed.providers;
    const [honestChecker, ...otherCheckers] = result.mixed.checkers;
    for (const row of otherProviders) {
      expect(row.stakeReturn.mean, row.name).to.be.lessThan(honestProvider!.stakeReturn.mean);
      expect(row.delegatorReturn.mean, row.name).to.be.lessThan(honestProvider!.delegatorReturn.mean);
    }
    for (const row of otherCheckers) {
      expect(row.profitUsd.mean, row.name).to.be.lessThan(honestChecker!.profitUsd.mean);
    }
    expect(honestChecker!.profitUsd.mean).to.be.greaterThan(0);
  });

  it("finds stakes that suffice below those in use, and checks that fees pay for", () => {
    const { fraudDeposits, hardwareStakes, mixed } = result;
    expect(fraudDeposits.crossingAth).to.be.within(1, defaultRules.fraudDepositAth);
    expect(hardwareStakes.crossingAth).to.be.within(1, defaultRules.hardwareStakeAth);
    expect(mixed.coverage.mean).to.be.greaterThan(1);
  });

  it("is on the good side of every break-even, of the commission's bound too", () => {
    for (const { what, breakEven, used, goodAbove } of result.breakEvens) {
      expect(goodAbove ? used > breakEven : used < breakEven, what).to.equal(true);
    }
  });

  it("writes plots, all of them whole", async () => {
    const files = (await readdir(folder)).sort();
    expect(files).to.deep.equal([
      "coalitions.svg",
      "deposits.svg",
      "detection.svg",
      "hardware.svg",
      "providers.svg",
    ]);
    for (const file of files) {
      const plot = await readFile(join(folder, file), "utf8");
      expect(plot, file).to.match(/^<svg [^]*<\/svg>\n$/);
      expect(plot, file).not.to.contain("NaN");
    }
  });

  it("refuses a single run, which has no interval", async () => {
    try {
      await benchEconomics({ ...SMALL, runs: 1 });
    } catch (error) {
      expect(error).to.be.instanceOf(RangeError);
      return;
    }
    expect.fail("a single run was accepted");
  });
});

describe("simulate", () => {
  const strategies = providerStrategies(defaultMarket).map(({ name }) => name);
  const population = (provider: string, honestCheckers: number, bribed = 0) => ({
    providers: strategies.map((name) => (name === provider ? 2 : 0)),
    checkers: checkerStrategies(defaultMarket).map(({ intent, isBribed }) =>
      isBribed ? bribed : intent === "honest" ? honestCheckers : 0,
    ),
    gpusPerProvider: 1,
  });
  const play = (provider: string, honest: number, bribed = 0, rules = defaultRules) =>
    simulate(rules, defaultMarket, population(provider, honest, bribed), 100, new Random(4));

  it("pays checkers from fees and nothing else", () => {
    const rules = { ...defaultRules, basePayAth: 1_000 };
    const { promisedUsd, feesUsd, checkers } = play("honest", 20, 0, rules);
    expect(promisedUsd).to.be.greaterThan(feesUsd);
    expect(checkers.get("honest")!.profitUsd).to.be.lessThan(feesUsd);
  });

  it("convicts nobody and slashes nobody where all are honest", () => {
    const { providers, checkers } = play("honest", 20);
    expect(providers.get("honest")).to.include({ convictions: 0, penalties: 0 });
    expect(checkers.get("honest")!.slashes).to.equal(0);
  });

  it("finds lesser hardware, unless nearly all checkers are bribed", () => {
    const name = "lesser hardware, bribes checkers";
    expect(play(name, 20).providers.get(name)!.penalties).to.be.greaterThan(10);
    expect(play(name, 0, 20).providers.get(name)!.penalties).to.equal(0);
  });

  it("slander: penalises honest providers only where a large part of the checkers slanders", () => {
    const slander = (count: number) => {
      const kinds = checkerStrategies(defaultMarket);
      const checkers = kinds.map(({ intent, slanders }) =>
        slanders ? count : intent === "honest" ? 40 - count : 0,
      );
      const people = { providers: [4], checkers, gpusPerProvider: 4 };
      const { providers } = simulate(defaultRules, defaultMarket, people, 100, new Random(6));
      return providers.get("honest")!.penalties;
    };
    expect(slander(6)).to.equal(0);
    expect(slander(24)).to.be.greaterThan(10);
  });

  it("judges providers with little stake too, when their reveals are enough", () => {
    const name = "lesser hardware";
    const rules = { ...defaultRules, hardwareStakeAth: 2_500 };
    expect(play(name, 20, 0, rules).providers.get(name)!.penalties).to.be.greaterThan(0);
  });
});

describe("crossingOf", () => {
  const rows = (...gains: number[]) =>
    gains.map((mean, index) => ({
      stakeAth: index * 100,
      gains: [{ name: "one", gainUsd: { mean, halfWidth: 0 } }],
    }));
  it("interpolates where a gain ends, and says if it does not", () => {
    expect(crossingOf(rows(3, 1, -1))).to.equal(150);
    expect(crossingOf(rows(-1, -2))).to.equal(0);
    expect(crossingOf(rows(-1, 1, -1))).to.equal(150);
    expect(crossingOf(rows(2, 1))).to.equal(undefined);
  });
});

describe("tables of a page", () => {
  it("are put where the page asks for them, with links", () => {
    const page = "a\n<!-- table: one -->\nold\n<!-- end of table -->\nb";
    const filled = fillTables(page, [table]);
    expect(filled).to.equal(`a\n<!-- table: one -->\n\n${markdownOf(table)}\n\n<!-- end of table -->\nb`);
    expect(filled).to.contain("| a page | [dispute.md](dispute.md) |");
    expect(filled).to.contain("[example.org](https://example.org/x)");
    expect(fillTables(filled, [table])).to.equal(filled);
  });

  it("must be asked for, and be there", () => {
    expect(() => fillTables("nothing", [table])).to.throw(RangeError, "leaves tables out: one");
    const page = "<!-- table: two -->\n<!-- end of table -->";
    expect(() => fillTables(page, [table])).to.throw(RangeError, '"two"');
  });
});
