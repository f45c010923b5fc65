// node scripts/simulate/day.ts [--seed TEXT] [--clients N] [--providers N] [--requests N] [--threads N] [--json]: one simulated day of the market on a local
// chain, every balance compared with an independent model. docs/auditors.md says what it proves.
import { Command } from "commander";
import { positiveInteger } from "../lib/arguments.ts";
import { jsonOf, progressLine, reportOf } from "./report.ts";
import { FULL_DAY, runDay, type DayOptions } from "./run-day.ts";

const program = new Command("node scripts/simulate/day.ts")
  .description("Simulates a day of the market, and explains every balance to the last unit.")
  .option("--seed <text>", "everything that is left to chance follows from it", "1")
  .option("--clients <n>", "clients", positiveInteger, FULL_DAY.clients)
  .option("--providers <n>", "providers; at least 8", positiveInteger, FULL_DAY.providers)
  .option(
    "--requests <n>",
    "requests, over channels and as jobs; at least 300",
    positiveInteger,
    FULL_DAY.requests,
  )
  .option("--threads <n>", "threads that sign and verify", positiveInteger, FULL_DAY.threads)
  .option("--json", "print the result as JSON", false)
  .allowExcessArguments(false)
  .parse();
const { json, ...options } = program.opts<DayOptions & { json: boolean }>();

const began = performance.now();
const isTerminal = process.stderr.isTTY;
let lastHour = -1;
const result = await runDay({
  ...options,
  onProgress: (progress) => {
    const line = progressLine(progress, (performance.now() - began) / 1_000);
    if (isTerminal) process.stderr.write(`\r\u001b[K${line}`);
    else if (Math.floor(progress.share * 24) !== lastHour) console.error(line);
    lastHour = Math.floor(progress.share * 24);
  },
});
if (isTerminal) process.stderr.write("\r\u001b[K");
console.log(json ? jsonOf(result) : reportOf(result));
