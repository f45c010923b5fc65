import type { DayChain } from "./chain.ts";
import {
  available,
  burnt,
  coin,
  credit,
  escrowed,
  staked,
  unbonding,
  wallet,
  type Place,
} from "./model/ledger.ts";
import type { Model } from "./model/model.ts";
import { TOKENS } from "./tokens.ts";

/** One number of the chain that is not what the model says. */
export interface Difference {
  readonly what: string;
  readonly expected: bigint;
  readonly actual: bigint;
  /** The last that happened to this account, by the model. */
  readonly events: readonly string[];
}

/** In the order of their numbers on chain. */
const JOB_STATUSES = ["None", "Created", "Submitted", "Finalized", "Expired", "Declined", "Refunded"];
const CHANNEL_STATUSES = ["None", "Open", "Closed", "Released"];

/** The chain and the model disagree. */
export class Unexplained extends Error {
  readonly differences: readonly Difference[];

  constructor(seed: string, when: string, differences: readonly Difference[]) {
    const lines = differences
      .slice(0, 20)
      .flatMap(({ what, expected, actual, events }) => [
        `  ${what}: expected ${expected}, found ${actual} (${actual - expected})`,
        ...events.map((event) => `      ${event}`),
      ]);
    const more = differences.length > 20 ? [`  … and ${differences.length - 20} more`] : [];
    super(
      [`seed ${seed}, ${when}: ${differences.length} numbers are not explained`, ...lines, ...more].join(
        "\n",
      ),
    );
    this.differences = differences;
  }
}

/**
 * Reads every account of everybody, every stake, lock, channel, the ledgers, the supplies and the game's coin from the chain, and compares each with the model.
 *
 * @returns how many numbers were compared
 * @throws Unexplained
 */
export async function compare(
  chain: DayChain,
  model: Model,
  people: readonly string[],
  seed: string,
  when: string,
): Promise<number> {
  model.check();
  let compared = 0;
  const differences: Difference[] = [];
  const hold = (what: string, expected: bigint, actual: unknown, places: readonly Place[] = [what]) => {
    compared++;
    const found = BigInt(actual as bigint | number | boolean);
    if (found === expected) return;
    const events = places.flatMap((place) => model.ledger.eventsOf(place));
    differences.push({ what, expected, actual: found, events });
  };
  const at = (place: Place) => model.ledger.at(place);

  for (const { symbol } of TOKENS) {
    const address = chain.token(symbol);
    const contract = symbol === "ATH" ? "ath" : symbol;
    for (const owner of people) {
      const [account] = (await chain.read("vault", "accountOf", [address, chain.addressOf(owner)])) as [
        { available: bigint; escrowed: bigint },
      ];
      hold(available(symbol, owner), at(available(symbol, owner)), account.available);
      hold(escrowed(symbol, owner), at(escrowed(symbol, owner)), account.escrowed);
      const [balance] = await chain.read(contract, "balanceOf", [chain.addressOf(owner)]);
      hold(wallet(symbol, owner), at(wallet(symbol, owner)), balance);
    }
    const [state] = (await chain.read("vault", "tokenState", [address])) as [{ ledger: bigint }];
    hold(`the vault's ledger of ${symbol}`, model.inVault(symbol), state.ledger);
    const [held] = await chain.read(contract, "balanceOf", [chain.addressOf("vault")]);
    hold(`the vault's balance of ${symbol}`, model.inVault(symbol), held);
    const [supply] = await chain.read(contract, "totalSupply");
    hold(`the supply of ${symbol}`, model.supplyOf(symbol), supply, [burnt(symbol)]);
  }
  for (const owner of people) {
    const [stake] = (await chain.read("vault", "stakeOf", [chain.addressOf(owner)])) as [
      { staked: bigint; locked: bigint; openWork: bigint; jailed: boolean },
    ];
    const own = model.stakes.of(owner);
    hold(staked(owner), at(staked(owner)), stake.staked);
    hold(`stake locked of ${owner}`, own.locked, stake.locked, [staked(owner)]);
    hold(`open works of ${owner}`, BigInt(own.openWork), stake.openWork, [staked(owner)]);
    hold(`${owner} is jailed`, BigInt(own.jailed), stake.jailed, [staked(owner)]);
    const [leaving] = (await chain.read("vault", "unbondingOf", [chain.addressOf(owner)])) as [
      { amount: bigint },
    ];
    hold(unbonding(owner), at(unbonding(owner)), leaving.amount);
    const [found] = (await chain.read("provider registry", "providerOf", [chain.addressOf(owner)])) as [
      { registered: boolean; reserved: bigint; fraudDeposit: bigint },
    ];
    hold(`${owner} is registered`, BigInt(own.registered), found.registered, [staked(owner)]);
    hold(`stake reserved of ${owner}`, own.reserved, found.reserved, [staked(owner)]);
    hold(`fraud deposit of ${owner}`, own.fraudDeposit, found.fraudDeposit, [staked(owner)]);
    const [credited] = await chain.read("dispute game", "credit", [chain.addressOf(owner)]);
    hold(credit(owner), at(credit(owner)), credited);
    if (model.ledger.placesOf(coin(owner)).includes(coin(owner))) {
      hold(coin(owner), at(coin(owner)), await chain.coinOf(owner));
    }
  }
  hold("coin of the dispute game", model.coinOfGame(), await chain.coinOf("dispute game"), ["coin bonded"]);
  for (const channel of model.channels.all) {
    const [state] = (await chain.read("channel escrow", "channelState", [channel.id])) as [
      { deposit: bigint; paid: bigint; closesAt: bigint; status: bigint },
    ];
    hold(`deposit of ${channel.name}`, channel.deposit, state.deposit);
    hold(`paid by ${channel.name}`, channel.paid, state.paid);
    hold(`end of ${channel.name}`, BigInt(channel.closesAt), state.closesAt);
    hold(`status of ${channel.name}`, BigInt(CHANNEL_STATUSES.indexOf(channel.status)), state.status);
  }
  for (const job of model.jobs.all) {
    const [state] = (await chain.read("job escrow", "jobState", [job.id])) as [bigint];
    hold(`status of ${job.name}`, BigInt(JOB_STATUSES.indexOf(job.status)), state & 0xffn);
  }
  if (differences.length > 0) throw new Unexplained(seed, when, differences);
  return compared;
}
