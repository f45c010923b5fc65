import { TOKENS } from "../tokens.ts";
import { Channels } from "./channels.ts";
import { DisputeMoney, type DisputeRules } from "./disputes.ts";
import { Jobs } from "./jobs.ts";
import { available, bonds, burnt, escrowed, Ledger, wallet } from "./ledger.ts";
import { Stakes } from "./stakes.ts";
import { Totals } from "./totals.ts";

const ATH = "ATH";
const DISTRIBUTOR = "fee distributor";

/**
 * What the specification says everybody has, in arithmetic of its own: docs/protocol.md, docs/channels.md and docs/dispute.md, written down again without the contracts or the
 * SDK. The chain is held to it.
 */
export class Model {
  readonly ledger = new Ledger();
  readonly totals = new Totals();
  readonly stakes = new Stakes(this.ledger);
  readonly channels = new Channels(this.ledger, this.stakes, this.totals);
  readonly jobs = new Jobs(this.ledger, this.stakes, this.totals);
  readonly disputes: DisputeMoney;

  constructor(rules: DisputeRules) {
    this.disputes = new DisputeMoney(this.ledger, this.stakes, this.totals, rules);
  }

  deposit(token: string, owner: string, amount: bigint): void {
    this.ledger.move(amount, wallet(token, owner), available(token, owner), "deposits");
    this.totals.add(token, "deposited", amount);
  }

  withdraw(token: string, owner: string, amount: bigint, recipient = owner): void {
    this.ledger.move(amount, available(token, owner), wallet(token, recipient), "withdraws");
    this.totals.add(token, "withdrawn", amount);
  }

  /** Fees leave the vault; of ATH, what is to be burned is: three tenths, and what rounding down the other parts leaves. */
  collectFees(token: string, escrow: string, amount: bigint): void {
    const kept = [4_000n, 1_000n, 2_000n].reduce((sum, part) => sum + (amount * part) / 10_000n, 0n);
    const gone = token === ATH ? amount - kept : 0n;
    this.ledger.move(gone, available(token, escrow), burnt(token), "burns fees");
    this.ledger.move(amount - gone, available(token, escrow), wallet(token, DISTRIBUTOR), "distributes fees");
    this.totals.add(token, "burnt", gone);
    this.totals.add(token, "withdrawn", amount - gone);
  }

  /** The vault's ledger of a token: all accounts, and for ATH all stakes and what unbonds. */
  inVault(token: string): bigint {
    const { ledger } = this;
    const accounts = ledger.sumOf(`${token} available to `) + ledger.sumOf(`${token} escrowed of `);
    return token === "ATH" ? accounts + ledger.sumOf("staked by ") + ledger.sumOf("unbonding of ") : accounts;
  }

  /** All there is of a token. */
  supplyOf(token: string): bigint {
    return this.inVault(token) + this.ledger.sumOf(`${token} wallet of `);
  }

  /** What the dispute game has of the chain's coin, wei. */
  coinOfGame(): bigint {
    return this.ledger.at(bonds) + this.ledger.sumOf("coin credited to ");
  }

  /** What the deposits of open channels, and the exit bounties of closed ones, should leave in escrow (docs/channels.md, section 4). */
  boundByChannels(token: string): bigint {
    return this.channels.all
      .filter((channel) => channel.token === token && channel.status !== "Released")
      .reduce(
        (sum, { status, deposit, paid, exitBounty }) =>
          sum + (status === "Open" ? deposit - paid : exitBounty),
        0n,
      );
  }

  /** @throws RangeError when two ways of this model to say the same differ: the model is wrong, not the chain */
  check(): void {
    for (const { symbol } of TOKENS) {
      const bound = this.ledger.at(escrowed(symbol, "channel escrow"));
      if (bound !== this.boundByChannels(symbol)) throw new RangeError(`channels bind ${bound} ${symbol}`);
    }
  }
}
