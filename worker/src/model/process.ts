import { endOf, EngineError, generate, type Model } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { chooseExecutor, type ChosenExecutor } from "./executor.ts";
import type { ErrorParts, FromModel, ProcessOptions, ToModel } from "./messages.ts";

/**
 * The process of one model: loads it, then generates for any number of requests at once. Its own process, so that following
 * the chain never waits for a multiplication, and a driver that fails takes nothing else with it.
 */

const say = (message: FromModel) => process.send!(message, undefined, {}, () => undefined);
const running = new Map<number, AbortController>();

// A terminal and a service manager signal all processes; the one that opened this one decides when it ends.
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => undefined);
// No orderly exit: a driver that is at work may not allow one.
process.on("disconnect", () => process.kill(process.pid, "SIGKILL"));

async function main({ folder, compute, maxSequences }: ProcessOptions): Promise<void> {
  const start = performance.now();
  let model: Model;
  let chosen: ChosenExecutor;
  try {
    model = await loadModel(folder);
    const onDeviceLost = (message: string) => say({ kind: "device-lost", message });
    chosen = await chooseExecutor(model, { compute, maxSequences, onDeviceLost });
  } catch (error) {
    say({ kind: "load-failed", error: partsOf(error) });
    return;
  }
  process.on("message", (message: ToModel) => {
    if (message.kind === "abort") running.get(message.id)?.abort();
    else void run(model, chosen, message);
  });
  say({
    kind: "loaded",
    commitment: model.commitment,
    loadTime: Math.round(performance.now() - start),
    computes: chosen.computes,
  });
}

async function run(
  model: Model,
  { executor }: ChosenExecutor,
  request: ToModel & { kind: "run" },
): Promise<void> {
  const { id, prompt, prefix, generation } = request;
  const controller = new AbortController();
  running.set(id, controller);
  try {
    // A prefix that was stored just before a crash may already be the whole output.
    if (endOf(model, generation, prefix) !== undefined) return void say({ kind: "done", id, tokens: [] });
    const { maxTokens, minTokens = 0 } = generation;
    const { tokens } = await generate(model, {
      ...generation,
      // Continuing is the same computation as generating: the tokens so far are what the next one follows.
      prompt: [...prompt, ...prefix],
      startOffset: prefix.length,
      maxTokens: maxTokens - prefix.length,
      minTokens: Math.max(0, minTokens - prefix.length),
      signal: controller.signal,
      onToken: (token) => void say({ kind: "token", id, token }),
      ...(executor && { executor }),
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
    code: "MODEL_PROCESS_FAILED",
    message,
    remedy: "Check the model's files with: athanor model verify DIR",
  };
}

await main(JSON.parse(process.argv[2]!) as ProcessOptions);
