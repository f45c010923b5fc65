import { EventEmitter, once } from "node:events";
import type { Suite } from "./suites.ts";

/**
 * Runs suites, at most `lanes` at a time and the longest first; those that must not meet run one after the other.
 *
 * @returns what `run` returned, in the order of `suites`
 * @throws what `run` threw first, when all that had begun is over
 */
export async function runLanes<Result>(
  suites: readonly Suite[],
  lanes: number,
  run: (suite: Suite) => Promise<Result>,
): Promise<Result[]> {
  const waiting = [...suites].sort((a, b) => b.seconds - a.seconds);
  const busy = new Set<string>();
  const results = new Map<Suite, Result>();
  const ends = new EventEmitter().setMaxListeners(lanes);

  const lane = async () => {
    while (waiting.length > 0) {
      const next = waiting.findIndex(({ alone }) => alone === undefined || !busy.has(alone));
      if (next === -1) {
        await once(ends, "end");
        continue;
      }
      const [suite] = waiting.splice(next, 1) as [Suite];
      if (suite.alone !== undefined) busy.add(suite.alone);
      try {
        results.set(suite, await run(suite));
      } catch (error) {
        waiting.length = 0;
        throw error;
      } finally {
        if (suite.alone !== undefined) busy.delete(suite.alone);
        ends.emit("end");
      }
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: lanes }, lane));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
  return suites.map((suite) => results.get(suite) as Result);
}
