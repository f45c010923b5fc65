import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { root } from "../launch/paths.mjs";
import { type Ending, runToEnd } from "./process.ts";
import { type Failure, readReport, reportVariable } from "./report.ts";
import { type Suite, filesOf } from "./suites.ts";

/** What came of one suite. `problems` are counted in `failed`: a suite that ran nothing has one. */
export interface Outcome {
  readonly suite: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  readonly problems: readonly string[];
  readonly failures: readonly Failure[];
  readonly seconds: number;
}

/** Runs one suite in a process of its own, its output going where ours goes, `label` before each line, and reads what it counted. */
export async function runSuite(
  suite: Suite,
  environment: NodeJS.ProcessEnv,
  label?: string,
): Promise<Outcome> {
  const started = performance.now();
  const files = filesOf(suite);
  const folder = mkdtempSync(join(tmpdir(), "athanor-test-"));
  const reportFile = join(folder, "report.json");
  try {
    const ending =
      files.length === 0
        ? { code: 0, stuck: false }
        : await runToEnd(
            commandOf(suite, files),
            { ...environment, [reportVariable]: reportFile },
            reportFile,
            undefined,
            label === undefined ? undefined : (line) => console.log(`${label} │ ${line}`),
          );
    const seconds = (performance.now() - started) / 1_000;
    return { suite: suite.name, ...judge(files, ending, readReport(reportFile)), seconds };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/**
 * Turns what a test process left behind into counts. Whatever could hide a failure is itself one: no files, no
 * report, a file without a test, a process that does not end, an exit code that the counts do not explain.
 */
export function judge(
  files: readonly string[],
  { code, stuck }: Ending,
  report: ReturnType<typeof readReport>,
): Pick<Outcome, "passed" | "failed" | "skipped" | "problems" | "failures"> {
  const { passed, failed, skipped, failures } = report ?? { passed: 0, failed: 0, skipped: 0, failures: [] };
  const problems: string[] = [];
  if (files.length === 0) problems.push("there are no test files");
  else if (report === undefined) {
    problems.push(`the test process ended with code ${code} before it reported`);
  } else {
    const ran = new Set(report.files);
    const idle = files.filter((file) => !ran.has(file)).map((file) => relative(root, file));
    if (passed + failed + skipped === 0) problems.push("not one test ran");
    else if (idle.length > 0) problems.push(`no test ran in ${idle.join(", ")}`);
    if (stuck) problems.push("the test process did not end after its last test: something was left open");
    else if (code !== 0 && failed === 0) {
      problems.push(`every test passed, but the process ended with code ${code}`);
    }
  }
  return { passed, failed: failed + problems.length, skipped, problems, failures };
}

function commandOf(suite: Suite, files: readonly string[]): string[] {
  if (suite.runner === "hardhat-mocha") return ["scripts/test/hardhat.ts", "mocha", ...files];
  if (suite.runner === "hardhat-solidity") return ["scripts/test/hardhat.ts", "solidity", ...files];
  const mocha = "node_modules/mocha/bin/mocha.js";
  return [mocha, "--reporter", "scripts/test/reporter.ts", ...files];
}
