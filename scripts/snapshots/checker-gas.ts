import { readFile } from "node:fs/promises";
import type { ContractTransactionResponse } from "ethers";
import { CHANNEL_BIT, DAY, EXIT_BOUNTY, openChannel } from "../../test/support/channels.ts";
import { rulesOf } from "../../test/support/checker-rules.ts";
import {
  answersIn,
  beginEpoch,
  blindingOf,
  chainOf,
  commitReports,
  commitSecrets,
  joinAsChecker,
  type Member,
  nextRound,
  receiptEvidence,
  type Report,
  REQUESTS,
  revealReports,
  revealSecrets,
  saltOf,
  secretOf,
  stakeFor,
  type Team,
  toEpoch,
  upTo,
} from "../../test/support/checkers.ts";
import {
  ATH,
  createJob,
  deploySystem,
  ethers,
  joinAsProvider,
  networkHelpers,
  type Signer,
  speakAs,
  submitResult,
  time,
} from "../../test/support/system.ts";

/** Receipts and jobs end at fixed times: calldata costs by its bytes, and times are in it. */
const START = 4_100_000_000n;
const CHECKERS = 9;
const PROVIDERS = 10;
/** Every checker reports on these in the first epoch, so that they have a score in the second. */
const SCORED = 3;
const FULL = 32;

/** Gas of what checkers send in an epoch, with every account in use before. A report shows the receipts of a channel. */
export async function measureCheckerGas(): Promise<Record<string, number>> {
  await time.increaseTo(START);
  const gas: Record<string, number> = {};
  const measure = async (name: string, sent: Promise<ContractTransactionResponse>) => {
    gas[name] = Number((await (await sent).wait())!.gasUsed);
  };
  const { system, providers } = await deploy(measure);
  const { ath, audits, beacon, checkers, fees, pay, reports, administrator, stranger, addresses, team } =
    system;
  const [first, second] = team as [Member, Member];
  const last = team.at(-1)!;
  const [nine, five, full] = providers as [Signer, Signer, Signer];
  const earn = async () => {
    await ath.connect(administrator).transfer(fees, 100n * ATH);
    return pay.connect(stranger).collect(addresses.ath);
  };

  // An epoch in which slots are written that later ones only change.
  const before = await beginEpoch(system);
  const earlier = new Map<Member, Report[]>();
  for (const [index, member] of team.entries()) {
    earlier.set(member, await measured(system, member, before, providers.slice(0, SCORED), index));
    await commitReports(system, member, earlier.get(member)!);
  }
  await earn();
  const epoch = await commitSecrets(system, team.slice(0, -1));
  await measure("Checkers.commit", commitSecretOf(system, last, epoch));

  await toEpoch(system, epoch);
  await measure("DrawBeacon.request", beacon.connect(stranger).request());
  await networkHelpers.mine(1);
  await measure("DrawBeacon.fix", beacon.connect(stranger).fix());
  await measure("Checkers.draw", checkers.connect(stranger).draw(await beacon.latest()));
  await revealSecrets(system);
  for (const member of team) await revealReports(system, member, earlier.get(member)!);
  await earn();
  await measure("CheckerPay.collect", earn());
  const now = new Map<Member, Report[]>();
  for (const [index, member] of team.entries()) {
    const chosen = member === first ? providers : member === last ? [nine] : [nine, full];
    if (index > 0 && index < 5) chosen.splice(1, 0, five);
    now.set(member, await measured(system, member, epoch, chosen, index));
    const committed = commitReports(system, member, now.get(member)!);
    if (member === last) await measure("QualityReports.commitReports", committed);
    else await committed;
  }
  const deadline = START + (29n * DAY) / 10n;
  const { id, job } = await createJob(system, { salt: 9_000n, submitDeadline: deadline });
  await submitResult(system, { id, job });
  const round = await nextRound(system);
  const root = ethers.id("root");
  for (const member of [first, second]) {
    const secret = secretOf(member, epoch);
    const commitment = await audits.commitmentOf(id, round, member.owner, root, secret);
    const attested = audits.connect(member.operator).attest(commitment);
    if (member === second) await measure("ResultAudits.attest", attested);
    else await attested;
  }

  await toEpoch(system, epoch + 1n);
  await revealSecrets(system, team.slice(0, -1));
  await measure("Checkers.reveal", checkers.connect(stranger).reveal(last.owner, secretOf(last, epoch)));
  for (const provider of [nine, five, full]) await reports.score(provider);
  for (const member of team.slice(1, -1)) await revealReports(system, member, now.get(member)!);
  await measure(
    `QualityReports.revealReports of one provider, ${REQUESTS} receipts`,
    revealReports(system, last, now.get(last)!),
  );
  await measure(
    `QualityReports.revealReports of ten providers, ${REQUESTS} receipts each`,
    revealReports(system, first, now.get(first)!),
  );

  await toEpoch(system, epoch + 2n);
  await fill(system, epoch, full);
  for (const [count, provider] of [
    [5, five],
    [9, nine],
    [FULL, full],
  ] as const) {
    const found = await reports.reportCount(epoch, provider);
    if (found !== BigInt(count)) throw new Error(`${found} reports in place of ${count}`);
    await measure(`QualityReports.score of ${count} reports`, reports.connect(stranger).score(provider));
  }
  for (const { owner } of [first, second]) {
    const revealed = audits.connect(stranger).revealAttestation(job, round, owner, root);
    if (owner === second.owner) await measure("ResultAudits.revealAttestation", revealed);
    else await revealed;
  }
  await pay.connect(stranger).claim(before, addresses.ath, second.owner);

  await toEpoch(system, epoch + 3n);
  await audits.count(id, round, first.owner);
  await measure("ResultAudits.count", audits.connect(stranger).count(id, round, second.owner));
  await measure("CheckerPay.claim", pay.connect(stranger).claim(epoch, addresses.ath, second.owner));
  return gas;
}

