import { type ChildProcess, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { createInterface } from "node:readline";
import { root } from "../launch/paths.mjs";

/** How a test process ended. `stuck`: it had reported, but something it opened kept it from ending. */
export interface Ending {
  readonly code: number;
  readonly stuck: boolean;
}

const pollMilliseconds = 500;

/**
 * Runs Node.js until it ends, with our own output streams or, if `onLine` is given, handing it each line. A process that has written its report but does not end
 * within the grace period is killed, and so is whatever it started and left running.
 *
 * @param reportFile appears when the last test is over
 * @param graceMilliseconds from then on
 */
export async function runToEnd(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  reportFile: string,
  graceMilliseconds = 20_000,
  onLine?: (line: string) => void,
): Promise<Ending> {
  // A process group of its own, so that its children can be found when it is gone.
  const child = spawn(process.execPath, args, {
    cwd: root,
    env,
    stdio: onLine === undefined ? ["ignore", "inherit", "inherit"] : ["ignore", "pipe", "pipe"],
    detached: true,
  });
  for (const stream of [child.stdout, child.stderr]) {
    if (stream !== null && onLine !== undefined) createInterface({ input: stream }).on("line", onLine);
  }
  const stop = (signal: NodeJS.Signals) => {
    signalGroup(child, signal);
    // When the others that run at the same time have been told, too.
    setImmediate(() => process.exit(1));
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);

  let stuck = false;
  let reportedAt: number | undefined;
  const watch = setInterval(() => {
    if (reportedAt === undefined) {
      if (existsSync(reportFile)) reportedAt = performance.now();
    } else if (performance.now() - reportedAt > graceMilliseconds) {
      stuck = true;
      signalGroup(child, "SIGKILL");
    }
  }, pollMilliseconds);
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      // What it left running may hold its output open.
      child.on("exit", () => signalGroup(child, "SIGKILL"));
      child.on("close", (exitCode) => resolve(exitCode ?? 1));
    });
    return { code, stuck };
  } finally {
    clearInterval(watch);
    process.off("SIGINT", stop).off("SIGTERM", stop);
    signalGroup(child, "SIGKILL");
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return;
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch (error) {
    // ESRCH: all of them are gone, which is what is wanted.
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
