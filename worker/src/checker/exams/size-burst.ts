import { MOST_BURST_POSITIONS, MOST_BURST_REQUESTS, type Burst } from "@athanor/sdk/channels";

/** Tokens of a request where there is room for them: a prompt that is read at once, and an answer that comes one by one. */
const PROMPT = 256;
const OUTPUT = 32;

/** What a burst must fill. */
export interface BurstDemand {
  /** Multiply-adds a second that the hardware claims. */
  readonly claim: bigint;
  /** Multiply-adds of one position of the model. */
  readonly workPerPosition: bigint;
  /** Positions of one request at most. */
  readonly contextLength: number;
  /** Requests that a report has to show. */
  readonly requests: number;
  /** For which hardware that is as fast as claimed is busy. */
  readonly seconds: number;
}

/**
 * A burst that takes claimed hardware so many seconds: the claim says how many positions, and so how many requests at once. Small hardware gets shorter requests, and no fewer
 * than a report has to show; large hardware more of them, then longer ones.
 */
export function sizeBurst({
  claim,
  workPerPosition,
  contextLength,
  requests,
  seconds,
}: BurstDemand): Pick<Burst, "count" | "promptTokens" | "outputTokens"> {
  const wanted = (Number(claim) * seconds) / Math.max(Number(workPerPosition), 1);
  const positions = Math.max(2 * requests, Math.min(wanted, MOST_BURST_POSITIONS));
  const usual = Math.min(PROMPT + OUTPUT, contextLength);
  const count = clamp(Math.ceil(positions / usual), requests, MOST_BURST_REQUESTS);
  const each = clamp(Math.floor(positions / count), 2, contextLength);
  const outputTokens = clamp(Math.round((each * OUTPUT) / (PROMPT + OUTPUT)), 1, OUTPUT);
  return { count, promptTokens: each - outputTokens, outputTokens };
}

const clamp = (value: number, least: number, most: number): number => Math.min(Math.max(value, least), most);
