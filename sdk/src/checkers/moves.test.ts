// Longer than 400 lines: one story of four epochs, in which every move is made once, and refused once before it is sent.
import { expect } from "chai";
import { id, toBeHex, ZeroHash, type HDNodeWallet } from "ethers";
import { signReceipt } from "../channels/typed-data.ts";
import type { ErrorCode } from "../errors/catalogue.ts";
import { connectContracts } from "../protocol/connect-contracts.ts";
import type { JobTerms } from "../protocol/job.ts";
import { answerTokens } from "../testing/byte-tokenizer.ts";
import {
  askByChannel,
  blindingOf,
  commitSecrets,
  connectChecker,
  drawSeed,
  joinCheckers,
  openToChannels,
  secretOf,
  stakeForChecker,
  toEpoch,
  type Member,
} from "../testing/checker-world.ts";
import { mined, registerProvider, startLocalChain, type LocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { startScriptedProvider } from "../testing/scripted-provider.ts";
import { Checkers } from "./checkers.ts";
import { encodeExamEvidence } from "./evidence.ts";
import { attestationCommitment, auditorSubject, examId, isAudited } from "./hashes.ts";
import { reportChunks, reportsTip } from "./reports.ts";
import type { QualityReport } from "./types.ts";

const ONE = 10n ** 18n;
const STAKE = 10_000n * ONE;
const HOUR = 3_600;
const FEES = 1_000n * ONE;
const ROOT = id("positions");

const absent = (provider: string): QualityReport => ({
  ...{ provider, latency: 0, throughput: 0, uptime: 0, evidence: "0x" },
});
const sorted = (reports: readonly QualityReport[]) =>
  [...reports].sort((one, other) => (BigInt(one.provider) < BigInt(other.provider) ? -1 : 1));

describe("the moves of checkers", () => {
  let chain: LocalChain;
  let members: Member[];
  let stranger: Checkers;
  let worker: { stop(): Promise<void> };
  /** Serves; does not answer; waits for the exam of its hardware. */
  let [serves, silent, fresh]: string[] = [];
  let freshOperator: HDNodeWallet;
  let job: { readonly id: string; readonly terms: JobTerms };
  let round: bigint;
  const reports = new Map<number, QualityReport[][]>();

  before(async () => {
    chain = await startLocalChain({
      checkers: {
        ...{ epochLength: HOUR, quorum: 3, requests: 1, expectedCheckers: 16, expectedAuditors: 16 },
        ...{ auditRate: 10_000, floorEpochs: 2, minimumCheckers: 16, examRate: 0 },
      },
    });
    await registerProvider(chain);
    await openToChannels(chain);
    serves = chain.accounts.owner.address;
    silent = (await addProvider()).owner;
    stranger = await connectChecker(chain, chain.accounts.stranger);
    members = await joinCheckers(chain, 16);
    worker = startScriptedProvider(chain, () => answerTokens("or not to be"));
  });
  after(async () => {
    await worker.stop();
    await chain.close();
  });

  async function addProvider() {
    const [owner, operator] = [await chain.newWallet(), await chain.newWallet()];
    await registerProvider(chain, { owner, operator: operator.address });
    const own = connectContracts(owner, chain.deployment);
    await mined(own.vault.approveStakeModules(await own.vault.moduleBit(chain.deployment.channelEscrow)));
    await mined(own.channelEscrow.addReceiptKey(operator));
    return { owner: owner.address, signer: owner, operator };
  }

  /** The move is refused by this error, and nothing was sent. */
  async function refused(by: Checkers, move: () => Promise<unknown>, code: ErrorCode): Promise<void> {
    const sent = () => chain.provider.getTransactionCount(by.account!);
    const before = await sent();
    const error = await rejection(move());
    expect(error.code, error.message).to.equal(code);
    expect(await sent()).to.equal(before);
  }

  async function payFees(): Promise<bigint> {
    const { ath } = connectContracts(chain.accounts.administrator, chain.deployment);
    await mined(ath.transfer(await stranger.contracts.checkerPay.fees(), FEES));
    return (await stranger.collect(chain.ath.address)).amount;
  }

  const balance = (account: string) => chain.contracts.ath.balanceOf(account);
  const addressOf = (index: number) => members[index]!.owner.address;

  it("join, change keys and leave", async () => {
    const [owner, operator] = [await chain.newWallet(), await chain.newWallet()];
    const newcomer = await connectChecker(chain, owner);
    const join = (key: string) => () => newcomer.join({ operator: key });
    await refused(newcomer, join(operator.address), "InsufficientStake");
    await refused(newcomer, join(owner.address), "InvalidOperator");
    await refused(newcomer, join("operator"), "InvalidArgument");
    await refused(newcomer, () => newcomer.topUp(), "NotChecker");
    await refused(newcomer, () => newcomer.resign(), "NotChecker");
    await stakeForChecker(chain, owner, STAKE);
    await newcomer.join({ operator: operator.address });
    expect(await newcomer.readChecker(owner.address)).to.deep.equal({
      ...{ checker: owner.address, operator: operator.address, locked: STAKE, lastEpoch: 0, held: 0 },
    });
    await refused(newcomer, join(operator.address), "AlreadyChecker");
    await refused(newcomer, () => newcomer.setOperator(members[0]!.operator.address), "InvalidOperator");
    const other = await chain.newWallet();
    await newcomer.setOperator(other.address);
    expect(await newcomer.ownerOf(other.address)).to.equal(owner.address);
    expect(await newcomer.ownerOf(operator.address)).to.equal(undefined);
    await newcomer.resign();
    expect(await newcomer.readChecker(owner.address)).to.equal(undefined);
    // A checker that joins again has approved the contract already.
    await newcomer.join({ operator: operator.address });
    await newcomer.resign();
  });

  it("enrol whom clients can reach, and collect", async () => {
    for (const provider of [serves!, silent!]) await stranger.enroll(provider);
    await refused(stranger, () => stranger.enroll(serves!), "EnrolledAlready");
    await refused(stranger, () => stranger.enroll(stranger.account!), "NotMeasurable");
    await refused(stranger, () => stranger.retire(serves!), "StillMeasurable");
    await refused(stranger, () => stranger.retire(stranger.account!), "NotEnrolled");
    const gone = await addProvider();
    await stranger.enroll(gone.owner);
    expect((await stranger.enrolled()).map(({ provider }) => provider)).to.have.members([
      serves,
      silent,
      gone.owner,
    ]);
    const { providerRegistry } = connectContracts(gone.signer, chain.deployment);
    for (const token of [chain.ath, chain.stablecoin]) {
      await mined(providerRegistry.removeOffer(chain.model, token.address));
    }
    await stranger.retire(gone.owner);
    expect((await stranger.enrolled()).map(({ provider }) => provider)).to.have.members([serves, silent]);
    expect(await payFees()).to.equal((FEES * 4n) / 10n);
  });

  it("commit to secrets, in time", async () => {
    const [{ byOperator, owner }] = members as [Member];
    await refused(
      stranger,
      () => stranger.commitSecret(id("commitment"), { epoch: 1 }),
      "NotCheckerOperator",
    );
    await refused(
      byOperator,
      () => byOperator.commitSecret(toBeHex(1, 32), { epoch: 1 }),
      "InvalidCommitment",
    );
    await refused(byOperator, () => byOperator.commitSecret(id(""), { epoch: 2 }), "WrongEpoch");
    expect(await commitSecrets(members)).to.equal(1);
    await refused(byOperator, () => byOperator.commitSecret(id("again"), { epoch: 1 }), "AlreadyCommitted");
    expect((await stranger.readEpoch(1)).committed).to.equal(16);
    expect((await stranger.readChecker(owner.address))!.lastEpoch).to.equal(1);
    await refused(members[0]!.byOwner, () => members[0]!.byOwner.resign(), "StillLiable");
  });

  it("draw a seed by the first round of the epoch", async () => {
    await toEpoch(chain, stranger, 1);
    await refused(stranger, () => stranger.fixRound(), "NoRoundPending");
    await refused(stranger, () => stranger.draw(1n), "WrongRound");
    expect(await stranger.readRound()).to.equal(undefined);
    expect(await stranger.firstRoundSince(0)).to.equal(undefined);
    const client = await chain.connect();
    const answered = await client.infer({
      ...{ model: chain.model, prompt: "To be", maxTokens: 20, maxPrice: 100n * ONE },
    });
    job = answered.job;

    const requested = await stranger.requestRound();
    round = requested.round;
    expect(round).to.equal(1n);
    await refused(stranger, () => stranger.requestRound(), "RoundPending");
    await refused(stranger, () => stranger.fixRound(), "BlockNotThere");
    await chain.rpc("hardhat_mine", ["0x12c"]);
    await refused(stranger, () => stranger.fixRound(), "BlockLost");
    expect((await stranger.requestRound()).round, "the same, with another block").to.equal(1n);
    await refused(stranger, () => stranger.draw(1n), "WrongRound");
    await chain.rpc("evm_mine");
    const { value } = await stranger.fixRound();
    const found = await stranger.firstRoundSince(stranger.startOf(1));
    expect(found).to.deep.include({ round: 1n, value });
    expect(await stranger.readRound()).to.deep.equal(found);
    const { seed } = await stranger.draw(1n);
    await refused(stranger, () => stranger.draw(1n), "AlreadyDrawn");
    expect((await stranger.readEpoch(1)).seed).to.equal(seed);
    expect(await stranger.firstRoundSince(stranger.startOf(2))).to.equal(undefined);
  });

  it("denounce a secret that leaked; its checker has to top up", async () => {
    const leaky = members[15]!;
    const secret = secretOf(leaky, 1);
    await refused(stranger, () => stranger.denounce(addressOf(15), 1, id("guess")), "SecretMismatch");
    await refused(stranger, () => stranger.denounce(addressOf(15), 0, secret), "WrongEpoch");
    const before = await balance(stranger.account!);
    await stranger.denounce(addressOf(15), 1, secret);
    expect((await balance(stranger.account!)) - before).to.equal(100n * ONE);
    expect((await stranger.readChecker(addressOf(15)))!.locked).to.equal(STAKE - 200n * ONE);
    await refused(
      leaky.byOperator,
      () => leaky.byOperator.commitSecret(id("next"), { epoch: 2 }),
      "StakeTooSmall",
    );
    await refused(leaky.byOwner, () => leaky.byOwner.topUp(), "InsufficientStake");
    await stakeForChecker(chain, leaky.owner, 200n * ONE);
    await leaky.byOwner.topUp();
    expect((await stranger.readChecker(addressOf(15)))!.locked).to.equal(STAKE);
  });

  it("have hardware examined", async () => {
    const added = await addProvider();
    [fresh, freshOperator] = [added.owner, added.operator];
    await refused(stranger, () => stranger.liftExam(fresh!), "NothingToExamine");
    await refused(stranger, () => stranger.enterExam(stranger.account!), "NothingToExamine");
    await stranger.enterExam(fresh);
    expect((await chain.contracts.vault.stakeOf(fresh)).suspended).to.equal(true);
    await refused(stranger, () => stranger.enterExam(fresh!), "NothingToExamine");
    await refused(stranger, () => stranger.liftExam(fresh!), "StillExamined");
    expect(await stranger.isExamined(1, fresh)).to.equal(false);
    expect(await stranger.isExamined(2, fresh)).to.equal(true);
  });

  it("commit to reports, and attest", async () => {
    const [{ byOperator }] = members as [Member];
    await refused(stranger, () => stranger.commitReports(id("tip"), { epoch: 1 }), "NotCheckerOperator");
    await refused(byOperator, () => byOperator.commitReports(ZeroHash, { epoch: 1 }), "ZeroCommitment");
    await refused(byOperator, () => byOperator.commitReports(id("tip"), { epoch: 0 }), "WrongEpoch");
    await commitReports(1, async (member, index) => [
      absent(silent!),
      {
        ...{ provider: serves!, latency: 300, throughput: 5_000, uptime: 10_000 },
        // The fourth shows what it has not.
        evidence: index === 3 ? "0x02" : await askByChannel(chain, member, 1),
      },
    ]);
    const value = (await stranger.readRound(round))!.value!;
    const { resultAudits } = stranger.contracts;
    expect(isAudited({ value, jobId: job.id, auditRate: 10_000 })).to.equal(true);
    expect(auditorSubject({ value, jobId: job.id })).to.equal(await resultAudits.subjectOf(job.id, round));
    const commitmentOf = (member: Member) =>
      attestationCommitment({
        ...{ value, jobId: job.id, checker: member.owner.address, positionsRoot: ROOT },
        secret: secretOf(member, 1),
      });
    for (const member of members.slice(0, 2)) await member.byOperator.attest(commitmentOf(member));
    const twice = commitmentOf(members[0]!);
    await refused(byOperator, () => byOperator.attest(twice), "AlreadyAttested");
    await refused(stranger, () => stranger.attest(twice), "NotCheckerOperator");
    expect(await commitSecrets(members)).to.equal(2);
  });

  /** What the first four checkers measure in an epoch; the others commit to nothing. */
  async function commitReports(
    epoch: number,
    measure: (member: Member, index: number) => Promise<QualityReport[]>,
  ): Promise<void> {
    const send = async (member: Member, index: number) => {
      const all = sorted(await measure(member, index));
      await member.byOperator.commitReports(reportsTip(all), { epoch });
      return all;
    };
    reports.set(epoch, await Promise.all(members.slice(0, 4).map(send)));
  }

  /** Reveals the reports of some checkers, a report in a transaction, the last one first. */
  async function revealReports(epoch: number, indices: readonly number[]): Promise<void> {
    for (const index of indices) {
      await stranger.revealSecret(addressOf(index), secretOf(members[index]!, epoch));
      for (const { previous, reports: chunk } of reportChunks(reports.get(epoch)![index]!, 1)) {
        await stranger.revealReports(addressOf(index), previous, chunk);
      }
    }
  }

  it("reveal secrets and reports", async () => {
    await toEpoch(chain, stranger, 2);
    await drawSeed(chain, stranger);
    const [own] = reports.get(1) as [QualityReport[]];
    const reveal =
      (index: number, chunk: readonly QualityReport[], previous: string = ZeroHash) =>
      () =>
        stranger.revealReports(addressOf(index), previous, chunk);
    await refused(stranger, reveal(0, own), "NotDrawn");
    await refused(stranger, () => stranger.revealSecret(addressOf(0), id("guess")), "SecretMismatch");
    await revealReports(1, [0, 1, 2]);
    await refused(stranger, reveal(0, own), "CommitmentMismatch");
    await refused(stranger, reveal(0, []), "NoReports");
    await refused(stranger, reveal(0, [...own].reverse()), "NotAscending");
    await refused(
      stranger,
      reveal(
        0,
        own.map((report) => ({ ...report, uptime: 0 })),
      ),
      "InvalidReport",
    );
    const again = () => stranger.revealSecret(addressOf(0), secretOf(members[0]!, 1));
    await refused(stranger, again, "SecretMismatch");
    // The fourth committed to evidence that proves nothing; the fifth reveals its secret, and reported nothing.
    for (const index of [3, 4]) {
      await stranger.revealSecret(addressOf(index), secretOf(members[index]!, 1));
    }
    const bad = reports.get(1)![3]!;
    await refused(
      stranger,
      reveal(
        3,
        bad.filter(({ provider }) => provider === serves),
      ),
      "TransactionReverted",
    );
    const other = { ...own.find(({ provider }) => provider === serves)! };
    await refused(stranger, reveal(4, [other]), "InvalidEvidence");
    expect(await stranger.contracts.qualityReports.reportCount(1, serves!)).to.equal(3n);
    expect(await payFees()).to.equal((FEES * 4n) / 10n);
  });

  it("examine, and report the silent again", async () => {
    await commitReports(2, async (member) => [
      absent(silent!),
      absent(serves!),
      {
        provider: fresh!,
        latency: 100,
        throughput: 2 ** 40,
        uptime: 10_000,
        evidence: await examine(member),
      },
    ]);
    await refused(stranger, () => stranger.score(serves!), "NoQuorum");
    const early = { job: job.terms, round, checker: addressOf(0), positionsRoot: ROOT };
    await refused(stranger, () => stranger.revealAttestation(early), "WrongEpoch");
    await refused(stranger, () => stranger.punishMissing(addressOf(5), 1), "WrongEpoch");
  });

  async function examine(member: Member): Promise<string> {
    const { chainId, contracts } = stranger;
    const blinding = blindingOf(member, 2);
    const place = { chainId, asked: await contracts.askedEvidence.getAddress(), provider: fresh! };
    const { timestamp } = (await chain.provider.getBlock("latest"))!;
    const { message, signature } = await signReceipt(
      freshOperator,
      { chainId, escrow: chain.deployment.channelEscrow },
      {
        channel: examId({ ...place, checker: member.owner.address, epoch: 2, blinding }),
        ...{ nonce: 1n, modelRoot: chain.model, inputRoot: id("input"), outputTokensRoot: id("output") },
        ...{ outputCount: 1n, complete: true, price: 0n, expiry: BigInt(timestamp) },
      },
    );
    return encodeExamEvidence({ blinding, receipts: [message], signatures: [signature] });
  }

  it("punish, score, and reveal attestations", async () => {
    await toEpoch(chain, stranger, 3);
    await revealReports(2, [0, 1, 2]);
    await refused(stranger, () => stranger.punishMissing(addressOf(0), 1), "NoFault");
    let before = await balance(stranger.account!);
    await stranger.punishMissing(addressOf(5), 1);
    expect((await balance(stranger.account!)) - before, "a tenth of 200 ATH").to.equal(20n * ONE);
    await refused(stranger, () => stranger.punishMissing(addressOf(5), 1), "NoFault");
    await refused(stranger, () => stranger.punishOmission(addressOf(0), serves!), "NoFault");
    before = await balance(stranger.account!);
    await stranger.punishOmission(addressOf(4), silent!);
    expect((await balance(stranger.account!)) - before, "a tenth of 100 ATH").to.equal(10n * ONE);
    await refused(stranger, () => stranger.punishOmission(addressOf(4), serves!), "NoFault");

    for (const provider of [serves!, silent!]) await stranger.score(provider);
    await refused(stranger, () => stranger.score(serves!), "AlreadyScored");
    expect((await stranger.scoreOf(serves!))!.throughput).to.equal(5_000);
    expect(await stranger.scoreOf(silent!)).to.deep.include({ uptime: 0, latency: 0, badEpochs: 1 });
    expect(await stranger.scoreOf(fresh!)).to.equal(undefined);
    await refused(stranger, () => stranger.announce(silent!), "NotBad");

    const attestation = { job: job.terms, round, positionsRoot: ROOT };
    const wrong = { ...attestation, checker: addressOf(0), positionsRoot: id("another") };
    await refused(stranger, () => stranger.revealAttestation(wrong), "AttestationMismatch");
    for (const checker of [addressOf(0), addressOf(1)]) {
      await stranger.revealAttestation({ ...attestation, checker });
    }
    expect(await stranger.attestationOf(job.id, addressOf(0))).to.deep.equal({
      ...{ positionsRoot: ROOT, penalty: 400n * ONE, epoch: 1, counted: false, closed: false },
    });
    expect(await stranger.attestationOf(job.id, addressOf(2))).to.equal(undefined);
    expect((await stranger.readChecker(addressOf(0)))!.held).to.equal(1);
    const counting = { jobId: job.id, round, checker: addressOf(0) };
    await refused(stranger, () => stranger.count(counting), "WrongEpoch");
    const early = { epoch: 1, token: chain.ath.address, checker: addressOf(0) };
    await refused(stranger, () => stranger.claim(early), "WrongEpoch");
    expect((await stranger.rollOver({ epoch: 0, token: chain.ath.address })).gas > 0n).to.equal(true);
    expect(await stranger.contracts.checkerPay.potOf(3, chain.ath.address)).to.equal((FEES * 4n) / 10n);
    const empty = { epoch: 0, token: chain.ath.address };
    await refused(stranger, () => stranger.rollOver(empty), "NoPayToClaim");
  });

  it("count, close, judge and announce", async () => {
    await toEpoch(chain, stranger, 4);
    await refused(stranger, () => stranger.draw(round), "WrongRound");
    for (const checker of [addressOf(0), addressOf(1)]) {
      await stranger.count({ jobId: job.id, round, checker });
    }
    const counted = { jobId: job.id, round, checker: addressOf(0) };
    await refused(stranger, () => stranger.count(counted), "NothingToDo");
    const punish = () => stranger.punishAttestation(job.id, addressOf(0));
    await refused(stranger, () => stranger.close(job.id, addressOf(0)), "NotFinal");
    await refused(stranger, punish, "NotProvenFalse");
    await (await chain.connect()).finalize(job.id);
    await stranger.close(job.id, addressOf(0));
    await refused(stranger, () => stranger.close(job.id, addressOf(0)), "NothingToDo");
    await refused(stranger, punish, "NothingToDo");
    expect((await stranger.readChecker(addressOf(0)))!.held).to.equal(0);

    for (const provider of [silent!, fresh!]) await stranger.score(provider);
    const { caseId } = await stranger.announce(silent!);
    expect(BigInt(caseId) > 0n).to.equal(true);
    await refused(stranger, () => stranger.announce(silent!), "NotBad");
    await refused(stranger, () => stranger.judgeExam(1, fresh!), "NoExam");
    await stranger.judgeExam(2, fresh!);
    await refused(stranger, () => stranger.judgeExam(2, fresh!), "NoExam");
    expect((await chain.contracts.vault.stakeOf(fresh!)).suspended).to.equal(false);
    // Nobody committed to this epoch.
    await refused(stranger, () => stranger.enterExam(serves!), "ExamsInactive");
  });

  it("are paid for what they attested to, and for nothing else", async () => {
    await refused(
      stranger,
      () => stranger.rollOver({ epoch: 1, token: chain.ath.address }),
      "SharesStanding",
    );
    const nothing = { epoch: 1, token: chain.ath.address, checker: addressOf(0) };
    await refused(stranger, () => stranger.claim(nothing), "NoPayToClaim");
    await toEpoch(chain, stranger, 5);
    const part = { epoch: 2, token: chain.ath.address, checker: addressOf(1) };
    const { shares, totalShares, pot, amount } = await stranger.payOf(part);
    // Two attestations of a share each, three reports on the silent, three on the fresh one.
    expect([shares, totalShares, pot]).to.deep.equal([3n, 8n, (FEES * 4n) / 10n]);
    const before = await balance(addressOf(1));
    expect((await stranger.claim(part)).amount).to.equal(amount);
    expect((await balance(addressOf(1))) - before).to.equal((pot * shares) / totalShares);
  });

  it("draw nothing in the second half of an epoch", async () => {
    await toEpoch(chain, stranger, 5, HOUR / 2);
    const { round: late } = await stranger.requestRound();
    await chain.rpc("evm_mine");
    await stranger.fixRound();
    await refused(stranger, () => stranger.draw(late), "DrawTooLate");
  });

  it("need a signer, and a deployment that has checkers which belong together", async () => {
    const { deployment, provider, accounts } = chain;
    const reader = await Checkers.connect({ runner: provider, deployment });
    expect((await rejection(reader.score(serves!))).code).to.equal("SignerRequired");
    const connect = (change: object) =>
      rejection(Checkers.connect({ runner: provider, deployment: { ...deployment, ...change } }));
    for (const contract of ["qualityReports", "resultAudits"]) {
      const missing = await connect({ [contract]: undefined });
      expect([missing.code, missing.values]).to.deep.equal(["CheckersUnavailable", { contract }]);
      expect((await connect({ [contract]: accounts.client.address })).code).to.equal("ContractsMissing");
    }
    // It has checkers of its own, but is none of their tasks.
    const { hardwareExams } = stranger.contracts;
    const stray = await connect({ resultAudits: await hardwareExams.getAddress() });
    expect([stray.code, stray.values["contract"]]).to.deep.equal(["DeploymentInconsistent", "resultAudits"]);
  });
});
