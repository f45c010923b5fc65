import { AbiCoder, concat, type ParamType } from "ethers";
import type { ChannelTerms, Receipt, Signed } from "../channels/types.ts";
import { invalid, validateHash } from "../client/arguments.ts";
import { channelEscrowFragments, jobEscrowFragments } from "../generated/fragments.ts";
import { interfaceOf } from "../protocol/connect-contracts.ts";
import type { JobTerms } from "../protocol/job.ts";

/** Evidence that a checker asked a provider (section 4 of docs/checkers.md), in hexadecimal digits. Its first byte says what follows. */

/** Jobs that one report can show. */
const MAX_JOBS = 64;

/**
 * A channel with the salt of `channelSalt`, and its last receipt: it proves as many requests as the receipt's nonce says.
 *
 * @throws AthanorError `InvalidArgument`
 */
export function encodeChannelEvidence(
  blinding: string,
  channel: ChannelTerms,
  { message, signature }: Signed<Receipt>,
): string {
  const [terms, , , receipt] = interfaceOf(channelEscrowFragments).getFunction("settleWithReceipt")!.inputs;
  return encode("0x01", blinding, [terms!, receipt!, "bytes"], [channel, message, signature]);
}

/**
 * Jobs with the salts of `jobSalt`, in the order of their indices from 0: it proves as many requests.
 *
 * @throws AthanorError `InvalidArgument`
 */
export function encodeJobEvidence(blinding: string, jobs: readonly JobTerms[]): string {
  if (jobs.length === 0 || jobs.length > MAX_JOBS) {
    throw invalid("jobs", `${jobs.length} jobs`, `from 1 to ${MAX_JOBS} jobs`);
  }
  const job = interfaceOf(jobEscrowFragments).getFunction("jobIdOf")!.inputs[0]!;
  return encode("0x02", blinding, [`${job.format("full").replace(/ \w+$/, "")}[]`], [jobs]);
}

/**
 * A receipt of an exam, of `examId` in place of a channel: it proves as many requests as the receipt's nonce says.
 *
 * @throws AthanorError `InvalidArgument`
 */
export function encodeExamEvidence(blinding: string, { message, signature }: Signed<Receipt>): string {
  const receipt = interfaceOf(channelEscrowFragments).getFunction("settleWithReceipt")!.inputs[3]!;
  return encode("0x03", blinding, [receipt, "bytes"], [message, signature]);
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
