import type { StandingOffer } from "../market/offers.ts";
import type { Hindrance } from "./new-work.ts";

export interface Circumstances {
  readonly registered: boolean;
  readonly convicted: boolean;
  /** What keeps new work away beside stake and offers. */
  readonly hindrances: readonly Hindrance[];
  /** What to do about cases of the quality court and what checkers found, in sentences. */
  readonly court: readonly string[];
  readonly offers: readonly (StandingOffer & { readonly cheapestOther: bigint | null })[];
  readonly roomForJobs: number;
  readonly openJobs: number;
  readonly daemonAlive: boolean;
  /** Jobs that the operator's coin pays for. */
  readonly gasJobs: number;
  readonly operator: string;
  /** Where clients find the files of the offered models. */
  readonly uris: readonly string[];
}

/** Answers "why do I get no jobs?": everything that keeps them away, the most certain first. */
export function hintsOf(found: Circumstances): string[] {
  if (found.convicted) {
    return [
      "convicted: a result of this provider was proven wrong on chain, so its fraud deposit is forfeited and it takes no jobs any more. Find the fault before serving from another account; get the rest of the stake back with: athanor provider leave --config FILE",
    ];
  }
  if (!found.registered) {
    return ["The provider is not registered. Run: athanor provider register --config FILE"];
  }
  const sentence = (text: string) => `${text[0]!.toUpperCase()}${text.slice(1)}.`;
  const hints = [
    ...found.court,
    ...found.hindrances.map(({ what, remedy }) => `${sentence(what)} ${remedy}`),
  ];
  if (!found.daemonAlive) {
    hints.push("No daemon was alive within the last minute. Run: athanor provider start --config FILE");
  }
  if (found.offers.length === 0) {
    hints.push("No offer stands on chain. Run: athanor provider register --config FILE");
  }
  if (found.roomForJobs === 0) {
    hints.push(
      found.openJobs > 0
        ? `All stake is bound by ${found.openJobs} open jobs, so the chain refuses new ones. Raise limits.maxOpenJobs and run: athanor provider register --config FILE`
        : "The free stake does not cover one job, so the chain refuses all. Run: athanor provider register --config FILE",
    );
  }
  if (found.gasJobs === 0) {
    hints.push(`The operator cannot pay for gas. Send some of the chain's coin to ${found.operator}`);
  }
  if (found.uris.some((uri) => uri === "")) {
    hints.push(
      "A model was registered without the address of its files, so clients cannot tokenise for it. Announce one with ModelRegistry.announce",
    );
  }
  for (const { modelRoot, outputMicrocents, cheapestOther } of found.offers) {
    if (cheapestOther === null || cheapestOther >= outputMicrocents) continue;
    const percent = Number(
      ((outputMicrocents - cheapestOther) * 100n) / (outputMicrocents === 0n ? 1n : outputMicrocents),
    );
    hints.push(
      `Another provider offers model ${modelRoot.slice(0, 10)}… ${percent} % cheaper, and clients take the cheapest. Lower the prices and run: athanor provider register --config FILE`,
    );
  }
  if (hints.length === 0) {
    hints.push(
      "Nothing keeps jobs away: offers stand, stake is free, the daemon is alive. Clients have not asked.",
    );
  }
  return hints;
}
