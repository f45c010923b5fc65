import { spawnSync } from "node:child_process";
import { globSync, readFileSync, rmSync } from "node:fs";
import { isAbsolute, join, relative } from "node:path";
import { expect } from "chai";
import { root } from "../launch/paths.mjs";
import { filesOf, suites } from "../test/suites.ts";
import { type LineCoverage, parseLcov } from "./lcov.ts";

/** Hardhat reports no branches, so lines alone are held to a limit. */
const minimumPercent = 95;
const report = join(root, "coverage", "lcov.info");

// Interfaces have no lines to run, and mocks stand in for what others deploy.
const contracts = globSync("contracts/**/*.sol", {
  cwd: root,
  exclude: ["contracts/interfaces/**", "contracts/mocks/**"],
}).sort();

describe("coverage of the contracts by their own tests", () => {
  let coverage: LineCoverage[];

  before(function () {
    this.timeout(0);
    rmSync(report, { force: true });
    const files = suites.filter(({ runner }) => runner !== "mocha").flatMap(filesOf);
    const hardhat = join(root, "node_modules/hardhat/dist/src/cli.js");
    // Its verdict is not asked for: instrumented contracts cost more gas, so tests of gas fail here.
    // The audit's many fuzzing runs reach no further lines.
    const env = { ...process.env, HARDHAT_TEST_PROFILE: "default" };
    spawnSync(process.execPath, [hardhat, "test", "--coverage", ...files], {
      cwd: root,
      env,
      stdio: "inherit",
    });
    coverage = parseLcov(readFileSync(report, "utf8"));
  });

  for (const contract of contracts) {
    it(`runs at least ${minimumPercent} % of the lines of ${contract}`, () => {
      const found = coverage.find(
        ({ file }) => (isAbsolute(file) ? relative(root, file) : file) === contract,
      );
      const { covered, missed } = found ?? { covered: 0, missed: [] };
      const percent = (100 * covered) / (covered + missed.length);
      expect(percent, `lines never run: ${missed.join(", ")}`).to.be.at.least(minimumPercent);
    });
  }
});
