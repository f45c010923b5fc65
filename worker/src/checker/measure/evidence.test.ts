import { connectCheckers } from "@athanor/sdk/checkers";
import { expect } from "chai";
import { id, ZeroAddress, ZeroHash } from "ethers";
import { setUpMarket } from "../../testing/market.ts";
import { evidenceOf } from "./evidence.ts";
import { measureProvider } from "./measure-provider.ts";
import type { Plan, Shown, StoredRequest } from "./store.ts";

const DAY = 86_400;
const plan: Plan = {
  ...{
    epoch: 3,
    provider: ZeroAddress,
    account: ZeroAddress,
    by: "channel",
    model: ZeroHash,
    token: ZeroAddress,
  },
  ...{ startsAt: 10 * DAY, endsAt: 11 * DAY, from: 10 * DAY + 120, until: 11 * DAY - 300 },
};
const terms = {
  ...{ client: ZeroAddress, salt: 1n, notice: 0n, provider: ZeroAddress, receiptLife: BigInt(DAY) },
  ...{ feeBasisPoints: 0n, token: ZeroAddress, exitBounty: 0n, voucherKey: ZeroAddress, expiresAt: 0n },
  ...{ stakeLock: 0n, workPerSecond: 0n },
};
const answered = (shown: Shown): StoredRequest => ({
  ...{
    number: 0,
    state: "answered",
    by: "channel",
    sentAt: 0,
    block: 0,
    token: ZeroAddress,
    limit: 0n,
    cost: 0n,
  },
  ...{ mark: 0, jobId: null, timing: null, shown, reason: null },
});
const receipt = (channel: string, nonce: bigint, signedAt: number): StoredRequest =>
  answered({
    kind: "receipt",
    channel: terms,
    receipt: {
      message: {
        ...{
          channel: id(channel),
          nonce,
          modelRoot: ZeroHash,
          inputRoot: ZeroHash,
          outputTokensRoot: ZeroHash,
        },
        ...{ outputCount: 1n, complete: true, price: 0n, expiry: BigInt(signedAt + DAY) },
      },
      signature: `0x${"00".repeat(65)}`,
    },
  });

describe("evidence of what was asked", function () {
  this.timeout(180_000);

  it("has each receipt of the epoch once, and none that the provider dated back or forward", () => {
    const requests = [
      receipt("a", 2n, plan.startsAt + 5),
      receipt("a", 1n, plan.startsAt),
      receipt("a", 3n, plan.startsAt - 1),
      receipt("a", 4n, plan.endsAt),
      receipt("a", 2n, plan.startsAt + 6),
      { ...receipt("a", 5n, plan.startsAt + 7), state: "unanswered" as const },
    ];
    expect(evidenceOf(plan, id("blinding"), requests).proven).to.equal(2);
    expect(evidenceOf(plan, id("blinding"), []).proven).to.equal(0);
  });

  it("is of the channel that proves most", () => {
    const requests = [
      receipt("a", 1n, plan.startsAt),
      receipt("b", 1n, plan.startsAt),
      receipt("b", 2n, plan.startsAt),
    ];
    expect(evidenceOf(plan, id("blinding"), requests).proven).to.equal(2);
  });

  describe("on chain", () => {
    const market = setUpMarket();

    async function targetOfChain(requests: number) {
      const { chain, checker } = market;
      const { deployment, vault } = chain.contracts;
      const { askedEvidence, checkers } = await connectCheckers(vault.runner!, deployment);
      // Ahead of this machine's clock: epochs are the chain's.
      await chain.pass(3 * DAY + 1_000);
      const epoch = Number(await checkers.epochAt(await chain.now()));
      const [startsAt, endsAt] = await Promise.all([checkers.startOf(epoch), checkers.startOf(epoch + 1)]);
      const target = await market.target({
        ...{ epoch, requests, checker, startsAt: Number(startsAt), endsAt: Number(endsAt) },
        deadline: Number(endsAt) - 600,
      });
      const countOf = (evidence: string, changes: { epoch?: number; checker?: string } = {}) =>
        askedEvidence.countOf(
          changes.epoch ?? epoch,
          changes.checker ?? checker,
          target.provider,
          false,
          evidence,
        );
      return { target, countOf };
    }

    for (const [name, options] of [
      ["receipts of a channel", { channels: {} }],
      ["jobs", {}],
    ] as const) {
      it(`counts ${name} as many as the report claims, for its checker and epoch alone`, async () => {
        const { target, countOf } = await targetOfChain(3);
        await market.serve(options);
        const { buyer } = await market.buyer();
        const found = (await measureProvider(buyer, target))!;
        expect(found).to.include({ uptime: 10_000, asked: 3, proven: 3 });
        expect(await countOf(found.evidence)).to.equal(3n);
        expect(await countOf(found.evidence, { epoch: target.epoch + 1 })).to.equal(0n);
        expect(await countOf(found.evidence, { checker: market.owner.address })).to.equal(0n);
        // A report that has to show fewer costs less gas.
        const fewer = buyer.measurementOf({ ...target, requests: 2 })!;
        expect(await countOf(fewer.evidence)).to.equal(2n);
        expect(fewer.evidence.length).to.be.lessThan(found.evidence.length);
      });
    }
  });
});
