import { toAthanorError } from "@athanor/sdk/protocol";
import { formatEther, Transaction, type TransactionLike } from "ethers";
import { describeError, WorkerError } from "../errors.ts";
import type { ProviderContext } from "../provider/context.ts";
import type { StoredTransaction, TransactionKind } from "../storage/storage.ts";
import { currentFees, type Fees } from "./fees.ts";

/** What the operator wants to do on chain. All of it is idempotent: the escrow accepts each of these calls once a job. */
export interface Intent {
  readonly kind: TransactionKind;
  readonly jobIds: readonly string[];
  readonly to: string;
  readonly data: string;
}

/** Head room over the estimate: the state may have changed until the transaction is mined. */
const GAS_MARGIN_PERCENT = 120n;

/**
 * Signs a transaction, stores it, then sends it, in this order: after a crash anywhere in between, the stored bytes are sent
 * again, and the same bytes are the same transaction.
 *
 * @param store further writes that belong to the same moment, such as the job's next state
 * @throws AthanorError if the call would fail, with the contract's error as its code; WorkerError OPERATOR_FUNDS_TOO_LOW;
 * nothing is stored or sent then
 */
export async function send(
  context: ProviderContext,
  intent: Intent,
  store: () => void,
): Promise<StoredTransaction> {
  const { chain, operator, storage } = context;
  const { kind, jobIds, to, data } = intent;
  let estimate: bigint;
  try {
    estimate = await chain.provider.estimateGas({ from: operator.address, to, data });
  } catch (error) {
    throw toAthanorError(error);
  }
  const gasLimit = (estimate * GAS_MARGIN_PERCENT) / 100n;
  const fees = await currentFees(chain.provider);
  await requireFunds(context, gasLimit * (fees.type === 2 ? fees.maxFeePerGas : fees.gasPrice));
  const nonce = await nextNonce(context);
  const { hash, raw } = await sign(context, { to, data, gasLimit, nonce }, fees);
  const attempt = { hash, raw, sentAt: context.clock.now() };
  const transaction = storage.atomically(() => {
    store();
    return storage.addTransaction({ nonce, kind, jobIds, to, data, gasLimit, attempts: [attempt] });
  });
  await broadcast(context, transaction, raw);
  return transaction;
}

/** Signs one form of a transaction. The same nonce and fees give the same bytes. */
export async function sign(
  { chain, operator }: ProviderContext,
  call: Pick<TransactionLike, "to" | "data" | "gasLimit" | "nonce">,
  fees: Fees,
): Promise<{ readonly hash: string; readonly raw: string }> {
  const raw = await operator.signTransaction({ ...call, ...fees, chainId: chain.chainId });
  return { hash: Transaction.from(raw).hash!, raw };
}

/** Sends signed bytes. Failures are only noted: whether the transaction arrived is what the chain says later. */
export async function broadcast(
  context: ProviderContext,
  transaction: StoredTransaction,
  raw: string,
): Promise<void> {
  const { id, kind, nonce, jobIds } = transaction;
  try {
    const { hash } = await context.chain.provider.broadcastTransaction(raw);
    context.log.emit("debug", "transaction.sent", { transaction: id, kind, nonce, hash, jobIds });
  } catch (error) {
    const failure = describeError(toAthanorError(error));
    // The node has it, or has mined it: what we want.
    if (/already known|already imported|known transaction|nonce too low/i.test(failure.message)) return;
    if (failure.code === "NonceConflict") return;
    context.log.emit("warn", "transaction.failed", { transaction: id, kind, nonce, jobIds, ...failure });
  }
}

async function requireFunds({ chain, operator }: ProviderContext, needed: bigint): Promise<void> {
  const balance = await chain.provider.getBalance(operator.address);
  if (balance >= needed) return;
  throw new WorkerError(
    "OPERATOR_FUNDS_TOO_LOW",
    `The operator ${operator.address} has ${formatEther(balance)} of the chain's coin; this transaction may cost ${formatEther(needed)}.`,
    {
      remedy: `Send it some of the chain's coin, at least ${formatEther(needed - balance)}. The job waits for it until its deadline.`,
      details: { balance: balance.toString(), needed: needed.toString() },
    },
  );
}

/** The first nonce that neither the chain nor a stored transaction uses. */
async function nextNonce({ chain, operator, storage }: ProviderContext): Promise<number> {
  const pending = storage.pendingTransactions().map(({ nonce }) => nonce);
  // With nothing stored, whatever waits in the node's pool was sent by somebody else with this key, or before the database was lost.
  const onChain = await chain.provider.getTransactionCount(
    operator.address,
    pending.length > 0 ? "latest" : "pending",
  );
  return Math.max(onChain, ...pending.map((nonce) => nonce + 1));
}
