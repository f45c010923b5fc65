/**
 * Snapshots of what must not change unnoticed: gas of a job's steps, bytecode sizes, storage layouts.
 *
 *     node scripts/generate/snapshots.ts           writes test/snapshots
 *     node scripts/generate/snapshots.ts --check   exits 1 and shows what differs
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import hre from "hardhat";
import { benchGas } from "../bench/gas.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const target = join(root, "test/snapshots");
const CONTRACTS = ["AthToken", "JobEscrow", "ModelRegistry", "ProviderRegistry", "Vault"];
/** EIP-170, in bytes. */
const MAX_CODE_SIZE = 24_576;

interface StorageLayout {
  readonly storage: readonly {
    readonly label: string;
    readonly slot: string;
    readonly offset: number;
    readonly type: string;
  }[];
  readonly types: Readonly<
    Record<string, { readonly label: string; readonly members?: StorageLayout["storage"] }>
  > | null;
}

interface BuildOutput {
  readonly output: {
    readonly contracts: Readonly<
      Record<string, Readonly<Record<string, { readonly storageLayout: StorageLayout }>>>
    >;
  };
}

/** Bytes of deployed code by contract. */
async function sizes(): Promise<object> {
  const entries = CONTRACTS.map(async (name) => {
    const { deployedBytecode } = await hre.artifacts.readArtifact(name);
    const size = (deployedBytecode.length - 2) / 2;
    if (size > MAX_CODE_SIZE) {
      throw new RangeError(`${name} has ${size} bytes of code, ${MAX_CODE_SIZE} are allowed.`);
    }
    return [name, size] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

/** "slot:offset name type" a line, structs with their members. */
async function layouts(): Promise<object> {
  const entries = CONTRACTS.map(async (name) => {
    // Old build informations stay in their folder: the artifact names its own.
    const { buildInfoId, inputSourceName } = await hre.artifacts.readArtifact(name);
    const file = join(hre.config.paths.artifacts, "build-info", `${String(buildInfoId)}.output.json`);
    const { output } = JSON.parse(await readFile(file, "utf8")) as BuildOutput;
    const { storageLayout } = output.contracts[String(inputSourceName)]![name]!;
    return [name, describe(storageLayout)] as const;
  });
  return Object.fromEntries(await Promise.all(entries));
}

function describe({ storage, types }: StorageLayout): string[] {
  // Type names carry numbers of the syntax tree, which change with every edit; labels do not.
  const label = (type: string) => types?.[type]?.label ?? type;
  const line = (indent: string) => (entry: StorageLayout["storage"][number]) =>
    `${indent}${entry.slot}:${entry.offset} ${entry.label} ${label(entry.type)}`;
  const structs = Object.values(types ?? {})
    .filter(({ members }) => members !== undefined)
    .sort((a, b) => a.label.localeCompare(b.label, "en"))
    .flatMap(({ label: name, members }) => [name, ...members!.map(line("  "))]);
  return [...storage.map(line("")), ...structs];
}

const snapshots = {
  "gas.json": await benchGas(),
  "sizes.json": await sizes(),
  "storage.json": await layouts(),
};
const stale: string[] = [];
for (const [name, content] of Object.entries(snapshots)) {
  const file = join(target, name);
  const text = `${JSON.stringify(content, null, 2)}\n`;
  if (!process.argv.includes("--check")) {
    await mkdir(target, { recursive: true });
    await writeFile(file, text);
    continue;
  }
  const committed = await readFile(file, "utf8").catch(() => "");
  if (committed === text) continue;
  const [before, after] = [committed.split("\n"), text.split("\n")];
  stale.push(
    `test/snapshots/${name}`,
    ...before.filter((line) => !after.includes(line)).map((line) => `- ${line}`),
    ...after.filter((line) => !before.includes(line)).map((line) => `+ ${line}`),
  );
}
if (stale.length > 0) {
  console.error(`${stale.join("\n")}\nIf the change is meant, run: node scripts/generate/snapshots.ts`);
  process.exitCode = 1;
}
