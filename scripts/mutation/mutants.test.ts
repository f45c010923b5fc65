// Breaks named rules of the contracts; each test here says that the contracts' tests notice. The audit breaks every one.
import { expect } from "chai";
import { type Result, namedFaults, tryFaults } from "./faults.ts";
import { mutants as all } from "./mutants.ts";
import { describeResult, isNoticed } from "./report.ts";
import { readContracts } from "./syntax.ts";

/** Tests that step every tile. */
const SLOW = /verifier\/(operators|sampling)/;
/** In an ordinary run, which has to be short, those that need minutes of tests are left out, and of the others there are some of every kind. */
const mutants = process.env.ATHANOR_AUDIT
  ? all
  : all.filter(({ tests }) => !SLOW.test(tests.join())).filter((_, index) => index % 12 === 0);

describe("a rule of the contracts that is broken is noticed", () => {
  let results: readonly Result[];

  before(async function () {
    this.timeout(0);
    const sources = readContracts();
    results = await tryFaults("named", sources, namedFaults(mutants, sources));
  });

  mutants.forEach(({ name }, index) => {
    it(name, () => {
      const result = results[index]!;
      expect(isNoticed(result), describeResult(result)).to.equal(true);
    });
  });

  it("and no two have one name", () => {
    expect(new Set(all.map(({ name }) => name)).size).to.equal(all.length);
  });
});
