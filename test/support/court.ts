import type { ContractTransactionResponse } from "ethers";
import { REPORTER } from "../../ignition/roles.ts";
import type { IQualityCourt } from "../../sdk/src/generated/contracts/QualityCourt.ts";
import { ALL_SHARES, harmedTree, type HarmedShare } from "../../sdk/src/quality/harmed-tree.ts";
import { ATH, deploySystem, ethers, loadFixture, type System, time } from "./system.ts";

export const DAY = 86_400n;
export const APPEAL_PERIOD = 7n * DAY;
export const DECISION_PERIOD = 21n * DAY;
export const CASE_INTERVAL = 14n * DAY;
export const SUSPENSION = 7n * DAY;
export const CLAIM_PERIOD = 365n * DAY;
export const FOR_EVER = 2n ** 40n - 1n;
/** Of the stake of the provider's hardware, 1,000 ATH, the most that can be announced. */
export const PENALTY = 100n * ATH;
/** What is taken of it without an appeal. */
export const DISCOUNTED = 80n * ATH;
/** Of what is taken, for the harmed clients and for the insurance. */
export const harmedPart = (penalty: bigint): bigint => (penalty * 3_000n) / 10_000n;
export const insuredPart = (penalty: bigint): bigint => (penalty * 1_000n) / 10_000n;
export const EVIDENCE = "Answered after 31 s instead of 2 s, in 17 of 20 measurements.";
export const REASONS = "The measurements were made while the chain stood still.";

export type CourtParameters = {
  [Key in keyof IQualityCourt.ParametersStruct]: bigint;
};

/** A system with a reporter: the stranger. */
async function deployCourt() {
  const system = await deploySystem();
  await system.manager.getFunction("grantRole")(REPORTER, system.stranger, 0);
  return { ...system, reporter: system.stranger };
}

export type CourtSystem = Awaited<ReturnType<typeof deployCourt>>;
export const freshCourt = (): Promise<CourtSystem> => loadFixture(deployCourt);

/** The id of the case that a provider's next announcement opens. */
export async function nextCaseOf({ court }: System, provider: { address: string }): Promise<string> {
  const { cases } = await court.standingOf(provider.address);
  return court.caseIdOf(provider.address, cases + 1n);
}

export interface OpenCase {
  readonly id: string;
  readonly shares: readonly HarmedShare[];
}

/** Announces a case against the provider: for the most that can be taken, harmed two clients, unless said otherwise. */
export async function announceCase(
  system: CourtSystem,
  {
    amount = PENALTY,
    provider = system.provider,
    shares = [
      { client: system.client.address, share: ALL_SHARES / 4n },
      { client: system.otherClient.address, share: (ALL_SHARES * 3n) / 4n },
    ],
  }: { amount?: bigint; provider?: { readonly address: string }; shares?: readonly HarmedShare[] } = {},
): Promise<OpenCase & { sent: ContractTransactionResponse }> {
  const id = await nextCaseOf(system, provider);
  const root = shares.length === 0 ? ethers.ZeroHash : harmedTree(id, shares).root;
  const sent = await system.court.connect(system.reporter).announce(provider.address, amount, root, EVIDENCE);
  return { id, shares, sent };
}

/** Lets the appeal period pass and executes, as anybody may. */
export async function executeCase(system: CourtSystem, { id }: OpenCase) {
  const { appealUntil } = await system.court.caseOf(id);
  if (BigInt(await time.latest()) <= appealUntil) await time.increaseTo(appealUntil + 1n);
  return system.court.connect(system.newcomer).execute(id);
}

/** Appeals, and has governance decide. */
export async function decideCase(system: CourtSystem, { id }: OpenCase, uphold: boolean) {
  await system.court.connect(system.provider).appeal(id, REASONS);
  return system.court.decide(id, uphold);
}

/** Sends the share of this index to its client, as anybody may. */
export function claimShare(
  { court, newcomer }: CourtSystem,
  { id, shares }: OpenCase,
  index: number,
): Promise<ContractTransactionResponse> {
  const { client, share } = shares[index]!;
  return court.connect(newcomer).claim(id, client, share, index, harmedTree(id, shares).pathOf(index));
}

/** Waits until a further case can be announced. */
export async function passInterval({ court, provider }: System): Promise<void> {
  const { nextCaseAt } = await court.standingOf(provider);
  if (BigInt(await time.latest()) < nextCaseAt) await time.increaseTo(nextCaseAt);
}

/** Announces and executes `count` cases without an appeal, one after the other as soon as possible. */
export async function penaliseTimes(system: CourtSystem, count: number, amount = 10n * ATH): Promise<void> {
  for (let i = 0; i < count; i += 1) {
    await passInterval(system);
    await executeCase(system, await announceCase(system, { amount, shares: [] }));
  }
}

/** The court's parameters, as plain values. */
export async function courtParametersOf({ court }: Pick<System, "court">): Promise<CourtParameters> {
  const parameters = await court.parameters();
  return {
    appealPeriod: parameters.appealPeriod,
    decisionPeriod: parameters.decisionPeriod,
    caseInterval: parameters.caseInterval,
    suspension: parameters.suspension,
    removalAfter: parameters.removalAfter,
    harmedBasisPoints: parameters.harmedBasisPoints,
    insuredBasisPoints: parameters.insuredBasisPoints,
    discountBasisPoints: parameters.discountBasisPoints,
  };
}

/** Everything of the provider's stake that this part of the protocol moves. */
export async function stakeStateOf({ vault, providers, provider }: System) {
  const { staked, locked, suspended } = await vault.stakeOf(provider);
  const { reserved, fraudDeposit } = await providers.providerOf(provider);
  return {
    staked,
    locked,
    suspended,
    reserved,
    fraudDeposit,
    frozen: await providers.frozenStakeOf(provider),
  };
}