/** Ten providers that take channels, all enrolled, and nine checkers who are all drawn for everything. */
async function deploy(
  measure: (name: string, sent: Promise<ContractTransactionResponse>) => Promise<void>,
): Promise<{ system: Team; providers: Signer[] }> {
  const system = await deploySystem();
  const { vault, channels, checkers, reports, operator, client } = system;
  await checkers.setParameters({ ...(await rulesOf(system)), auditRate: 10_000, expectedAuditors: 16 });
  await stakeFor(system, client, 1n);
  const account = (name: string) => speakAs(ethers.getAddress(ethers.dataSlice(ethers.id(name), 12)));
  const providers = [system.provider];
  while (providers.length < PROVIDERS) {
    const owner = await account(`provider ${providers.length}`);
    await joinAsProvider(system, owner, operator);
    providers.push(owner);
  }
  for (const owner of providers) {
    await stakeFor(system, owner, 20_000n * ATH);
    await vault.connect(owner).approveStakeModules(CHANNEL_BIT);
    await channels.connect(owner).addReceiptKey(operator);
    await reports.enroll(owner);
  }
  const team: Member[] = [];
  for (let i = 0; i < CHECKERS; i += 1) {
    team.push({ owner: await account(`owner ${i}`), operator: await account(`operator ${i}`) });
  }
  for (const member of team.slice(0, -1)) await joinAsChecker(system, member);
  const { owner, operator: key } = team.at(-1)!;
  await stakeFor(system, owner, 10_000n * ATH);
  await vault.connect(owner).approveStakeModules(await vault.moduleBit(checkers));
  await measure("Checkers.join", checkers.connect(owner).join(key));
  return { system: { ...system, team }, providers };
}

async function commitSecretOf(
  { checkers }: Team,
  member: Member,
  epoch: bigint,
): Promise<ContractTransactionResponse> {
  const commitment = await checkers.commitmentOf(member.owner, epoch, secretOf(member, epoch));
  return checkers.connect(member.operator).commit(epoch, commitment);
}

/** A report on each provider, in order, with its receipts. What is measured falls from checker to checker: the order that takes longest to sort. */
async function measured(
  system: Team,
  member: Member,
  epoch: bigint,
  providers: readonly Signer[],
  index: number,
): Promise<Report[]> {
  const signedAt = START + epoch * DAY + DAY / 2n;
  const found: Report[] = [];
  for (const provider of providers) {
    const blinding = blindingOf(member, provider.address);
    const terms = {
      salt: saltOf(member, epoch, blinding),
      provider: provider.address,
      expiresAt: START + 30n * DAY,
    };
    const channel = await openChannel(system, terms, { deposit: 2n * EXIT_BOUNTY });
    const receipts = await answersIn(system, channel, upTo(REQUESTS, 1), { expiry: signedAt + DAY });
    found.push({
      provider: provider.address,
      ...valuesOf(index),
      evidence: receiptEvidence(system, blinding, channel, receipts),
    });
  }
  const sorted = found.toSorted((a, b) => (BigInt(a.provider) < BigInt(b.provider) ? -1 : 1));
  if (chainOf(sorted).length !== providers.length + 1) throw new Error("reports are missing");
  return sorted;
}

const valuesOf = (index: number) => ({
  latency: 400n - BigInt(index),
  throughput: 6_000n - BigInt(index),
  uptime: 10_000n - BigInt(index),
});

/** Writes as many reports as there can be: a draw makes so many too rarely to wait for. */
async function fill({ reports }: Team, epoch: bigint, provider: Signer): Promise<void> {
  const file = new URL("../../test/snapshots/storage.json", import.meta.url);
  const { QualityReports } = JSON.parse(await readFile(file, "utf8")) as {
    QualityReports: { _reports: string };
  };
  const coder = ethers.AbiCoder.defaultAbiCoder();
  const slot = (key: string, type: string, value: unknown) =>
    ethers.keccak256(coder.encode([type, "bytes32"], [value, key]));
  const base = ethers.toBeHex(parseInt(QualityReports._reports), 32);
  const list = slot(slot(base, "uint32", epoch), "address", provider.address);
  const address = await reports.getAddress();
  await networkHelpers.setStorageAt(address, list, FULL);
  const content = BigInt(ethers.keccak256(list));
  for (let i = 0; i < FULL; i += 1) {
    const { latency, throughput, uptime } = valuesOf(i);
    const checker = BigInt(ethers.dataSlice(ethers.id(`checker ${i}`), 12));
    const word = (checker << 96n) | (throughput << 48n) | (latency << 16n) | uptime;
    await networkHelpers.setStorageAt(address, ethers.toBeHex(content + BigInt(i), 32), word);
  }
}
