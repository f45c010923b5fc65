import { Wallet, type Provider, type TransactionLike, type TransactionRequest } from "ethers";

const FEES = ["gasPrice", "maxFeePerGas", "maxPriorityFeePerGas"] as const;
type Fees = Pick<TransactionLike, (typeof FEES)[number]>;

/** Sent, and perhaps not mined. */
interface Sent {
  readonly transaction: TransactionLike;
  /** Milliseconds, monotonic. */
  readonly at: number;
}

/** A wallet that sends a transaction again for higher fees when it is not mined: the same one, with the same nonce, so that at most one of them ever is. */
export class ReplacingWallet extends Wallet {
  readonly #sent = new Map<number, Sent>();

  override connect(provider: Provider): ReplacingWallet {
    return new ReplacingWallet(this.signingKey, provider);
  }

  override async populateTransaction(request: TransactionRequest): Promise<TransactionLike> {
    const transaction = await super.populateTransaction(request);
    this.#sent.set(Number(transaction.nonce), { transaction, at: performance.now() });
    return transaction;
  }

  /**
   * Sends the oldest transaction again that was not mined for so long, for a quarter more, or today's fees if they are higher.
   *
   * @param after milliseconds
   * @returns the hash, or undefined when nothing is stuck
   */
  async replaceStuck(after: number): Promise<string | undefined> {
    const provider = this.provider!;
    const [mined, today] = await Promise.all([
      provider.getTransactionCount(this.address, "latest"),
      provider.getFeeData(),
    ]);
    for (const nonce of this.#sent.keys()) if (nonce < mined) this.#sent.delete(nonce);
    const stuck = this.#sent.get(mined);
    if (stuck === undefined || performance.now() - stuck.at < after) return undefined;
    const transaction = { ...stuck.transaction, ...raised(stuck.transaction, today) };
    this.#sent.set(mined, { transaction, at: performance.now() });
    return (await provider.broadcastTransaction(await this.signTransaction(transaction))).hash;
  }
}

/** Nodes take a replacement from a tenth more on. */
function raised(before: Fees, today: { readonly [Name in keyof Fees]: bigint | null }): Fees {
  const fees: { -readonly [Name in keyof Fees]: bigint } = {};
  for (const name of FEES) {
    if (before[name] === undefined || before[name] === null) continue;
    const least = (BigInt(before[name]) * 5n) / 4n + 1n;
    const now = today[name] ?? 0n;
    fees[name] = now > least ? now : least;
  }
  return fees;
}
