import type { ConnectOptions } from "../client/types.ts";
import type { ICheckers } from "../generated/contracts/Checkers.ts";
import type { JobTerms } from "../protocol/job.ts";

/** A runner that only reads suffices for what sends nothing. */
export type CheckersOptions = Omit<ConnectOptions, "modelSource" | "requestStore">;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** What a checker measured of one provider in one epoch. With uptime 0 the other numbers are 0 and the evidence is "0x". */
export interface QualityReport {
  /** Owner account of the provider. */
  readonly provider: string;
  /** Milliseconds from the request to the first token: the median of its requests. Whole, below 2^32. */
  readonly latency: number;
  /** Millions of multiply-adds a second, of its fastest request or burst. Whole, below 2^48. */
  readonly throughput: number;
  /** Requests answered in time of those sent, in basis points: 0 to 10,000. */
  readonly uptime: number;
  /** That the checker asked, in hexadecimal digits: `encodeChannelEvidence` and its like. */
  readonly evidence: string;
}

export interface EpochView {
  readonly epoch: number;
  /** Seconds since 1970. */
  readonly startsAt: number;
  /** First second of the next epoch, since 1970. */
  readonly endsAt: number;
  /** 32 bytes; undefined before it is drawn, and for ever in a void epoch. */
  readonly seed: string | undefined;
  /** Commitments to secrets. */
  readonly committed: number;
  /** Secrets that were revealed. */
  readonly revealed: number;
}

type Parameter = keyof ICheckers.ParametersStruct;

/** The parameters of an epoch, as section 8 of docs/checkers.md has them: shares in basis points, the stake in ATH units. */
export type CheckerRules = { readonly stake: bigint } & {
  readonly [Name in Exclude<Parameter, "stake">]: number;
};

export interface CheckerView {
  /** The account that staked. */
  readonly checker: string;
  /** The key that sends what is daily work. */
  readonly operator: string;
  /** ATH units that are locked; less than the stake in force after a penalty. */
  readonly locked: bigint;
  /** Last epoch to which it committed; 0 if it never did. */
  readonly lastEpoch: number;
  /** Attestations that are not closed. */
  readonly held: number;
}

/** A provider that is measured: in the epochs after `since`, and before `until`. */
export interface EnrolledProvider {
  readonly provider: string;
  readonly since: number;
  /** The epoch in which it was retired; undefined while it is enrolled. */
  readonly until: number | undefined;
}

/** What an epoch pays a checker in one token, token units. */
export interface EpochPay {
  readonly pot: bigint;
  readonly shares: bigint;
  readonly totalShares: bigint;
  /** What `claim` pays when `claimableAt` has come; 0 once it was claimed. */
  readonly amount: bigint;
  readonly claimed: boolean;
  /** Seconds since 1970. Shares and pot may change before. */
  readonly claimableAt: number;
}

/** An attestation that was revealed. */
export interface AttestationView {
  readonly positionsRoot: string;
  /** ATH units that it costs if it is proven false. */
  readonly penalty: bigint;
  /** The epoch of the round that chose the result. */
  readonly epoch: number;
  readonly counted: boolean;
  readonly closed: boolean;
}

/** What a checker shows of an attestation. */
export interface AttestationReveal {
  readonly job: JobTerms;
  /** The round that chose the result. */
  readonly round: bigint;
  readonly checker: string;
  /** Root over the positions of the trace. */
  readonly positionsRoot: string;
}

/** A round of the beacon. */
export interface BeaconRound {
  readonly round: bigint;
  /** 32 bytes; undefined until it is fixed. */
  readonly value: string | undefined;
  /** Seconds since 1970. */
  readonly requestedAt: number;
  /** The block whose hash decides. */
  readonly blockNumber: number;
}

/** A mined transaction. */
export interface CheckerTransaction {
  readonly transactionHash: string;
  readonly block: number;
  readonly gas: bigint;
}
