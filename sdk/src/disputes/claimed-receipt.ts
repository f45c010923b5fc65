import { encodeRequest, inputRoot, outputTokensRoot } from "@athanor/engine/commitments";
import { channelIdOf, receiptDigest } from "../channels/typed-data.ts";
import type { ChannelTerms, Receipt, Signed } from "../channels/types.ts";
import { invalid } from "../client/arguments.ts";
import type { NativeRequest } from "../native/request-bytes.ts";
import type { ChallengeDelegation } from "../private/delegation.ts";
import { resultIdOf, type JobTerms } from "../protocol/job.ts";
import { positionOf } from "../protocol/read-jobs.ts";
import { logReaderOf, readLogs } from "../protocol/read-logs.ts";
import type { DisputeContext } from "./context.ts";
import type { Dispute } from "./dispute.ts";
import { receiptDispute } from "./receipt-result.ts";

/** A receipt, and all that a client knows of what it is for. */
export interface ClaimedReceipt {
  readonly channel: ChannelTerms;
  readonly receipt: Signed<Receipt>;
  /** As it was sent to the provider; a private one with its secret. */
  readonly request: NativeRequest;
  /** The tokens that the receipt covers: all of the answer until then. */
  readonly tokens: readonly number[];
  /** Of a private request, where another account than the channel's client challenges: what the client signed, with the channel's id as `work`. */
  readonly delegation?: ChallengeDelegation | undefined;
}

/** Of `ReceiptResults`: what is added to the time that recomputing takes, and the longest window, in seconds. */
const BASE_WINDOW = 600n;
const MAX_WINDOW = 259_200n;
const MAX_UINT32 = 2n ** 32n - 1n;

/**
 * A receipt as a dispute, whether it was presented or not.
 *
 * @throws AthanorError `InvalidArgument` when channel, request or tokens are not those of the receipt, `ModelUnavailable`
 */
export async function claimedDispute(
  context: DisputeContext,
  claimed: ClaimedReceipt,
  signal?: AbortSignal,
): Promise<Dispute> {
  const { channel, receipt, request, tokens } = claimed;
  checkClaim(context, claimed);
  const { contracts, chainId, reader } = context;
  const { receiptResults, deployment } = contracts;
  const terms = await termsOf(context, claimed);
  const id = resultIdOf(terms, chainId, deployment.receiptResults);
  const topics = [receiptResults.interface.getEvent("ReceiptPresented").topicHash, id];
  const filter = { address: deployment.receiptResults, topics };
  const head = await reader.blockNumber(signal);
  const [log] = await readLogs(logReaderOf(receiptResults), filter, deployment.startBlock ?? 0, head, {
    signal,
  });
  // Whatever a dispute reads of a receipt that is not presented yet comes after this block.
  const position = log
    ? positionOf(log)
    : { block: head, blockHash: "0x", transactionHash: "0x", logIndex: 0 };
  const { prompt: promptTokens, modelRoot: _, secret, ...asked } = request;
  const generation = { ...asked, maxTokens: judgedTokens(claimed) };
  const { message } = receipt;
  const result = { id, terms, promptTokens, generation, tokens, secret, position };
  const dispute = await receiptDispute(context, result);
  if (claimed.delegation) context.delegations.set(message.channel, claimed.delegation);
  const bytes = encodeRequest(request);
  const args = [channel, message, receipt.signature, bytes] as const;
  return { ...dispute, presenting: { channel: message.channel, signedAt: signedAt(claimed), args } };
}

function signedAt({ channel, receipt: { message } }: ClaimedReceipt): number {
  return Number(message.expiry > channel.receiptLife ? message.expiry - channel.receiptLife : 0n);
}

/** A part of an answer is judged as the whole answer to the request for as many tokens. */
function judgedTokens({ receipt: { message }, request }: ClaimedReceipt): number {
  const count = Number(message.outputCount);
  return message.complete || count > request.maxTokens ? request.maxTokens : count;
}

/** The terms that `ReceiptResults` gives a receipt; docs/channels.md, section 5. */
async function termsOf({ contracts, chainId }: DisputeContext, claimed: ClaimedReceipt): Promise<JobTerms> {
  const { channel, receipt, request } = claimed;
  const { message } = receipt;
  const model = await contracts.modelRegistry.modelOf(message.modelRoot);
  const escrow = contracts.deployment.channelEscrow;
  const digest = BigInt(receiptDigest({ chainId, escrow }, message));
  const maxTokens = least(message.outputCount, BigInt(request.maxTokens));
  const positions = BigInt(request.prompt.length) + maxTokens;
  const work = positions * model.workPerPosition;
  const window = BASE_WINDOW + (work + channel.workPerSecond - 1n) / channel.workPerSecond;
  return {
    client: channel.client,
    salt: BigInt.asUintN(64, digest),
    submitDeadline: message.expiry,
    provider: channel.provider,
    challengeWindow: least(window, MAX_WINDOW),
    feeBasisPoints: channel.feeBasisPoints,
    token: channel.token,
    exitBounty: BigInt.asUintN(96, digest >> 64n),
    stakeLock: BigInt.asUintN(96, digest >> 160n),
    inputPrice: 0n,
    outputPrice: 0n,
    minimumCharge: message.price,
    promptTokens: BigInt(request.prompt.length),
    maxTokens,
    vocabularySize: request.secret ? 0n : model.vocabularySize,
    modelRoot: message.modelRoot,
    inputRoot: inputRoot({ ...request, maxTokens: judgedTokens(claimed) }),
  };
}

function checkClaim({ chainId, contracts }: DisputeContext, claimed: ClaimedReceipt): void {
  const { channel, receipt, request, tokens } = claimed;
  const { message } = receipt;
  const escrow = contracts.deployment.channelEscrow;
  const checks: readonly (readonly [string, string, string])[] = [
    ["channel", channelIdOf(channel, { chainId, escrow }), message.channel],
    ["request", request.modelRoot, message.modelRoot],
    ["request", inputRoot(request), message.inputRoot],
    ["tokens", String(tokens.length), String(message.outputCount)],
    ["tokens", outputTokensRoot(tokens, request.secret), message.outputTokensRoot],
  ];
  for (const [name, found, expected] of checks) {
    const isSame = found.toLowerCase() === expected.toLowerCase();
    if (!isSame) throw invalid(name, found, `${expected}, as the receipt has it`);
  }
  if (message.outputCount === 0n || message.outputCount > MAX_UINT32) {
    throw invalid("receipt", `one of ${message.outputCount} tokens`, "one of an answer");
  }
}

const least = (left: bigint, right: bigint): bigint => (left < right ? left : right);
