import { join } from "node:path";
import { cacheFolder } from "../launch/paths.mjs";

/** Names, for the processes that build and test mutants, the folder in which they do. */
export const folderVariable = "ATHANOR_MUTATION_FOLDER";

/** Where sources with mutants, what is compiled from them and its cache are kept. */
export function folderOf(campaign: string): string {
  return join(cacheFolder, "mutation", campaign);
}

/**
 * The folder that the environment names.
 *
 * @throws Error if it names none
 */
export function chosenFolder(): string {
  const folder = process.env[folderVariable];
  if (folder === undefined) {
    throw new Error(`${folderVariable} is not set; scripts/mutation/index.ts sets it`);
  }
  return folder;
}

/** The environment in which Hardhat works on the mutants of a folder. */
export function environmentFor(folder: string): NodeJS.ProcessEnv {
  const config = join(import.meta.dirname, "hardhat.config.ts");
  return { ...process.env, HARDHAT_CONFIG: config, [folderVariable]: folder };
}
