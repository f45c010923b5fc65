import { keccak256, Wallet } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import { ClientChannel, type ReceivedOutput, type Settled } from "../channels/client-channel.ts";
import { ProviderChannel, type Settlement } from "../channels/provider-channel.ts";
import { memoryStore, type ChannelStore } from "../channels/store.ts";
import { isSignedBy, receiptDigest, requestHashOf, voucherDigest } from "../channels/typed-data.ts";
import type { ChannelTerms, Receipt, Signed, Voucher } from "../channels/types.ts";
import { inUse } from "./receipt-keys.ts";

const hash = (name: string) => keccak256(Buffer.from(name));

/** Tokens of every whole answer; each costs one unit. */
export const WHOLE = 3;
const DEPOSIT = 1_000_000n;
const LIFE = 86_400;

/** A crash between two steps of a side: what it was doing is lost, what it stored is there. */
export class Crash extends Error {}

/** A store whose side crashes while it writes: before the write, or right after it, before anything was sent. */
class CrashingStore implements ChannelStore {
  readonly #store = memoryStore();
  next: "before" | "after" | undefined;

  load(channel: string) {
    return this.#store.load(channel);
  }

  async save(...args: Parameters<ChannelStore["save"]>) {
    const crash = this.next;
    this.next = undefined;
    if (crash === "before") throw new Crash("before it was written");
    const saved = await this.#store.save(...args);
    if (crash === "after") throw new Crash("after it was written");
    return saved;
  }
}

/** What the channel escrow pays: the rules of `settle` and `settleWithReceipt`, for one channel that is open. */
class Escrow {
  paid = 0n;
  readonly #world: ChannelWorld;

  constructor(world: ChannelWorld) {
    this.#world = world;
  }

