import type { ContractRunner } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import type { QualityReports } from "../generated/contracts/QualityReports.ts";
import { contractAt } from "./connect-contracts.ts";
import type { Deployment } from "./deployment.ts";

/** What checkers found of a provider: weighted means over epochs, the newest a quarter. docs/checkers.md says how they measure. */
export interface ProviderScore {
  readonly provider: string;
  /** Requests answered in time of those sent, in basis points. */
  readonly uptime: number;
  /** Milliseconds from the request to the first token; 0 while it never answered. */
  readonly latency: number;
  /** Millions of multiply-adds a second; 0 while it never answered. */
  readonly throughput: number;
  /** The epoch that was scored last. */
  readonly epoch: number;
  /** Scored epochs in a row with an uptime below the floor. */
  readonly badEpochs: number;
}

/** What a provider's score must be, or at least what it says where there is one. */
export interface MinimumScore {
  /** Least, basis points. */
  readonly uptime?: number | undefined;
  /** Most, milliseconds. */
  readonly latency?: number | undefined;
  /** Least, millions of multiply-adds a second. */
  readonly throughput?: number | undefined;
  /** Whether providers without a score are left out. Default false, or no new one would ever find a client. */
  readonly onlyScored?: boolean | undefined;
}

/** All of the contract that clients need; what checkers need is in `@athanor/sdk/checkers`. */
const scoreFragments = [
  "function scoreOf(address) view returns ((uint48 throughput,uint32 latency,uint16 uptime,uint32 epoch,uint16 badEpochs))",
];

/** A provider's score; undefined while it has none, and where the deployment has no checkers. */
export async function readScore(
  runner: ContractRunner,
  { qualityReports }: Deployment,
  provider: string,
): Promise<ProviderScore | undefined> {
  if (qualityReports === undefined) return undefined;
  const reports = contractAt(qualityReports, scoreFragments, runner) as QualityReports;
  const { throughput, latency, uptime, epoch, badEpochs } = await reports.scoreOf(provider);
  if (epoch === 0n) return undefined;
  return {
    provider,
    uptime: Number(uptime),
    latency: Number(latency),
    throughput: Number(throughput),
    epoch: Number(epoch),
    badEpochs: Number(badEpochs),
  };
}

interface Scored {
  readonly score?: ProviderScore | undefined;
}

/**
 * Those whose score suffices.
 *
 * @throws AthanorError `CheckersUnavailable` when the deployment has no scores; `NoProviderWithScore` when none is left
 */
export function withScore<Offer extends Scored>(
  offers: readonly Offer[],
  minimum: MinimumScore | undefined,
  { qualityReports }: Deployment,
): readonly Offer[] {
  if (minimum === undefined) return offers;
  if (qualityReports === undefined) throw athanorError("CheckersUnavailable", { contract: "qualityReports" });
  const { uptime = 0, latency = Infinity, throughput = 0, onlyScored = false } = minimum;
  const suitable = offers.filter(({ score }) =>
    score
      ? // One that never answered has no latency, which is not a short one.
        score.uptime >= uptime && (score.latency || Infinity) <= latency && score.throughput >= throughput
      : !onlyScored,
  );
  if (suitable.length === 0) throw athanorError("NoProviderWithScore", { offers: offers.length });
  return suitable;
}

/** Negative if the first is better: a score before none, then by uptime, latency and throughput. Whoever begins anew is not better than who answers for what it was. */
export function compareScores({ score: one }: Scored, { score: other }: Scored): number {
  if (!one || !other) return Number(!one) - Number(!other);
  return (
    other.uptime - one.uptime ||
    (one.latency || Infinity) - (other.latency || Infinity) ||
    other.throughput - one.throughput
  );
}
