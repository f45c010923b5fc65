// npm test [-- --only SUITE…]   and   npm run audit: the same suites with more runs, then the slow ones.
import { availableParallelism } from "node:os";
import { Command, InvalidArgumentError, Option } from "commander";
import { formatTable } from "../lib/table.ts";
import { type Outcome, runSuite } from "./run.ts";
import { runLanes } from "./lanes.ts";
import { suites } from "./suites.ts";

const program = new Command("npm test --")
  .description("Runs the test suites and adds up their counts.")
  .addOption(new Option("--only <suite...>", "run only these suites").choices(suites.map(({ name }) => name)))
  .option("--audit", "more fuzzing runs, and the slow suites", false)
  .option(
    "--jobs <number>",
    "suites that run at the same time",
    positive,
    Math.min(availableParallelism(), 4),
  )
  .allowExcessArguments(false)
  .parse();
const { only, audit, jobs } = program.opts<{ only?: string[]; audit: boolean; jobs: number }>();

function positive(text: string): number {
  if (!/^[1-9]\d?$/.test(text)) throw new InvalidArgumentError("It is a number from 1 to 99.");
  return Number(text);
}

function indented(text: string): string {
  return text.replaceAll(/^/gm, "    ");
}

const chosen = suites.filter(({ name, slow }) => only?.includes(name) ?? (audit || slow !== true));
// Hardhat takes its fuzzing and invariant runs from the profile of this name; TypeScript tests read ATHANOR_AUDIT.
const environment = audit
  ? { ...process.env, HARDHAT_TEST_PROFILE: "audit", ATHANOR_AUDIT: "1" }
  : process.env;

let started = 0;
const width = Math.max(...chosen.map(({ name }) => name.length));
const outcomes: Outcome[] = await runLanes(chosen, jobs, (suite) => {
  console.log(`\n── ${suite.name} (${++started} of ${chosen.length})`);
  return runSuite(suite, environment, jobs > 1 && chosen.length > 1 ? suite.name.padEnd(width) : undefined);
});

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
// Again, below everything: their own places are thousands of lines up.
for (const { suite, problems, failures } of outcomes) {
  for (const { test, reason } of failures) console.log(`${suite}: ${test}\n${indented(reason)}\n`);
  for (const problem of problems) console.log(`${suite}: ${problem}`);
}

const skipped = total("skipped");
console.log(
  `${total("passed")} passed, ${total("failed")} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
);
process.exitCode = total("failed") > 0 || total("passed") === 0 ? 1 : 0;
