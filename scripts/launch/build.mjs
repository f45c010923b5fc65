import { existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { hashOf, hashOfFiles } from "./hash.mjs";
import { cacheFolder, root } from "./paths.mjs";
import { findNpm, runQuietly, taskEnvironment } from "./processes.mjs";
import { step } from "./say.mjs";

/** @typedef {import("./node.mjs").FoundNode} FoundNode */
/** @typedef {{ name: string, title: string, inputs: string[], dependsOn: string[], outputs: string[], clean?: string[], args: () => string[] }} Build */

const hardhat = join(root, "node_modules", "hardhat", "dist", "src", "cli.js");

/** In the order of their dependencies: each is built again when its own inputs or those it depends on change.
 * @type {Build[]} */
const builds = [
  {
    name: "contracts",
    title: "compiling the contracts",
    inputs: ["contracts", "hardhat.config.ts"],
    dependsOn: [],
    outputs: ["artifacts", "types"],
    // typechain overwrites what it writes again and leaves the rest: types of contracts that no longer exist.
    clean: ["types"],
    args: () => [hardhat, "build", "--quiet", "--no-tests"],
  },
  // What the SDK takes from the contracts is generated into its sources.
  ...["engine", "sdk", "worker"].map((name, index, workspaces) => ({
    name,
    title: `building @athanor/${name}`,
    inputs: [name, "tsconfig.base.json"],
    dependsOn: workspaces.slice(0, index),
    outputs: [`${name}/dist`],
    args: () => [findNpm(), "run", "build", "--workspace", name],
  })),
];

/**
 * Compiles the contracts and builds the workspaces whose sources changed since the last time.
 * @param {FoundNode} node
 */
export async function buildChanged(node) {
  const lockfile = hashOf(readFileSync(join(root, "package-lock.json")));
  /** @type {Record<string, string>} */
  const hashes = {};
  for (const { name, title, inputs: paths, dependsOn, outputs, clean = [], args } of builds) {
    const inputs = hashOf(
      [lockfile, hashOfFiles(root, paths, isSource), ...dependsOn.map((other) => hashes[other])].join(),
    );
    hashes[name] = inputs;
    const stampFile = join(cacheFolder, `built-${name}`);
    const stamped = existsSync(stampFile) && readFileSync(stampFile, "utf8") === inputs;
    if (stamped && outputs.every((output) => isFilled(join(root, output)))) continue;
    // Without a stamp until it is done: a build that is interrupted leaves half an output behind.
    rmSync(stampFile, { force: true });
    for (const folder of clean) rmSync(join(root, folder), { recursive: true, force: true });
    await step(title, () =>
      runQuietly(node.binary, args(), {
        env: taskEnvironment(node),
        whatToDo: `Correct the sources of ${name} and run the command again.`,
      }),
    );
    writeFileSync(stampFile, inputs);
  }
}

/** Tests and build outputs do not change what is built.
 * @param {string} path relative to the root */
function isSource(path) {
  return !/(^|\/)(node_modules|dist|coverage)$|\.test\.ts$|\.t\.sol$/.test(path);
}

/** @param {string} folder */
function isFilled(folder) {
  return existsSync(folder) && readdirSync(folder).length > 0;
}
