import governance from "../../ignition/modules/Governance.ts";
import type { AthToken } from "../../sdk/src/generated/contracts/AthToken.ts";
import type { Checkers } from "../../sdk/src/generated/contracts/Checkers.ts";
import type { Vault } from "../../sdk/src/generated/contracts/Vault.ts";
import { type Signer, type System, ethers, ignition, loadFixture, time } from "./system.ts";

export const DAY = 86_400n;
/** What ignition/modules/Governance.ts sets. */
export const VOTING_DELAY = 2n * DAY;
export const VOTING_PERIOD = 5n * DAY;
export const TIMELOCK_DELAY = 3n * DAY;

/** A call that a proposal makes. */
export interface Action {
  readonly target: string;
  readonly data: string;
}

/** The protocol under governance, with a guardian and a holder of all ATH who votes with it. */
async function deployGoverned() {
  const [deployer, voter, provider, client, stranger, guardian] = (await ethers.getSigners()) as [
    Signer,
    Signer,
    Signer,
    Signer,
    Signer,
    Signer,
  ];
  const parameters = { Governance: { guardian: guardian.address } };
  const deployed = await ignition.deploy(governance, { parameters });
  const contract = (name: keyof typeof deployed) => deployed[name];
  const addressOf = async (name: keyof typeof deployed) => contract(name).getAddress();
  const ath = deployed.ath as unknown as AthToken;
  await ath.transfer(voter, await ath.balanceOf(deployer));
  await ath.connect(voter).delegate(voter);
  // Votes of the second before a proposal count.
  await time.increase(1n);
  const addresses = {
    ath: await addressOf("ath"),
    vault: await addressOf("vault"),
    providers: await addressOf("providerRegistry"),
    currencies: await addressOf("currencies"),
    fees: await addressOf("feeDistributor"),
    insurance: await addressOf("insuranceFund"),
    escrow: await addressOf("jobEscrow"),
    game: await addressOf("disputeGame"),
    channels: await addressOf("channelEscrow"),
    receipts: await addressOf("receiptResults"),
    sources: await addressOf("resultSources"),
    court: await addressOf("qualityCourt"),
    checkers: await addressOf("checkers"),
    reports: await addressOf("qualityReports"),
    manager: await addressOf("accessManager"),
    timelock: await addressOf("timelock"),
    governor: await addressOf("governor"),
  };
  return {
    deployed,
    ath,
    vault: deployed.vault as unknown as Vault,
    providers: deployed.providerRegistry,
    currencies: deployed.currencies,
    fees: deployed.feeDistributor,
    insurance: deployed.insuranceFund,
    escrow: deployed.jobEscrow,
    game: deployed.disputeGame,
    channels: deployed.channelEscrow,
    receipts: deployed.receiptResults,
    sources: deployed.resultSources,
    court: deployed.qualityCourt,
    checkers: deployed.checkers as unknown as Checkers,
    reports: deployed.qualityReports,
    manager: contract("accessManager"),
    timelock: contract("timelock"),
    governor: contract("governor"),
    addresses,
    deployer,
    voter,
    provider,
    client,
    stranger,
    guardian,
  };
}

export type Governed = Awaited<ReturnType<typeof deployGoverned>>;
export const freshGoverned = (): Promise<Governed> => loadFixture(deployGoverned);

/** The governed protocol in the shape that calls of restricted functions take. */
export const asSystem = (governed: Governed): System => governed as unknown as System;

const argumentsOf = (actions: readonly Action[]): [string[], bigint[], string[]] => [
  actions.map(({ target }) => target),
  actions.map(() => 0n),
  actions.map(({ data }) => data),
];

/** Proposes, as `voter`; returns the proposal's id. */
export async function propose(
  { governor, voter }: Governed,
  actions: readonly Action[],
  description = "A proposal",
): Promise<bigint> {
  const proposing = governor.connect(voter);
  const id = (await proposing
    .getFunction("propose")
    .staticCall(...argumentsOf(actions), description)) as bigint;
  await proposing.getFunction("propose")(...argumentsOf(actions), description);
  return id;
}

/** Waits until the vote has begun, votes (0 against, 1 for, 2 abstain) and waits until it is over. */
export async function vote({ governor }: Governed, id: bigint, votes: [Signer, 0 | 1 | 2][]): Promise<void> {
  await time.increase(VOTING_DELAY + 1n);
  for (const [signer, support] of votes) {
    await governor.connect(signer).getFunction("castVote")(id, support);
  }
  const deadline = (await governor.getFunction("proposalDeadline")(id)) as bigint;
  await time.increaseTo(deadline + 1n);
}

export const queue = ({ governor }: Governed, actions: readonly Action[], description = "A proposal") =>
  governor.getFunction("queue")(...argumentsOf(actions), ethers.id(description));

export const execute = ({ governor }: Governed, actions: readonly Action[], description = "A proposal") =>
  governor.getFunction("execute")(...argumentsOf(actions), ethers.id(description));

/** A proposal from its making to its execution. */
export async function enact(
  governed: Governed,
  actions: readonly Action[],
  description = "A proposal",
): Promise<void> {
  const id = await propose(governed, actions, description);
  await vote(governed, id, [[governed.voter, 1]]);
  await queue(governed, actions, description);
  await time.increase(TIMELOCK_DELAY);
  await execute(governed, actions, description);
}
