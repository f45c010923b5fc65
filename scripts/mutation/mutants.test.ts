// Breaks named rules of the contracts; each test here says that the contracts' tests notice. The audit breaks every one.
import { expect } from "chai";
import { type Result, namedFaults, tryFaults } from "./faults.ts";
import { mutants as all } from "./mutants.ts";
import { describeResult, isNoticed } from "./report.ts";
import { readContracts } from "./syntax.ts";

/** Of all kinds, as they stand side by side in the tables. */
const mutants = all.filter((_, index) => process.env.ATHANOR_AUDIT !== undefined || index % 4 === 0);

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
