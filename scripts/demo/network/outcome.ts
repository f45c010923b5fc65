import { readStanding, type CaseView } from "@athanor/sdk/protocol";
import { courtOf, readReport, type AthanorContracts } from "@athanor/sdk/protocol";
import type { Checkers } from "@athanor/sdk/checkers";
import type { BaseContract } from "ethers";
import { type Balances, type Holding, readBalances } from "../balances.ts";
import type { LocalChain } from "../local-chain.ts";
import type { AnnouncementMade, ConvictionMade } from "./chronicle.ts";

/** What became of a provider's stake; ATH units. */
export interface Standing {
  readonly staked: bigint;
  /** Slashed or taken as a penalty. */
  readonly lost: bigint;
  readonly frozen: bigint;
  readonly convicted: boolean;
}

export async function standingOf(contracts: AthanorContracts, provider: string): Promise<Standing> {
  const { vault, providerRegistry } = contracts;
  const [{ staked, jailed }, lost, frozen] = await Promise.all([
    vault.stakeOf(provider),
    vault.slashedOf(provider),
    providerRegistry.frozenStakeOf(provider),
  ]);
  return { staked, lost, frozen, convicted: jailed };
}

/** A case before the quality court, with what stands behind it. */
export interface FrozenStake extends CaseView {
  readonly caseId: string;
  readonly evidence: string;
  /** ATH units. */
  readonly frozen: bigint;
  /** Stake of its hardware, of which that is a part. */
  readonly hardware: bigint;
}

export async function frozenStakeOf(
  contracts: AthanorContracts,
  { provider, caseId }: AnnouncementMade,
): Promise<FrozenStake | undefined> {
  const { open, frozen } = await readStanding(contracts, provider);
  if (open === null) return undefined;
  const toBlock = await contracts.vault.runner!.provider!.getBlockNumber();
  const { evidence } = await readReport(await courtOf(contracts), caseId, { fromBlock: 0, toBlock });
  const lock = await contracts.providerRegistry.hardwareLockOf(provider);
  return { ...open, caseId, evidence, frozen, hardware: lock + frozen };
}

/** A conviction, and where the deposit went; ATH units. */
export interface Verdict extends ConvictionMade {
  /** In which it was convicted. */
  readonly epoch: number;
  readonly challenger: string;
  readonly paid: bigint;
  readonly burned: bigint;
}

/** @param nameOf of an account */
export async function verdictOf(
  {
    contracts,
    epochAt,
  }: { readonly contracts: Checkers["contracts"]; readonly epochAt: (seconds: number) => number },
  made: ConvictionMade,
  nameOf: (account: string) => string,
): Promise<Verdict> {
  const { vault, disputeGame } = contracts;
  const receipt = (await vault.runner!.provider!.getTransactionReceipt(made.transactionHash))!;
  const valuesOf = (contract: BaseContract, name: string) => {
    const { topicHash } = contract.interface.getEvent(name)!;
    return receipt.logs
      .filter(({ topics }) => topics[0] === topicHash)
      .map((log) => contract.interface.parseLog(log)!.args.toObject());
  };
  const slashed = valuesOf(vault, "Slashed")[0]!;
  const [forfeited, paid] = [slashed["forfeited"] as bigint, slashed["paid"] as bigint];
  const { timestamp } = await receipt.getBlock();
  const { challenger } = await disputeGame.challengeOf(made.challengeId);
  return {
    ...{ ...made, forfeited, paid, burned: forfeited - paid },
    epoch: epochAt(timestamp),
    challenger: nameOf(challenger),
  };
}

/** ATH that somebody has in several accounts, as one row. */
export async function readLedger(
  chain: LocalChain,
  people: Readonly<Record<string, readonly string[]>>,
): Promise<Balances> {
  const accounts = Object.fromEntries(
    Object.entries(people).flatMap(([name, addresses]) =>
      addresses.map((address, index) => [`${name} ${index}`, address] as const),
    ),
  );
  const found = await readBalances(chain, accounts, { ATH: chain.deployment.ath });
  return Object.fromEntries(
    Object.entries(people).map(([name, addresses]) => {
      const own = addresses.map((_, index) => found[`${name} ${index}`]!["ATH"]!);
      return [name, { ATH: own.reduce(added, NOTHING) }];
    }),
  );
}

export const NOTHING: Holding = { wallet: 0n, vault: 0n, escrowed: 0n, staked: 0n };

function added(left: Holding, right: Holding): Holding {
  return {
    wallet: left.wallet + right.wallet,
    vault: left.vault + right.vault,
    escrowed: left.escrowed + right.escrowed,
    staked: left.staked + right.staked,
  };
}

/** What an account's channels have paid, fees included, and how many receipts they paid; ATH units. */
export async function boughtBy(
  { channelEscrow }: Pick<AthanorContracts, "channelEscrow">,
  client: string,
): Promise<{ readonly paid: bigint; readonly fees: bigint }> {
  const opened = await channelEscrow.queryFilter("ChannelOpened" as never, 0);
  let [paid, fees] = [0n, 0n];
  for (const log of opened) {
    const values = channelEscrow.interface.parseLog(log)!.args.toObject() as unknown as {
      readonly id: string;
      readonly client: string;
      readonly channel: { readonly feeBasisPoints: bigint };
    };
    if (values.client !== client) continue;
    const state = await channelEscrow.channelState(values.id);
    paid += state.paid;
    fees += (state.paid * values.channel.feeBasisPoints + 9_999n) / 10_000n;
  }
  return { paid, fees };
}
