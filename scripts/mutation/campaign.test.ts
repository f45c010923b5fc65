import { rmSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { buildMutants } from "./build.ts";
import { tryAll } from "./campaign.ts";
import { folderOf } from "./folder.ts";
import { locate } from "./named.ts";
import { type Source, parse } from "./syntax.ts";

const counter = `// SPDX-License-Identifier: MIT
pragma solidity ^0.8.28;
contract Counter {
    uint256 public total;
    function add(uint256 amount) external {
        if (amount == 0) return;
        total += amount;
        for (uint256 i = amount; i > 7; --i) {}
    }
}
`;
const replacements = [
  ["total += amount;", "total = amount;"],
  // Adding nothing is the same with and without the early return.
  ["amount == 0", "false"],
  // Runs until its gas is used up.
  ["i > 7", "true"],
] as const;

const folder = folderOf("counter");
const tests = [join(import.meta.dirname, "testing/counter.ts")];
const broken = [join(import.meta.dirname, "testing/broken.ts")];
const options = { processes: 2, longest: 120_000 };

describe("a campaign of mutants", () => {
  before(function () {
    this.timeout(0);
    rmSync(folder, { recursive: true, force: true });
    const sources: Source[] = parse(new Map([["contracts/Counter.sol", Buffer.from(counter)]]));
    const mutants = replacements.map(([original, mutated], index) => {
      const fault = { name: "a fault", file: "Counter.sol", original, mutated, tests: [] };
      return {
        number: index + 1,
        file: "contracts/Counter.sol",
        range: locate(fault, sources).range,
        mutated,
      };
    });
    buildMutants(folder, sources, mutants);
  });

  it("tells mutants that the tests notice from one that is the same contract", async function () {
    this.timeout(0);
    const trials = [1, 2, 3].map((number) => ({ number, files: tests, title: "" }));
    const verdicts = await tryAll(folder, trials, options);
    expect(verdicts.map(({ number, outcome, by }) => ({ number, outcome, by: by?.test }))).to.deep.equal([
      { number: 1, outcome: "killed", by: "Counter counts up" },
      { number: 2, outcome: "survived", by: undefined },
      { number: 3, outcome: "killed", by: "Counter counts up" },
    ]);
  });

  it("runs only the tests with the given title", async function () {
    this.timeout(0);
    const [verdict] = await tryAll(folder, [{ number: 1, files: tests, title: "starts at" }], options);
    expect(verdict).to.include({ number: 1, outcome: "survived" });
  });

  const failing = {
    "no test has the given title": [
      { number: 1, files: tests, title: "counts down" },
      /has "counts down" in its title/,
    ],
    "a test fails without any mutant": [
      { number: 1, files: broken, title: "" },
      /without any mutant, a test fails: "a broken test fails"/,
    ],
    "a mutant has no tests": [{ number: 1, files: [], title: "" }, /mutant 1 has no test files/],
  } as const;
  for (const [reason, [trial, message]] of Object.entries(failing)) {
    it(`means nothing if ${reason}`, async function () {
      this.timeout(0);
      const refusal = await tryAll(folder, [trial], options).then(
        () => "none",
        (error: unknown) => String(error),
      );
      expect(refusal).to.match(message);
    });
  }
});
