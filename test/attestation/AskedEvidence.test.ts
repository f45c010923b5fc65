// What proves that a checker asked a provider in an epoch, how often it does, and what proves nothing.
import { expect } from "chai";
import { channelIdOf } from "../../sdk/src/channels/typed-data.ts";
import type { Receipt } from "../../sdk/src/channels/types.ts";
import {
  answersIn,
  askByJobs,
  askingChannel,
  blindingOf,
  receiptEvidence,
  currentEpoch,
  examine,
  freshTeam,
  jobEvidence,
  saltOf,
  type Team,
  toEpoch,
  upTo,
} from "../support/checkers.ts";
import { contractOf } from "../support/channels.ts";
import { createJob, type Signer } from "../support/system.ts";

interface Asked {
  readonly epoch?: bigint;
  readonly checker?: Signer;
  readonly provider?: Signer;
  readonly examined?: boolean;
}

/** Asks the contract, for the first checker, the current epoch and the system's provider unless said otherwise. */
async function countOf(
  system: Team,
  evidence: string,
  { epoch, checker, provider, examined = false }: Asked = {},
): Promise<bigint> {
  return system.asked.countOf(
    epoch ?? (await currentEpoch(system)),
    checker ?? system.team[0]!.owner,
    provider ?? system.provider,
    examined,
    evidence,
  );
}

/** A channel of the first checker in the current epoch. */
async function asking() {
  const system = await freshTeam();
  const member = system.team[0]!;
  await toEpoch(system, 1n);
  const blinding = blindingOf(member);
  const channel = await askingChannel(system, member, 1n, blinding);
  return { system, member, blinding, channel };
}

describe("AskedEvidence: receipts of a channel", () => {
  it("count one by one, whatever nonces were skipped", async () => {
    const { system, blinding, channel } = await asking();
    for (const nonces of [[], [1], [1, 2, 3], [2, 5, 1_000], upTo(64, 1)]) {
      const evidence = receiptEvidence(system, blinding, channel, await answersIn(system, channel, nonces));
      expect(await countOf(system, evidence)).to.equal(BigInt(nonces.length));
    }
  });

  it("count for ever after, whatever becomes of the channel and its key", async () => {
    const { system, blinding, channel } = await asking();
    const { channels, provider, operator } = system;
    const evidence = receiptEvidence(system, blinding, channel, await answersIn(system, channel, [1, 2]));
    await channels.connect(provider).close(channel.terms);
    await channels.connect(provider).removeReceiptKey(operator);
    await toEpoch(system, 3n);
    expect(await countOf(system, evidence, { epoch: 1n })).to.equal(2n);
  });

  it("count parts of answers: each was asked for and paid", async () => {
    const { system, blinding, channel } = await asking();
    const parts = await answersIn(system, channel, [1, 2], { complete: false });
    expect(await countOf(system, receiptEvidence(system, blinding, channel, parts))).to.equal(2n);
  });

  const refused: Record<string, { nonces?: number[]; fields?: Partial<Receipt> }> = {
    "more than 64": { nonces: upTo(65, 1) },
    "the same twice": { nonces: [1, 1] },
    "in any order": { nonces: [2, 1] },
    "the nonce 0": { nonces: [0] },
    "an expiry before its life": { fields: { expiry: 1n } },
    "of another channel": { fields: { channel: `0x${"11".repeat(32)}` } },
  };
  for (const [name, { nonces = [1], fields = {} }] of Object.entries(refused)) {
    it(`prove nothing: ${name}`, async () => {
      const { system, blinding, channel } = await asking();
      const receipts = await answersIn(system, channel, nonces, fields);
      expect(await countOf(system, receiptEvidence(system, blinding, channel, receipts))).to.equal(0n);
    });
  }

  it("prove nothing with one bad among good ones, without a signature, or by another key", async () => {
    const { system, blinding, channel } = await asking();
    const good = await answersIn(system, channel, [1, 2]);
    const [forged] = await answersIn(system, channel, [3], {}, system.stranger);
    const unsigned = { ...good[1]!, signature: "0x" };
    for (const receipts of [
      [...good, forged!],
      [good[0]!, unsigned],
    ]) {
      expect(await countOf(system, receiptEvidence(system, blinding, channel, receipts))).to.equal(0n);
    }
  });

  it("prove nothing where they and their signatures are not as many", async () => {
    const { system, blinding, channel } = await asking();
    const receipts = await answersIn(system, channel, [1, 2]);
    const signatures = receipts.map(({ signature }) => signature);
    for (const given of [signatures.slice(1), [...signatures, signatures[0]!]]) {
      const evidence = receiptEvidence(system, blinding, channel, receipts, given);
      expect(await countOf(system, evidence)).to.equal(0n);
    }
  });

  it("prove nothing for another checker, another provider, or with another blinding", async () => {
    const { system, blinding, channel } = await asking();
    const receipts = await answersIn(system, channel, [1]);
    const evidence = receiptEvidence(system, blinding, channel, receipts);
    expect(await countOf(system, evidence)).to.equal(1n);
    expect(await countOf(system, evidence, { checker: system.team[1]!.owner })).to.equal(0n);
    expect(await countOf(system, evidence, { provider: system.newcomer })).to.equal(0n);
    const other = receiptEvidence(system, blindingOf(system.team[0]!, "other"), channel, receipts);
    expect(await countOf(system, other)).to.equal(0n);
  });

  it("prove nothing in a channel that was never opened", async () => {
    const { system, blinding, channel } = await asking();
    const terms = { ...channel.terms, expiresAt: channel.terms.expiresAt + 1n };
    const never = { terms, id: channelIdOf(terms, contractOf(system)) };
    const evidence = receiptEvidence(system, blinding, never, await answersIn(system, never, [1]));
    expect(await countOf(system, evidence)).to.equal(0n);
  });

  it("prove nothing about the epoch before or after the one in which they were signed", async () => {
    const system = await freshTeam();
    const member = system.team[0]!;
    const blinding = blindingOf(member);
    // Opened in epoch 0 for epoch 1.
    const channel = await askingChannel(system, member, 1n, blinding);
    const early = receiptEvidence(system, blinding, channel, await answersIn(system, channel, [1]));
    expect(await countOf(system, early, { epoch: 1n })).to.equal(0n);
    await toEpoch(system, 1n, 0n);
    const inTime = receiptEvidence(system, blinding, channel, await answersIn(system, channel, [2]));
    expect(await countOf(system, inTime, { epoch: 1n })).to.equal(1n);
    await toEpoch(system, 2n, 0n);
    const late = receiptEvidence(system, blinding, channel, await answersIn(system, channel, [3]));
    expect(await countOf(system, late, { epoch: 1n })).to.equal(0n);
  });
});

