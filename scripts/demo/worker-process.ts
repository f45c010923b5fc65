import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../../worker/dist/athanor.js", import.meta.url));

/** One line of the worker's log. */
export type WorkerEvent = Readonly<Record<string, unknown>> & { readonly event: string };

export interface RunningWorker {
  /** Resolves with the first event of this name from now on; rejects when the process ends before. */
  next(event: string): Promise<WorkerEvent>;
  onEvent(listener: (event: WorkerEvent) => void): void;
  stop(): Promise<void>;
}

interface Environment {
  readonly folder: string;
  /** Reaches the process in its environment: command lines are visible to every user of a machine. */
  readonly password: string;
}

function start(args: readonly string[], { folder, password }: Environment) {
  return spawn(process.execPath, [bin, ...args], {
    cwd: folder,
    env: { ...process.env, ATHANOR_KEYSTORE_PASSWORD: password },
    stdio: ["ignore", "pipe", "pipe"],
  });
}

/** Runs one command of the worker to its end and returns what it printed. */
export async function athanor(args: readonly string[], environment: Environment): Promise<string> {
  const child = start(args, environment);
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (part: Buffer) => (stdout += part.toString()));
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  if (code !== 0) {
    throw new Error(`athanor ${args.join(" ")} ended with ${code ?? "a signal"}:\n${stdout}${stderr}`);
  }
  return stdout;
}

/** Starts the provider as its own process. */
export function startProvider(config: string, environment: Environment): RunningWorker {
  const child = start(["provider", "start", "--config", config], environment);
  const listeners = new Set<(event: WorkerEvent) => void>();
  let stderr = "";
  let ended: number | null | undefined;
  child.stderr.on("data", (part: Buffer) => (stderr += part.toString()));
  createInterface({ input: child.stdout }).on("line", (line) => {
    const event = JSON.parse(line) as WorkerEvent;
    for (const listener of listeners) listener(event);
  });
  const closed = new Promise<void>((resolve) =>
    child.on("close", (code) => {
      ended = code;
      resolve();
    }),
  );
  return {
    onEvent: (listener) => void listeners.add(listener),
    next: (name) =>
      new Promise((resolve, reject) => {
        const listener = (event: WorkerEvent) => {
          if (event.event !== name) return;
          listeners.delete(listener);
          resolve(event);
        };
        listeners.add(listener);
        void closed.then(() => {
          reject(new Error(`The provider ended with ${String(ended)} before "${name}".\n${stderr}`));
        });
      }),
    async stop() {
      child.kill("SIGTERM");
      // A stopping provider finishes what it is sending; one that hangs is ended.
      const timer = setTimeout(() => child.kill("SIGKILL"), 10_000);
      await closed;
      clearTimeout(timer);
    },
  };
}
