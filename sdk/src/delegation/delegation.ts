import type { TransactionReceipt } from "ethers";
import { validateAddress, validateAmount } from "../client/arguments.ts";
import { createContext, sendOptions, type ClientContext } from "../client/context.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { mapLimited } from "../internal/map-limited.ts";
import { connectToken, type AthanorContracts } from "../protocol/connect-contracts.ts";
import { sendTransaction, type SendOptions } from "../transactions/send.ts";
import { signPermit } from "../transactions/sign-permit.ts";
import { connectPool, connectPools } from "./contracts.ts";
import { readPool, readPosition } from "./read-pool.ts";
import type { CallOptions, DelegationOptions, PoolPosition, PoolTransaction, PoolView } from "./types.ts";

/** Requests to the node under way at a time. */
const PARALLEL_READS = 8;
/** Seconds for which a permit is valid. */
const PERMIT_SECONDS = 3_600;

type CallName =
  "claim" | "claimExit" | "delegate" | "delegateWithPermit" | "harvest" | "requestExit" | "upkeep";

/**
 * Delegation to providers: docs/staking.md says what delegators risk and earn. Every method rejects with an `AthanorError`; what would fail is refused before it is
 * sent, and so is every pool that the deployment's factory did not make.
 *
 * @example
 * const delegation = await Delegation.connect({ signer });
 * const [pool] = await delegation.pools();
 * await delegation.delegate({ pool: pool.address, amount: 10n ** 20n });
 */
export class Delegation {
  readonly #context: ClientContext;

  private constructor(context: ClientContext) {
    this.#context = context;
  }

  /** @throws AthanorError as `AthanorClient.connect`, and `DelegationUnavailable` when the deployment has no pools */
  static connect(options: DelegationOptions): Promise<Delegation> {
    return guard(async () => {
      const context = await createContext(options);
      connectPools(null, context.contracts.deployment);
      return new Delegation(context);
    });
  }

  /** The signer's account; undefined without a signer. */
  get account(): string | undefined {
    return this.#context.account;
  }

  /** The contracts, connected for reading. */
  get contracts(): AthanorContracts {
    return this.#context.contracts;
  }

  // ------------------------------------------------------------------------------------------------ reading

