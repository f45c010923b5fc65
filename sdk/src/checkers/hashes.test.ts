import { expect } from "chai";
import { id, MaxUint256, toBeHex, ZeroHash } from "ethers";
import { signReceipt } from "../channels/typed-data.ts";
import { startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { Checkers } from "./checkers.ts";
import { encodeExamEvidence, encodeJobEvidence, requiredRequests } from "./evidence.ts";
import * as hashes from "./hashes.ts";
import { reportChunks, reportHashes, reportsTip } from "./reports.ts";
import type { QualityReport } from "./types.ts";

const secret = id("secret");
const blinding = id("blinding");
const seed = id("seed");
const provider = "0x00000000000000000000000000000000000000aa";
const other = "0x00000000000000000000000000000000000000bb";
const EPOCH = 7;

const receipt = {
  channel: id("exam"),
  nonce: 9n,
  modelRoot: id("model"),
  inputRoot: id("input"),
  outputTokensRoot: id("output"),
  outputCount: 1n,
  complete: true,
  price: 0n,
  expiry: 1_800_000_000n,
};

describe("what checkers compute by themselves", () => {
  let chain: LocalChain;
  let checkers: Checkers;
  let checker: string;
  let chainId: bigint;

  before(async () => {
    chain = await startLocalChain();
    checkers = await Checkers.connect({ runner: chain.provider, deployment: chain.deployment });
    checker = chain.accounts.client.address;
    chainId = checkers.chainId;
  });
  after(() => chain.close());

  it("commits to secrets as the contract does, and to others for another checker, epoch, contract or chain", async () => {
    const contract = checkers.contracts.checkers;
    const commitment = { chainId, checkers: await contract.getAddress(), checker, epoch: EPOCH, secret };
    expect(hashes.secretCommitment(commitment)).to.equal(await contract.commitmentOf(checker, EPOCH, secret));
    const others = [{ checker: other }, { epoch: 8 }, { checkers: other }, { chainId: 1n }, { secret: seed }];
    const all = [{}, ...others].map((change) => hashes.secretCommitment({ ...commitment, ...change }));
    expect(new Set(all).size).to.equal(6);
  });

  it("draws below the contract's threshold", async () => {
    // Nobody committed to that epoch, so the contract draws everybody.
    expect(hashes.drawThreshold({ committed: 0, expected: 9 })).to.equal(
      await checkers.contracts.checkers.thresholdOf(EPOCH, 9),
    );
    expect(hashes.drawThreshold({ committed: 9, expected: 9 })).to.equal(MaxUint256);
    expect(hashes.drawThreshold({ committed: 10, expected: 9 })).to.equal((MaxUint256 / 10n) * 9n);
    const drawn = { secret, seed, subject: hashes.providerSubject(provider) };
    expect(hashes.isDrawn({ ...drawn, threshold: MaxUint256 })).to.equal(true);
    expect(hashes.isDrawn({ ...drawn, threshold: 0n })).to.equal(false);
  });

  it("names exams as the contract does", async () => {
    const { askedEvidence } = checkers.contracts;
    const exam = {
      chainId,
      asked: await askedEvidence.getAddress(),
      checker,
      epoch: EPOCH,
      provider,
      blinding,
    };
    expect(hashes.examId(exam)).to.equal(await askedEvidence.examIdOf(checker, EPOCH, provider, blinding));
    const others = [{ provider: other }, { checker: other }, { epoch: 8 }, { blinding: seed }];
    const all = [{}, ...others].map((change) => hashes.examId({ ...exam, ...change }));
    expect(new Set(all).size).to.equal(5);
  });

  it("commits to attestations, and draws their auditors, as the contract does", async () => {
    const { resultAudits } = checkers.contracts;
    const jobId = id("job");
    // A round that was never requested has no value.
    const attestation = { value: ZeroHash, jobId, checker, positionsRoot: id("root"), secret: id("secret") };
    expect(hashes.attestationCommitment(attestation)).to.equal(
      await resultAudits.commitmentOf(jobId, 3n, checker, attestation.positionsRoot, attestation.secret),
    );
    expect(hashes.auditorSubject(attestation)).to.equal(await resultAudits.subjectOf(jobId, 3n));
    expect(hashes.isAudited({ ...attestation, auditRate: 0 })).to.equal(false);
  });

  it("audits and examines about the part that it should", () => {
    const numbers = Array.from({ length: 2_000 }, (_, number) => id(String(number)));
    const audited = numbers.filter((jobId) => hashes.isAudited({ value: seed, jobId, auditRate: 1_000 }));
    expect(audited.length, "200 expected, standard deviation 13").to.be.within(130, 270);
    const providers = numbers.map((hash) => toBeHex(BigInt(hash) >> 96n, 20));
    const examined = providers.filter((one) => hashes.isExamined({ seed, provider: one, examRate: 5_000 }));
    expect(examined.length, "1,000 expected, standard deviation 22").to.be.within(890, 1_110);
  });

  it("salts channels and jobs by checker, epoch, blinding and index, below 2^64", () => {
    const place = { checker, epoch: EPOCH, blinding };
    const salts = [
      hashes.channelSalt(place),
      hashes.channelSalt({ ...place, epoch: 8 }),
      hashes.channelSalt({ ...place, checker: other }),
      hashes.channelSalt({ ...place, blinding: seed }),
      hashes.jobSalt({ ...place, index: 0 }),
      hashes.jobSalt({ ...place, index: 63 }),
    ];
    expect(new Set(salts).size).to.equal(6);
    for (const salt of salts) expect(salt >= 0n && salt < 2n ** 64n).to.equal(true);
  });

  it("chains reports, whole or in chunks, and refuses those out of order or range", async () => {
    const absent = { latency: 0, throughput: 0, uptime: 0, evidence: "0x" };
    const reports: QualityReport[] = [
      { provider, latency: 300, throughput: 5_000, uptime: 10_000, evidence: "0x0102" },
      { provider: other, ...absent },
      { provider: checker, ...absent },
    ];
    const tip = reportsTip(reports);
    const chunks = reportChunks(reports, 2);
    expect(chunks.map(({ reports: part }) => part.length)).to.deep.equal([2, 1]);
    expect(reportHashes(chunks[0]!.reports, chunks[0]!.previous).at(-1)).to.equal(tip);
    expect(reportHashes(chunks[1]!.reports, chunks[1]!.previous).at(-1)).to.equal(chunks[0]!.previous);
    expect(chunks[1]!.previous).to.equal(ZeroHash);
    const refused: [QualityReport[], string][] = [
      [[], "NoReports"],
      [[reports[1]!, reports[0]!], "NotAscending"],
      [[reports[0]!, reports[0]!], "NotAscending"],
      [[{ ...reports[0]!, uptime: 10_001 }], "InvalidArgument"],
      [[{ ...reports[0]!, latency: 0.5 }], "InvalidArgument"],
      [[{ ...reports[0]!, throughput: 2 ** 48 }], "InvalidArgument"],
      [[{ ...reports[0]!, evidence: "evidence" }], "InvalidArgument"],
      [[{ ...reports[0]!, evidence: "0x" }], "InvalidReport"],
      [[{ ...reports[1]!, latency: 1 }], "InvalidReport"],
    ];
    for (const [wrong, code] of refused) {
      const error = await rejection(Promise.resolve().then(() => reportsTip(wrong)));
      expect(error.code, JSON.stringify(wrong)).to.equal(code);
    }
  });

  it("refuses what no contract would take, and evidence of no job or too many", async () => {
    const attempts: (() => unknown)[] = [
      () => hashes.channelSalt({ checker: "me", epoch: 1, blinding }),
      () => hashes.channelSalt({ checker, epoch: -1, blinding }),
      () => hashes.jobSalt({ checker, epoch: 1, blinding, index: 64 }),
      () => hashes.isDrawn({ secret: "0x", seed, subject: 1n, threshold: 1n }),
      () => hashes.isAudited({ value: seed, jobId: seed, auditRate: 10_001 }),
      () => encodeJobEvidence({ blinding, jobs: [] }),
      () => encodeJobEvidence({ blinding, jobs: Array.from({ length: 65 }, () => undefined as never) }),
      () => encodeExamEvidence({ blinding, receipts: [receipt], signatures: [] }),
      () => encodeExamEvidence({ blinding, receipts: [receipt, receipt], signatures: ["0x", "0x"] }),
    ];
    for (const attempt of attempts) {
      const error = await rejection(Promise.resolve().then(attempt));
      expect(error.code, String(attempt)).to.equal("InvalidArgument");
    }
  });

  it("says how many requests a report has to show", () => {
    const required = [0, 1, 1_250, 1_251, 9_999, 10_000].map((uptime) =>
      requiredRequests({ uptime, requests: 8 }),
    );
    expect(required).to.deep.equal([0, 1, 1, 2, 8, 8]);
  });

  it("encodes an exam's evidence so that whoever decodes it finds blinding, receipt and signature", async () => {
    const contract = { chainId, escrow: chain.deployment.channelEscrow };
    const { signature } = await signReceipt(chain.accounts.operator, contract, receipt);
    const evidence = encodeExamEvidence({ blinding, receipts: [receipt], signatures: [signature] });
    expect(evidence.slice(0, 4)).to.equal("0x03");
    expect(evidence.slice(4, 68)).to.equal(blinding.slice(2));
    expect(evidence).to.contain(signature.slice(2));
  });
});
