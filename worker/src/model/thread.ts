import { endOf, EngineError, generate, type Model } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { parentPort, workerData } from "node:worker_threads";
import type { ErrorParts, FromModel, ToModel } from "./messages.ts";

/**
 * The thread of one model: loads it, then generates for any number of requests at once, a token of each in turn.
 * Its own thread, so that following the chain never waits for a multiplication.
 */

const port = parentPort!;
const say = (message: FromModel) => port.postMessage(message);
const running = new Map<number, AbortController>();

async function main(folder: string): Promise<void> {
  const start = performance.now();
  let model: Model;
  try {
    model = await loadModel(folder);
  } catch (error) {
    say({ kind: "load-failed", error: partsOf(error) });
    return;
  }
  port.on("message", (message: ToModel) => {
    if (message.kind === "abort") running.get(message.id)?.abort();
    else void run(model, message);
  });
  say({
    kind: "loaded",
    commitment: model.commitment,
    loadTime: Math.round(performance.now() - start),
  });
}

async function run(model: Model, request: ToModel & { kind: "run" }): Promise<void> {
  const { id, prompt, prefix, generation } = request;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    // A prefix that was stored just before a crash may already be the whole output.
    if (endOf(model, generation, prefix) !== undefined) return say({ kind: "done", id, tokens: [] });
    const { maxTokens, minTokens = 0 } = generation;
    const { tokens } = await generate(model, {
      ...generation,
      // Continuing is the same computation as generating: the tokens so far are what the next one follows.
      prompt: [...prompt, ...prefix],
      startOffset: prefix.length,
      maxTokens: maxTokens - prefix.length,
      minTokens: Math.max(0, minTokens - prefix.length),
      signal: controller.signal,
      onToken: (token) => say({ kind: "token", id, token }),
    });
    say({ kind: "done", id, tokens });
  } catch (error) {
    say({ kind: "failed", id, error: partsOf(error) });
  } finally {
    running.delete(id);
  }
}

function partsOf(error: unknown): ErrorParts {
  if (error instanceof EngineError) return { code: error.code, message: error.message, remedy: error.remedy };
  const message = error instanceof Error ? error.message : String(error);
  return {
    code: "MODEL_THREAD_FAILED",
    message,
    remedy: "Check the model's files with: athanor model verify DIR",
  };
}

await main((workerData as { folder: string }).folder);
