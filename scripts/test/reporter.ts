import Mocha from "mocha";
import { type Failure, writeReport } from "./report.ts";

const MOST_FAILURES = 20;
const REASON_LINES = 12;

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants;

/** Mocha's own `spec` output, and the counts as a report for the process that adds up all suites. */
export default class ReportingSpec extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const files = new Set<string>();
    const failures: Failure[] = [];
    const count = (key: keyof typeof counts) => (test: Mocha.Runnable) => {
      counts[key] += 1;
      if (test.file !== undefined) files.add(test.file);
    };
    runner.on(EVENT_TEST_PASS, count("passed"));
    // A hook that fails is reported here too, as a failure of its own.
    runner.on(EVENT_TEST_FAIL, (test: Mocha.Runnable, error: Error) => {
      count("failed")(test);
      if (failures.length === MOST_FAILURES) return;
      const reason = (error.stack ?? String(error)).split("\n").slice(0, REASON_LINES).join("\n");
      failures.push({ test: test.fullTitle(), reason });
    });
    runner.on(EVENT_TEST_PENDING, count("skipped"));
    runner.once(EVENT_RUN_END, () => writeReport({ ...counts, files: [...files], failures }));
  }
}

// Mocha loads a reporter with require(), which takes this name as what a CommonJS module would have exported.
export { ReportingSpec as "module.exports" };
