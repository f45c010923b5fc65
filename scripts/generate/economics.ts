/**
 * Generates the tables of docs/economics.md and the plots in docs/economics from a run with the default options.
 *
 *     node scripts/generate/economics.ts           writes them
 *     node scripts/generate/economics.ts --check   exits 1 if one is stale
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { format, resolveConfig } from "prettier";
import { fillTables } from "../bench/economics/page.ts";
import { plotsOf } from "../bench/economics/plots.ts";
import { parameterTables, tablesOf } from "../bench/economics/tables.ts";
import { benchEconomics } from "../bench/economics.ts";

const PAGE = fileURLToPath(new URL("../../docs/economics.md", import.meta.url));
const PLOTS = fileURLToPath(new URL("../../docs/economics", import.meta.url));

const result = await benchEconomics();
const page = await readFile(PAGE, "utf8");
const filled = fillTables(page, [...parameterTables(), ...tablesOf(result)]);
const files = {
  [PAGE]: await format(filled, { ...(await resolveConfig(PAGE)), parser: "markdown" }),
  ...Object.fromEntries(
    Object.entries(plotsOf(result)).map(([name, plot]) => [join(PLOTS, name), plot] as const),
  ),
};

if (process.argv.includes("--check")) {
  for (const [path, text] of Object.entries(files)) {
    const found = await readFile(path, "utf8").catch(() => "");
    if (found === text) continue;
    console.error(`${path} is stale. Run: node scripts/generate/economics.ts`);
    process.exitCode = 1;
  }
} else {
  await mkdir(PLOTS, { recursive: true });
  for (const [path, text] of Object.entries(files)) await writeFile(path, text);
}
