/**
 * Generates the table of gas in docs/checkers.md from test/snapshots/gas.json, which `scripts/generate/snapshots.ts` measures.
 *
 *     node scripts/generate/checker-gas.ts           writes the file
 *     node scripts/generate/checker-gas.ts --check   exits 1 if it is stale
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";

const pathOf = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const FILE = pathOf("docs/checkers.md");
const BEGIN = "<!-- Written by scripts/generate/checker-gas.ts -->";
const END = "<!-- End of what is written -->";
const CONTRACTS = /^(Checkers|DrawBeacon|QualityReports|ResultAudits|CheckerPay)\.(\w+)(.*)$/;

const gas = JSON.parse(await readFile(pathOf("test/snapshots/gas.json"), "utf8")) as Record<string, number>;
const rows = Object.entries(gas).flatMap(([name, used]) => {
  const [, contract, method, what] = CONTRACTS.exec(name) ?? [];
  return contract === undefined
    ? []
    : [`| \`${contract}.${method}\`${what} | ${used.toLocaleString("en-US")} |`];
});
if (rows.length === 0) throw new Error("test/snapshots/gas.json has no call of checkers");

const before = await readFile(FILE, "utf8");
const [head, rest] = before.split(BEGIN);
const tail = rest?.split(END)[1];
if (head === undefined || tail === undefined) throw new Error(`docs/checkers.md lacks ${BEGIN} or ${END}`);
const table = ["| call | gas |", "| --- | ---: |", ...rows].join("\n");
const after = await format(`${head}${BEGIN}\n\n${table}\n\n${END}${tail}`, {
  ...(await resolveConfig(FILE)),
  parser: "markdown",
});
if (!process.argv.includes("--check")) await writeFile(FILE, after);
else if (after !== before) {
  console.error("The table of gas in docs/checkers.md is stale. Run: node scripts/generate/checker-gas.ts");
  process.exitCode = 1;
}
