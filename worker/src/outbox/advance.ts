import { Transaction, type TransactionReceipt } from "ethers";
import type { ProviderContext } from "../provider/context.ts";
import type { Attempt, StoredTransaction } from "../storage/storage.ts";
import { bumpedFees, currentFees, type Fees } from "./fees.ts";
import { broadcast, sign } from "./send.ts";

/** Milliseconds after which a transaction that was not mined is sent again with a higher fee. */
const STUCK_AFTER = 60_000;
/** Each one offers a quarter more: the last of twelve pays at most 15 times what the first one offered. */
const MAXIMUM_ATTEMPTS = 12;
/** Rounds in which the nonce is used but no receipt is found, before the transaction counts as lost. */
const PATIENCE = 5;

/** A transaction that came to an end in this round. */
export interface EndedTransaction {
  readonly transaction: StoredTransaction;
  /** Null if another transaction took the nonce. */
  readonly receipt: TransactionReceipt | null;
}

/** Milliseconds between two times the same bytes are sent. */
const RESEND_INTERVAL = 5_000;

/** What is known of each transaction since the start, by id. Not stored: a restart may begin anew. */
export type Outbox = Map<number, { roundsWithoutReceipt: number; resentAt: number }>;

/**
 * Looks after everything that was signed and not yet seen mined: finds receipts, sends again what the node does not have, raises
 * the fee of what is stuck. All attempts of a transaction share its nonce, so it is never paid for twice.
 *
 * @param onEnded called for each transaction that came to an end, as soon as that is stored
 */
export async function advanceOutbox(
  context: ProviderContext,
  outbox: Outbox,
  onEnded: (ended: EndedTransaction) => Promise<void>,
): Promise<void> {
  const { chain, storage, operator } = context;
  const pending = storage.pendingTransactions();
  if (pending.length === 0) return;
  const used = await chain.provider.getTransactionCount(operator.address, "latest");
  // What is stored is true as of the cursor: a receipt beyond it could be reorganised away without the follower noticing.
  const followed = storage.cursor()?.number ?? -1;
  for (const transaction of pending) {
    const memory = outbox.get(transaction.id) ?? { roundsWithoutReceipt: 0, resentAt: 0 };
    outbox.set(transaction.id, memory);
    const receipt = await receiptOf(context, transaction);
    if (receipt !== null) {
      if (receipt.blockNumber > followed) continue;
      await onEnded(end(context, transaction, receipt));
    } else if (transaction.nonce >= used) {
      await push(context, transaction, memory);
      continue;
    } else {
      // A node behind a load balancer may know the count before it knows the receipt.
      if (++memory.roundsWithoutReceipt < PATIENCE) continue;
      await onEnded(end(context, transaction, null));
    }
    outbox.delete(transaction.id);
  }
}

async function receiptOf(
  { chain }: ProviderContext,
  { attempts }: StoredTransaction,
): Promise<TransactionReceipt | null> {
  for (const { hash } of [...attempts].reverse()) {
    const receipt = await chain.provider.getTransactionReceipt(hash);
    if (receipt !== null) return receipt;
  }
  return null;
}

function end(
  context: ProviderContext,
  transaction: StoredTransaction,
  receipt: TransactionReceipt | null,
): EndedTransaction {
  const { storage, log } = context;
  const { id, kind, nonce, jobIds } = transaction;
  if (receipt === null) {
    storage.endTransaction(id, { status: "lost", gasUsed: 0n, feePaid: 0n });
    log.emit("warn", "transaction.lost", {
      ...{ transaction: id, kind, nonce, jobIds },
      message: "another transaction used its nonce",
      remedy: "Use the operator key for this daemon only.",
    });
    return { transaction, receipt };
  }
  const { gasUsed, fee, hash, blockNumber } = receipt;
  const status = receipt.status === 1 ? "mined" : "reverted";
  storage.endTransaction(id, { status, gasUsed, feePaid: fee });
  log.emit(status === "mined" ? "debug" : "warn", `transaction.${status}`, {
    ...{ transaction: id, kind, nonce, jobIds, hash, gasUsed: Number(gasUsed), block: blockNumber },
  });
  return { transaction, receipt };
}

async function push(
  context: ProviderContext,
  transaction: StoredTransaction,
  memory: { resentAt: number },
): Promise<void> {
  const { chain, clock, storage, log } = context;
  const last = transaction.attempts.at(-1)!;
  if (clock.now() - last.sentAt < STUCK_AFTER || transaction.attempts.length >= MAXIMUM_ATTEMPTS) {
    if (clock.now() - memory.resentAt < RESEND_INTERVAL) return;
    memory.resentAt = clock.now();
    // Pools forget; and the process may have died between storing and sending.
    if ((await chain.provider.getTransaction(last.hash)) !== null) return;
    return broadcast(context, transaction, last.raw);
  }
  const fees = bumpedFees(feesOf(last), await currentFees(chain.provider));
  const { to, data, gasLimit, nonce } = transaction;
  const { hash, raw } = await sign(context, { to, data, gasLimit, nonce }, fees);
  const maxFeePerGas = fees.type === 2 ? fees.maxFeePerGas : fees.gasPrice;
  const bumped = storage.addAttempt(transaction.id, { hash, raw, sentAt: clock.now() });
  log.emit("warn", "transaction.bumped", {
    ...{
      transaction: transaction.id,
      kind: transaction.kind,
      nonce,
      jobIds: transaction.jobIds,
      maxFeePerGas,
    },
  });
  await broadcast(context, bumped, raw);
}

function feesOf({ raw }: Attempt): Fees {
  const { type, gasPrice, maxFeePerGas, maxPriorityFeePerGas } = Transaction.from(raw);
  return type === 2
    ? { type, maxFeePerGas: maxFeePerGas!, maxPriorityFeePerGas: maxPriorityFeePerGas! }
    : { type: 0, gasPrice: gasPrice! };
}
