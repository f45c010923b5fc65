// node scripts/mutation/index.ts [--all] [--only TEXT…] [--sample N] [--json]: breaks one rule of the contracts at a time and says which of the faults
// no test notices.
import { createHash } from "node:crypto";
import { Command, InvalidArgumentError } from "commander";
import { type Fault, generatedFaults, namedFaults, tryFaults } from "./faults.ts";
import { mutants } from "./mutants.ts";
import { describeResult, isNoticed, reportOf } from "./report.ts";
import { readContracts } from "./syntax.ts";

const program = new Command("node scripts/mutation/index.ts")
  .description("Breaks one rule of the contracts at a time; the tests must notice.")
  .option("--all", "every mistake of the usual kinds, not only the named ones", false)
  .option("--only <text...>", "only faults in whose file or name one of these stands")
  .option("--sample <n>", "only so many of them, the same ones every time", wholeNumber)
  .option("--list", "say which there are, and stop", false)
  .option("--json", "print the results as JSON", false)
  .allowExcessArguments(false)
  .parse();
const { all, only, sample, list, json } = program.opts<{
  all: boolean;
  only?: string[];
  sample?: number;
  list: boolean;
  json: boolean;
}>();

const sources = readContracts();
const isChosen = ({ file, name }: Fault) => only?.some((text) => `${file} ${name}`.includes(text)) ?? true;
const chosen = (all ? generatedFaults(sources) : namedFaults(mutants, sources)).filter(isChosen);
/** In an order that has nothing to do with where they stand. */
const shuffled = chosen.toSorted((a, b) => Buffer.compare(lot(a), lot(b)));
const faults = sample === undefined ? chosen : shuffled.slice(0, sample);
if (faults.length === 0) throw new Error("there is no such fault; --list shows them");

if (list) {
  for (const { file, line, name } of faults) console.log(`${file}:${line}  ${name}`);
} else {
  console.error(`${faults.length} faults; compiling …`);
  const campaign = only === undefined && sample === undefined ? (all ? "all" : "named") : "some";
  const results = await tryFaults(campaign, sources, faults, (result) =>
    console.error(describeResult(result)),
  );
  console.log(json ? JSON.stringify(results, null, 2) : reportOf(results));
  if (!results.every(isNoticed)) process.exitCode = 1;
}

function lot({ file, name, range, mutated }: Fault): Buffer {
  return createHash("sha256")
    .update(JSON.stringify([file, name, range.start, mutated]))
    .digest();
}

function wholeNumber(text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) throw new InvalidArgumentError("a whole number from 1 on is expected.");
  return Number(text);
}
