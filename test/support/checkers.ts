import { type ContractTransactionResponse, type ParamType, solidityPackedKeccak256 } from "ethers";
import { signReceipt } from "../../sdk/src/channels/typed-data.ts";
import type { Receipt, Signed } from "../../sdk/src/channels/types.ts";
import {
  CHANNEL_BIT,
  contractOf,
  EXIT_BOUNTY,
  type OpenChannel,
  openChannel,
  receiptOf,
} from "./channels.ts";
import { rulesOf } from "./checker-rules.ts";
import {
  ATH,
  createJob,
  deploySystem,
  ethers,
  fund,
  loadFixture,
  networkHelpers,
  type OpenJob,
  type Signer,
  speakAs,
  submitResult,
  type System,
  time,
} from "./system.ts";

export const EPOCH = 86_400n;
export const STAKE = 10_000n * ATH;
/** What the deployed parameters make of it. */
export const MISSING = 200n * ATH;
export const OMITTED = 100n * ATH;
export const FALSE_ATTESTATION = 400n * ATH;

/** A checker: the account that staked, and its operator key. */
export interface Member {
  readonly owner: Signer;
  readonly operator: Signer;
}

export interface Team extends System {
  readonly team: readonly Member[];
}

const coder = ethers.AbiCoder.defaultAbiCoder();

/** The system with six checkers, and its provider enrolled, in epoch 0. */
async function deployTeam(): Promise<Team> {
  const system = await deploySystem();
  const signers = await ethers.getSigners();
  const team = Array.from({ length: 6 }, (_, i) => ({ owner: signers[8 + i]!, operator: signers[14 + i]! }));
  for (const member of team) await joinAsChecker(system, member);
  await takeChannels(system);
  await system.reports.enroll(system.provider);
  return { ...system, team };
}

/** Lets the system's provider take channels of many checkers. */
async function takeChannels(system: System): Promise<void> {
  const { vault, channels, provider, operator } = system;
  await stakeFor(system, provider, 50_000n * ATH);
  await vault.connect(provider).approveStakeModules(CHANNEL_BIT);
  await channels.connect(provider).addReceiptKey(operator);
}

export const freshTeam = (): Promise<Team> => loadFixture(deployTeam);

/** The system with sixteen checkers, all of whom are drawn for everything, and exams of hardware from epoch 2 on; none at random. */
async function deployCrowd(): Promise<Team> {
  const system = await deploySystem();
  const team: Member[] = [];
  for (let i = 0; i < 16; i += 1) {
    const account = (role: string) =>
      speakAs(ethers.getAddress(ethers.dataSlice(ethers.id(`${role} ${i.toString()}`), 12)));
    team.push({ owner: await account("owner"), operator: await account("operator") });
    await joinAsChecker(system, team[i]!);
  }
  await system.checkers.setParameters({
    ...(await rulesOf(system)),
    expectedCheckers: 16,
    minimumCheckers: 16,
    examRate: 0,
  });
  await takeChannels(system);
  return { ...system, team };
}

export const freshCrowd = (): Promise<Team> => loadFixture(deployCrowd);

/** Stakes ATH, approves the module, and joins. */
export async function joinAsChecker(
  system: System,
  { owner, operator }: Member,
  staked = STAKE,
): Promise<void> {
  const { vault, checkers, addresses } = system;
  await stakeFor(system, owner, staked);
  await vault.connect(owner).approveStakeModules(await vault.moduleBit(addresses.checkers));
  await checkers.connect(owner).join(operator);
}

export async function stakeFor(system: System, owner: Signer, amount: bigint): Promise<void> {
  await fund(system, owner, amount);
  await system.vault.connect(owner).stake(amount);
}

/** The secret of a checker in these tests. */
export const secretOf = ({ owner }: Member, epoch: bigint): string =>
  solidityPackedKeccak256(["address", "uint256"], [owner.address, epoch]);

export const currentEpoch = ({ checkers }: System): Promise<bigint> => checkers.currentEpoch();

/** Moves the clock into an epoch, so many seconds after its beginning. */
export async function toEpoch({ checkers }: System, epoch: bigint, seconds = 10n): Promise<void> {
  const at = (await checkers.startOf(epoch)) + seconds;
  if (BigInt(await time.latest()) < at) await time.increaseTo(at);
}

/** Has checkers commit to their secrets of the next epoch. */
export async function commitSecrets(system: Team, members: readonly Member[] = system.team): Promise<bigint> {
  const epoch = (await currentEpoch(system)) + 1n;
  for (const member of members) {
    const commitment = await system.checkers.commitmentOf(member.owner, epoch, secretOf(member, epoch));
    await system.checkers.connect(member.operator).commit(epoch, commitment);
  }
  return epoch;
}

