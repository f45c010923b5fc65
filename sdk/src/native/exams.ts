import { shake256 } from "@noble/hashes/sha3.js";
import { AbiCoder, concat, getBytes, id, keccak256, toBeHex, TypedDataEncoder } from "ethers";
import * as z from "zod/mini";
import { channelDomain, signerOf } from "../channels/typed-data.ts";
import type { ChannelContract, TypedDataSigner } from "../channels/types.ts";
import { address, base64, failure, hash, receipt, signature, whole } from "./messages.ts";
import type { NativeRequest } from "./request-bytes.ts";

/* Exams of hardware: what a checker and a provider say to each other. docs/native-protocol.md, section 8; docs/checkers.md, section 6. */

/** Most requests of a burst. */
export const MOST_BURST_REQUESTS = 4_096;
/** Most receipts of a burst: as many as a report can show. */
export const MOST_BURST_RECEIPTS = 64;
/** Most positions of a burst, prompts and outputs alike. */
export const MOST_BURST_POSITIONS = 1_048_576;

/** POST /athanor/v1/exams: a checker asks for the hardware. */
export const examRequestSchema = z.object({
  exam: z.object({
    /** The checker's owner account. */
    checker: address,
    epoch: whole,
    /** 32 bytes that make the exam's id. */
    blinding: hash,
    /** `burstHash` of what will be asked. */
    burst: hash,
  }),
  /** By the checker's operator key. */
  signature,
});

/** The hardware is free now, and waits for the burst so many seconds. */
export const examPlaceSchema = z.object({ exam: hash, startWithin: whole });

/** POST /athanor/v1/exams/{id}/burst: what is asked; the answer is a stream. */
export const burstSchema = z.object({
  /** From which prompts are derived: 32 bytes that nobody but the checker knew before. */
  seed: hash,
  modelRoot: hash,
  count: whole.check(z.gte(1), z.lte(MOST_BURST_REQUESTS)),
  /** Of each request. */
  promptTokens: whole.check(z.gte(1), z.lte(MOST_BURST_POSITIONS)),
  /** Of each answer, neither more nor fewer. */
  outputTokens: whole.check(z.gte(1), z.lte(MOST_BURST_POSITIONS)),
});

/** One line of the answer to a burst. */
export const examLineSchema = z.discriminatedUnion("type", [
  /** Nothing happened for a while. */
  z.object({ type: z.literal("waiting") }),
  /** Output tokens of the request with this index, from index `first` on: uint32 each, big endian. */
  z.object({ type: z.literal("tokens"), request: whole, first: whole, chunk: base64 }),
  /** When nothing more is computed: receipts of the first requests that were answered whole, a nonce one above its request's index. */
  z.object({ type: z.literal("receipt"), receipt }),
  /** The end, after all receipts. */
  z.object({ type: z.literal("end") }),
  /** The end: why there are no receipts. */
  failure,
]);

export type ExamRequest = z.output<typeof examRequestSchema>;
export type ExamPlace = z.output<typeof examPlaceSchema>;
export type Burst = z.output<typeof burstSchema>;
export type ExamLine = z.output<typeof examLineSchema>;

const TYPES = {
  Exam: [
    { name: "provider", type: "address" },
    { name: "checker", type: "address" },
    { name: "epoch", type: "uint32" },
    { name: "blinding", type: "bytes32" },
    { name: "burst", type: "bytes32" },
  ],
};
const coder = AbiCoder.defaultAbiCoder();

/** A checker's request for an exam, signed by its operator key for one provider. The escrow takes no such message. */
export async function signExam(
  signer: TypedDataSigner,
  contract: ChannelContract,
  provider: string,
  exam: ExamRequest["exam"],
): Promise<ExamRequest> {
  const value = { provider, ...exam };
  return { exam, signature: await signer.signTypedData(channelDomain(contract), TYPES, value) };
}

/** The key that signed a request for an exam; undefined when the signature is of no key. */
export function examSigner(
  contract: ChannelContract,
  provider: string,
  { exam, signature: signed }: ExamRequest,
): string | undefined {
  // An epoch beyond its type is in no signature.
  if (exam.epoch >= 2 ** 32) return undefined;
  return signerOf(TypedDataEncoder.hash(channelDomain(contract), TYPES, { provider, ...exam }), signed);
}

/** `keccak256(abi.encode(keccak256("Athanor.ExamBurst"), seed, modelRoot, count, promptTokens, outputTokens))`: what a checker is bound to before it says what it asks. */
export function burstHash({ seed, modelRoot, count, promptTokens, outputTokens }: Burst): string {
  return keccak256(
    coder.encode(
      ["bytes32", "bytes32", "bytes32", "uint256", "uint256", "uint256"],
      [id("Athanor.ExamBurst"), seed, modelRoot, count, promptTokens, outputTokens],
    ),
  );
}

/** Positions of a whole burst, prompts and outputs alike. */
export function burstPositions({ count, promptTokens, outputTokens }: Burst): number {
  return count * (promptTokens + outputTokens);
}

/**
 * One request of a burst. Its prompt is SHAKE256(seed ‖ uint32 index) (FIPS 202), a uint32 each token, big endian, modulo the vocabulary: nobody can have computed it before.
 *
 * @param index from 0 on
 */
export function burstRequest(burst: Burst, index: number, vocabularySize: number): NativeRequest {
  const { seed, modelRoot, promptTokens, outputTokens } = burst;
  const bytes = shake256(getBytes(concat([seed, toBeHex(index, 4)])), { dkLen: 4 * promptTokens });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const prompt = Array.from(
    { length: promptTokens },
    (_, token) => view.getUint32(4 * token) % vocabularySize,
  );
  return { modelRoot, prompt, maxTokens: outputTokens, minTokens: outputTokens };
}
