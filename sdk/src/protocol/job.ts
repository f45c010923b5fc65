import type { GenerationParameters } from "@athanor/engine/commitments";
import { AbiCoder, id as hashOfText, keccak256, type ParamType } from "ethers";
import { jobEscrowFragments } from "../generated/fragments.ts";
import type { JobStruct, JobStructOutput } from "../generated/contracts/JobEscrow.ts";
import { interfaceOf } from "./connect-contracts.ts";

/**
 * The terms of a job exactly as the contracts take them again, as documented in contracts/types/Job.sol: amounts in token
 * units, prices in token units for a million tokens, times in seconds since 1970.
 */
export type JobTerms = { readonly [Field in keyof JobStruct]: JobStructOutput[Field] };

/** How a job's tokens are chosen and where its answer ends: the integers that the request commits to. */
export type Generation = Required<GenerationParameters>;

/** Where an event stands in the chain. */
export interface EventPosition {
  readonly block: number;
  readonly blockHash: string;
  readonly transactionHash: string;
  readonly logIndex: number;
}

/** What stands on chain in place of a private request's prompt and stop sequences; docs/private-requests.md. */
export interface HiddenRequest {
  /** Commitment to the blinded prompt and to what encrypts the answer. */
  readonly promptRoot: string;
  readonly stopsHash: string;
  /** The request, sealed to the provider's key. */
  readonly ciphertext: string;
}

/** A job as its creation published it. */
export interface JobRecord {
  readonly id: string;
  readonly terms: JobTerms;
  /** Of a private job empty, unless it was opened. */
  readonly promptTokens: readonly number[];
  /** Of a private job without stop sequences, unless it was opened. */
  readonly generation: Generation;
  /** Of private jobs only. */
  readonly hidden?: HiddenRequest | undefined;
  /** Of private jobs that were opened only: 32 bytes that blind the prompt and encrypt the answer. */
  readonly secret?: Uint8Array | undefined;
  readonly created: EventPosition;
}

/**
 * The id of a job: `keccak256(abi.encode(keccak256("Athanor.Job"), chainId, escrow, job))`.
 *
 * @param escrow address of the job escrow
 */
export function jobIdOf(terms: JobTerms, chainId: bigint, escrow: string): string {
  return idOf("Athanor.Job", terms, chainId, escrow);
}

/**
 * The id of a result that a channel's receipt became: `keccak256(abi.encode(keccak256("Athanor.ReceiptResult"), chainId, receiptResults, job))`.
 *
 * @param terms as the event `ReceiptPresented` published them
 * @param receiptResults address of that contract
 */
export function resultIdOf(terms: JobTerms, chainId: bigint, receiptResults: string): string {
  return idOf("Athanor.ReceiptResult", terms, chainId, receiptResults);
}

function idOf(tag: string, terms: JobTerms, chainId: bigint, contract: string): string {
  const types = ["bytes32", "uint256", "address", jobType()];
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, [hashOfText(tag), chainId, contract, terms]));
}

function jobType(): ParamType {
  return interfaceOf(jobEscrowFragments).getFunction("jobIdOf")!.inputs[0]!;
}
