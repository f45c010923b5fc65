// npm run check [-- --only NAME…]: everything that can be checked without running the code, warnings as errors.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { Command } from "commander";
import { root } from "../launch/paths.mjs";
import { formatTable } from "../lib/table.ts";
import { type Check, allChecks } from "./checks.ts";

const program = new Command("npm run check --")
  .description("Runs every static check and prints the output of those that fail.")
  .option("--only <name...>", "run only the checks whose names contain one of these words")
  .allowExcessArguments(false)
  .parse();
const { only } = program.opts<{ only?: string[] }>();

const checks = allChecks().filter(({ name }) => only?.some((word) => name.includes(word)) ?? true);
if (checks.length === 0) {
  const names = allChecks().map(({ name }) => name);
  program.error(
    `error: no check has "${only?.join('" or "') ?? ""}" in its name. Checks: ${names.join(", ")}.`,
  );
}

const rows: [string, string, string][] = [];
for (const check of checks) {
  const started = performance.now();
  const { code, output } = await runCheck(check);
  const seconds = ((performance.now() - started) / 1_000).toFixed(1);
  const verdict = code === 0 ? "passed" : "failed";
  rows.push([check.name, verdict, seconds]);
  console.log(`${verdict}  ${check.name} (${seconds} s)`);
  if (code !== 0) console.log(`\n${output.trim()}\n`);
}

console.log(
  `\n${formatTable(
    [{ heading: "check" }, { heading: "verdict" }, { heading: "seconds", align: "right" }],
    rows,
  )}`,
);
process.exitCode = rows.some(([, verdict]) => verdict === "failed") ? 1 : 0;

function runCheck({ args, folder = "." }: Check): Promise<{ code: number; output: string }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, {
      cwd: join(root, folder),
      stdio: ["ignore", "pipe", "pipe"],
    });
    let output = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => (output += text));
    }
    child.on("error", reject);
    child.on("close", (code) => resolve({ code: code ?? 1, output }));
  });
}
