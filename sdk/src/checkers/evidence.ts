import { AbiCoder, concat, type ParamType } from "ethers";
import type { ChannelTerms, Receipt } from "../channels/types.ts";
import { invalid, validateHash, validateWhole } from "../client/arguments.ts";
import { channelEscrowFragments, jobEscrowFragments } from "../generated/fragments.ts";
import { interfaceOf } from "../protocol/connect-contracts.ts";
import type { JobTerms } from "../protocol/job.ts";

/**
 * Evidence that a checker asked a provider (section 4 of docs/checkers.md), in hexadecimal digits. Its first byte says what follows. Every receipt and job in it proves one
 * request, so that more than `requiredRequests` only cost gas.
 */

/** Receipts or jobs that one report can show. */
const MAX_REQUESTS = 64;
const BASIS_POINTS = 10_000;

interface SignedReceipts {
  /** 32 bytes. */
  readonly blinding: string;
  /** In the order of their nonces, one for each. */
  readonly receipts: readonly Receipt[];
  /** One for each receipt, 65 bytes. */
  readonly signatures: readonly string[];
}

/**
 * Requests that the evidence of a report has to show.
 *
 * @param report.uptime basis points
 * @param report.requests that a report has to show in all, of the epoch's parameters
 */
export function requiredRequests({
  uptime,
  requests,
}: {
  readonly uptime: number;
  readonly requests: number;
}): number {
  validateWhole("uptime", uptime, 0, BASIS_POINTS);
  validateWhole("requests", requests, 1, MAX_REQUESTS);
  return Math.ceil((uptime * requests) / BASIS_POINTS);
}

/**
 * Receipts of a channel with the salt of `channelSalt`. Providers date a receipt a minute back, so one of an epoch's first minute may be of the epoch before, and proves nothing.
 *
 * @throws AthanorError `InvalidArgument`
 */
export function encodeChannelEvidence({
  channel,
  ...signed
}: SignedReceipts & { readonly channel: ChannelTerms }): string {
  const terms = interfaceOf(channelEscrowFragments).getFunction("settleWithReceipt")!.inputs[0]!;
  return encodeReceipts("0x01", signed, [terms], [channel]);
}

/**
 * Jobs with the salts of `jobSalt`, in the order of their indices; those that were not answered are left out.
 *
 * @throws AthanorError `InvalidArgument`
 */
export function encodeJobEvidence({
  blinding,
  jobs,
}: {
  readonly blinding: string;
  readonly jobs: readonly JobTerms[];
}): string {
  requireSome("jobs", jobs.length);
  const job = interfaceOf(jobEscrowFragments).getFunction("jobIdOf")!.inputs[0]!;
  return encode("0x02", blinding, [listOf(job)], [jobs]);
}

/**
 * Receipts of an exam, of `examId` in place of a channel.
 *
 * @throws AthanorError `InvalidArgument`
 */
export function encodeExamEvidence(signed: SignedReceipts): string {
  return encodeReceipts("0x03", signed, [], []);
}

function encodeReceipts(
  kind: string,
  { blinding, receipts, signatures }: SignedReceipts,
  types: readonly ParamType[],
  values: readonly unknown[],
): string {
  requireSome("receipts", receipts.length);
  if (signatures.length !== receipts.length) {
    throw invalid(
      "signatures",
      `${signatures.length} signatures`,
      `one for each of ${receipts.length} receipts`,
    );
  }
  if (receipts.some(({ nonce }, index) => index > 0 && nonce <= receipts[index - 1]!.nonce)) {
    throw invalid("receipts", "out of order", "ascending nonces, one receipt for each");
  }
  const receipt = interfaceOf(channelEscrowFragments).getFunction("settleWithReceipt")!.inputs[3]!;
  const all = [...types, listOf(receipt), "bytes[]"];
  return encode(kind, blinding, all, [...values, receipts, signatures]);
}

function requireSome(name: string, count: number): void {
  if (count === 0 || count > MAX_REQUESTS) {
    throw invalid(name, `${count} ${name}`, `from 1 to ${MAX_REQUESTS} ${name}`);
  }
}

/** The type of lists of what a parameter is. */
function listOf(parameter: ParamType): string {
  return `${parameter.format("full").replace(/ \w+$/, "")}[]`;
}

function encode(
  kind: string,
  blinding: string,
  types: readonly (string | ParamType)[],
  values: readonly unknown[],
): string {
  validateHash("blinding", blinding);
  return concat([kind, AbiCoder.defaultAbiCoder().encode(["bytes32", ...types], [blinding, ...values])]);
}
