import Mocha from "mocha";
import { writeReport } from "./report.ts";

const { EVENT_RUN_END, EVENT_TEST_FAIL, EVENT_TEST_PASS, EVENT_TEST_PENDING } = Mocha.Runner.constants;

/** Mocha's own `spec` output, and the counts as a report for the process that adds up all suites. */
export default class ReportingSpec extends Mocha.reporters.Spec {
  constructor(runner: Mocha.Runner, options: Mocha.MochaOptions) {
    super(runner, options);
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const files = new Set<string>();
    const count = (key: keyof typeof counts) => (test: Mocha.Runnable) => {
      counts[key] += 1;
      if (test.file !== undefined) files.add(test.file);
    };
    runner.on(EVENT_TEST_PASS, count("passed"));
    // A hook that fails is reported here too, as a failure of its own.
    runner.on(EVENT_TEST_FAIL, count("failed"));
    runner.on(EVENT_TEST_PENDING, count("skipped"));
    runner.once(EVENT_RUN_END, () => writeReport({ ...counts, files: [...files] }));
  }
}

// Mocha loads a reporter with require(), which takes this name as what a CommonJS module would have exported.
export { ReportingSpec as "module.exports" };
