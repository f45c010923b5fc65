import {
  AbstractProvider,
  formatEther,
  JsonRpcApiProvider,
  Transaction,
  type Provider,
  type Signer,
  type TransactionReceipt,
  type TransactionRequest,
} from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import type { ErrorContext } from "../errors/render.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { isTransient } from "../errors/transport-error.ts";
import { sleep } from "../internal/abort.ts";
import type { ChainReader } from "../internal/chain-reader.ts";

export interface SendOptions {
  readonly reader: ChainReader;
  readonly signer: Signer;
  readonly chainId: bigint;
  readonly confirmations: number;
  /** Milliseconds to wait until it is mined. */
  readonly timeout: number;
  /** Makes amounts in errors readable. */
  readonly context?: ErrorContext | undefined;
  /** Called once the transaction is on its way. */
  readonly onSent?: ((hash: string) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Milliseconds, a little more than for which ethers' providers repeat their last answers. */
export const ETHERS_CACHE_TIME = 300;

interface SentTransaction {
  readonly hash: string;
  readonly nonce: number;
}

/** Looks at the chain that must show another transaction in the place of ours: nodes behind one URL disagree for a moment. */
const LOOKS_UNTIL_REPLACED = 3;

/**
 * Simulates, signs, sends and awaits a transaction. What would fail is refused by its custom error before anything is sent.
 *
 * A local key signs here and the signed bytes are broadcast again when the node fails, which can never execute twice. A wallet
 * signs and sends in one; if its node fails meanwhile, nobody can tell whether it was sent, and the error says so.
 *
 * @returns the receipt, `confirmations` deep
 */
export async function sendTransaction(
  request: TransactionRequest,
  options: SendOptions,
): Promise<TransactionReceipt> {
  const { reader, signer, signal } = options;
  try {
    const found = (await reader.read("eth_chainId", () => signer.provider!.getNetwork(), signal)).chainId;
    if (found !== options.chainId) throw athanorError("WrongNetwork", { found, expected: options.chainId });
    const populated = await populate(request, options);
    const sent = await (canSignHere(signer)
      ? signAndBroadcast(populated, options)
      : sendByWallet(populated, options));
    options.onSent?.(sent.hash);
    const receipt = await awaitReceipt(sent, options);
    // The provider would answer the next questions, the account's nonce among them, from before the transaction.
    if (repeatsAnswers(reader.provider)) await sleep(ETHERS_CACHE_TIME, signal);
    return receipt;
  } catch (error) {
    throw toAthanorError(error, options.context);
  }
}

/** Providers of ethers do, unless they were made with a negative `cacheTimeout`. */
function repeatsAnswers(provider: Provider): boolean {
  if (provider instanceof JsonRpcApiProvider) return (provider._getOption("cacheTimeout") ?? 0) >= 0;
  return provider instanceof AbstractProvider;
}

async function populate(
  request: TransactionRequest,
  { reader, signer, signal }: SendOptions,
): Promise<TransactionRequest> {
  const from = await signer.getAddress();
  const gas = await reader.read("eth_estimateGas", () => signer.estimateGas({ ...request, from }), signal);
  // Some head room: the state may change a little until the transaction is mined.
  const gasLimit = (gas * 120n) / 100n;
  const populated = await reader.read(
    "transaction",
    () => signer.populateTransaction({ ...request, from, gasLimit }),
    signal,
  );

  const gasPrice = BigInt(populated.maxFeePerGas ?? populated.gasPrice ?? 0n);
  const required = gasLimit * gasPrice;
  const balance = await reader.read("eth_getBalance", () => reader.provider.getBalance(from), signal);
  if (balance < required) {
    const details = `it has ${formatEther(balance)}, the transaction may need ${formatEther(required)} (${gasLimit} gas).`;
    throw athanorError("InsufficientGasFunds", { address: from, details, balance, required });
  }
  return populated;
}

/** Wallets of ethers hold their key; every other signer asks somebody else. */
function canSignHere(signer: Signer): boolean {
  return "signingKey" in signer;
}

async function signAndBroadcast(
  populated: TransactionRequest,
  { reader, signer, signal }: SendOptions,
): Promise<SentTransaction> {
  const signed = await signer.signTransaction(populated);
  const { hash, nonce } = Transaction.from(signed);
  let attempted = false;
  await reader.read(
    "eth_sendRawTransaction",
    async () => {
      try {
        await reader.provider.broadcastTransaction(signed);
      } catch (error) {
        // A second attempt finds what the first one has sent.
        if (attempted && (await reader.provider.getTransaction(hash!)) !== null) return;
        attempted = true;
        throw error;
      }
    },
    signal,
  );
  return { hash: hash!, nonce };
}

async function sendByWallet(
  { from, to, data, gasLimit }: TransactionRequest,
  { signer }: SendOptions,
): Promise<SentTransaction> {
  try {
    // Nonce and fees are the wallet's business.
    return await signer.sendTransaction({ from, to, data, gasLimit } as TransactionRequest);
  } catch (error) {
    const failure = toAthanorError(error);
    if (isTransient(failure)) throw athanorError("TransactionUncertain", {}, { cause: failure });
    throw failure;
  }
}

async function awaitReceipt(
  { hash, nonce }: SentTransaction,
  { reader, signer, confirmations, timeout, signal }: SendOptions,
): Promise<TransactionReceipt> {
  const from = await signer.getAddress();
  const until = Date.now() + timeout;
  for (let missing = 0; ;) {
    const receipt = await reader.receipt(hash, signal);
    if (receipt) {
      // Its block is there, even if the node's answer to this is a moment old.
      const depth = Math.max(1, (await reader.blockNumber(signal)) - receipt.blockNumber + 1);
      if (depth >= confirmations) {
        if (receipt.status === 0) throw athanorError("TransactionFailed", { transactionHash: hash });
        return receipt;
      }
    } else {
      const mined = await reader.read(
        "eth_getTransactionCount",
        () => reader.provider.getTransactionCount(from),
        signal,
      );
      if (mined > nonce && ++missing >= LOOKS_UNTIL_REPLACED) {
        throw athanorError("TransactionReplaced", { transactionHash: hash, nonce });
      }
    }
    if (Date.now() > until) {
      throw athanorError("TransactionNotMined", { transactionHash: hash, timeout: timeout / 1000 });
    }
    await sleep(reader.options.pollInterval, signal);
  }
}
