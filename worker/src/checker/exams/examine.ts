import { decodeTokens, tokensRoot } from "@athanor/engine/commitments";
import {
  burstHash,
  burstRequest,
  inputRootOf,
  MOST_BURST_RECEIPTS,
  type Burst,
  type ExamClient,
  type ExamLine,
  type NativeRequest,
  type Receipt,
  type Signed,
} from "@athanor/sdk/channels";
import { encodeExamEvidence, requiredRequests } from "@athanor/sdk/checkers";
import { decodeBase64 } from "ethers";
import { randomInt } from "node:crypto";
import type { Measured } from "../duties/measurements.ts";
import { lowerMedian } from "../measure/statistics.ts";

/** Milliseconds after which a burst that has not ended is given up: the provider ends it after a minute. */
const LONGEST = 90_000;
const BASIS_POINTS = 10_000;
const MOST_LATENCY = 2 ** 32 - 1;
const MOST_THROUGHPUT = 2 ** 48 - 1;

export interface ExamineOptions {
  readonly client: ExamClient;
  /** The checker's owner account. */
  readonly checker: string;
  readonly epoch: number;
  readonly blinding: string;
  readonly burst: Burst;
  readonly vocabularySize: number;
  /** Multiply-adds of one position of the model. */
  readonly workPerPosition: bigint;
  /** Requests that a report has to show. */
  readonly requests: number;
  /** Requests that evidence proves to the chain; undefined when that cannot be read now, which is nobody's fault. */
  readonly proves: (evidence: string) => Promise<bigint | undefined>;
  /** The right answer, from who has the model; undefined where nobody does, or it cannot be computed. */
  readonly recompute: (request: NativeRequest) => Promise<readonly number[] | undefined>;
  readonly signal?: AbortSignal | undefined;
}

/** What an exam found, in a report's units, and why it is not more. */
export interface Examined extends Measured {
  readonly answered: number;
  readonly asked: number;
  /** Why nothing that came counts; undefined where it does. */
  readonly fault: string | undefined;
}

/** What arrived of one request. */
interface Arrival {
  readonly tokens: number[];
  /** Milliseconds after the burst was sent. */
  first: number;
  last: number;
}

/**
 * Examines a provider's hardware: has it kept free, sends a burst, takes the time. The clock runs from the burst, whose prompts nobody could know, to its last token. The
 * throughput is that of all requests which were answered whole; of them one, chosen afterwards, is recomputed.
 *
 * @throws AthanorError when the provider refuses, cannot be reached or breaks off: nothing was measured
 */
export async function examine(options: ExamineOptions): Promise<Examined> {
  const { client, checker, epoch, blinding, burst, signal } = options;
  const entered = await client.enter({ checker, epoch, blinding, burst: burstHash(burst) }, signal);
  const limit = AbortSignal.timeout(LONGEST);
  const ends = signal ? AbortSignal.any([signal, limit]) : limit;
  const arrivals = Array.from({ length: burst.count }, (): Arrival => ({ tokens: [], first: 0, last: 0 }));
  const receipts: Signed<Receipt>[] = [];
  const start = performance.now();
  let fault: string | undefined;
  for await (const line of client.burst(entered.exam, burst, ends)) {
    if (line.type === "tokens") fault ??= takeTokens(arrivals, line, burst, performance.now() - start);
    else if (line.type === "receipt") fault ??= takeReceipt(receipts, line.receipt);
    else if (line.type === "error") fault ??= `it said: ${line.message}`;
    // What does not keep to the form is not read to its end.
    if (fault !== undefined) break;
  }
  return fault === undefined ? judge(options, arrivals, receipts) : nothing(burst, fault);
}

