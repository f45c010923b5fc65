import { type CountingTrace, elements, type Lies } from "./counting.ts";
import {
  secretOf,
  commitSecrets,
  drawSeed,
  freshTeam,
  type Member,
  nextRound,
  revealSecrets,
  type Team,
  toEpoch,
} from "./checkers.ts";
import { rulesOf } from "./checker-rules.ts";
import { type Result, resultWith } from "./dispute.ts";
import { ethers, networkHelpers } from "./system.ts";

/** Of attestations in these tests. */
export const LIES = { "3/0/0": elements(5_000) };
export const rootOf = (trace: CountingTrace): string => trace.root;

export interface Audit {
  readonly system: Team;
  readonly result: Result;
  readonly id: string;
  readonly round: bigint;
  readonly epoch: bigint;
}

/** Epoch 4, in which every public result is audited by all who committed; the counting machine judges. */
async function auditing(members = 6): Promise<Team> {
  const system = await freshTeam();
  const { game, checkers, team } = system;
  const machine = await ethers.deployContract("CountingMachine");
  await networkHelpers.setCode(await game.verifier(), (await machine.getDeployedCode())!);
  await checkers.setParameters({ ...(await rulesOf(system)), auditRate: 10_000, expectedAuditors: 16 });
  await toEpoch(system, 3n);
  await commitSecrets(system, team.slice(0, members));
  await toEpoch(system, 4n);
  await drawSeed(system);
  return system;
}

/** A result of epoch 4, and the round that has it audited. */
export async function audited(lies: Lies = {}, members = 6): Promise<Audit> {
  const system = await auditing(members);
  const result = await resultWith(system, lies);
  const round = await nextRound(system);
  return { system, result, id: result.job.id, round, epoch: 4n };
}

/** What a checker commits to, with its secret of the round's epoch. */
export const commitmentTo = ({ system, id, round, epoch }: Audit, member: Member, root: string) =>
  system.audits.commitmentOf(id, round, member.owner, root, secretOf(member, epoch));

export async function attest(audit: Audit, member: Member, root: string): Promise<void> {
  const commitment = await commitmentTo(audit, member, root);
  const { system } = audit;
  await system.audits.connect(member.operator).attest(commitment);
}

export const reveal = ({ system, result, round }: Audit, { owner }: Member, root: string) =>
  system.audits.connect(system.stranger).revealAttestation(result.job.job, round, owner, root);

/** Secrets are revealed an epoch later; the clock is in the epoch in which attestations are. */
export async function toReveals(audit: Audit, members: readonly Member[]): Promise<void> {
  await toEpoch(audit.system, audit.epoch + 1n);
  await revealSecrets(audit.system, members);
  await toEpoch(audit.system, audit.epoch + 2n);
}

/** Members attest to roots, and reveal. */
export async function attested(audit: Audit, roots: readonly string[]): Promise<readonly Member[]> {
  const members = audit.system.team.slice(0, roots.length);
  for (const [index, member] of members.entries()) await attest(audit, member, roots[index]!);
  await toReveals(audit, members);
  for (const [index, member] of members.entries()) await reveal(audit, member, roots[index]!);
  return members;
}
