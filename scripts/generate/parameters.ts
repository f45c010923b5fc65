/**
 * Generates the table of parameters in docs/governance.md from what the tests try (test/support/parameters.ts); defaults are those of a fresh deployment.
 *
 *     node scripts/generate/parameters.ts           writes the file
 *     node scripts/generate/parameters.ts --check   exits 1 if it is stale
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { formatUnits } from "ethers";
import { format, resolveConfig } from "prettier";
import { PARAMETERS, type Parameter } from "../../test/support/parameters.ts";
import { deploySystem } from "../../test/support/system.ts";

const FILE = fileURLToPath(new URL("../../docs/governance.md", import.meta.url));
const BEGIN = "<!-- Written by scripts/generate/parameters.ts -->";
const END = "<!-- End of what is written -->";

const CONTRACTS: Record<Parameter["contract"], string> = {
  vault: "Vault",
  providers: "ProviderRegistry",
  currencies: "Currencies",
  fees: "FeeDistributor",
  insurance: "InsuranceFund",
  escrow: "JobEscrow",
  game: "DisputeGame",
  channels: "ChannelEscrow",
  receipts: "ReceiptResults",
  sources: "ResultSources",
  checkers: "Checkers",
  reports: "QualityReports",
  court: "QualityCourt",
};
const DECIMALS: Record<string, number> = { ATH: 18, mUSD: 6 };
const SPANS: readonly (readonly [seconds: bigint, name: string])[] = [
  [86_400n, "day"],
  [3_600n, "hour"],
  [60n, "minute"],
];

function grouped(value: bigint): string {
  const text = value.toString();
  const zeros = /^10{7,}$/.test(text) ? text.length - 1 : 0;
  return zeros === 0 ? value.toLocaleString("en-US") : `10^${zeros}`;
}

/** A value in words that fit its unit. */
function show({ unit, of }: Parameter, value: bigint): string {
  if (unit === "s") {
    const [seconds, name] = SPANS.find(([each]) => value >= each && value % each === 0n) ?? [1n, ""];
    if (name === "") return `${grouped(value)} s`;
    return `${grouped(value / seconds)} ${name}${value === seconds ? "" : "s"}`;
  }
  if (unit === "ATH units" && value % 10n ** 18n === 0n) return `${grouped(value / 10n ** 18n)} ATH`;
  if (unit === "ten-thousandths") return `${formatUnits(value, 2).replace(/\.0$/, "")} %`;
  if (unit === "token units") return `${formatUnits(value, DECIMALS[of!]).replace(/\.0$/, "")} ${of}`;
  return unit === "" ? grouped(value) : `${grouped(value)} ${unit}`;
}

const system = await deploySystem();
const rows: string[] = [];
for (const parameter of PARAMETERS) {
  const { contract, setter, field, of, bounds, boundsInWords, why } = parameter;
  const current = await parameter.read(system);
  const default_ = current === undefined ? "" : show(parameter, current);
  const limits = boundsInWords ?? bounds.map((bound) => show(parameter, bound)).join(" to ");
  const name = `\`${field}\`${of === undefined ? "" : ` of ${of}`}`;
  rows.push(`| \`${CONTRACTS[contract]}.${setter}\` | ${name} | ${default_} | ${limits} | ${why} |`);
}
const table = [
  "| function | parameter | default | bounds | why |",
  "| --- | --- | --- | --- | --- |",
  ...rows,
];

const before = await readFile(FILE, "utf8");
const [head, rest] = before.split(BEGIN);
const tail = rest?.split(END)[1];
if (head === undefined || tail === undefined) throw new Error(`docs/governance.md lacks ${BEGIN} or ${END}`);
const config = await resolveConfig(FILE);
const after = await format(`${head}${BEGIN}\n\n${table.join("\n")}\n\n${END}${tail}`, {
  ...config,
  parser: "markdown",
});
if (!process.argv.includes("--check")) await writeFile(FILE, after);
else if (after !== before) {
  console.error("The table of docs/governance.md is stale. Run: node scripts/generate/parameters.ts");
  process.exitCode = 1;
}