/** @returns what is wrong with it */
function takeTokens(
  arrivals: readonly Arrival[],
  { request, first, chunk }: Extract<ExamLine, { type: "tokens" }>,
  { outputTokens }: Burst,
  now: number,
): string | undefined {
  const arrival = arrivals[request];
  if (arrival === undefined || first !== arrival.tokens.length) return "tokens of no request, or with a gap";
  let tokens: number[];
  try {
    tokens = decodeTokens(decodeBase64(chunk));
  } catch {
    return "bytes that are no tokens";
  }
  if (tokens.length === 0 || arrival.tokens.length + tokens.length > outputTokens) {
    return "too many tokens, or none";
  }
  if (first === 0) arrival.first = now;
  arrival.last = now;
  arrival.tokens.push(...tokens);
  return undefined;
}

/** @returns what is wrong with it */
function takeReceipt(receipts: Signed<Receipt>[], receipt: Signed<Receipt>): string | undefined {
  const last = receipts.at(-1)?.message.nonce ?? 0n;
  if (receipts.length === MOST_BURST_RECEIPTS || receipt.message.nonce <= last) {
    return "receipts twice, out of order, or too many";
  }
  receipts.push(receipt);
  return undefined;
}

async function judge(
  { burst, vocabularySize, workPerPosition, requests, epoch: _, ...options }: ExamineOptions,
  arrivals: readonly Arrival[],
  receipts: readonly Signed<Receipt>[],
): Promise<Examined> {
  const { blinding, proves, recompute } = options;
  const answered = [...arrivals.entries()].filter(([, { tokens }]) => tokens.length === burst.outputTokens);
  if (answered.length === 0) return nothing(burst, "no request was answered whole");
  if (answered.some(([, { tokens }]) => tokens.some((token) => token >= vocabularySize))) {
    return nothing(burst, "a token is outside the vocabulary");
  }
  const requestOf = (index: number) => burstRequest(burst, index, vocabularySize);
  for (const { message } of receipts) {
    const index = Number(message.nonce) - 1;
    const tokens = arrivals[index]?.tokens;
    if (
      tokens?.length !== burst.outputTokens ||
      message.modelRoot !== burst.modelRoot ||
      message.inputRoot !== inputRootOf(requestOf(index)) ||
      message.outputTokensRoot !== tokensRoot(tokens) ||
      message.outputCount !== BigInt(tokens.length)
    ) {
      return nothing(burst, "a receipt is not of what arrived");
    }
  }
  const [chosen, { tokens }] = answered[randomInt(answered.length)]!;
  const right = await recompute(requestOf(chosen));
  if (right !== undefined && tokensRoot(right) !== tokensRoot(tokens)) {
    return nothing(burst, `the answer to request ${chosen} is wrong`);
  }
  const uptime = Math.min(
    Math.floor((answered.length * BASIS_POINTS) / burst.count),
    Math.floor((receipts.length * BASIS_POINTS) / requests),
  );
  const shown = receipts.slice(0, requiredRequests({ uptime, requests }));
  if (shown.length === 0) return nothing(burst, "it came without a receipt");
  let evidence: string;
  try {
    evidence = encodeExamEvidence({
      blinding,
      receipts: shown.map(({ message }) => message),
      signatures: shown.map(({ signature }) => signature),
    });
  } catch {
    return nothing(burst, "a receipt has numbers that fit into none");
  }
  if (((await proves(evidence)) ?? BigInt(shown.length)) < BigInt(shown.length)) {
    return nothing(burst, "the chain takes the receipts for no proof");
  }
  const seconds = Math.max(...answered.map(([, { last }]) => last), 0.1) / 1_000;
  const positions = answered.length * (burst.promptTokens + burst.outputTokens);
  const throughput = (positions * Number(workPerPosition)) / seconds / 1e6;
  const latency = lowerMedian(answered.map(([, { first }]) => first));
  return {
    latency: Math.min(Math.round(latency), MOST_LATENCY),
    throughput: Math.min(Math.floor(throughput), MOST_THROUGHPUT),
    ...{ uptime: Math.min(uptime, BASIS_POINTS), evidence },
    ...{ answered: answered.length, asked: burst.count, fault: undefined },
  };
}

/** Whoever sends what is wrong answered nothing. */
function nothing({ count }: Burst, fault: string): Examined {
  return { latency: 0, throughput: 0, uptime: 0, evidence: "0x", answered: 0, asked: count, fault };
}
