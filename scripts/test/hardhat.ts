// Runs one of Hardhat's test runners through its task interface, because its command line prints counts only as prose,
// and its Mocha task counts a skipped test as passed:
//
//   node scripts/test/hardhat.ts solidity|mocha FILE…
import { spawnSync } from "node:child_process";
import { join, resolve } from "node:path";
import hre from "hardhat";
import ReportingSpec from "./reporter.ts";
import { writeReport } from "./report.ts";

interface SolidityOutcome {
  suiteResults: { id: { source: string }; testResults: { status: "Success" | "Failure" | "Skipped" }[] }[];
}
type TaskResult<Value> = { success: true; value: Value } | { success: false; error: Value };

const [runner, ...testFiles] = process.argv.slice(2);

if (runner === "mocha") {
  hre.config.test.mocha.reporter = ReportingSpec;
  // The task's own build would compile the Solidity tests too, in a second, larger job.
  await hre.tasks.getTask("build").run({ noTests: true, quiet: true });
  const task = hre.tasks.getTask(["test", "mocha"]);
  const result = (await task.run({ testFiles, noCompile: true })) as TaskResult<unknown>;
  process.exitCode = result.success ? 0 : 1;
} else if (runner === "solidity") {
  // In a process of its own: the one that compiles an invariant test does not find the contracts it is to call.
  const cli = join(hre.config.paths.root, "node_modules/hardhat/dist/src/cli.js");
  const build = spawnSync(process.execPath, [cli, "build", "--quiet"], { stdio: ["ignore", 2, 2] });
  if (build.status !== 0) process.exit(build.status ?? 1);
  const result = (await hre.tasks
    .getTask(["test", "solidity"])
    .run({ testFiles })) as TaskResult<SolidityOutcome>;
  // Not the result's own summary: it stays at zero unless another task asks for it.
  const { suiteResults } = result.success ? result.value : result.error;
  const count = (wanted: string) =>
    suiteResults.flatMap(({ testResults }) => testResults).filter(({ status }) => status === wanted).length;
  const files = suiteResults
    .filter(({ testResults }) => testResults.length > 0)
    // Hardhat gives the project's own sources this prefix.
    .map(({ id }) => resolve(hre.config.paths.root, id.source.replace(/^project\//, "")));
  writeReport({
    passed: count("Success"),
    failed: count("Failure"),
    skipped: count("Skipped"),
    files: [...new Set(files)],
    failures: [],
  });
  process.exitCode = result.success ? 0 : 1;
} else {
  throw new Error(`there is no Hardhat test runner "${runner}"; use solidity or mocha`);
}
