import { spawn } from "node:child_process";
import { realpathSync } from "node:fs";
import { constants } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { LaunchError } from "./errors.mjs";
import { root } from "./paths.mjs";

/** @typedef {import("./node.mjs").FoundNode} FoundNode */

const patienceMilliseconds = 3_000;
const signals = /** @type {const} */ (["SIGINT", "SIGTERM", "SIGHUP"]);

/**
 * Runs a task with the launcher's own standard streams, passes signals on and waits for it.
 * @param {string} binary
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<number>} exit code
 */
export async function runTask(binary, args, env) {
  const child = spawn(binary, args, { cwd: root, stdio: "inherit", env });
  // A terminal already sends Ctrl-C to every process in the foreground; passing it on would make it two.
  const forward = signals
    .filter((signal) => signal !== "SIGINT" || !process.stdin.isTTY)
    .map((signal) => /** @type {const} */ ([signal, () => child.kill(signal)]));
  const stay = () => {};
  process.on("SIGINT", stay);
  for (const [signal, listener] of forward) process.on(signal, listener);
  try {
    return await exitCodeOf(child);
  } finally {
    process.removeListener("SIGINT", stay);
    for (const [signal, listener] of forward) process.removeListener(signal, listener);
  }
}

/**
 * Runs a step of the preparation with its output held back; it is shown only if the step fails. Nothing reaches
 * standard output, which belongs to the task.
 * @param {string} binary
 * @param {string[]} args
 * @param {{ env: NodeJS.ProcessEnv, cwd?: string, whatToDo: string }} options
 * @returns {Promise<string>} what it printed
 */
export async function runQuietly(binary, args, { env, cwd = root, whatToDo }) {
  const child = spawn(binary, args, { cwd, stdio: ["ignore", "pipe", "pipe"], env });
  /** @type {Buffer[]} */
  const output = [];
  child.stdout.on("data", (/** @type {Buffer} */ chunk) => output.push(chunk));
  child.stderr.on("data", (/** @type {Buffer} */ chunk) => output.push(chunk));

  // The lock is held until the child is gone, so that the next launch does not meet a half-dead install.
  /** @type {typeof signals[number] | undefined} */
  let received;
  const stop = (/** @type {typeof signals[number]} */ signal) => {
    received = signal;
    child.kill(signal);
    setTimeout(() => child.kill("SIGKILL"), patienceMilliseconds).unref();
  };
  for (const signal of signals) process.on(signal, stop);
  try {
    const code = await exitCodeOf(child);
    if (received !== undefined) {
      throw new LaunchError(`stopped by ${received}`, { exitCode: 128 + constants.signals[received] });
    }
    const text = Buffer.concat(output).toString("utf8").trimEnd();
    if (code === 0) return text;
    throw new LaunchError(
      `this command failed with code ${code}: ${[binary, ...args].join(" ")}\n${whatToDo}`,
      {
        output: text,
        exitCode: code,
      },
    );
  } finally {
    for (const signal of signals) process.removeListener(signal, stop);
  }
}

/**
 * The environment in which the preparation and the task run: the found Node.js first on PATH, and without what an
 * outer `npm run` set for its own use.
 * @param {FoundNode} node
 * @returns {NodeJS.ProcessEnv}
 */
export function taskEnvironment(node) {
  const env = { ...process.env };
  for (const key of Object.keys(env)) {
    if (/^npm_(package|lifecycle|command|execpath|node_execpath)/.test(key)) delete env[key];
    // .npmrc sets json to keep npm's banner off standard output; npm inside a task shall speak normally.
    if (/^npm_config_(json|prefix|local_prefix|global_prefix|workspace|workspaces)$/.test(key)) {
      delete env[key];
    }
  }
  const pathKey = Object.keys(env).find((key) => key.toUpperCase() === "PATH") ?? "PATH";
  env[pathKey] = [dirname(node.binary), join(root, "node_modules", ".bin"), env[pathKey]]
    .filter(Boolean)
    .join(delimiter);
  env["NODE"] = node.binary;
  // Node 22 strips types as Node 24 does, but warns about it in every process.
  if (node.major === 22) {
    env["NODE_OPTIONS"] = `${env["NODE_OPTIONS"] ?? ""} --disable-warning=ExperimentalWarning`.trim();
  }
  // In a terminal Hardhat reports its use unless told not to. A demo or a test shall talk to nobody.
  env["HARDHAT_DISABLE_TELEMETRY"] ??= "true";
  return env;
}

/**
 * The npm that started the launcher, or else the one on PATH or beside Node.js.
 * @returns {string} its npm-cli.js, to be run with the Node.js of choice
 */
export function findNpm() {
  const candidates = [
    process.env["npm_execpath"],
    ...(process.env["PATH"] ?? "").split(delimiter).map((folder) => join(folder, "npm")),
    join(dirname(process.execPath), "node_modules", "npm", "bin", "npm-cli.js"),
    join(dirname(process.execPath), "..", "lib", "node_modules", "npm", "bin", "npm-cli.js"),
  ];
  for (const candidate of candidates) {
    if (!candidate) continue;
    try {
      const file = realpathSync(candidate);
      if (file.endsWith("npm-cli.js")) return file;
    } catch {
      // Not there: the next one.
    }
  }
  throw new LaunchError(
    "npm was not found on PATH or beside Node.js. Install npm 10 or newer and run the command again.",
  );
}

/** @param {import("node:child_process").ChildProcess} child
 * @returns {Promise<number>} */
function exitCodeOf(child) {
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}
