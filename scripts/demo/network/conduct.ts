import type { Model } from "@athanor/engine";
import { referenceExecutor, type Executor } from "@athanor/engine/trace";
import { faultyExecutor } from "../../../engine/src/testing/faulty-executor.ts";
import { ModelError } from "../../../worker/src/model/open-model-process.ts";
import type { ModelRunner, RunRequest } from "../../../worker/src/model/runner.ts";

/**
 * Milliseconds to the first token at least, and for each position of prompt and answer. One machine plays everybody here: without a pace, what checkers measure would be how
 * busy the others keep it.
 */
const PACE = { first: 600, position: 12 };
/** A cheating one lies in one answer of so many, in the second first. */
const LIES_ONE_IN = 4;

/** Gives tokens out no faster than a machine of this pace would. */
export function pacedRunner(real: ModelRunner): ModelRunner {
  return {
    ...real,
    async run(request) {
      const begun = performance.now();
      const { onToken, onPause = () => undefined, prompt, signal } = request;
      let given = 0;
      let last = Promise.resolve();
      const tokens = await real.run({
        ...request,
        onToken(token) {
          const due = begun + Math.max(PACE.first, PACE.position * (prompt.length + ++given));
          last = last.then(() => pause(due - performance.now(), signal)).then(() => onToken(token));
        },
        onPause() {
          last = last.then(onPause);
        },
      });
      await last;
      return tokens;
    },
  };
}

/**
 * Answers so late that nobody waits for it.
 *
 * @param delay milliseconds
 */
export function slowRunner(real: ModelRunner, delay: () => number): ModelRunner {
  return {
    ...real,
    async run(request) {
      await pause(delay(), request.signal);
      return real.run(request);
    },
  };
}

/** A provider that computes some answers wrongly, and can show the trace of each of its lies. */
export interface Cheat {
  readonly runner: ModelRunner;
  /** Computes what was answered, wrong or right: with it the cheat defends its lies. */
  readonly executor: Executor;
  start(): void;
}

/** Once it was told to start: flips the lowest bit of one token of some answers, and goes on from that token. */
export function cheatingRunner(real: ModelRunner, model: Model): Cheat {
  const wrong = new Map<string, Executor>();
  const operator = model.program.operators.findIndex(({ name }) => name === "output.token");
  /** The same request has the same fate however often it is sent. */
  const fates = new Map<string, boolean>();
  let isCheating = false;
  const isLie = (request: string): boolean => {
    if (!fates.has(request)) fates.set(request, fates.size % LIES_ONE_IN === 1);
    return fates.get(request)!;
  };
  return {
    runner: {
      ...real,
      async run(request) {
        if (!isCheating || !isLie(request.prompt.join())) return real.run(request);
        const { prompt, generation, startOffset = 0, signal } = request;
        const alone = { prompt, generation, startOffset, signal, prefix: [], onToken: () => undefined };
        const honest = await real.run(alone);
        const changed = prompt.length % honest.length;
        const prefix = [...honest.slice(0, changed), honest[changed]! ^ 1];
        const lie = await real.run({ ...alone, prefix });
        const fault = { position: prompt.length + changed - 1, operator, section: "output", element: 0 };
        wrong.set(prompt.join(), faultyExecutor(fault, referenceExecutor));
        return speak(lie, request);
      },
    },
    executor: (asked, request) => (wrong.get(request.prompt.join()) ?? referenceExecutor)(asked, request),
    start: () => (isCheating = true),
  };
}

/** Gives tokens out as a model's process does: as far as was allowed. */
async function speak(tokens: readonly number[], request: RunRequest): Promise<number[]> {
  const { allowance, onPause, onToken, prefix, signal } = request;
  let wake: () => void = () => undefined;
  allowance?.onGrant(() => wake());
  signal.addEventListener("abort", () => wake(), { once: true });
  for (const [index, token] of tokens.entries()) {
    if (index < prefix.length) continue;
    while (allowance && index >= allowance.tokens) {
      if (signal.aborted) throw aborted();
      const granted = new Promise<void>((resolve) => (wake = resolve));
      onPause?.();
      await granted;
    }
    onToken(token);
  }
  return [...tokens];
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, Math.max(0, milliseconds));
    const abort = () => {
      clearTimeout(timer);
      reject(aborted());
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

function aborted(): ModelError {
  return new ModelError({ code: "ABORTED", message: "Generation was aborted.", remedy: "Start it again." });
}
