import type { ProviderState } from "../market/provider-state.ts";

/** Why no new work begins, each with its remedy; none if new work begins. */
export interface Hindrance {
  readonly what: string;
  readonly remedy: string;
}

/** Of a provider that is examined; the exam's own hint says more. */
export const AWAITS_EXAM: Hindrance = {
  what: "the provider waits for an exam of its hardware",
  remedy:
    "Open work goes on and is paid. Keep the daemon running, so that checkers can measure it; athanor provider status says when and what they found.",
};

type Found = Pick<ProviderState, "resting" | "suspended" | "jobsPausedUntil" | "channelsPausedUntil">;

/** Who keeps a suspended provider from new work: one, the other, or both. */
export interface Suspensions {
  readonly byCourt: boolean;
  readonly byExams: boolean;
}

/**
 * Everything but stake and conviction that keeps new work from a provider.
 *
 * @param now chain seconds
 * @param servesChannels whether the provider wants channels
 */
export function hindrancesOf(
  found: Found,
  { byCourt, byExams }: Suspensions,
  now: number,
  servesChannels: boolean,
): Hindrance[] {
  const hindrances: Hindrance[] = [];
  if (found.resting) {
    hindrances.push({
      what: "the provider rests, by its owner's wish",
      remedy: "To take work again, run: athanor provider rest --end --config FILE",
    });
  }
  if (byExams) hindrances.push(AWAITS_EXAM);
  if (found.suspended && (byCourt || !byExams)) {
    hindrances.push({
      what: "the provider is suspended by the protocol, for now",
      remedy:
        "Open work goes on and is paid. When the suspension is over, run: athanor provider reinstate --config FILE",
    });
  }
  for (const [name, until, isWanted] of [
    ["jobs", found.jobsPausedUntil, true],
    ["channels", found.channelsPausedUntil, servesChannels],
  ] as const) {
    if (until <= now || !isWanted) continue;
    hindrances.push({
      what: `new ${name} are paused for everybody until ${new Date(until * 1_000).toISOString()}`,
      remedy: "Wait until then. Open work goes on and is paid.",
    });
  }
  return hindrances;
}
