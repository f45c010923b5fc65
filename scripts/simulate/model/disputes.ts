import { available, bonds, burnt, coin, credit, wallet, type Ledger } from "./ledger.ts";
import type { Stakes } from "./stakes.ts";
import type { Totals } from "./totals.ts";

const ATH = "ATH";
const GAME = "dispute game";

/** Governed parameters of disputes that money follows (docs/dispute.md, sections 4 and 5). */
export interface DisputeRules {
  /** Wei a gas unit. */
  readonly stressGasPrice: bigint;
  /** Wei. */
  readonly tracePricePerSecond: bigint;
  readonly priceMultiple: bigint;
  /** ATH units. */
  readonly minimumReward: bigint;
  /** ATH units for 10^18 wei. */
  readonly athPerCoin: bigint;
}

/** A challenge and its money: wei, and ATH units where it says so. */
export interface ModelChallenge {
  readonly name: string;
  readonly challenger: string;
  readonly provider: string;
  readonly window: number;
  /** The most that the result costs, if it is paid in ATH; 0 otherwise. */
  readonly priceInAth: bigint;
  bond: bigint;
  spent: bigint;
  /** ATH units. */
  reserved: bigint;
  status: "Committed" | "Live" | "Lost" | "Won" | "Returned" | "Burned";
}

/** The money of disputes by docs/dispute.md, section 5, on a chain whose gas costs nothing: moves are reimbursed the trace's price and nothing else. */
export class DisputeMoney {
  readonly all: ModelChallenge[] = [];
  readonly #ledger: Ledger;
  readonly #stakes: Stakes;
  readonly #totals: Totals;
  readonly #rules: DisputeRules;
  readonly #convictions = new Map<
    string,
    { rewarded: ModelChallenge | undefined; reward: bigint; pot: bigint }
  >();

  constructor(ledger: Ledger, stakes: Stakes, totals: Totals, rules: DisputeRules) {
    this.#ledger = ledger;
    this.#stakes = stakes;
    this.#totals = totals;
    this.#rules = rules;
  }

  bondOf(window: number): bigint {
    const { stressGasPrice, tracePricePerSecond } = this.#rules;
    return 2n * (stressGasPrice * 5_000_000n + tracePricePerSecond * BigInt(window));
  }

  commit(challenge: ModelChallenge): void {
    this.#ledger.move(challenge.bond, coin(challenge.challenger), bonds, `commits ${challenge.name}`);
    this.all.push(challenge);
  }

  open(challenge: ModelChallenge): void {
    const bond = this.bondOf(challenge.window);
    this.#ledger.move(
      challenge.bond - bond,
      bonds,
      coin(challenge.challenger),
      `more than the bond of ${challenge.name}`,
    );
    challenge.bond = bond;
    const left = this.#stakes.of(challenge.provider).fraudDeposit / 2n - this.#reservedOf(challenge.provider);
    challenge.reserved = least(this.#wanted(challenge), left > 0n ? left : 0n);
    challenge.status = "Live";
  }

  /** Opened against a provider that was convicted meanwhile: the bond comes back. */
  openTooLate(challenge: ModelChallenge): void {
    this.#ledger.move(challenge.bond, bonds, coin(challenge.challenger), `${challenge.name} came too late`);
    challenge.status = "Returned";
  }

  /** The trace is posted, in answer to this challenge. */
  trace(challenge: ModelChallenge, operator: string): void {
    const most = ((challenge.bond / 2n) * challenge.reserved) / this.#wanted(challenge);
    const price = least(this.#rules.tracePricePerSecond * BigInt(challenge.window), most - challenge.spent);
    challenge.spent += price;
    this.#ledger.move(price, bonds, coin(operator), `posts the trace for ${challenge.name}`);
  }

  lose(challenge: ModelChallenge): void {
    const half = challenge.bond / 2n;
    this.#ledger.move(half - challenge.spent, bonds, credit(challenge.provider), `${challenge.name} is lost`);
    this.#ledger.move(challenge.bond - half, bonds, coin("nobody"), `${challenge.name} is lost`);
    challenge.reserved = 0n;
    challenge.status = "Lost";
  }

  burnUnopened(challenge: ModelChallenge): void {
    this.#ledger.move(challenge.bond, bonds, coin("nobody"), `${challenge.name} was not opened`);
    challenge.status = "Burned";
  }

  /** The provider is convicted, and this challenge rewarded. */
  convict(challenge: ModelChallenge): void {
    const { provider } = challenge;
    const half = (this.#reservedOf(provider) - challenge.reserved) / 2n;
    const reward = least(this.#wanted(challenge), challenge.reserved + half);
    this.#convictions.set(provider, { rewarded: challenge, reward, pot: reward + half });
    this.#slash(provider, reward + half);
  }

  /** Convicted by its own signatures. */
  convictProven(provider: string, reporter: string): void {
    const reserved = this.#reservedOf(provider);
    const half = reserved / 2n;
    const most = this.#stakes.of(provider).fraudDeposit / 2n;
    const reward = reserved === 0n ? least(this.#rules.minimumReward, most) : 0n;
    this.#convictions.set(provider, { rewarded: undefined, reward: 0n, pot: half });
    this.#slash(provider, reward + half);
    this.#reward(reporter, reward, "reports an equivocation");
  }

  reclaim(challenge: ModelChallenge): void {
    const conviction = this.#convictions.get(challenge.provider)!;
    const isRewarded = conviction.rewarded === challenge;
    const part = least(isRewarded ? conviction.reward : challenge.reserved / 2n, conviction.pot);
    const spentInAth = (challenge.spent * this.#rules.athPerCoin) / 10n ** 18n;
    const reward = isRewarded ? part : least(part, spentInAth);
    conviction.pot -= part;
    this.#reward(challenge.challenger, reward, `reclaims ${challenge.name}`);
    this.#ledger.move(part - reward, available(ATH, GAME), burnt(ATH), `reclaims ${challenge.name}`);
    this.#totals.add(ATH, "burnt", part - reward);
    const back = challenge.bond - challenge.spent;
    this.#ledger.move(back, bonds, coin(challenge.challenger), `bond of ${challenge.name}`);
    challenge.status = isRewarded ? "Won" : "Returned";
  }

  /** A provider takes what lost challenges left it. */
  withdraw(owner: string, recipient: string): void {
    this.#ledger.move(this.#ledger.at(credit(owner)), credit(owner), coin(recipient), "withdraws its credit");
  }

  #wanted({ window, priceInAth }: ModelChallenge): bigint {
    const { minimumReward, priceMultiple, athPerCoin } = this.#rules;
    return most(minimumReward, priceInAth * priceMultiple, (this.bondOf(window) * athPerCoin) / 10n ** 18n);
  }

  /** What live challenges of a provider have reserved of its deposit. */
  #reservedOf(provider: string): bigint {
    const live = this.all.filter((each) => each.provider === provider && each.status === "Live");
    return live.reduce((sum, { reserved }) => sum + reserved, 0n);
  }

  #slash(provider: string, payout: bigint): void {
    this.#totals.add(ATH, "burnt", this.#stakes.of(provider).fraudDeposit - payout);
    this.#stakes.convict(provider, payout);
  }

  #reward(receiver: string, amount: bigint, why: string): void {
    this.#ledger.move(amount, available(ATH, GAME), wallet(ATH, receiver), why);
    this.#totals.add(ATH, "rewards", amount);
  }
}

function least(left: bigint, right: bigint): bigint {
  return left < right ? left : right;
}

function most(...amounts: bigint[]): bigint {
  return amounts.reduce((left, right) => (left > right ? left : right));
}
