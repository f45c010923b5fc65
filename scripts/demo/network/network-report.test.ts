import { expect } from "chai";
import { networkJson, networkText } from "./network-report.ts";
import type { NetworkResult } from "./run-network.ts";

const ATH = 10n ** 18n;
const provider = "0x00000000000000000000000000000000000000A1";
const busy = "0x00000000000000000000000000000000000000C1";
const idle = "0x00000000000000000000000000000000000000C2";
const holding = (wallet: bigint) => ({ ATH: { wallet, vault: 0n, escrowed: 0n, staked: 0n } });

/** One epoch in which a provider was measured by two checkers, of whom one was near the median. */
const result: NetworkResult = {
  model: "models/bard/",
  modelRoot: "0x01",
  rules: {
    epochLength: 3_600,
    quorum: 3,
    expectedCheckers: 4,
    requests: 3,
    tolerance: 9_000,
    answerSeconds: 3,
  },
  floor: 9_000,
  epochs: [1],
  providers: [
    {
      ...{ name: "honest", address: provider, conduct: "honest" },
      score: { uptime: 10_000, latency: 300, throughput: 60 },
      standing: { staked: 5n * ATH, lost: 0n, frozen: 0n, convicted: false },
    },
  ],
  checkers: [
    {
      ...{ name: "checker 1", address: busy, strategy: "honest" },
      spent: 3n * ATH,
      requests: 3,
      stakeLost: 0n,
    },
    { ...{ name: "lazy checker", address: idle, strategy: "lazy" }, spent: ATH, requests: 1, stakeLost: 0n },
  ],
  conducts: [{ provider, epoch: 1, text: "answered" }],
  chronicle: {
    reports: [
      { epoch: 1, provider, checker: busy, uptime: 10_000, latency: 300, throughput: 60 },
      { epoch: 1, provider, checker: idle, uptime: 3_333, latency: 700, throughput: 20 },
    ],
    scores: [
      {
        ...{ epoch: 1, provider, reports: 2, near: 1, uptime: 10_000, latency: 300, throughput: 60 },
        badEpochs: 0,
      },
    ],
    pots: [
      { epoch: 1, amount: ATH / 2n },
      { epoch: 1, amount: ATH / 2n },
      { epoch: 2, amount: 7n },
    ],
    shares: [{ epoch: 1, checker: busy, shares: 6 }],
    pay: [{ epoch: 1, checker: busy, amount: ATH }],
    announcements: [],
    convictions: [],
  },
  frozen: undefined,
  conviction: undefined,
  traffic: { answers: 2, tokens: 64, paid: 4n * ATH },
  fees: ATH / 10n,
  burned: ATH,
  ath: { address: "0x00000000000000000000000000000000000000AA", symbol: "ATH", decimals: 18 },
  balances: {
    before: { treasury: holding(10n * ATH) },
    after: { treasury: holding(8n * ATH), client: holding(ATH) },
  },
};

describe("the report of a network", () => {
  const lineWith = (text: string, words: RegExp) => text.split("\n").find((line) => words.test(line)) ?? "";

  it("sums pay and pots by epoch, and names everybody", () => {
    const { checkers, scores } = networkJson(result) as {
      checkers: { name: string; earned: string; pay: object[] }[];
      scores: { provider: string; why: string }[];
    };
    expect(checkers.map(({ name, earned }) => [name, earned])).to.deep.equal([
      ["checker 1", String(ATH)],
      ["lazy checker", "0"],
    ]);
    expect(checkers[0]!.pay).to.deep.equal([{ epoch: 1, shares: 6, amount: String(ATH) }]);
    expect(scores[0]).to.include({ provider: "honest", why: "answered" });
    const text = networkText(result);
    expect(lineWith(text, /^1 +1 ATH/)).to.match(/1 ATH \(6\) +0 ATH \(0\)$/);
    expect(lineWith(text, /^honest +1 /)).to.match(/100 % +300 ms +60 M\/s +2, 1 near +answered$/);
    expect(lineWith(text, /^ +1 +honest/)).to.match(/100 %, 300 ms +33\.33 %, 700 ms$/);
  });

  it("says by how much clients bought too little, and what later epochs hold", () => {
    const text = networkText(result);
    expect(text).to.contain("where clients buy about 3 times as much");
    expect(text).to.contain("0.000000000000000007 ATH wait");
    const paid = { ...result, checkers: result.checkers.map((one) => ({ ...one, spent: ATH })) };
    expect(networkText(paid)).to.not.contain("times as much");
  });

  it("adds up all money, what was burned included", () => {
    const text = networkText(result);
    expect(lineWith(text, /^sum /)).to.match(/ 10 ATH$/);
    expect(lineWith(text, /^went in/)).to.match(/ 10 ATH$/);
  });

  it("leaves out what did not happen", () => {
    const text = networkText(result);
    expect(text).to.not.contain("frozen stake");
    expect(text).to.not.contain("slash at once");
    expect(networkJson(result)).to.include({ announcement: undefined, conviction: undefined });
  });
});
