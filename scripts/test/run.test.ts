import { join } from "node:path";
import { expect } from "chai";
import { root } from "../launch/paths.mjs";
import { judge } from "./run.ts";

const [vault, escrow] = ["test/Vault.test.ts", "test/JobEscrow.test.ts"].map((file) => join(root, file)) as [
  string,
  string,
];
const report = { passed: 3, failed: 0, skipped: 0, files: [vault] };

describe("judging a test process", () => {
  it("takes the counts of a run in which every file had a test", () => {
    expect(judge([vault], 0, report)).to.deep.equal({ passed: 3, failed: 0, skipped: 0, problems: [] });
    expect(judge([vault], 1, { ...report, failed: 1 })).to.deep.equal({
      passed: 3,
      failed: 1,
      skipped: 0,
      problems: [],
    });
  });

  it("counts what could hide a failure as one", () => {
    const cases: [Parameters<typeof judge>, string][] = [
      [[[], 0, undefined], "there are no test files"],
      [[[vault], 134, undefined], "the test process ended with code 134 before it reported"],
      [[[vault], 0, { passed: 0, failed: 0, skipped: 0, files: [] }], "not one test ran"],
      [[[vault, escrow], 0, report], `no test ran in ${join("test", "JobEscrow.test.ts")}`],
      [[[vault], 7, report], "every test passed, but the process ended with code 7"],
    ];
    for (const [args, problem] of cases) {
      const { failed, problems } = judge(...args);
      expect(problems).to.deep.equal([problem]);
      expect(failed, problem).to.equal(1);
    }
  });
});
