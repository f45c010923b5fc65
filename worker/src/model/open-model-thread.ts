import { Worker } from "node:worker_threads";
import { WorkerError } from "../errors.ts";
import type { ErrorParts, FromModel, ToModel } from "./messages.ts";
import type { ModelRunner, RunRequest } from "./runner.ts";

/** An error that came from a model's thread: the engine's code, message and remedy. */
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

/**
 * Loads a model in a thread of its own.
 *
 * @param thread the compiled or source form of thread.ts
 * @param folder the model's folder
 * @throws ModelError with the engine's code if the model does not load, WorkerError MODEL_THREAD_FAILED if the thread ends
 */
export async function openModelThread(thread: URL, folder: string): Promise<ModelRunner> {
  // The environment may hold a password; a model needs none.
  const worker = new Worker(thread, { workerData: { folder }, env: {} });
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
  worker.on("error", (cause) => endAll(threadFailed(folder, cause)));
  worker.on("exit", () => endAll(threadFailed(folder)));
  worker.on("message", (message: FromModel) => {
    if (message.kind === "loaded") return loaded(message);
    if (message.kind === "load-failed") return loadFailed(new ModelError(message.error));
    const run = pending.get(message.id);
    if (run === undefined) return;
    if (message.kind === "token") return run.request.onToken(message.token);
    pending.delete(message.id);
    if (message.kind === "done") run.resolve([...run.request.prefix, ...message.tokens]);
    else run.reject(new ModelError(message.error));
  });

  const close = async () => {
    await worker.terminate();
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
      const { prompt, prefix, generation, signal } = request;
      const id = nextId++;
      const abort = () => worker.postMessage({ kind: "abort", id } satisfies ToModel);
      const settled = () => signal.removeEventListener("abort", abort);
      pending.set(id, {
        request,
        resolve: (tokens) => (settled(), resolve(tokens)),
        reject: (error) => (settled(), reject(error)),
      });
      worker.postMessage({ kind: "run", id, prompt, prefix, generation } satisfies ToModel);
      if (signal.aborted) abort();
      else signal.addEventListener("abort", abort, { once: true });
    });

  return { commitment: ready.commitment, loadTime: ready.loadTime, run, close };
}

function threadFailed(folder: string, cause?: unknown): WorkerError {
  const reason = cause instanceof Error ? `: ${cause.message}` : "";
  return new WorkerError("MODEL_THREAD_FAILED", `The thread of the model in ${folder} ended${reason}.`, {
    remedy:
      "The worker starts it again by itself. If it keeps ending, the machine has too little memory for the model.",
    details: { folder },
    cause,
  });
}
