import { athanorError } from "../errors/athanor-error.ts";
import { deployments } from "../generated/deployments.ts";

/** Addresses of the contracts of one deployment. */
export interface Deployment {
  readonly ath: string;
  readonly vault: string;
  readonly providerRegistry: string;
  readonly modelRegistry: string;
  readonly programRegistry: string;
  readonly jobEscrow: string;
  readonly channelEscrow: string;
  readonly receiptResults: string;
  readonly resultSources: string;
  readonly disputeGame: string;
  /** The factory of delegation pools; without it, nothing can be delegated. */
  readonly delegationPools?: string | undefined;
  /** Measurements of providers, from which the other contracts of checkers are read; without it there are no scores. */
  readonly qualityReports?: string | undefined;
  /** Where checkers attest to results. */
  readonly resultAudits?: string | undefined;
  /** Block of the first contract: no event is older. Default 0. */
  readonly startBlock?: number | undefined;
}

/**
 * The known deployment on a chain.
 *
 * @throws AthanorError `ChainUnknown`
 */
export function deploymentOf(chainId: bigint | number): Deployment {
  const known: Record<string, Deployment> = deployments;
  const deployment = known[String(chainId)];
  if (!deployment) throw athanorError("ChainUnknown", { chainId, known: Object.keys(known).join(", ") });
  return deployment;
}
