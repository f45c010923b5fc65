import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { Config } from "../config/schema.ts";
import { isNewEnough, MINIMUM_NODE } from "../node/version.ts";
import { failed, mebibytes, ok, warning, type CheckResult } from "./check.ts";

/** What the preflight asks the machine. */
export interface Machine {
  readonly nodeVersion: string;
  readonly processors: number;
  /** Bytes. */
  readonly freeMemory: number;
}

/** An imported model beside its file, with room to work: integers, tables and caches. */
const MEMORY_PER_FILE_BYTE = 3;
/** Bytes for the process itself. */
const BASE_MEMORY = 256 * 2 ** 20;

export async function checkMachine(config: Config, machine: Machine): Promise<CheckResult[]> {
  return [checkNode(machine), await checkMemory(config, machine)];
}

function checkNode({ nodeVersion }: Machine): CheckResult {
  return isNewEnough(nodeVersion)
    ? ok("Node.js", `version ${nodeVersion}`)
    : failed("Node.js", `version ${nodeVersion}`, `Install Node.js ${MINIMUM_NODE} or newer.`);
}

async function checkMemory(config: Config, { processors, freeMemory }: Machine): Promise<CheckResult> {
  let needed = BASE_MEMORY;
  for (const { path } of config.models) needed += MEMORY_PER_FILE_BYTE * (await weightBytes(path));
  const detail = `${processors} processors, ${mebibytes(freeMemory)} free, about ${mebibytes(needed)} needed`;
  return freeMemory >= needed
    ? ok("machine", detail)
    : warning(
        "machine",
        detail,
        "Close other programs, serve fewer models, or take a machine with more memory.",
      );
}

/** Bytes of a folder's weight files; 0 if there is none, which another check says. */
async function weightBytes(folder: string): Promise<number> {
  const names = await readdir(folder).catch(() => []);
  const weights = names.filter((name) => name.endsWith(".safetensors"));
  const sizes = await Promise.all(weights.map(async (name) => (await stat(join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}
