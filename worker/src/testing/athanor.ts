import { spawn, type ChildProcess } from "node:child_process";
import { fileURLToPath } from "node:url";
import { eventually } from "./eventually.ts";

const bin = fileURLToPath(new URL("../bin/athanor.ts", import.meta.url));

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunningAthanor {
  readonly process: ChildProcess;
  /** Everything printed so far, both streams. */
  output(): string;
  /** The events printed so far. */
  events(): Record<string, unknown>[];
  event(name: string): Promise<Record<string, unknown>>;
  ended: Promise<Finished>;
}

export interface AthanorOptions {
  readonly cwd: string;
  readonly password?: string;
  /** What further file descriptors say, from 3 on. */
  readonly descriptors?: readonly string[];
}

const alive = new Set<RunningAthanor>();

/** Ends what a failed test has left running. */
export async function endAll(): Promise<void> {
  for (const { process: child, ended } of alive) {
    child.kill("SIGKILL");
    await ended;
  }
}

/** Runs the command line as its users do: another process, nothing shared. */
export function startAthanor(args: readonly string[], options: AthanorOptions): RunningAthanor {
  const descriptors = options.descriptors ?? [];
  const { ATHANOR_KEYSTORE_PASSWORD: _, ...environment } = process.env;
  const child = spawn(process.execPath, [bin, ...args], {
    cwd: options.cwd,
    env:
      options.password === undefined
        ? environment
        : { ...environment, ATHANOR_KEYSTORE_PASSWORD: options.password },
    stdio: ["ignore", "pipe", "pipe", ...descriptors.map(() => "pipe" as const)],
  });
  descriptors.forEach((text, index) => {
    const pipe = child.stdio[3 + index] as NodeJS.WritableStream;
    // A command that refuses before it reads leaves nobody at the other end.
    pipe.on("error", () => undefined);
    pipe.end(text);
  });
  let stdout = "";
  let stderr = "";
  child.stdout!.on("data", (part: Buffer) => (stdout += part.toString()));
  child.stderr!.on("data", (part: Buffer) => (stderr += part.toString()));
  const ended = new Promise<Finished>((resolve) =>
    child.on("close", (code) => resolve({ code, stdout, stderr })),
  );
  const running: RunningAthanor = {
    process: child,
    ended,
    output: () => stdout + stderr,
    events: () =>
      stdout
        .split("\n")
        .slice(0, -1)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    async event(name) {
      const find = () => running.events().find(({ event }) => event === name);
      await eventually(() => find() !== undefined || child.exitCode !== null, `event ${name}`);
      const found = find();
      if (found === undefined) throw new Error(`athanor ended before ${name}: ${running.output()}`);
      return found;
    },
  };
  alive.add(running);
  void ended.then(() => alive.delete(running));
  return running;
}

export function runAthanor(args: readonly string[], options: AthanorOptions): Promise<Finished> {
  return startAthanor(args, options).ended;
}
