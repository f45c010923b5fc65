import { endOf, EngineError, generate, type Model } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { chooseExecutor, type ChosenExecutor } from "./executor.ts";
import type { ErrorParts, FromModel, ProcessOptions, ToModel } from "./messages.ts";

/**
 * The process of one model: loads it, then generates for any number of requests at once. Its own process, so that following
 * the chain never waits for a multiplication, and a driver that fails takes nothing else with it.
 */

const say = (message: FromModel) => process.send!(message, undefined, {}, () => undefined);
const running = new Map<number, Run>();

/** What the main process may still say to a run. */
interface Run {
  readonly controller: AbortController;
  /** Output tokens at which it pauses. */
  allowed: number;
  /** Lets it go on. */
  resume: () => void;
}

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
    if (message.kind === "run") return void run(model, chosen, message);
    const told = running.get(message.id);
    if (told === undefined) return;
    if (message.kind === "abort") told.controller.abort();
    else told.allowed = message.tokens;
    told.resume();
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
  const { id, prompt, prefix, startOffset, generation, allowed = Infinity } = request;
  const told: Run = { controller: new AbortController(), allowed, resume: () => undefined };
  running.set(id, told);
  const { signal } = told.controller;
  const output = [...prefix];
  const pause = async () => {
    say({ kind: "paused", id });
    while (output.length >= told.allowed && !signal.aborted) {
      await new Promise<void>((resolve) => (told.resume = resolve));
    }
  };
  try {
    // A prefix that was stored just before a crash may already be the whole output.
    const isEnded = () => endOf(model, { ...generation, prompt, startOffset }, output) !== undefined;
    while (!isEnded()) {
      if (output.length >= told.allowed) await pause();
      const { maxTokens, minTokens = 0 } = generation;
      const left = maxTokens - output.length;
      await generate(model, {
        ...generation,
        // Continuing is the same computation as generating: the tokens so far are what the next one follows.
        prompt: [...prompt, ...output],
        startOffset: startOffset + output.length,
        maxTokens: left,
        minTokens: Math.max(0, minTokens - output.length),
        signal,
        onToken: (token) => {
          output.push(token);
          say({ kind: "token", id, token });
        },
        // A graphics card computes many at once and waits for none: there a pause ends it, and it continues from the tokens so far.
        ...(executor
          ? { executor, outputLimit: Math.min(left, told.allowed - output.length) }
          : { ready: () => (output.length >= told.allowed ? pause() : undefined) }),
      });
    }
    say({ kind: "done", id, tokens: output.slice(prefix.length) });
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