  /** All pools, oldest first. */
  pools(): Promise<PoolView[]> {
    return guard(async () => {
      const factory = this.#factory();
      const count = Number(await factory.poolCount());
      const indices = Array.from({ length: count }, (_, index) => index);
      return mapLimited(indices, PARALLEL_READS, async (index) =>
        readPool(this.#context, await factory.poolAt(index)),
      );
    });
  }

  /** One pool as it is now. @throws AthanorError `UnknownPool` */
  read(pool: string): Promise<PoolView> {
    return guard(async () => {
      await this.#requirePool(pool);
      return readPool(this.#context, pool);
    });
  }

  /**
   * What an account has in a pool.
   *
   * @param account the signer's by default
   * @throws AthanorError `UnknownPool`; `SignerRequired` without an account
   */
  position(pool: string, account = this.account, { signal }: CallOptions = {}): Promise<PoolPosition> {
    return guard(async () => {
      if (account === undefined) throw athanorError("SignerRequired", { action: "position" });
      validateAddress("account", account);
      await this.#requirePool(pool);
      return readPosition(this.#context, pool, account, signal);
    });
  }

  // ------------------------------------------------------------------------------------------------ sending

  /**
   * Delegates ATH of the signer's wallet: in one transaction with a permit, or after an approval where the signer signs no typed data.
   *
   * @param request.amount ATH units
   * @param request.receiver who gets the shares; the signer by default
   * @throws AthanorError `OwnPartTooSmall`, `PoolRetired`, `PoolSpent`, `UnknownPool`
   */
  delegate(
    request: { readonly pool: string; readonly amount: bigint; readonly receiver?: string | undefined },
    { signal }: CallOptions = {},
  ): Promise<PoolTransaction> {
    return guard(async () => {
      const { pool, amount } = request;
      validateAmount("amount", amount, 96n);
      const options: SendOptions = { ...sendOptions(this.#context, "delegate"), signal };
      const receiver = request.receiver ?? this.account!;
      validateAddress("receiver", receiver);
      await this.#requirePool(pool);
      return this.#context.sending.run(() => this.#delegate(pool, amount, receiver, options));
    });
  }

  /** Burns shares; they are paid when they have left. @returns the transaction, and the id with which the exit is claimed */
  requestExit(
    { pool, shares }: { readonly pool: string; readonly shares: bigint },
    options: CallOptions = {},
  ): Promise<PoolTransaction & { readonly id: bigint }> {
    return guard(async () => {
      validateAmount("shares", shares, 128n);
      const receipt = await this.#call(pool, "requestExit", [shares], options);
      const { interface: known } = connectPool(null, pool);
      const requested = receipt.logs
        .filter(({ address }) => address.toLowerCase() === pool.toLowerCase())
        .map((log) => known.parseLog(log))
        .find((event) => event?.name === "ExitRequested");
      return { ...reportOf(receipt), id: requested!.args["id"] as bigint };
    });
  }

  /** Pays what has left of an exit to its owner. @throws AthanorError `NothingToPay`, `UnknownExit` */
  claimExit(
    { pool, id }: { readonly pool: string; readonly id: bigint },
    options: CallOptions = {},
  ): Promise<PoolTransaction> {
    return guard(async () => reportOf(await this.#call(pool, "claimExit", [id], options)));
  }

  /** Splits what came in of a token between manager and delegators. The first time, lists the token. */
  harvest(
    { pool, token }: { readonly pool: string; readonly token: string },
    options: CallOptions = {},
  ): Promise<PoolTransaction> {
    return guard(async () => {
      validateAddress("token", token);
      return reportOf(await this.#call(pool, "harvest", [token], options));
    });
  }

  /** Pays the signer's released earnings in a token. @throws AthanorError `NothingEarned` */
  claim(
    request: { readonly pool: string; readonly token: string; readonly recipient?: string | undefined },
    options: CallOptions = {},
  ): Promise<PoolTransaction> {
    return guard(async () => {
      const { pool, token } = request;
      sendOptions(this.#context, "claim");
      const recipient = request.recipient ?? this.account!;
      validateAddress("token", token);
      validateAddress("recipient", recipient);
      return reportOf(await this.#call(pool, "claim", [token, recipient], options));
    });
  }

  /** Keeps a pool's books: losses, rounds of exits, income. */
  upkeep({ pool }: { readonly pool: string }, options: CallOptions = {}): Promise<PoolTransaction> {
    return guard(async () => reportOf(await this.#call(pool, "upkeep", [], options)));
  }

  // ----------------------------------------------------------------------------------------------- internal

  #factory() {
    return connectPools(this.#context.reader.runner, this.contracts.deployment);
  }

  /** Any contract can look like a pool, and take what is approved for it. */
  async #requirePool(pool: string): Promise<void> {
    validateAddress("pool", pool);
    if (!(await this.#factory().isPool(pool))) throw athanorError("UnknownPool", { pool });
  }

  async #delegate(
    pool: string,
    amount: bigint,
    receiver: string,
    options: SendOptions,
  ): Promise<PoolTransaction> {
    const { reader, signer, chainId, signal } = options;
    const { ath } = this.contracts.deployment;
    const { interface: known } = connectPool(null, pool);
    const send = async (data: string) => reportOf(await sendTransaction({ to: pool, data }, options));
    const plain = known.encodeFunctionData("delegate", [amount, receiver]);
    const token = connectToken(reader.runner, ath);
    if ((await token.allowance(await signer.getAddress(), pool)) >= amount) return send(plain);
    const deadline = (await reader.time(signal)) + PERMIT_SECONDS;
    const permit = await signPermit({ reader, signer, chainId, token: ath, spender: pool, amount, deadline });
    if (permit) {
      const { v, r, s } = permit;
      return send(known.encodeFunctionData("delegateWithPermit", [amount, receiver, deadline, v, r, s]));
    }
    const approval = token.interface.encodeFunctionData("approve", [pool, amount]);
    await sendTransaction({ to: ath, data: approval }, options);
    return send(plain);
  }

  async #call(
    pool: string,
    name: CallName,
    args: readonly unknown[],
    { signal }: CallOptions,
  ): Promise<TransactionReceipt> {
    const options = { ...sendOptions(this.#context, name), signal };
    await this.#requirePool(pool);
    const data = connectPool(null, pool).interface.encodeFunctionData(name as never, args as never);
    return this.#context.sending.run(() => sendTransaction({ to: pool, data }, options));
  }
}

function reportOf({ hash, blockNumber, gasUsed }: TransactionReceipt): PoolTransaction {
  return { transactionHash: hash, block: blockNumber, gas: gasUsed };
}

/** Arguments are checked, and failures translated, wherever they come from. */
async function guard<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw toAthanorError(error);
  }
}
