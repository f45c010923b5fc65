import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { LaunchError } from "./errors.mjs";
import { cacheFolder, root } from "./paths.mjs";
import { findNpm, runQuietly, taskEnvironment } from "./processes.mjs";
import { say, step } from "./say.mjs";

/** @typedef {{ binary: string, version: string, major: number }} FoundNode */

const executable = process.platform === "win32" ? "node.exe" : "node";

/** The Node.js that is fetched where the machine's own will not do. */
export const fetchedVersion = "24.21.0";

/**
 * Whether a Node.js version can run everything here. Hardhat 3 wants 22.13, tsup 9 wants ^22.18 || ^24.11 || >=26, and
 * running TypeScript without a flag, 22.18: the strictest wins. The odd releases in between are dead or dying.
 * @param {string} version such as "24.21.0"
 */
export function isNewEnough(version) {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return (major === 22 && minor >= 18) || (major === 24 && minor >= 11) || major >= 26;
}

/**
 * Finds a new enough Node.js: the one that runs the launcher, else one installed as the npm package `node`, else one
 * fetched earlier, else fetches one from the npm registry into the checkout's cache folder.
 * @returns {Promise<FoundNode>}
 */
export async function provideNode() {
  if (isNewEnough(process.versions.node)) return described(process.execPath, process.versions.node);

  const installed = nodeAt(join(root, "node_modules", "node", "bin", executable));
  if (installed !== undefined && isNewEnough(installed.version)) return installed;
  return fetchedNode(fetchedVersion, () =>
    say(
      `Node.js ${process.versions.node} is too old for Hardhat 3 and tsup 9 (they want 22.18, 24.11 or newer).`,
    ),
  );
}

/**
 * A Node.js of exactly this version: fetched earlier, or fetched now.
 * @param {string} version
 * @param {() => void} [beforeFetch]
 * @returns {Promise<FoundNode>}
 */
export async function fetchedNode(version, beforeFetch = () => {}) {
  const folder = join(cacheFolder, `node-${version}`);
  const binary = join(folder, "bin", executable);
  const earlier = nodeAt(binary);
  if (earlier !== undefined) return earlier;

  beforeFetch();
  await step(`fetching Node.js ${version} from the npm registry into .athanor/`, () =>
    fetchNode(version, folder),
  );
  const fetched = nodeAt(binary);
  if (fetched !== undefined) return fetched;
  throw new LaunchError(
    `the fetched Node.js does not run on this machine (${platformPackage()} ${version}). ` +
      "Install Node.js 24 by other means and run the command again.",
  );
}

/** Installs the npm package with this platform's binary beside its final place and moves it there when complete.
 * @param {string} version
 * @param {string} folder */
async function fetchNode(version, folder) {
  const name = platformPackage();
  const draft = mkdtempSync(join(cacheFolder, "fetch-"));
  try {
    // With a manifest of its own the folder is a project to npm. (--prefix would do too, but hides npm's global settings.)
    writeFileSync(join(draft, "package.json"), "{}");
    // The package named `node` would fetch the same from an install script, which newer npm versions do not run.
    const options = ["--no-save", "--no-package-lock", "--ignore-scripts", "--no-audit", "--no-fund"];
    await runQuietly(process.execPath, [findNpm(), "install", ...options, `${name}@${version}`], {
      cwd: draft,
      env: taskEnvironment(described(process.execPath, process.versions.node)),
      whatToDo: "Check the connection to the npm registry, or install Node.js 24, and run the command again.",
    });
    const fetched = join(draft, "node_modules", name);
    for (const unused of ["include", "share"]) {
      rmSync(join(fetched, unused), { recursive: true, force: true });
    }
    rmSync(folder, { recursive: true, force: true });
    renameSync(fetched, folder);
  } finally {
    rmSync(draft, { recursive: true, force: true });
  }
}

/** The npm package that holds the Node.js binary for this machine. */
function platformPackage() {
  const platform = process.platform === "win32" ? "win" : process.platform;
  const prefix = process.platform === "darwin" && process.arch === "arm64" ? "node-bin" : "node";
  return `${prefix}-${platform}-${process.arch}`;
}

/** @param {string} binary
 * @returns {FoundNode | undefined} undefined if it is absent or does not run */
export function nodeAt(binary) {
  if (!existsSync(binary)) return undefined;
  try {
    return described(
      binary,
      execFileSync(binary, ["--version"], { encoding: "utf8" }).trim().replace(/^v/, ""),
    );
  } catch {
    return undefined;
  }
}

/** @param {string} binary
 * @param {string} version
 * @returns {FoundNode} */
function described(binary, version) {
  return { binary, version, major: Number(version.split(".")[0]) };
}