describe("AskedEvidence: jobs", () => {
  it("count one by one; those that the provider did not answer are passed over", async () => {
    const system = await freshTeam();
    const member = system.team[0]!;
    const blinding = blindingOf(member);
    await toEpoch(system, 1n);
    const jobs = await askByJobs(system, member, 1n, [0, 1, 4, 63]);
    const [first, second, fifth, last] = jobs;
    for (const shown of [jobs, [first!], [second!, last!], [fifth!]]) {
      expect(await countOf(system, jobEvidence(system, shown, blinding))).to.equal(BigInt(shown.length));
    }
    // Twice, or in another order.
    for (const shown of [
      [first!, first!],
      [second!, first!],
      [first!, last!, last!],
    ]) {
      expect(await countOf(system, jobEvidence(system, shown, blinding))).to.equal(0n);
    }
    expect(await countOf(system, jobEvidence(system, [], blinding))).to.equal(0n);
    expect(
      await countOf(system, jobEvidence(system, jobs, blinding), { checker: system.team[1]!.owner }),
    ).to.equal(0n);
    expect(
      await countOf(system, jobEvidence(system, jobs, blinding), { provider: system.newcomer }),
    ).to.equal(0n);
    expect(await countOf(system, jobEvidence(system, jobs, blinding), { epoch: 0n })).to.equal(0n);
  });

  it("prove nothing beyond the 64th, unanswered, or answered in another epoch", async () => {
    const system = await freshTeam();
    const member = system.team[0]!;
    const blinding = blindingOf(member);
    const early = await askByJobs(system, member, 1n, [0]);
    await toEpoch(system, 1n);
    const beyond = await askByJobs(system, member, 1n, [64]);
    for (const shown of [early, beyond]) {
      expect(await countOf(system, jobEvidence(system, shown, blinding))).to.equal(0n);
    }
    const unanswered = await createJob(system, { salt: saltOf(member, 1n, blinding, 1) });
    expect(await countOf(system, jobEvidence(system, [unanswered], blinding))).to.equal(0n);
  });
});

describe("AskedEvidence: receipts of an exam", () => {
  it("count one by one like those of channels, and only in exams", async () => {
    const system = await freshTeam();
    await toEpoch(system, 1n);
    for (const [nonces, expected] of [
      [[1], 1n],
      [[2, 500], 2n],
      [[500], 1n],
      [[0], 0n],
      [[1, 1], 0n],
    ] as const) {
      const { evidence } = await examine(system, system.team[0]!, 1n, 1n, { nonces: [...nonces] });
      expect(await countOf(system, evidence, { examined: true })).to.equal(expected);
      expect(await countOf(system, evidence)).to.equal(0n);
    }
  });
});