/** Has the beacon make a value. */
export async function nextRound({ beacon }: System): Promise<bigint> {
  await beacon.request();
  await networkHelpers.mine(1);
  await beacon.fix();
  return beacon.latest();
}

/** Fixes the current epoch's seed. */
export async function drawSeed(system: System): Promise<ContractTransactionResponse> {
  return system.checkers.draw(await nextRound(system));
}

/** Checkers commit, the next epoch begins, and its seed is drawn. */
export async function beginEpoch(system: Team, members: readonly Member[] = system.team): Promise<bigint> {
  const epoch = await commitSecrets(system, members);
  await toEpoch(system, epoch);
  await drawSeed(system);
  return epoch;
}

/** Reveals the secrets of the epoch before the current one. */
export async function revealSecrets(system: Team, members: readonly Member[] = system.team): Promise<void> {
  const epoch = (await currentEpoch(system)) - 1n;
  for (const member of members) await system.checkers.reveal(member.owner, secretOf(member, epoch));
}

export interface Report {
  readonly provider: string;
  readonly latency: bigint;
  readonly throughput: bigint;
  readonly uptime: bigint;
  readonly evidence: string;
}

/** What was measured of a provider that did not answer. */
export const absent = (provider: { readonly address: string }): Report => ({
  provider: provider.address,
  latency: 0n,
  throughput: 0n,
  uptime: 0n,
  evidence: "0x",
});

const REPORT = "tuple(address provider,uint32 latency,uint48 throughput,uint16 uptime,bytes evidence)";

/** Hashes before and after each report; what is committed to is the last. */
export function chainOf(reports: readonly Report[], from = ethers.ZeroHash): string[] {
  const hashes = [from];
  for (const report of reports) {
    hashes.push(ethers.keccak256(coder.encode(["bytes32", REPORT], [hashes.at(-1), report])));
  }
  return hashes;
}

export const tipOf = (reports: readonly Report[]): string => chainOf(reports).at(-1)!;

/** What a report of full uptime has to show, as deployed. */
export const REQUESTS = 10;

/** The salt by which a channel, or the job of an index, names its checker and its epoch. */
export function saltOf({ owner }: Member, epoch: bigint, blinding: string, index?: number): bigint {
  const types = ["address", "uint32", "bytes32", ...(index === undefined ? [] : ["uint256"])];
  const values = [owner.address, epoch, blinding, ...(index === undefined ? [] : [index])];
  return BigInt(ethers.keccak256(coder.encode(types, values))) & (2n ** 64n - 1n);
}

export const blindingOf = (member: Member, label = ""): string =>
  ethers.id(`${member.owner.address} ${label}`);

/** A channel that a checker has somebody else's account open for an epoch; who pays has little to lose. */
export const askingChannel = (
  system: System,
  member: Member,
  epoch: bigint,
  blinding: string,
): Promise<OpenChannel> =>
  openChannel(system, { salt: saltOf(member, epoch, blinding) }, { deposit: 2n * EXIT_BOUNTY });

/** Receipts of answers to the requests of these nonces. */
export async function answersIn(
  system: System,
  channel: OpenChannel,
  nonces: readonly number[],
  fields: Partial<Receipt> = {},
  key = system.operator,
): Promise<Signed<Receipt>[]> {
  return Promise.all(
    nonces.map((nonce) => receiptOf(system, channel, { nonce: BigInt(nonce), ...fields }, key)),
  );
}

/** The numbers from 0, or `first`, on. */
export const upTo = (count: number, first = 0): number[] =>
  Array.from({ length: count }, (_, i) => first + i);

/** Evidence of the first kind; of the third without a channel. */
export function receiptEvidence(
  { channels }: System,
  blinding: string,
  channel: OpenChannel | undefined,
  receipts: readonly Signed<Receipt>[],
  signatures = receipts.map(({ signature }) => signature),
): string {
  const inputs = channels.interface.getFunction("settleWithReceipt").inputs;
  const types = ["bytes32", ...(channel ? [inputs[0]!] : []), listOf(inputs[3]!), "bytes[]"];
  const messages = receipts.map(({ message }) => message);
  const values = [blinding, ...(channel ? [channel.terms] : []), messages, signatures];
  return ethers.concat([channel ? "0x01" : "0x03", coder.encode(types, values)]);
}

const listOf = (parameter: ParamType): string => `${parameter.format("full").replace(/ \w+$/, "")}[]`;

/** Jobs of these indices that a checker has somebody else's account create, and that the provider answers. */
export async function askByJobs(
  system: System,
  member: Member,
  epoch: bigint,
  indices: readonly number[],
  blinding = blindingOf(member),
): Promise<OpenJob[]> {
  const jobs = [];
  for (const index of indices) {
    const job = await createJob(system, { salt: saltOf(member, epoch, blinding, index), maxTokens: 1 });
    await submitResult(system, job, [11]);
    jobs.push(job);
  }
  return jobs;
}

