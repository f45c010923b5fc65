// Epochs as checkers live through them: what they send, what the chain makes of it, and what it pays.
import { expect } from "chai";
import { connectContracts } from "../protocol/connect-contracts.ts";
import {
  commitMeasured,
  commitSecrets,
  drawSeed,
  joinCheckers,
  openToChannels,
  revealAll,
  secretOf,
  toEpoch,
  type Measured,
  type Member,
} from "../testing/checker-world.ts";
import { mined, registerProvider, startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { drawThreshold, isDrawn, providerSubject } from "./hashes.ts";
import type { QualityReport } from "./types.ts";

const ONE = 10n ** 18n;
const LAST = 5;
/** Fees in the first epoch, ATH units: they divide by nothing that the test divides them by. */
const FEES = 1_000n * ONE + 7n;

/** What nine checkers measure in an epoch: the later, the slower; the last of them measures something else, and in the third epoch another one finds nobody there. */
function measuredIn(epoch: number): Measured[] {
  return Array.from({ length: 9 }, (_, index) => {
    if (epoch === 3 && index === 7) return undefined;
    const factor = index === 8 ? 10 : 1;
    return {
      latency: factor * (300 + 40 * epoch + 10 * index),
      throughput: 5_000 - index,
      uptime: 10_000 - 10 * index,
    };
  });
}

describe("nine checkers", () => {
  let chain: LocalChain;
  let members: Member[];
  let first: Member;
  let provider: string;

  before(async () => {
    chain = await startLocalChain({ checkers: { requests: 1 } });
    await registerProvider(chain);
    await openToChannels(chain);
    members = await joinCheckers(chain, 9);
    first = members[0]!;
    provider = chain.accounts.owner.address;
  });
  after(() => chain.close());

  it("play epochs 1 to 5 with reports and medians, and are paid to the last unit", async () => {
    const { byOwner: anyone } = first;
    const { qualityReports, checkerPay, checkers, feeDistributor } = await contractsOf();
    await anyone.enroll(provider);
    expect(await anyone.enrolled()).to.deep.equal([{ provider, since: 0, until: undefined }]);
    const reports = new Map<number, QualityReport[]>();
    const pots = new Map<number, bigint>();
    let collected = 0n;
    let paid = 0n;
    let score: { uptime: number; latency: number; throughput: number } | undefined;

    for (let epoch = 0; epoch <= LAST + 3; epoch += 1) {
      await toEpoch(chain, anyone, epoch);
      expect(await anyone.currentEpoch()).to.equal(epoch);
      if (epoch > 0 && epoch <= LAST) {
        const seed = await drawSeed(chain, anyone);
        expect(await anyone.readEpoch(epoch)).to.deep.equal({
          epoch,
          startsAt: anyone.startOf(epoch),
          endsAt: anyone.startOf(epoch) + 86_400,
          seed,
          committed: 9,
          revealed: 0,
        });
        expect(await anyone.measuredIn(epoch)).to.deep.equal([provider]);
        reports.set(epoch, await commitMeasured(chain, members, measuredIn(epoch)));
        await mined(feeDistributor.ath.transfer(feeDistributor.at, FEES * BigInt(epoch)));
        const { amount } = await anyone.collect(chain.ath.address);
        pots.set(epoch, amount);
        collected += amount;
      }
      if (epoch < LAST) expect(await commitSecrets(members)).to.equal(epoch + 1);
      if (reports.has(epoch - 1)) {
        await revealAll(members, reports.get(epoch - 1)!);
        expect((await anyone.readEpoch(epoch - 1)).revealed).to.equal(9);
        await expectDraws(epoch - 1);
        expect(await qualityReports.reportCount(epoch - 1, provider)).to.equal(9n);
      }
      if (reports.has(epoch - 2)) {
        await anyone.score(provider);
        score = next(score, measuredIn(epoch - 2));
        const found = await anyone.scoreOf(provider);
        expect(found).to.deep.equal({ provider, ...score, epoch: epoch - 2, badEpochs: 0 });
        expect(await anyone.scores()).to.deep.equal([found]);
      }
      const due = epoch - 3;
      if (!reports.has(due)) continue;
      // The ninth is an outlier in each, the eighth in the third epoch.
      const near = due === 3 ? 7 : 8;
      const part = pots.get(due)! / BigInt(near);
      await Promise.all(members.map((member, index) => expectPaid(member, due, index < near ? part : 0n)));
      paid += BigInt(near) * part;
    }
    // What is left of five pots is what rounding down left: less than a unit for each share.
    const left = await chain.contracts.ath.balanceOf(await checkerPay.getAddress());
    expect(collected - paid).to.equal(left);
    expect(left < 5n * 8n, `${left} units`).to.equal(true);
    expect((await anyone.readChecker(first.owner.address))!.lastEpoch).to.equal(LAST);
    expect(await checkers.currentEpoch()).to.equal(BigInt(LAST + 3));
  });

  it("leave with their whole stake when nothing can be held against them any more", async () => {
    const { byOwner, owner } = first;
    await toEpoch(chain, byOwner, LAST + 4);
    const { locked } = await chain.contracts.vault.stakeOf(owner.address);
    expect(locked).to.equal((await byOwner.rulesOf(LAST)).stake);
    await byOwner.resign();
    expect((await chain.contracts.vault.stakeOf(owner.address)).locked).to.equal(0n);
    expect(await byOwner.readChecker(owner.address)).to.equal(undefined);
    expect(await byOwner.ownerOf(first.operator.address)).to.equal(undefined);
  });

  /** Of fewer than all, the SDK draws those whom the contract draws. */
  async function expectDraws(epoch: number): Promise<void> {
    const { checkers } = first.byOwner.contracts;
    const seed = (await first.byOwner.readEpoch(epoch)).seed!;
    const subject = providerSubject(provider);
    const threshold = drawThreshold({ committed: 9, expected: 4 });
    expect(threshold).to.equal(await checkers.thresholdOf(epoch, 4));
    for (const member of members) {
      const drawn = isDrawn({ secret: secretOf(member, epoch), seed, subject, threshold });
      expect(drawn).to.equal(await checkers.isDrawn(epoch, member.owner.address, subject, 4));
    }
  }

  async function expectPaid({ owner, byOwner }: Member, epoch: number, amount: bigint): Promise<void> {
    const part = { epoch, token: chain.ath.address, checker: owner.address };
    const { pot, totalShares, ...pay } = await byOwner.payOf(part);
    const shares = amount === 0n ? 0n : 1n;
    expect(pay).to.deep.equal({ shares, amount, claimed: false, claimableAt: byOwner.startOf(epoch + 3) });
    if (amount === 0n) {
      expect((await rejection(byOwner.claim(part))).code).to.equal("NoPayToClaim");
      return;
    }
    expect(pot / totalShares).to.equal(amount);
    const before = await chain.contracts.ath.balanceOf(owner.address);
    expect((await byOwner.claim(part)).amount).to.equal(amount);
    expect((await chain.contracts.ath.balanceOf(owner.address)) - before).to.equal(amount);
    expect(await byOwner.payOf(part)).to.deep.include({ amount: 0n, claimed: true });
  }

  async function contractsOf() {
    const { administrator } = chain.accounts;
    const { ath } = connectContracts(administrator, chain.deployment);
    const { contracts } = first.byOwner;
    return { ...contracts, feeDistributor: { ath, at: await contracts.checkerPay.fees() } };
  }
});

/** The lower of two medians; the score a quarter of the way to it, as docs/checkers.md says. */
function next(
  score: { uptime: number; latency: number; throughput: number } | undefined,
  measured: readonly Measured[],
) {
  const there = measured.filter((one) => one !== undefined);
  const medians = {
    uptime: median(measured.map((one) => one?.uptime ?? 0)),
    latency: median(there.map(({ latency }) => latency)),
    throughput: median(there.map(({ throughput }) => throughput)),
  };
  if (!score) return medians;
  const move = (old: number, found: number) => old + Math.trunc((found - old) / 4);
  return {
    uptime: move(score.uptime, medians.uptime),
    latency: move(score.latency, medians.latency),
    throughput: move(score.throughput, medians.throughput),
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((one, other) => one - other)[Math.floor((values.length - 1) / 2)]!;
}
