/**
 * Snapshots of what must not change by accident: gas of the calls that are sent most, bytecode sizes, storage layouts.
 *
 *     node scripts/generate/snapshots.ts           writes test/snapshots/
 *     node scripts/generate/snapshots.ts --check   exits 1 and says what differs
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import hre from "hardhat";
import { measureChannelGas } from "../snapshots/channel-gas.ts";
import { measureCheckerGas } from "../snapshots/checker-gas.ts";
import { measureGas } from "../snapshots/gas.ts";
import { measurePoolGas } from "../snapshots/pool-gas.ts";

const target = fileURLToPath(new URL("../../test/snapshots/", import.meta.url));
/** Contracts that are deployed where money is real. */
const contracts = [
  "AskedEvidence",
  "AthToken",
  "AthanorGovernor",
  "AthanorTimelock",
  "AttentionSteps",
  "ChainlinkOracle",
  "ChannelEscrow",
  "CheckerPay",
  "Checkers",
  "Currencies",
  "DelegationPool",
  "DelegationPools",
  "DisputeGame",
  "DrawBeacon",
  "FeeDistributor",
  "HardwareExams",
  "InsuranceFund",
  "JobEscrow",
  "LinearSteps",
  "ModelRegistry",
  "ProgramRegistry",
  "ProviderRegistry",
  "QualityCourt",
  "QualityReports",
  "ReceiptResults",
  "ResultAudits",
  "ResultSources",
  "SampleSteps",
  "StepVerifier",
  "TokenSteps",
  "Vault",
  "VectorSteps",
];
/** EIP-170: what a contract may have at most. */
const SIZE_LIMIT = 24_576;

interface StorageLayout {
  storage: { label: string; slot: string; offset: number; type: string }[];
  types: Record<string, { label: string; members?: StorageLayout["storage"] }> | null;
}

async function sizes(): Promise<Record<string, number>> {
  const entries: [string, number][] = [];
  for (const name of contracts) {
    const { deployedBytecode } = await hre.artifacts.readArtifact(name);
    const bytes = (deployedBytecode.length - 2) / 2;
    if (bytes > SIZE_LIMIT) {
      throw new RangeError(`${name} has ${bytes} bytes of bytecode; the limit is ${SIZE_LIMIT}`);
    }
    entries.push([name, bytes]);
  }
  return Object.fromEntries(entries);
}

/** Contract → where each variable and each member of its structs lies, as "slot+offset: type". */
async function layouts(): Promise<Record<string, Record<string, string>>> {
  const result: Record<string, Record<string, string>> = {};
  for (const name of contracts) {
    const { sourceName } = await hre.artifacts.readArtifact(name);
    const id = await hre.artifacts.getBuildInfoId(`${sourceName}:${name}`);
    const path = id === undefined ? undefined : await hre.artifacts.getBuildInfoOutputPath(id);
    if (path === undefined) throw new Error(`${name} has no build info. Run: npm run build`);
    const { output } = JSON.parse(await readFile(path, "utf8")) as {
      output: { contracts: Record<string, Record<string, { storageLayout: StorageLayout }>> };
    };
    const { storage, types } = output.contracts[`project/${sourceName}`]![name]!.storageLayout;
    const known = types ?? {};
    const line = ({ slot, offset, type }: StorageLayout["storage"][number]) =>
      `${slot}+${offset}: ${known[type]?.label ?? type}`;
    const variables = storage.map((variable) => [variable.label, line(variable)] as const);
    const members = Object.values(known).flatMap(({ label, members }) =>
      (members ?? []).map((member) => [`${label}.${member.label}`, line(member)] as const),
    );
    result[name] = Object.fromEntries([...variables, ...members.sort(([a], [b]) => (a < b ? -1 : 1))]);
  }
  return result;
}

const snapshots = {
  gas: {
    ...(await measureGas()),
    ...(await measureChannelGas()),
    ...(await measurePoolGas()),
    ...(await measureCheckerGas()),
  },
  sizes: await sizes(),
  storage: await layouts(),
};
const check = process.argv.includes("--check");
if (!check) await mkdir(target, { recursive: true });
for (const [name, content] of Object.entries(snapshots)) {
  const file = join(target, `${name}.json`);
  const now = `${JSON.stringify(content, undefined, 2)}\n`;
  if (!check) {
    await writeFile(file, now);
    continue;
  }
  const committed = await readFile(file, "utf8").catch(() => "");
  if (committed === now) continue;
  const before = new Set(committed.split("\n"));
  console.error(`test/snapshots/${name}.json is not what is measured now:`);
  for (const line of now.split("\n").filter((line) => !before.has(line))) console.error(`  now${line}`);
  console.error("If that is meant, run: node scripts/generate/snapshots.ts");
  process.exitCode = 1;
}