/** Evidence of the second kind. */
export function jobEvidence({ escrow }: System, jobs: readonly OpenJob[], blinding: string): string {
  const terms = escrow.interface.getFunction("decline").inputs[0]!;
  const types = ["bytes32", listOf(terms)];
  return ethers.concat(["0x02", coder.encode(types, [blinding, jobs.map(({ job }) => job)])]);
}

/** What a checker measures; what is left out is the usual. */
export interface Measured {
  readonly latency?: bigint;
  readonly throughput?: bigint;
  readonly uptime?: bigint;
  readonly label?: string;
  /** Answers that it shows. */
  readonly answers?: number;
}

/** A report on the system's provider in the current epoch, with the receipts of a channel as evidence. */
export async function measure(
  system: System,
  member: Member,
  { latency = 300n, throughput = 5_000n, uptime = 10_000n, label = "", answers = REQUESTS }: Measured = {},
): Promise<Report> {
  const blinding = blindingOf(member, label);
  const channel = await askingChannel(system, member, await currentEpoch(system), blinding);
  const receipts = await answersIn(system, channel, upTo(answers, 1));
  const evidence = receiptEvidence(system, blinding, channel, receipts);
  return { provider: system.provider.address, latency, throughput, uptime, evidence };
}

/** Commits to reports in the current epoch. */
export async function commitReports(
  { reports, checkers }: System,
  member: Member,
  of: readonly Report[],
): Promise<ContractTransactionResponse> {
  return reports.connect(member.operator).commitReports(await checkers.currentEpoch(), tipOf(of));
}

/** Reveals all reports of a checker at once. */
export function revealReports(
  { reports, stranger }: System,
  member: Member,
  of: readonly Report[],
): Promise<ContractTransactionResponse> {
  return reports.connect(stranger).revealReports(member.owner, ethers.ZeroHash, [...of]);
}

/** Each of the members reports its value, from the epoch's beginning to the reveals; returns the epoch. The clock is in the next one. */
export async function playEpoch(
  system: Team,
  values: readonly Measured[],
  members: readonly Member[] = system.team.slice(0, values.length),
): Promise<bigint> {
  const epoch = await beginEpoch(system, members);
  const all: Report[] = [];
  for (const [index, member] of members.entries()) {
    const value = values[index]!;
    const label = epoch.toString();
    all.push(
      value.uptime === 0n ? absent(system.provider) : await measure(system, member, { ...value, label }),
    );
    await commitReports(system, member, [all[index]!]);
  }
  await toEpoch(system, epoch + 1n);
  await revealSecrets(system, members);
  for (const [index, member] of members.entries()) await revealReports(system, member, [all[index]!]);
  return epoch;
}

/** A report on a provider in an exam of its hardware, with receipts that its operator key signs for nothing. */
export async function examine(
  system: System,
  member: Member,
  epoch: bigint,
  throughput: bigint,
  {
    provider = system.provider,
    key = system.operator,
    of = member,
    at = epoch,
    nonces = upTo(REQUESTS, 1),
  } = {},
): Promise<Report> {
  const blinding = blindingOf(member, epoch.toString());
  const channel = await system.asked.examIdOf(of.owner, at, provider, blinding);
  const common = {
    channel,
    modelRoot: system.modelRoot,
    inputRoot: ethers.id("input"),
    outputTokensRoot: ethers.id("output"),
    outputCount: 1n,
    complete: true,
    price: 0n,
    expiry: BigInt(await time.latest()),
  };
  const receipts = await Promise.all(
    nonces.map((nonce) => signReceipt(key, contractOf(system), { ...common, nonce: BigInt(nonce) })),
  );
  return {
    provider: provider.address,
    latency: 300n,
    throughput,
    uptime: 10_000n,
    evidence: receiptEvidence(system, blinding, undefined, receipts),
  };
}

/** Five of the crowd examine a provider and find this throughput, in millions; returns the epoch. The clock is where it is judged. */
export async function playExam(
  system: Team,
  throughput: bigint,
  provider: Signer = system.provider,
): Promise<bigint> {
  const epoch = await beginEpoch(system);
  const five = system.team.slice(0, 5);
  const all: Report[] = [];
  for (const [index, member] of five.entries()) {
    all.push(await examine(system, member, epoch, throughput, { provider }));
    await commitReports(system, member, [all[index]!]);
  }
  await commitSecrets(system);
  await toEpoch(system, epoch + 1n);
  await drawSeed(system);
  await revealSecrets(system, five);
  for (const [index, member] of five.entries()) await revealReports(system, member, [all[index]!]);
  await commitSecrets(system);
  await toEpoch(system, epoch + 2n);
  await system.reports.score(provider);
  return epoch;
}
