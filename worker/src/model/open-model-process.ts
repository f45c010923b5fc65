import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { WorkerError } from "../errors.ts";
import type { ErrorParts, FromModel, ProcessOptions, ToModel } from "./messages.ts";
import type { ModelRunner, RunRequest } from "./runner.ts";

/** An error that came from a model's process: the engine's code, message and remedy. */
export class ModelError extends Error {
  override readonly name = "ModelError";
  readonly code: string;
  readonly remedy: string;

  constructor({ code, message, remedy }: ErrorParts) {
    super(message);
    this.code = code;
    this.remedy = remedy;
  }
}

interface Pending {
  readonly request: RunRequest;
  readonly resolve: (tokens: number[]) => void;
  readonly reject: (error: Error) => void;
}

/** Characters of what a process says about its end. */
const MOST_COMPLAINTS = 2_000;

/** Variables that drivers of graphics cards read. The environment may hold a password; a model needs none. */
const DRIVER_VARIABLES =
  /^(VK_.*|XDG_.*|MESA_.*|NVIDIA_.*|CUDA_VISIBLE_DEVICES|LD_LIBRARY_PATH|DISPLAY|WAYLAND_DISPLAY|HOME|TMPDIR|TEMP|SystemRoot|LOCALAPPDATA)$/;

export interface OpenModelOptions extends Partial<Omit<ProcessOptions, "folder">> {
  /** Called when the device was lost, and what goes on. */
  readonly onDeviceLost?: (message: string) => void;
}

/**
 * Loads a model in a process of its own.
 *
 * @param file the compiled or source form of process.ts
 * @param folder the model's folder
 * @param options who computes, default the processor; requests at a time, default 1
 * @throws ModelError with the engine's code if the model does not load or no device computes it, WorkerError
 * MODEL_PROCESS_FAILED if the process ends
 */
export async function openModelProcess(
  file: URL,
  folder: string,
  { compute = "cpu", maxSequences = 1, onDeviceLost }: OpenModelOptions = {},
): Promise<ModelRunner> {
  const options: ProcessOptions = { folder, compute, maxSequences };
  const child = fork(fileURLToPath(file), [JSON.stringify(options)], {
    serialization: "advanced",
    env: Object.fromEntries(Object.entries(process.env).filter(([name]) => DRIVER_VARIABLES.test(name))),
    // What this process prints may be a document, and drivers are talkative.
    stdio: ["ignore", "ignore", "pipe", "ipc"],
  });
  let complaints = "";
  child.stderr!.setEncoding("utf8").on("data", (part: string) => {
    complaints = (complaints + part).slice(-MOST_COMPLAINTS);
  });
  const tell = (message: ToModel) => void child.send(message, () => undefined);
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
  const pending = new Map<number, Pending>();
  let nextId = 1;
  let ended: Error | undefined;
  let loaded: (message: FromModel & { kind: "loaded" }) => void;
  let loadFailed: (error: Error) => void;
  const loading = new Promise<FromModel & { kind: "loaded" }>((resolve, reject) => {
    loaded = resolve;
    loadFailed = reject;
  });

  const endAll = (error: Error) => {
    ended ??= error;
    loadFailed(ended);
    for (const { reject } of pending.values()) reject(ended);
    pending.clear();
  };
  child.on("error", (cause) => endAll(processFailed(folder, cause)));
  // After its last words, unlike "exit".
  child.on("close", (code, signal) => endAll(processFailed(folder, signal ?? code, complaints)));
  child.on("message", (received) => {
    const message = received as FromModel;
    if (message.kind === "loaded") return loaded(message);
    if (message.kind === "load-failed") return loadFailed(new ModelError(message.error));
    if (message.kind === "device-lost") return onDeviceLost?.(message.message);
    const run = pending.get(message.id);
    if (run === undefined) return;
    if (message.kind === "token") return run.request.onToken(message.token);
    if (message.kind === "paused") return run.request.onPause?.();
    pending.delete(message.id);
    if (message.kind === "done") run.resolve([...run.request.prefix, ...message.tokens]);
    else run.reject(new ModelError(message.error));
  });

  const close = async () => {
    if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
    // No orderly exit: a driver that is at work may not allow one.
    child.kill("SIGKILL");
    await exited;
  };
  let ready: FromModel & { kind: "loaded" };
  try {
    ready = await loading;
  } catch (error) {
    await close();
    throw error;
  }

  const run = (request: RunRequest) =>
    new Promise<number[]>((resolve, reject) => {
      if (ended !== undefined) return reject(ended);
      const { prompt, prefix, startOffset = 0, generation, signal, allowance } = request;
      const id = nextId++;
      const abort = () => tell({ kind: "abort", id });
      const settled = () => signal.removeEventListener("abort", abort);
      pending.set(id, {
        request,
        resolve: (tokens) => (settled(), resolve(tokens)),
        reject: (error) => (settled(), reject(error)),
      });
      tell({ kind: "run", id, prompt, prefix, startOffset, generation, allowed: allowance?.tokens });
      allowance?.onGrant((tokens) => tell({ kind: "allow", id, tokens }));
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    });

  const { commitment, loadTime, computes } = ready;
  return { commitment, loadTime, computes, run, close };
}

function processFailed(folder: string, cause: unknown, complaints = ""): WorkerError {
  const lastWords = complaints.trim().split("\n").at(-1)!.trim();
  const reason =
    cause instanceof Error
      ? `: ${cause.message}`
      : ` (${String(cause)})${lastWords === "" ? "" : `: ${lastWords}`}`;
  return new WorkerError("MODEL_PROCESS_FAILED", `The process of the model in ${folder} ended${reason}.`, {
    remedy:
      "The worker starts it again by itself. If it keeps ending, the machine has too little memory for the model, or its driver fails.",
    details: { folder, complaints },
    cause,
  });
}
