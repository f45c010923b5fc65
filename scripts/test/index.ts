// npm test [-- --only SUITE…]   and   npm run audit: the same suites with more runs, then the slow ones.
import { Command, Option } from "commander";
import { formatTable } from "../lib/table.ts";
import { type Outcome, runSuite } from "./run.ts";
import { suites } from "./suites.ts";

const program = new Command("npm test --")
  .description("Runs the test suites one after another and adds up their counts.")
  .addOption(new Option("--only <suite...>", "run only these suites").choices(suites.map(({ name }) => name)))
  .option("--audit", "more fuzzing runs, and the slow suites", false)
  .allowExcessArguments(false)
  .parse();
const { only, audit } = program.opts<{ only?: string[]; audit: boolean }>();

const chosen = suites.filter(({ name, slow }) => only?.includes(name) ?? (audit || slow !== true));
// Hardhat takes its fuzzing and invariant runs from the profile of this name; TypeScript tests read ATHANOR_AUDIT.
const environment = audit
  ? { ...process.env, HARDHAT_TEST_PROFILE: "audit", ATHANOR_AUDIT: "1" }
  : process.env;

const outcomes: Outcome[] = [];
for (const [index, suite] of chosen.entries()) {
  console.log(`\n── ${suite.name} (${index + 1} of ${chosen.length})`);
  outcomes.push(await runSuite(suite, environment));
}

const total = (key: "passed" | "failed" | "skipped") =>
  outcomes.reduce((sum, outcome) => sum + outcome[key], 0);
const right = "right" as const;
console.log(
  `\n${formatTable(
    [
      { heading: "suite" },
      { heading: "passed", align: right },
      { heading: "failed", align: right },
      { heading: "skipped", align: right },
      { heading: "seconds", align: right },
    ],
    outcomes.map(({ suite, passed, failed, skipped, seconds }) =>
      [suite, passed, failed, skipped, seconds.toFixed(1)].map(String),
    ),
  )}\n`,
);
for (const { suite, problems } of outcomes) {
  for (const problem of problems) console.log(`${suite}: ${problem}`);
}

const skipped = total("skipped");
console.log(
  `${total("passed")} passed, ${total("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
);
process.exitCode = total("failed") > 0 || total("passed") === 0 ? 1 : 0;
