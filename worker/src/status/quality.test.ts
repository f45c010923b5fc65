// What checkers found of a provider, as its status says it: everything is on a real chain, whose checkers a test moves.
import { examId, encodeExamEvidence, type QualityReport } from "@athanor/sdk/checkers";
import { signReceipt } from "@athanor/sdk/channels";
import { courtOf } from "@athanor/sdk/protocol";
import { expect } from "chai";
import { id, ZeroHash } from "ethers";
import { join } from "node:path";
import type { CheckResult } from "../check/check.ts";
import { checkExams } from "../check/exams.ts";
import { checkNewWork } from "../check/market.ts";
import { parseConfig } from "../config/load.ts";
import { asOwner, prepareChannels } from "../testing/channel.ts";
import { gatherCrowd, type Crowd, type Member } from "../testing/checkers.ts";
import { setUpWorld } from "../testing/world.ts";
import { readQuality } from "./quality.ts";
import { readStatus } from "./read-status.ts";

describe("the quality of a provider in its status", function () {
  this.timeout(120_000);
  const world = setUpWorld();
  let crowd: Crowd;
  let chain: Awaited<ReturnType<typeof world.start>>["context"]["chain"];

  before(async function () {
    this.timeout(120_000);
    await prepareChannels(world);
    crowd = await gatherCrowd(world.chain);
    await crowd.toEpoch(2);
  });

  beforeEach(async () => {
    ({ chain } = (await world.start()).context);
  });

  const config = (more = "") =>
    parseConfig(
      `
chain: { rpcUrl: "${world.chain.rpc.url}", chainId: 31337 }
keys: { operatorKeystore: operator.json }
provider: { owner: "${world.owner.address}" }
hardware: [{ class: cpu, count: 1 }]
models: [{ path: model, offers: [{ token: ATH, inputCents: "2.5", outputCents: "5" }] }]
compute: cpu
${more}
`,
      join(world.folder.path, "provider.yaml"),
    );
  const status = () => readStatus(chain, config(), null, Date.now());
  const absent = (): QualityReport => ({
    ...{ provider: world.owner.address, latency: 0, throughput: 0, uptime: 0, evidence: "0x" },
  });
  /** Five checkers report the same on the provider in the current epoch; it is scored. The clock is two epochs later. */
  async function scored(
    reportOf: (member: Member, epoch: number) => Promise<QualityReport>,
  ): Promise<number> {
    const epoch = Number(await crowd.contracts.checkers.currentEpoch());
    const reports = new Map<Member, QualityReport[]>();
    for (const member of crowd.members.slice(0, 5)) reports.set(member, [await reportOf(member, epoch)]);
    await crowd.commitReports(reports);
    await crowd.nextEpoch();
    await crowd.reveal(reports);
    await crowd.nextEpoch();
    await crowd.contracts.qualityReports.score(world.owner.address);
    return epoch;
  }

  /** Of an exam, with receipts that the provider's key signs. */
  async function examined({ owner }: Member, epoch: number): Promise<QualityReport> {
    const { chainId } = chain;
    const provider = world.owner.address;
    const { channelEscrow } = world.chain.contracts.deployment;
    const blinding = id(owner.address);
    const asked = await crowd.contracts.askedEvidence.getAddress();
    const place = { chainId, asked, checker: owner.address, epoch, provider, blinding };
    const expiry = BigInt(await world.chain.now());
    const signed = await Promise.all(
      Array.from({ length: 10 }, (_, index) =>
        signReceipt(
          world.operator,
          { chainId: place.chainId, escrow: channelEscrow },
          {
            ...{ channel: examId(place), nonce: BigInt(index + 1), modelRoot: world.modelRoot },
            ...{ inputRoot: ZeroHash, outputTokensRoot: ZeroHash, outputCount: 1n, complete: true },
            ...{ price: 0n, expiry },
          },
        ),
      ),
    );
    const evidence = encodeExamEvidence({
      blinding,
      receipts: signed.map(({ message }) => message),
      signatures: signed.map(({ signature }) => signature),
    });
    return { provider, latency: 300, throughput: 250, uptime: 10_000, evidence };
  }

  it("is nothing where the deployment names no checkers", async () => {
    const { qualityReports: _, ...deployment } = chain.contracts.deployment;
    const elsewhere = { ...chain, contracts: { ...chain.contracts, deployment } };
    expect(await readQuality(elsewhere, world.owner.address)).to.equal(null);
    const { quality, hints } = await readStatus(elsewhere, config(), null, Date.now());
    expect(quality).to.equal(null);
    expect(hints.join(" ")).to.not.match(/checker|exam/i);
  });

  it("is empty before anybody measured it, and asks for nothing", async () => {
    const { quality, hints, noNewWork } = await status();
    expect(quality).to.deep.include({ epoch: 2, measuredSince: null, score: null, recent: [], badEpochs: 0 });
    expect(quality!.exam).to.deep.include({ active: false, pending: false, next: null, passed: "0" });
    expect(noNewWork).to.deep.equal([]);
    expect(hints.join(" ")).to.not.match(/checker|exam/i);
    expect(await checkExams(chain, config())).to.deep.equal([]);
  });

  it("warns of exams that cannot reach the provider, before one is pending", async () => {
    await crowd.nextEpoch();
    const channels = config("channels: { port: 8600 }");
    const checked = async (configured = channels) => {
      const [{ status: found, detail }] = (await checkExams(chain, configured)) as [CheckResult];
      return `${found}: ${detail}`;
    };
    expect(await checked()).to.match(/^warning: .* the profile names no endpoint: nobody can examine it$/);
    const { providerRegistry } = asOwner(world);
    const { profile } = await providerRegistry.providerOf(world.owner.address);
    const { operator, watchtower, encryptionKey } = profile;
    const hardware = [{ hardwareClass: 0, count: 1 }];
    const endpoint = "https://provider.example";
    await (await providerRegistry.update({ operator, watchtower, encryptionKey, endpoint, hardware })).wait();
    expect(await checked()).to.equal("ok: checkers ask https://provider.example; none was passed yet");
    expect(await checked(config())).to.match(/^warning: .* channels are not configured: nobody can/);
  });

  it("has medians, score, bad epochs in a row and what follows", async () => {
    await crowd.contracts.qualityReports.enroll(world.owner.address);
    await crowd.nextEpoch();
    const epoch = await scored(async () => Promise.resolve(absent()));
    const { quality, hints } = await status();
    expect(quality).to.deep.include({ measuredSince: 2, badEpochs: 1, announcedAt: 3, uptimeFloor: 9_000 });
    expect(quality!.score).to.deep.equal({ uptime: 0, latency: 0, throughput: "0", epoch });
    expect(quality!.recent).to.deep.equal([
      { epoch, reports: 5, near: 5, exam: false, uptime: 0, latency: 0, throughput: "0" },
    ]);
    expect(hints.join("\n")).to.match(
      /uptime below 90 % in the last scored epoch; with 3 anyone can announce .* quality court\./,
    );
    // It served before exams began: nobody can stop it for one.
    expect(quality!.exam).to.deep.include({
      active: true,
      enterable: false,
      claim: "1000000000",
      passed: "0",
    });
    expect(hints.join(" ")).to.not.contain("exam");
  });

  it("tells a suspension by exams from one by the court, and what to do about each", async () => {
    await crowd.nextEpoch();
    const early = await status();
    expect(early.quality!.exam).to.deep.include({ active: true, enterable: true, pending: false });
    expect(early.hints.join("\n")).to.match(
      /claims 1 billion .*more than the 0 billion .* passed an exam with, and exams are held/,
    );
    await crowd.contracts.hardwareExams.enter(world.owner.address);
    const before = await status();
    expect(before.quality!.exam).to.deep.include({
      active: true,
      pending: true,
      since: 3,
      next: 4,
      liftedFrom: 10,
    });
    expect(before.noNewWork).to.deep.equal(["the provider waits for an exam of its hardware"]);
    expect(before.court.suspended).to.equal(false);
    expect(before.hints[0])
      .to.match(/^The provider waits for an exam of its hardware since epoch 3: .* 80 % of the 1 billion/)
      .and.match(/next exam is in epoch 4, .*endpoint: without one nobody can examine it.*lower the claim/);
    expect(before.hints.join(" ")).to.not.contain("reinstate");
    expect(
      (await checkNewWork(chain, config())).map(({ status: found, detail }) => `${found}: ${detail}`),
    ).to.deep.equal(["warning: the provider waits for an exam of its hardware"]);

    await crowd.nextEpoch();
    const epoch = await scored(examined);
    await crowd.contracts.hardwareExams.judge(epoch, world.owner.address);
    const failed = await status();
    expect(failed.quality!.exam).to.deep.include({ pending: true, judged: epoch, passed: "0" });
    expect(failed.quality!.recent[0]).to.deep.include({ epoch, exam: true, throughput: "250000000" });
    expect(failed.hints[0]).to.contain(
      `The last one, of epoch ${epoch}, measured 0.25 billion multiply-adds/s, 25 %`,
    );

    const court = await courtOf(world.chain.contracts);
    const { address } = world.owner;
    const stake = await world.chain.contracts.providerRegistry.hardwareLockOf(address);
    await court.announce(address, stake / 10n, ZeroHash, "Too slow.");
    const caseId = await court.caseIdOf(address, 1);
    await world.chain.pass(7 * 86_400 + 1);
    await court.execute(caseId);
    const both = await status();
    expect(both.noNewWork).to.have.length(2);
    expect(both.court.suspended).to.equal(true);
    expect(both.hints.join("\n"))
      .to.match(/^The provider is suspended for bad service until .*reinstate/m)
      .and.match(
        /^The provider waits for an exam .* No exams are held in this epoch, so anyone can end the wait/m,
      );
    await crowd.contracts.hardwareExams.lift(address);
    const lifted = await status();
    expect(lifted.quality!.exam).to.deep.include({ pending: false, passed: "1000000000", liftedFrom: null });
    expect(lifted.noNewWork).to.deep.equal(["the provider is suspended by the protocol, for now"]);
  });
});
