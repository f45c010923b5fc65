import type { TokenInfo } from "../amounts/token-info.ts";

/** A transaction that moved a job along. */
export interface ChainStep {
  readonly name: "approve" | "fund" | "create" | "submit" | "finalize" | "expire" | "decline" | "refund";
  readonly block: number;
  readonly blockHash: string;
  /** Seconds since 1970. */
  readonly timestamp: number;
  readonly transactionHash: string;
  /** Who sent it and paid its gas. */
  readonly sender: string;
  /** Gas of the whole transaction, which may have finalised several jobs. */
  readonly gasUsed: bigint;
  /** Smallest units of the chain's coin for one gas. */
  readonly gasPrice: bigint;
  /** `gasUsed × gasPrice`, in the smallest units of the chain's coin. */
  readonly gasCost: bigint;
}

/** Who paid what. Amounts in units of `token`; `escrowed = earned + fee + refund + bounty`. */
export interface Payment {
  readonly token: TokenInfo;
  /** What the client escrowed: the largest possible price and the bounty. */
  readonly escrowed: bigint;
  /** Price of the tokens that were produced: `earned + fee`. */
  readonly charged: bigint;
  /** Paid to the provider. */
  readonly earned: bigint;
  /** Paid to the protocol. */
  readonly fee: bigint;
  /** Back in the client's vault account. */
  readonly refund: bigint;
  /** Paid to whoever ended the job. */
  readonly bounty: bigint;
  /** Who ended the job and received the bounty. */
  readonly bountyRecipient?: string | undefined;
  /** False while the result is inside its challenge window: the amounts are those that finalising will pay. */
  readonly settled: boolean;
}

/** What happened on chain, in order. */
export interface InferenceReceipt {
  readonly steps: readonly ChainStep[];
  readonly payment: Payment;
}
