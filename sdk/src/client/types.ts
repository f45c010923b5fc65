import type { ContractRunner, Signer } from "ethers";
import type { TokenInfo } from "../amounts/token-info.ts";
import type { Privacy } from "../private/describe.ts";
import type { RequestStore } from "../private/request-store.ts";
import type { ModelSource } from "../models/model-source.ts";
import type { Deployment } from "../protocol/deployment.ts";
import type { Generation, JobRecord, JobTerms } from "../protocol/job.ts";
import type { JobStatusName } from "../protocol/job-state.ts";
import type { Prices } from "../protocol/cost.ts";
import type { OfferPrices } from "../protocol/rates.ts";
import type { InferenceReceipt } from "../protocol/receipt.ts";
import type { MinimumScore, ProviderScore } from "../protocol/scores.ts";

export interface ConnectOptions {
  /** Reads the chain and sends transactions: an ethers signer that is connected to a provider. */
  readonly signer?: Signer | undefined;
  /** Instead of `signer`: a signer, or a provider for a client that only reads. */
  readonly runner?: ContractRunner | undefined;
  /** Addresses; by default those known for the chain. */
  readonly deployment?: Deployment | undefined;
  /** Reads tokenizers; by default over http and https. In Node.js, `nodeModelSource()` of @athanor/sdk/node reads files too. */
  readonly modelSource?: ModelSource | undefined;
  /** Where private requests are kept, for those who send any; docs/private-requests.md. */
  readonly requestStore?: RequestStore | undefined;
  /** Blocks after which an event counts, its own included. Default 1: choose more on chains that reorganise. */
  readonly confirmations?: number | undefined;
  /** Milliseconds between two looks at the chain. Default 2,000. */
  readonly pollingInterval?: number | undefined;
  /** Milliseconds for one request to the node. Default 30,000. */
  readonly requestTimeout?: number | undefined;
  /** Milliseconds until a transaction must be mined, or a stopped chain must go on. Default 600,000. */
  readonly transactionTimeout?: number | undefined;
}

/** How the answer's tokens are chosen and where it ends; docs/developers.md. Without any of it: greedily, up to `maxTokens`. */
export interface GenerationOptions {
  /** Largest number of tokens to generate. */
  readonly maxTokens: number;
  /** Least number of tokens, at most `maxTokens`: before that no stop sequence and no stop token of the model ends the answer. */
  readonly minTokens?: number | undefined;
  /** 0 (default) always takes the most likely token; from 0.05 to 65.535 draws one, the more evenly the larger. Three digits behind the point. */
  readonly temperature?: number | undefined;
  /** Draws among so many of the most likely tokens, and those that are as likely as the last of them. Default: all. */
  readonly topK?: number | undefined;
  /** Draws among the most likely tokens that together have this probability, from 0.0001 to 1. Four digits behind the point. Default 1. */
  readonly topP?: number | undefined;
  /** Above 1, up to 10, makes tokens of prompt and answer less likely; from 0.1 to below 1 more likely. Three digits behind the point. */
  readonly repetitionPenalty?: number | undefined;
  /** Texts, or lists of 1 to 16 token ids, that end the answer; at most 8. `text` ends before them. */
  readonly stop?: readonly (string | readonly number[])[] | undefined;
  /** Randomness of the drawing, below 2^64: the same request with the same seed has the same answer. Default: a random one, 0 if greedy. */
  readonly seed?: bigint | undefined;
}

export interface QuoteRequest extends GenerationOptions {
  /** Root of the model, as 0x and 64 hexadecimal digits. */
  readonly model: string;
  /** The text to go on with. Give this or `promptTokens`. */
  readonly prompt?: string | undefined;
  /** Token ids to go on with, for those who tokenise themselves. */
  readonly promptTokens?: readonly number[] | undefined;
  /**
   * Whether only the provider may read prompt and answer. Default false: both stand on chain. Needs a `requestStore`, and a provider that
   * takes private requests; `quote().privacy` says what others learn.
   */
  readonly private?: boolean | undefined;
  /** Address of the token to pay in. Default ATH. */
  readonly token?: string | undefined;
  /** Owner account of the provider to use. Default: the cheapest that has stake free for another job, among equally cheap ones that with the best score. */
  readonly provider?: string | undefined;
  /** What the score of a provider that is chosen must be. Default: anything. */
  readonly minimumScore?: MinimumScore | undefined;
  /** Providers not to use. */
  readonly excludeProviders?: readonly string[] | undefined;
  /** Seconds for the provider to answer, counted from the latest block. Default 300, within what the escrow allows. */
  readonly deadlineSeconds?: number | undefined;
  /** Below 2^64, for each request another one: makes jobs with otherwise the same terms two. Default a random one. */
  readonly salt?: bigint | undefined;
  readonly signal?: AbortSignal | undefined;
}

