// A process that runs test files over and over, each time with another mutant, and says which test failed. Loading the tests and
// starting the chain take longer than most mutants live. It is forked by campaign.ts:
//
//   judge.ts FILE…
import { Worker } from "node:worker_threads";
import { network } from "hardhat";
import Mocha from "mocha";
import { switchAddress } from "./schemata.ts";

/** What the process is asked. */
export interface Question {
  /** Number of the mutant; 0 for the contracts as they are. */
  readonly number: number;
  /** Absolute paths of the test files, in the order in which they run. */
  readonly files: readonly string[];
  /** Only tests with this in their title. */
  readonly title: string;
}

/** What it answers: first that it is ready, with `number` -1. */
export interface Answer {
  readonly number: number;
  readonly tests: number;
  /** The first test that failed, and how. */
  readonly failure?: { readonly test: string; readonly message: string };
}

const { EVENT_TEST_PASS, EVENT_TEST_FAIL } = Mocha.Runner.constants;
/** Bytes. A mutant that never ends fills memory until its gas is used up: the chain records every step. */
const mostMemory = 2_500_000_000;
/** Titles of tests of what gas costs, of which contracts with mutants take more than the real ones. */
const measuresGas = "reimburses each move of the defence at once";

// In a thread of its own, which watches also while this one is busy.
new Worker(
  `setInterval(() => process.memoryUsage.rss() > ${mostMemory} && process.kill(process.pid, "SIGKILL"), 100);`,
  { eval: true },
).unref();

// What a test left behind that rejects later has nothing to say about the next.
process.on("unhandledRejection", () => undefined);

const { networkHelpers, provider } = await network.getOrCreate();
// The process that asks knows how long to wait.
const mocha = new Mocha({
  timeout: 0,
  bail: true,
  reporter: class extends Mocha.reporters.Base {},
});
mocha.cleanReferencesAfterRun(false);
for (const file of process.argv.slice(2)) mocha.addFile(file);
await mocha.loadFilesAsync();
const suites = [...mocha.suite.suites];
let beginning: unknown = await provider.request({ method: "evm_snapshot" });

async function answer({ number, files, title }: Question): Promise<Answer> {
  await provider.request({ method: "evm_revert", params: [beginning] });
  beginning = await provider.request({ method: "evm_snapshot" });
  // Fixtures are deployed anew, with the mutant.
  networkHelpers.clearSnapshots();
  await networkHelpers.setBalance(switchAddress, number);

  mocha.suite.suites = files.flatMap((file) => suites.filter((suite) => suite.file === file));
  mocha.grep(new RegExp(`^(?!.*${measuresGas}).*${escaped(title)}`));
  let tests = 0;
  let failure: Answer["failure"];
  await new Promise<void>((resolve) => {
    const runner = mocha.run(() => resolve());
    runner.on(EVENT_TEST_PASS, () => (tests += 1));
    runner.on(EVENT_TEST_FAIL, (test: Mocha.Runnable, error: Error) => {
      tests += 1;
      failure ??= { test: test.fullTitle(), message: error.message.split("\n")[0] ?? "" };
    });
  });
  return failure === undefined ? { number, tests } : { number, tests, failure };
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

process.on("disconnect", () => process.exit());
process.on("message", (question: Question) => {
  void answer(question).then((found) => process.send?.(found));
});
process.send?.({ number: -1, tests: 0 } satisfies Answer);
