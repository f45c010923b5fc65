import type { CheckerRules, QualityReport } from "@athanor/sdk/checkers";
import type { CheckerContext } from "../context.ts";
import type { Duty, RoundView } from "../duty.ts";
import { describeError } from "../../errors.ts";
import { lastMoment, noteMissed, type EpochLength } from "../moves.ts";
import { blindingFor, ownProviders } from "../own.ts";

/** What is to be measured. */
export interface MeasureRequest {
  readonly provider: string;
  readonly epoch: number;
  readonly rules: CheckerRules;
  /** Secret until the reports are revealed. */
  readonly blinding: string;
  /** Providers that the checker is drawn for, and that share its budget. */
  readonly drawn: number;
  /** Chain seconds. */
  readonly now: number;
  /** Chain seconds: nothing is asked any more, and what was found counts. */
  readonly deadline: number;
  readonly signal: AbortSignal;
}

/** What was measured of a provider, in a report's units. */
export type Measured = Omit<QualityReport, "provider">;

/**
 * Asks a provider what is due by now, and returns. It is called again and again until it says what it found; requests that were sent are known to it after a
 * restart.
 *
 * @returns undefined while there is more to ask; past the deadline, when nothing can be said
 */
export type Measure = (request: MeasureRequest) => Promise<Measured | undefined>;

/** Measures the providers that the checker is drawn for in the current epoch, and stores what it found. */
export function measurementsDuty(context: CheckerContext, measure: Measure): Duty {
  const { log, metrics, storage, settings, signal } = context;
  /** Seconds that the longest look at a provider took: no other is begun so shortly before it is too late. */
  let longest = 0;
  /** Failures that were logged: each once. */
  const said = new Set<string>();
  let drawn: { readonly epoch: number; readonly providers: readonly string[] } | undefined;

  async function measureOne(view: RoundView, provider: string, count: number): Promise<void> {
    const { epoch, now } = view;
    const begun = performance.now();
    const found = await measure({
      ...{ provider, epoch, now, signal, drawn: count },
      rules: await view.rulesOf(epoch),
      blinding: await blindingFor(context, epoch, provider),
      deadline: measureUntil(context, view, longest),
    });
    longest = Math.max(longest, (performance.now() - begun) / 1_000);
    if (found === undefined) return;
    storage.putReport(epoch, { provider, ...found });
    const { latency, throughput, uptime } = found;
    log.emit("info", "checker.measured", { epoch, provider, latency, throughput, uptime });
  }

  return {
    name: "measurements",
    async advance(view) {
      const { epoch, now } = view;
      if (drawn?.epoch !== epoch) {
        const providers = await ownProviders(context, view, epoch);
        if (providers === undefined) return;
        drawn = { epoch, providers };
        log.emit("info", "checker.drawn", { epoch, providers: providers.length });
      }
      const measured = new Set(storage.reportsOf(epoch).map(({ provider }) => provider));
      const missing = drawn.providers.filter((provider) => !measured.has(provider));
      const count = drawn.providers.length;
      await inParallel(missing, settings.measuredAtOnce, async (provider) => {
        if (signal.aborted) return;
        try {
          await measureOne(view, provider, count);
        } catch (error) {
          // Of one provider; the others are measured all the same.
          metrics.noteFailure("measurements");
          const failure = describeError(error);
          const key = `${epoch} ${provider} ${failure.code}`;
          if (!said.has(key)) log.emit("warn", "warning", { epoch, provider, ...failure });
          said.add(key);
        }
      });
      const left = count - storage.reportsOf(epoch).length;
      metrics.noteMeasured(count, count - left);
      if (left > 0 && now >= measureUntil(context, view, longest)) {
        noteMissed(context, epoch, "measurements", {
          message: `${left} of ${count} providers were not measured in time; leaving them out costs stake`,
        });
      }
    },
  };
}

/** Chain seconds at which the reports are committed to, whatever was measured by then: sooner than nothing is sent any more. */
export function commitFrom(
  context: EpochLength & { readonly settings: Pick<CheckerContext["settings"], "commitBefore"> },
  { epoch, startOf }: Pick<RoundView, "epoch" | "startOf">,
): number {
  const { epochLength } = context.checkers;
  const { commitBefore } = context.settings;
  const before = commitBefore === null ? epochLength / 12 : commitBefore / 1_000;
  return startOf(epoch + 1) - Math.min(Math.max(before, 2 * lastMoment(context)), epochLength / 3);
}

/** Chain seconds after which nothing is asked: half of the time before the end remains for what was found late, or what asking twice may take. */
function measureUntil(context: CheckerContext, view: RoundView, longest: number): number {
  const end = view.startOf(view.epoch + 1);
  const half = (end - commitFrom(context, view)) / 2;
  return Math.floor(end - Math.min(Math.max(half, 2 * longest), context.checkers.epochLength / 2));
}

async function inParallel<Item>(
  items: readonly Item[],
  atOnce: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  const waiting = [...items];
  const one = async () => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(atOnce, items.length) }, one));
}