export interface InferRequest extends QuoteRequest {
  /** Most that may leave the account, the exit bounty included, in units of `token`. What is not used comes back. */
  readonly maxPrice: bigint;
  /** Whether to resolve when the result is there (default) or when it is final and paid. */
  readonly waitFor?: "submitted" | "finalized" | undefined;
  /** Told what happens as it happens. If it throws, the call rejects while the job goes on. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface FollowOptions {
  readonly waitFor?: "submitted" | "finalized" | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What a request costs, and where. Amounts in units of `token`. */
export interface Quote extends Prices, OfferPrices {
  readonly provider: string;
  readonly token: TokenInfo;
  readonly promptTokens: readonly number[];
  /** What the request commits to. */
  readonly generation: Generation;
  /** What others learn of the request, and when. */
  readonly privacy: Privacy;
  /** Most that will be charged: for the prompt and `maxTokens`. */
  readonly cost: bigint;
  /** Escrowed on top, paid to whoever ends the job. */
  readonly exitBounty: bigint;
  /** `cost + exitBounty`. */
  readonly escrow: bigint;
  /** Seconds since 1970. */
  readonly submitDeadline: number;
}

/** A standing offer of a registered provider. Its prices in US cents stand; those in token units are what they come to now. */
export interface Offer extends Prices, OfferPrices {
  readonly provider: string;
  readonly model: string;
  readonly token: TokenInfo;
  readonly contextLength: number;
  readonly vocabularySize: number;
  /** ATH units of the provider's stake that back nothing yet. */
  readonly freeStake: bigint;
  /** Whether the provider takes new work: it does not rest, and is not suspended. */
  readonly takesWork: boolean;
  /** Whether another job can begin: the provider takes new work, and its stake suffices. */
  readonly available: boolean;
  /** What checkers found of the provider; undefined while it has no score. */
  readonly score?: ProviderScore | undefined;
}

export type Progress =
  | { readonly stage: "quoted"; readonly quote: Quote }
  | {
      readonly stage: "funding" | "creating" | "finalizing" | "refunding";
      readonly transactionHash: string;
    }
  | { readonly stage: "created" | "finalized"; readonly jobId: string; readonly transactionHash: string }
  | {
      readonly stage: "waiting";
      readonly jobId: string;
      readonly submitDeadline: number;
      readonly chainTime: number;
    }
  | {
      readonly stage: "submitted";
      readonly jobId: string;
      readonly transactionHash: string;
      readonly text: string;
      readonly finalizableAt: number;
    };

/** A job with what the chain says of it now. */
export interface JobSummary extends JobRecord {
  readonly status: JobStatusName;
}

export interface JobView extends JobSummary {
  /** The generated tokens, once they are there; of a private job only where its request is known. */
  readonly tokens?: readonly number[] | undefined;
  /** Seconds since 1970 from which the result can be finalised. */
  readonly finalizableAt?: number | undefined;
  readonly receipt: InferenceReceipt;
}

export interface InferenceResult {
  /** Ends before the stop sequence that ended it. */
  readonly text: string;
  /** The generated tokens, the one that stops the text included; they hash to what is on chain. */
  readonly tokens: readonly number[];
  readonly job: { readonly id: string; readonly terms: JobTerms };
  /** What the request committed to, its seed included. */
  readonly generation: Generation;
  readonly receipt: InferenceReceipt;
  readonly status: "Submitted" | "Finalized";
  /** Seconds since 1970 from which the result can be finalised. */
  readonly finalizableAt: number;
  /** Whether prompt and answer were private. */
  readonly private: boolean;
}

export interface JobsFilter {
  /** Default: the signer's account; pass null for all clients. */
  readonly client?: string | null | undefined;
  /** Owner account of the provider. */
  readonly provider?: string | undefined;
  readonly fromBlock?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}
