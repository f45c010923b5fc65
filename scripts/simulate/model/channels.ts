import { roundedUp } from "../tokens.ts";
import { available, escrowed, wallet, type Ledger } from "./ledger.ts";
import type { Stakes } from "./stakes.ts";
import type { Totals } from "./totals.ts";

const ESCROW = "channel escrow";
/** After the stake could have been released without a conviction, before the release earns the bounty (docs/channels.md, section 4). */
const GRACE = 600;

/** A channel as docs/channels.md has it: amounts in token units, times in seconds. */
export interface ModelChannel {
  /** On chain. */
  readonly id: string;
  readonly name: string;
  readonly client: string;
  readonly provider: string;
  readonly token: string;
  readonly feeBasisPoints: bigint;
  readonly exitBounty: bigint;
  readonly stakeLock: bigint;
  readonly notice: number;
  readonly receiptLife: number;
  deposit: bigint;
  paid: bigint;
  closesAt: number;
  status: "Open" | "Closed" | "Released";
}

/** Channels: what each settlement and each ending pays to whom. */
export class Channels {
  readonly all: ModelChannel[] = [];
  readonly #ledger: Ledger;
  readonly #stakes: Stakes;
  readonly #totals: Totals;

  constructor(ledger: Ledger, stakes: Stakes, totals: Totals) {
    this.#ledger = ledger;
    this.#stakes = stakes;
    this.#totals = totals;
  }

  /** @param from whether the client pays from its wallet or from its balance in the vault */
  open(channel: ModelChannel, from: "wallet" | "balance"): void {
    this.#put(channel, channel.deposit, from, `opens ${channel.name}`);
    this.#stakes.openWork(channel.provider, channel.stakeLock);
    this.all.push(channel);
  }

  topUp(channel: ModelChannel, amount: bigint, from: "wallet" | "balance"): void {
    this.#put(channel, amount, from, `tops up ${channel.name}`);
    channel.deposit += amount;
  }

  /** The provider has been promised `total` in all. */
  settle(channel: ModelChannel, total: bigint): void {
    const { name, token, provider } = channel;
    if (total <= channel.paid) {
      throw new RangeError(`${name} has paid ${channel.paid}, not less than ${total}`);
    }
    const due = total - channel.paid;
    const fee = roundedUp(due * channel.feeBasisPoints, 10_000n);
    channel.paid = total;
    this.#ledger.move(due - fee, escrowed(token, ESCROW), available(token, provider), `settles ${name}`);
    this.#ledger.move(fee, escrowed(token, ESCROW), available(token, ESCROW), `fee of ${name}`);
    this.#totals.add(token, "paid", due - fee);
    this.#totals.add(token, "fees", fee);
  }

  /** The client announces that it closes. */
  startClosing(channel: ModelChannel, time: number): void {
    channel.closesAt = time + channel.notice;
  }

  /** Settlement is over: by the provider's close, or by anybody's finish. */
  close(channel: ModelChannel, time: number): void {
    const rest = channel.deposit - channel.paid - channel.exitBounty;
    const { name, token, client } = channel;
    this.#ledger.move(rest, escrowed(token, ESCROW), available(token, client), `rest of ${name}`);
    this.#totals.add(token, "refunds", rest);
    channel.closesAt = Math.min(channel.closesAt, time);
    channel.status = "Closed";
  }

  /** The first second in which anybody may release. */
  releasableAt(channel: ModelChannel): number {
    return channel.closesAt + channel.receiptLife + 1;
  }

  release(channel: ModelChannel, recipient: string, time: number): void {
    if (channel.status === "Open") this.close(channel, time);
    const { name, token, client, provider, exitBounty } = channel;
    const isEarly = time <= channel.closesAt + channel.receiptLife + GRACE;
    const toClient = this.#stakes.of(provider).jailed && isEarly;
    const receiver = toClient ? client : recipient;
    this.#ledger.move(exitBounty, escrowed(token, ESCROW), available(token, receiver), `release of ${name}`);
    this.#totals.add(token, toClient ? "refunds" : "bounties", exitBounty);
    this.#stakes.endWork(provider, channel.stakeLock);
    channel.status = "Released";
  }

  #put({ token, client }: ModelChannel, amount: bigint, from: "wallet" | "balance", why: string): void {
    const source = from === "wallet" ? wallet(token, client) : available(token, client);
    this.#ledger.move(amount, source, escrowed(token, ESCROW), why);
    if (from === "wallet") this.#totals.add(token, "deposited", amount);
  }
}
