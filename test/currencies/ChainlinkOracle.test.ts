// Chainlink's feeds as a source of prices: everything that can be wrong with one makes it revert, by a name that says what.
import { expect } from "chai";
import { expectOnlyEvent, expectRefusal } from "../support/expect.ts";
import { ethers, freshSystem, time } from "../support/system.ts";

const MAXIMUM_AGE = 3_600n;

/** An oracle with one feed, of `decimals`, whose newest answer is of now. */
async function oracleWith(decimals: number, answer: bigint, sequencer = false) {
  const { manager, addresses, stranger } = await freshSystem();
  const uptime = await ethers.deployContract("MockSequencerFeed");
  const oracle = await ethers.deployContract("ChainlinkOracle", [
    manager,
    sequencer ? uptime : ethers.ZeroAddress,
  ]);
  const feed = await ethers.deployContract("MockAggregator", [decimals]);
  const token = addresses.ath;
  await (oracle.getFunction("setFeed")(token, feed, MAXIMUM_AGE) as Promise<unknown>);
  const now = BigInt(await time.latest());
  const say = (round: bigint, price: bigint, updatedAt: bigint, answeredIn: bigint) =>
    feed.getFunction("set")(round, price, updatedAt, answeredIn) as Promise<unknown>;
  await say(7n, answer, now, 7n);
  const read = () => oracle.getFunction("microcentsPerToken")(token) as Promise<bigint>;
  const refusal = (name: string, values: readonly unknown[]) =>
    expectRefusal(name, { call: read, by: oracle, values });
  return {
    ...{ oracle, feed, uptime, token, stranger, now, say, read, refusal },
    feedAddress: await feed.getAddress(),
    uptimeAddress: await uptime.getAddress(),
  };
}

describe("ChainlinkOracle", () => {
  for (const [decimals, answer, microcents] of [
    [8, 2_500_003n, 2_500_003n],
    [18, 25_000_030_000_000_000n, 2_500_003n],
    [18, 25_000_039_999_999_999n, 2_500_003n],
    [0, 3n, 300_000_000n],
    [6, 1n, 100n],
    [36, 10n ** 36n, 100_000_000n],
  ] as const) {
    it(`reads ${answer} of ${decimals} decimals as ${microcents} microcents`, async () => {
      expect(await (await oracleWith(decimals, answer)).read()).to.equal(microcents);
    });
  }

  it("knows no price of a token without a feed", async () => {
    const { oracle, stranger } = await oracleWith(8, 1n);
    await expectRefusal("NoFeed", {
      call: () => oracle.getFunction("microcentsPerToken")(stranger) as Promise<unknown>,
      by: oracle,
      values: [stranger.address],
    });
  });

  it("refuses answers that are no prices: 0, below it, larger than any, smaller than a microcent", async () => {
    const { now, say, refusal, feedAddress } = await oracleWith(18, 1n);
    await refusal("InvalidAnswer", [feedAddress, 1n]);
    for (const answer of [0n, -1n, -(2n ** 255n), 2n ** 128n, 2n ** 255n - 1n, 10n ** 10n - 1n]) {
      await say(7n, answer, now, 7n);
      await refusal("InvalidAnswer", [feedAddress, answer]);
    }
  });

  it("refuses rounds without an answer of their own", async () => {
    const { now, say, refusal, feedAddress } = await oracleWith(8, 1n);
    await say(7n, 5n, 0n, 7n);
    await refusal("RoundIncomplete", [feedAddress, 7n, 7n]);
    await say(7n, 5n, now, 6n);
    await refusal("RoundIncomplete", [feedAddress, 7n, 6n]);
  });

  it("refuses answers that are too old, from the second after, or of a time to come", async () => {
    const { now, say, read, refusal, feedAddress } = await oracleWith(8, 5n);
    await time.increaseTo(now + MAXIMUM_AGE);
    expect(await read()).to.equal(5n);
    await time.increaseTo(now + MAXIMUM_AGE + 1n);
    await refusal("StalePrice", [feedAddress, now, MAXIMUM_AGE, BigInt(await time.latest())]);
    const later = BigInt(await time.latest()) + 1_000n;
    await say(8n, 5n, later, 8n);
    await refusal("StalePrice", [feedAddress, later, MAXIMUM_AGE, BigInt(await time.latest())]);
  });

  it("refuses a feed that reverts, says too little, or is gone", async () => {
    const { feed, oracle, refusal, feedAddress } = await oracleWith(8, 5n);
    await (feed.getFunction("fallSilent")() as Promise<unknown>);
    await refusal("FeedFailed", [feedAddress]);
    await (feed.getFunction("breakDown")() as Promise<unknown>);
    await refusal("FeedFailed", [feedAddress]);
    await ethers.provider.send("hardhat_setCode", [feedAddress, "0x"]);
    await refusal("FeedFailed", [feedAddress]);
    expect(await oracle.getAddress()).not.to.equal(feedAddress);
  });

  it("waits for the sequencer, and an hour after it came up", async () => {
    const { now, uptime, read, refusal, say, uptimeAddress } = await oracleWith(8, 5n, true);
    const tell = (answer: bigint, since: bigint) =>
      uptime.getFunction("set")(answer, since) as Promise<unknown>;
    await refusal("FeedFailed", [uptimeAddress]);
    await tell(1n, now - 50n);
    await refusal("SequencerDown", [now - 50n]);
    await tell(0n, now + 100_000n);
    await refusal("FeedFailed", [uptimeAddress]);
    await tell(0n, now);
    await time.increaseTo(now + 3_500n);
    await say(8n, 5n, now + 3_500n, 8n);
    await time.increaseTo(now + 3_599n);
    await refusal("SequencerGrace", [now + 3_600n, now + 3_599n]);
    await time.increaseTo(now + 3_600n);
    expect(await read()).to.equal(5n);
    const late = BigInt(await time.latest());
    await tell(0n, late);
    await refusal("SequencerGrace", [late + 3_600n, BigInt(await time.latest())]);
    await (uptime.getFunction("breakDown")() as Promise<unknown>);
    await refusal("FeedFailed", [uptimeAddress]);
  });

  it("takes feeds within bounds, from governance alone", async () => {
    const { oracle, feed, token, stranger, feedAddress } = await oracleWith(8, 5n);
    const set = (age: bigint) => oracle.getFunction("setFeed")(token, feed, age) as Promise<unknown>;
    for (const age of [59n, 172_801n]) {
      await expectRefusal("MaximumAgeOutOfBounds", {
        call: () => set(age),
        by: oracle,
        values: [age, 60n, 172_800n],
      });
    }
    await (feed.getFunction("setDecimals")(37) as Promise<unknown>);
    await expectRefusal("FeedDecimalsOutOfBounds", {
      call: () => set(60n),
      by: oracle,
      values: [feedAddress, 37n, 36n],
    });
    await (feed.getFunction("setDecimals")(12) as Promise<unknown>);
    await expectOnlyEvent(oracle, set(60n) as never, "FeedSet", [token, feedAddress, 12n, 60n]);
    expect([...((await oracle.getFunction("feedOf")(token)) as unknown[])]).to.deep.equal([
      feedAddress,
      12n,
      60n,
    ]);
    const sent = oracle.connect(stranger).getFunction("setFeed")(token, feed, 60n) as Promise<unknown>;
    await expect(sent)
      .to.be.revertedWithCustomError(oracle, "AccessManagedUnauthorized")
      .withArgs(stranger.address);
  });
});
