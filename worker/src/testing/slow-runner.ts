import { ModelError } from "../model/open-model-process.ts";
import type { ModelRunner, RunRequest } from "../model/runner.ts";

/** A runner that gives its next token only when the test says so. */
export interface GatedRunner extends ModelRunner {
  /** Lets this many further tokens through, over all runs. */
  allow(tokens: number): void;
  readonly requests: RunRequest[];
}

/** Stands before a real model, so that a test decides how far a generation has come. */
export function gate(real: ModelRunner): GatedRunner {
  let allowed = 0;
  const waiting: (() => void)[] = [];
  const requests: RunRequest[] = [];
  const pass = () =>
    new Promise<void>((resolve) => {
      if (allowed > 0) {
        allowed--;
        resolve();
      } else waiting.push(resolve);
    });
  return {
    commitment: real.commitment,
    loadTime: real.loadTime,
    computes: real.computes,
    requests,
    allow(tokens) {
      for (let count = 0; count < tokens; count++) {
        const next = waiting.shift();
        if (next === undefined) allowed++;
        else next();
      }
    },
    async run(request) {
      requests.push(request);
      const output = await real.run({ ...request, onToken: () => undefined });
      for (const token of output.slice(request.prefix.length)) {
        await Promise.race([pass(), aborted(request.signal)]);
        request.onToken(token);
      }
      return output;
    },
    close: () => Promise.resolve(),
  };
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = () =>
      reject(
        new ModelError({ code: "ABORTED", message: "Generation was aborted.", remedy: "Start it again." }),
      );
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}

/** A runner that fails for some requests, and is the real one for all others. */
export function failFor(real: ModelRunner, isDoomed: (request: RunRequest) => boolean): ModelRunner {
  const failure = { code: "MODEL_PROCESS_FAILED", message: "out of memory", remedy: "Add memory." };
  return {
    ...real,
    run: (request) => (isDoomed(request) ? Promise.reject(new ModelError(failure)) : real.run(request)),
    close: () => Promise.resolve(),
  };
}
