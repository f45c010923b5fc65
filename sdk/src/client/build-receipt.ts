import type { TransactionReceipt } from "ethers";
import type { JobRecord } from "../protocol/job.ts";
import { costOf, feeOf } from "../protocol/cost.ts";
import type { ChainStep, InferenceReceipt, Payment } from "../protocol/receipt.ts";
import type { JobOutcome } from "../protocol/read-outcome.ts";
import type { FundingStep } from "../transactions/fund.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { tokenInfo, type ClientContext } from "./context.ts";

const endingSteps = {
  Finalized: "finalize",
  Expired: "expire",
  Declined: "decline",
  Refunded: "refund",
} as const;

/** Puts together what happened on chain: who sent which transaction, what its gas cost, who was paid what. */
export async function buildReceipt(
  context: ClientContext,
  record: JobRecord,
  outcome: JobOutcome,
  funding: readonly FundingStep[] = [],
): Promise<InferenceReceipt> {
  const { submitted, ended } = outcome;
  const known: [ChainStep["name"], TransactionReceipt][] = funding.map(({ name, receipt }) => [
    name,
    receipt,
  ]);
  const later: [ChainStep["name"], string][] = [["create", record.created.transactionHash]];
  if (submitted) later.push(["submit", submitted.position.transactionHash]);
  if (ended) later.push([endingSteps[ended.kind], ended.position.transactionHash]);

  const steps = await Promise.all([
    ...known.map(([name, receipt]) => chainStep(context, name, receipt)),
    ...later.map(async ([name, hash]) => chainStep(context, name, await minedReceipt(context, hash))),
  ]);
  return { steps, payment: await paymentOf(context, record, outcome) };
}

async function minedReceipt({ reader }: ClientContext, hash: string): Promise<TransactionReceipt> {
  const receipt = await reader.receipt(hash);
  if (!receipt) {
    throw athanorError("RpcInvalidResponse", { details: `it has an event but no receipt of ${hash}.` });
  }
  return receipt;
}

async function chainStep(
  { reader }: ClientContext,
  name: ChainStep["name"],
  receipt: TransactionReceipt,
): Promise<ChainStep> {
  const { timestamp } = await reader.block(receipt.blockNumber);
  return {
    name,
    block: receipt.blockNumber,
    blockHash: receipt.blockHash,
    timestamp,
    transactionHash: receipt.hash,
    sender: receipt.from,
    gasUsed: receipt.gasUsed,
    gasPrice: receipt.gasPrice,
    gasCost: receipt.gasUsed * receipt.gasPrice,
  };
}

async function paymentOf(
  context: ClientContext,
  { terms }: JobRecord,
  outcome: JobOutcome,
): Promise<Payment> {
  const { submitted, ended } = outcome;
  const token = await tokenInfo(context, terms.token);
  const escrowed = costOf(terms, terms.promptTokens, terms.maxTokens) + terms.exitBounty;
  if (ended?.kind === "Finalized") {
    const { earned, fee, refund, bounty, bountyRecipient } = ended;
    return {
      token,
      escrowed,
      charged: earned + fee,
      earned,
      fee,
      refund,
      bounty,
      bountyRecipient,
      settled: true,
    };
  }
  const unpaid = { token, escrowed, charged: 0n, earned: 0n, fee: 0n };
  if (ended?.kind === "Expired" || ended?.kind === "Refunded") {
    const { refund, bounty, bountyRecipient } = ended;
    return { ...unpaid, refund, bounty, bountyRecipient, settled: true };
  }
  if (ended?.kind === "Declined") return { ...unpaid, refund: ended.refund, bounty: 0n, settled: true };

  // Not ended: what finalising, or expiring if there is no result, will pay.
  const charged = submitted ? costOf(terms, terms.promptTokens, submitted.tokens.length) : 0n;
  const fee = feeOf(charged, terms.feeBasisPoints);
  const bounty = terms.exitBounty;
  const refund = escrowed - charged - bounty;
  return { token, escrowed, charged, earned: charged - fee, fee, refund, bounty, settled: false };
}
