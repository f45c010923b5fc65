import {
  decodeTokens,
  encryptTokens,
  outputRoot,
  type GenerationParameters,
} from "@athanor/engine/commitments";
import type { EventPosition, JobTerms } from "../protocol/job.ts";
import { ownOf, type DisputeContext } from "./context.ts";
import type { Dispute } from "./dispute.ts";

/** A receipt of a channel that was made a result, with the request behind it, which only client and provider know. */
export interface ReceiptResult {
  /** Of the result in the dispute game. */
  readonly id: string;
  /** As the event `ReceiptPresented` published them. */
  readonly terms: JobTerms;
  readonly promptTokens: readonly number[];
  /** As asked for; of an answer that is not complete with the number of its tokens as `maxTokens`. */
  readonly generation: GenerationParameters & { readonly startOffset?: number };
  /** The tokens that the receipt covers; of a private request decrypted. */
  readonly tokens: readonly number[];
  /** Of a private request. */
  readonly secret?: Uint8Array | undefined;
  /** Of the event. */
  readonly position: EventPosition;
}

/** A receipt as a dispute sees a job's result. */
export async function receiptDispute(context: DisputeContext, result: ReceiptResult): Promise<Dispute> {
  const { id, terms, promptTokens, generation, tokens, secret, position } = result;
  const complete = {
    ...{ minTokens: 0, temperature: 0, topK: 0, topP: 0, repetitionPenalty: 0, stopSequences: [], seed: 0n },
    ...generation,
  };
  const job = { id, terms, promptTokens, generation: complete, secret, created: position };
  const posted = secret ? decodeTokens(encryptTokens(tokens, secret)) : tokens;
  const submitted = {
    ...{ tokens: posted, outputRoot: outputRoot(tokens, true, secret), position },
    finalizableAt: Number(terms.submitDeadline),
  };
  return { job, submitted, answer: tokens, own: await ownOf(context, job) };
}
