import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { LaunchError } from "./errors.mjs";
import { hashOf } from "./hash.mjs";
import { root } from "./paths.mjs";
import { findNpm, runQuietly, taskEnvironment } from "./processes.mjs";
import { say, step } from "./say.mjs";

/** @typedef {import("./node.mjs").FoundNode} FoundNode */
/** @typedef {{ version?: string, integrity?: string, resolved?: string, link?: boolean, optional?: boolean, os?: string[], cpu?: string[], libc?: string[] }} LockedPackage */
/** @typedef {{ packages: Record<string, LockedPackage> }} Lockfile */

const lockfile = join(root, "package-lock.json");
const modules = join(root, "node_modules");
// In node_modules, so that `npm ci`, which begins by deleting that folder, deletes the stamp with it: an install that
// was interrupted has none.
const stampFile = join(modules, ".athanor-install.json");

/**
 * Runs `npm ci` unless what is installed is what package-lock.json says, for this Node.js and this platform.
 * @param {FoundNode} node
 */
export async function installLocked(node) {
  const text = readFileSync(lockfile, "utf8");
  // An install made under Node.js 20 silently lacks Hardhat's engine, hence the Node.js in the stamp.
  const stamp = JSON.stringify({
    lockfile: hashOf(text),
    node: node.major,
    platform: `${process.platform}-${process.arch}`,
  });
  if (existsSync(stampFile) && readFileSync(stampFile, "utf8") === stamp) return;

  const locked = /** @type {Lockfile} */ (JSON.parse(text));
  if (missingPackages(locked, installedPackages(), platform()).length > 0) {
    await step(`installing ${Object.keys(locked.packages).length} locked packages with npm ci`, () =>
      cleanInstall(node, locked),
    );
  }
  writeFileSync(stampFile, stamp);
}

/** @param {FoundNode} node
 * @param {Lockfile} locked */
async function cleanInstall(node, locked) {
  const whatToDo = "Check the connection to the npm registry and run the command again: it starts afresh.";
  const output = await runQuietly(node.binary, [findNpm(), "ci", "--no-audit", "--no-fund"], {
    env: installEnvironment(node),
    whatToDo,
  });

  // npm has been seen to end with code 0 after downloads had failed.
  const missing = missingPackages(locked, installedPackages(), platform());
  const required = missing.filter((path) => locked.packages[path]?.optional !== true);
  if (required.length > 0) {
    throw new LaunchError(
      `npm ci left out ${required.length} packages, the first ${required[0]}.\n${whatToDo}`,
      {
        output,
      },
    );
  }
  if (missing.length > 0) say(`the registry lacks optional packages for this machine: ${missing.join(", ")}`);
}

/**
 * npm looks for its global settings beside the Node.js that runs it, and a fetched Node.js does not look at the
 * machine's certificates: both are pointed at what the machine's own npm would use.
 * @param {FoundNode} node
 * @returns {NodeJS.ProcessEnv}
 */
function installEnvironment(node) {
  return {
    npm_config_globalconfig: join(dirname(dirname(process.execPath)), "etc", "npmrc"),
    NODE_USE_SYSTEM_CA: "1",
    ...taskEnvironment(node),
    npm_config_loglevel: "notice",
  };
}

/**
 * The locked packages that are not installed in their locked version.
 * @param {Lockfile} locked
 * @param {Lockfile} installed what npm wrote down after it finished
 * @param {{ os: string, cpu: string, libc: string }} machine
 * @returns {string[]} paths such as "node_modules/solc"
 */
export function missingPackages(locked, installed, machine) {
  return Object.entries(locked.packages)
    .filter(([path, entry]) => path.includes("node_modules/") && isFor(entry, machine))
    .filter(([path, entry]) => {
      const found = installed.packages[path];
      if (found === undefined) return true;
      return entry.link === true
        ? found.resolved !== entry.resolved
        : found.version !== entry.version ||
            (entry.integrity !== undefined && found.integrity !== entry.integrity);
    })
    .map(([path]) => path);
}

/** @param {LockedPackage} entry
 * @param {{ os: string, cpu: string, libc: string }} machine */
function isFor(entry, machine) {
  if (entry.optional !== true) return true;
  return (
    allows(entry.os, machine.os) &&
    allows(entry.cpu, machine.cpu) &&
    (machine.os !== "linux" || allows(entry.libc, machine.libc))
  );
}

/** @param {string[] | undefined} list names, or names to exclude with a leading "!"
 * @param {string} name */
function allows(list, name) {
  if (list === undefined || list.includes("any")) return true;
  if (list.includes(`!${name}`)) return false;
  return list.includes(name) || list.every((item) => item.startsWith("!"));
}

function platform() {
  const report = /** @type {{ header: { glibcVersionRuntime?: string } }} */ (process.report.getReport());
  return {
    os: process.platform,
    cpu: process.arch,
    libc: report.header.glibcVersionRuntime === undefined ? "musl" : "glibc",
  };
}

/** @returns {Lockfile} */
function installedPackages() {
  const file = join(modules, ".package-lock.json");
  return existsSync(file)
    ? /** @type {Lockfile} */ (JSON.parse(readFileSync(file, "utf8")))
    : { packages: {} };
}
