import { createFastExecutor, type Model } from "../../../engine/src/index.ts";

/** In tokens a second. */
export interface Speed {
  readonly decode: number;
  readonly prefill: number;
}

/** What is measured of one request. */
export interface Request {
  readonly prompt: readonly number[];
  readonly maxTokens: number;
}

/** A model that is loaded, and measured as often as one likes. */
export interface Runner {
  measure(request: Request): Promise<Speed>;
  close(): Promise<void>;
}

/** The fast executor: a prompt in blocks, then token after token. */
export function openFast(model: Model, threads: number): Runner {
  const executor = createFastExecutor(model, { threads });
  return {
    measure({ prompt, maxTokens }) {
      const session = executor.createSession({ capacity: prompt.length + maxTokens + 1 });
      const start = performance.now();
      session.prefill(prompt);
      const prefill = (prompt.length * 1000) / (performance.now() - start);
      let { token } = session.advance(9, { generating: true })!;
      const first = performance.now();
      for (let count = 0; count < maxTokens; count++) {
        ({ token } = session.advance(token, { generating: true })!);
      }
      return Promise.resolve({ prefill, decode: (maxTokens * 1000) / (performance.now() - first) });
    },
    close() {
      executor.close();
      return Promise.resolve();
    },
  };
}

/** Medians of what two programs did in turn, and of their ratios, round by round: load on the machine hits both. */
export interface Comparison {
  readonly own: Speed;
  readonly peer: Speed;
  readonly ratio: Speed;
}

/** Measures one after the other, `rounds` times, after a round that warms both up. */
export async function compare(
  own: Runner,
  peer: Runner,
  request: Request,
  rounds: number,
): Promise<Comparison> {
  const seen: { own: Speed; peer: Speed }[] = [];
  for (let round = 0; round <= rounds; round++) {
    process.stderr.write(`bench: round ${round} of ${rounds}\n`);
    const pair = { own: await own.measure(request), peer: await peer.measure(request) };
    if (round > 0) seen.push(pair);
  }
  const median = (of: (pair: { own: Speed; peer: Speed }) => Speed): Speed => ({
    prefill: middle(seen.map((pair) => of(pair).prefill)),
    decode: middle(seen.map((pair) => of(pair).decode)),
  });
  return {
    own: median((pair) => pair.own),
    peer: median((pair) => pair.peer),
    ratio: median((pair) => ({
      prefill: pair.own.prefill / pair.peer.prefill,
      decode: pair.own.decode / pair.peer.decode,
    })),
  };
}

function middle(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)]!;
}