  /** What a settlement would have paid in all; undefined for one that is refused. */
  totalOf({ voucher, receipt }: Settlement): bigint | undefined {
    const { contract, client, operator, id, terms } = this.#world;
    const digest = voucherDigest(contract, id, voucher.message);
    let total = voucher.message.amount;
    if (!isSignedBy(client.address, digest, voucher.signature)) return undefined;
    if (receipt) {
      const { message, signature } = receipt;
      const now = BigInt(this.#world.now);
      const fits =
        message.channel === id &&
        message.nonce === voucher.message.nonce &&
        requestHashOf(message) === voucher.message.requestHash &&
        message.outputCount > 0n &&
        message.price <= voucher.message.limit &&
        isSignedBy(operator.address, receiptDigest(contract, message), signature) &&
        message.expiry >= now + terms.receiptLife / 2n &&
        message.expiry <= now + terms.receiptLife;
      if (!fits) return undefined;
      total += message.price;
    }
    return total <= DEPOSIT - terms.exitBounty ? total : undefined;
  }

  settle(settlement: Settlement): Settled | undefined {
    const total = this.totalOf(settlement);
    if (total === undefined || total <= this.paid) return undefined;
    this.paid = total;
    const { voucher, receipt } = settlement;
    const lastReceipt = receipt
      ? receiptDigest(this.#world.contract, receipt.message)
      : `0x${"00".repeat(32)}`;
    return { nonce: voucher.message.nonce, paid: total, lastReceipt };
  }
}

export interface Answered {
  readonly receipt: Signed<Receipt>;
  readonly output: ReceivedOutput;
}

/**
 * Both sides of a channel, a network that loses, repeats and reorders, stores that crash, and the escrow as the judge. Requests are numbered; the provider's answer to
 * each is always the same, `WHOLE` tokens long.
 */
export class ChannelWorld {
  readonly client = new Wallet(hash("client"));
  readonly operator = new Wallet(hash("operator"));
  readonly contract = { chainId: 31337n, escrow: new Wallet(hash("escrow")).address };
  readonly terms: ChannelTerms = {
    client: this.client.address,
    salt: 1n,
    notice: 86_400n,
    provider: new Wallet(hash("provider")).address,
    receiptLife: BigInt(LIFE),
    feeBasisPoints: 100n,
    token: new Wallet(hash("token")).address,
    exitBounty: 10n,
    voucherKey: this.client.address,
    expiresAt: 2_100_000_000n,
    stakeLock: 500n,
    workPerSecond: 1n,
  };
  readonly stores = { client: new CrashingStore(), provider: new CrashingStore() };
  readonly escrow = new Escrow(this);
  now = 2_000_000_000;
  mine!: ClientChannel;
  theirs!: ProviderChannel;

  /** Everything that was ever sent; any of it may arrive at any time, or never. */
  readonly vouchers: Signed<Voucher>[] = [];
  readonly answers: Answered[] = [];
  readonly settled: Settled[] = [];
  /** By the hash of the request, its number. */
  readonly #requests = new Map<string, number>();
  /** Token units: for each nonce, the highest price of a receipt that the provider signed, lost ones included. */
  readonly earned = new Map<bigint, bigint>();
  /** Token units: for each nonce, what the client has of the answer. */
  readonly received = new Map<bigint, bigint>();

  static async open(): Promise<ChannelWorld> {
    const world = new ChannelWorld();
    world.restart("client");
    world.restart("provider");
    await world.mine.noteDeposit(DEPOSIT);
    await world.theirs.noteDeposit(DEPOSIT);
    return world;
  }

  get id(): string {
    return this.mine.id;
  }

  /** After a crash: only the store is left. */
  restart(side: "client" | "provider"): void {
    const { terms, contract } = this;
    const shared = { terms, contract, now: () => this.now, store: this.stores[side] };
    if (side === "client") {
      this.mine = new ClientChannel({
        ...shared,
        signer: this.client,
        receiptKeyUntil: inUse(this.operator.address),
      });
    } else {
      this.theirs = new ProviderChannel({ ...shared, signer: this.operator });
    }
  }

  /** The client asks for the answer to a request, and allows so many tokens. */
  async request(number: number, tokens: number): Promise<Signed<Voucher>> {
    const request = { modelRoot: hash("model"), inputRoot: hash(`input ${number}`) };
    this.#requests.set(requestHashOf(request), number);
    const voucher = await this.mine.request({ ...request, limit: BigInt(tokens) });
    this.vouchers.push(voucher);
    return voucher;
  }

  /** The provider signs the first tokens of its answer to the voucher that it took last, as many as are paid for. */
  async answer(tokens: number): Promise<Answered | undefined> {
    const { voucher: fields } = await this.theirs.state();
    if (!fields) return undefined;
    const { nonce, requestHash, limit } = fields;
    const count = Math.min(tokens, Number(limit));
    const output = this.outputOf(requestHash!, count);
    if (!output) return undefined;
    try {
      return this.#send(await this.theirs.sign(output));
    } finally {
      // What a crash left behind in the store was signed, whether it was sent or not.
      const { receipt } = await this.theirs.state();
      if (receipt?.nonce === nonce) this.earned.set(BigInt(nonce!), BigInt(receipt!.price!));
    }
  }

  /** The provider sends again what no voucher paid. */
  async resend(): Promise<Answered | undefined> {
    const receipt = await this.theirs.unpaid();
    return receipt && this.#send(receipt);
  }

  /** An answer arrives, with its receipt. */
  async acknowledge({ receipt, output }: Answered): Promise<void> {
    const { nonce, price } = receipt.message;
    const known = this.received.get(nonce) ?? 0n;
    // Whether its receipt is taken or not, the answer is there.
    if (price > known) this.received.set(nonce, price);
    await this.mine.acknowledge(receipt, output);
  }

  /** The provider settles all it can; what the chain says of it may reach the client later. */
  async settle(): Promise<void> {
    const settlement = await this.theirs.settlement();
    const settled = settlement && this.escrow.settle(settlement);
    if (settled) this.settled.push(settled);
  }

  /** What the provider has coming by all it answered: the most it could ever be owed. */
  owed(): bigint {
    return [...this.earned.values()].reduce((sum, price) => sum + price, 0n);
  }

  /** What the client has: the price of every answer that reached it. */
  gained(): bigint {
    return [...this.received.values()].reduce((sum, price) => sum + price, 0n);
  }

  /** The output of the first tokens of a request's answer, undefined for no request. */
  outputOf(requestHash: string, count: number): ReceivedOutput | undefined {
    const number = this.#requests.get(requestHash);
    if (number === undefined || count === 0) return undefined;
    return {
      modelRoot: hash("model"),
      inputRoot: hash(`input ${number}`),
      outputTokensRoot: hash(`${count} tokens of ${number}`),
      outputCount: count,
      complete: count === WHOLE,
      price: BigInt(count),
    };
  }

  #send(receipt: Signed<Receipt>): Answered {
    const output = this.outputOf(requestHashOf(receipt.message), Number(receipt.message.outputCount));
    if (!output) throw athanorError("Unexpected", { details: "a receipt of no request." });
    const answer = { receipt, output };
    this.answers.push(answer);
    return answer;
  }
}
