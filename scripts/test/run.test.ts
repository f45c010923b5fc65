import { join } from "node:path";
import { expect } from "chai";
import { root } from "../launch/paths.mjs";
import { judge } from "./run.ts";

const [vault, escrow] = ["test/Vault.test.ts", "test/JobEscrow.test.ts"].map((file) => join(root, file)) as [
  string,
  string,
];
const ended = (code: number) => ({ code, stuck: false });
const report = { passed: 3, failed: 0, skipped: 0, files: [vault], failures: [] };

describe("judging a test process", () => {
  it("takes the counts of a run in which every file had a test", () => {
    expect(judge([vault], ended(0), report)).to.deep.equal({
      passed: 3,
      failed: 0,
      skipped: 0,
      problems: [],
      failures: [],
    });
    const failures = [{ test: "Vault deposits", reason: "Error: no" }];
    expect(judge([vault], ended(1), { ...report, failed: 1, failures })).to.deep.equal({
      passed: 3,
      failed: 1,
      skipped: 0,
      problems: [],
      failures,
    });
  });

  it("counts what could hide a failure as one", () => {
    const cases: [Parameters<typeof judge>, string][] = [
      [[[], ended(0), undefined], "there are no test files"],
      [[[vault], ended(134), undefined], "the test process ended with code 134 before it reported"],
      [
        [[vault], ended(0), { passed: 0, failed: 0, skipped: 0, files: [], failures: [] }],
        "not one test ran",
      ],
      [[[vault, escrow], ended(0), report], `no test ran in ${join("test", "JobEscrow.test.ts")}`],
      [[[vault], ended(7), report], "every test passed, but the process ended with code 7"],
      [
        [[vault], { code: 1, stuck: true }, report],
        "the test process did not end after its last test: something was left open",
      ],
    ];
    for (const [args, problem] of cases) {
      const { failed, problems } = judge(...args);
      expect(problems).to.deep.equal([problem]);
      expect(failed, problem).to.equal(1);
    }
  });
});
