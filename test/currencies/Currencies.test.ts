// Offers in US cents, jobs in tokens: what a conversion comes to, how far governance and price sources can move it, and what it never touches.
import { expect } from "chai";
import { expectOnlyEvent, expectRefusal } from "../support/expect.ts";
import {
  ATH_MICROCENTS,
  ATH_OFFER,
  ATH_PRICES,
  USD_OFFER,
  USD_PRICES,
  createJob,
  ethers,
  freshSystem,
  newContract,
  passWindow,
  requestTo,
  submitResult,
  time,
} from "../support/system.ts";

const HOURS = 3_600;
const INTERVAL = 6 * HOURS;
const FOREVER = 2n ** 32n - 1n;

/** A token that tells so many decimals. */
async function tokenWith(decimals: number): Promise<string> {
  const token = await ethers.deployContract("HostileToken");
  await (token.getFunction("setDecimals")(decimals) as Promise<unknown>);
  return token.getAddress();
}

/** A source that says what a test wants, of 8 decimals, so that its answers are microcents. */
async function withSource(deviation = 1_000) {
  const system = await freshSystem();
  const { currencies, addresses, manager } = system;
  const oracle = await ethers.deployContract("ChainlinkOracle", [manager, ethers.ZeroAddress]);
  const feed = await ethers.deployContract("MockAggregator", [8]);
  await (oracle.getFunction("setFeed")(addresses.ath, feed, 3_600) as Promise<unknown>);
  await time.increase(INTERVAL);
  await currencies.setSource(addresses.ath, oracle, deviation);
  const say = async (microcents: bigint) => {
    await (feed.getFunction("set")(1, microcents, await time.latest(), 1) as Promise<unknown>);
  };
  await say(ATH_MICROCENTS);
  return { ...system, oracle, feed, say };
}

describe("Currencies.tokenPrices", () => {
  it("converts both prices of an offer to units of the token, each rounded up", async () => {
    const { currencies, addresses } = await freshSystem();
    const ath = await currencies.tokenPrices(addresses.ath, ATH_OFFER.input, ATH_OFFER.output);
    expect([...ath]).to.deep.equal([ATH_PRICES.input, ATH_PRICES.output]);
    const usd = await currencies.tokenPrices(addresses.stablecoin, USD_OFFER.input, USD_OFFER.output);
    expect([...usd]).to.deep.equal([USD_PRICES.input, USD_PRICES.output]);
    expect(
      [...(await currencies.tokenPrices(addresses.stablecoin, 0, 1))],
      "nothing, and next to it",
    ).to.deep.equal([0n, 1n]);
    expect([...(await currencies.tokenPrices(addresses.stablecoin, 100, 101))]).to.deep.equal([1n, 2n]);
  });

  for (const [decimals, expected] of [
    [0, 2n],
    [6, 1_250_000n],
    [18, 1_250_000_000_000_000_000n],
  ] as const) {
    it(`asks ${expected} units for 125 cents in a token of ${decimals} decimals that costs a dollar`, async () => {
      const { currencies } = await freshSystem();
      const token = await tokenWith(decimals);
      await currencies.list(token, 100_000_000, FOREVER);
      const prices = await currencies.tokenPrices(token, 125_000_000, 0);
      expect(prices.inputPrice).to.equal(expected);
    });
  }

  it("converts by a token of 36 decimals what fits a job, and refuses what does not", async () => {
    const { currencies } = await freshSystem();
    const token = await tokenWith(36);
    await currencies.list(token, 10n ** 16n, FOREVER);
    const most = ((2n ** 80n - 1n) * 10n ** 16n) / 10n ** 36n;
    expect((await currencies.tokenPrices(token, most, 0)).inputPrice).to.equal(most * 10n ** 20n);
    await expectRefusal("TokenPriceTooLarge", {
      call: () => currencies.tokenPrices(token, 0, most + 1n),
      by: currencies,
      values: [token, (most + 1n) * 10n ** 20n, 2n ** 80n - 1n],
    });
    await expectRefusal("TokenPriceTooLarge", {
      call: () => currencies.tokenPrices(token, 2n ** 64n - 1n, 0),
      by: currencies,
      values: [token, (2n ** 64n - 1n) * 10n ** 20n, 2n ** 80n - 1n],
    });
  });

  it("refuses a token that is not listed, and one whose reference was not renewed", async () => {
    const system = await freshSystem();
    const { currencies, addresses, escrow, client } = system;
    const stranger = await tokenWith(18);
    for (const call of [
      () => currencies.tokenPrices(stranger, 1, 1),
      () => currencies.microcentsPerToken(stranger),
      () => currencies.currencyOf(stranger),
      () => currencies.setReference(stranger, 1_000, 1),
      () => currencies.setSource(stranger, addresses.vault, 1),
    ]) {
      await expectRefusal("CurrencyNotListed", { call, by: currencies, values: [stranger] });
    }
    const until = BigInt(await time.latest()) + 100n;
    await currencies.setReference(addresses.ath, ATH_MICROCENTS, until);
    await time.setNextBlockTimestamp(until);
    await escrow.connect(client).create(await requestTo(system, { submitDeadline: until + 600n }));
    await time.setNextBlockTimestamp(until + 1n);
    const request = await requestTo(system, { submitDeadline: until + 600n });
    await expect(escrow.connect(client).create(request))
      .to.be.revertedWithCustomError(currencies, "ReferenceExpired")
      .withArgs(addresses.ath, until, until + 1n);
  });
});

describe("Currencies: governance", () => {
  it("list stores what the token says, once", async () => {
    const { currencies } = await freshSystem();
    const token = await tokenWith(18);
    const listed = currencies.list(token, 123_456, FOREVER);
    await expect(listed).to.emit(currencies, "CurrencyListed").withArgs(token, 18);
    await expect(listed).to.emit(currencies, "ReferenceSet").withArgs(token, 123_456, FOREVER);
    const currency = await currencies.currencyOf(token);
    expect([...currency]).to.deep.equal([
      ethers.ZeroAddress,
      123_456n,
      18n,
      FOREVER,
      BigInt(await time.latest()),
      0n,
    ]);
    expect(await currencies.microcentsPerToken(token)).to.equal(123_456n);
    await expectRefusal("CurrencyAlreadyListed", {
      call: () => currencies.list(token, 123_456, FOREVER),
      by: currencies,
      values: [token],
    });
  });

  it("list refuses prices and decimals out of bounds", async () => {
    const { currencies } = await freshSystem();
    const token = await tokenWith(37);
    await expectRefusal("TokenDecimalsOutOfBounds", {
      call: () => currencies.list(token, 1_000, FOREVER),
      by: currencies,
      values: [token, 37n, 36n],
    });
    for (const microcents of [0n, 999n, 10n ** 16n + 1n]) {
      await expectRefusal("ReferenceOutOfBounds", {
        call: () => currencies.list(token, microcents, FOREVER),
        by: currencies,
        values: [token, microcents, 1_000n, 10n ** 16n],
      });
    }
  });

  it("setReference moves by a tenth at most, once in six hours; how long it is valid, at any time", async () => {
    const { currencies, addresses } = await freshSystem();
    const { ath } = addresses;
    const { changedAt } = await currencies.currencyOf(ath);
    const renewed = currencies.setReference(ath, ATH_MICROCENTS, 4_000_000_000);
    await expectOnlyEvent(currencies, renewed, "ReferenceSet", [ath, ATH_MICROCENTS, 4_000_000_000n]);
    expect((await currencies.currencyOf(ath)).changedAt, "no change").to.equal(changedAt);

    const earliest = changedAt + BigInt(INTERVAL);
    await time.setNextBlockTimestamp(earliest - 1n);
    await expect(currencies.setReference(ath, ATH_MICROCENTS + 1n, FOREVER))
      .to.be.revertedWithCustomError(currencies, "ChangeTooSoon")
      .withArgs(ath, earliest, earliest - 1n);

    const step = ATH_MICROCENTS / 10n;
    await time.increase(INTERVAL);
    for (const microcents of [ATH_MICROCENTS - step - 1n, ATH_MICROCENTS + step + 1n]) {
      await expectRefusal("ReferenceOutOfBounds", {
        call: () => currencies.setReference(ath, microcents, FOREVER),
        by: currencies,
        values: [ath, microcents, ATH_MICROCENTS - step, ATH_MICROCENTS + step],
      });
    }
    await currencies.setReference(ath, ATH_MICROCENTS + step, FOREVER);
    expect(await currencies.microcentsPerToken(ath)).to.equal(ATH_MICROCENTS + step);
    const at = BigInt(await time.latest());
    await time.setNextBlockTimestamp(at + 1n);
    await expect(currencies.setReference(ath, ATH_MICROCENTS, FOREVER))
      .to.be.revertedWithCustomError(currencies, "ChangeTooSoon")
      .withArgs(ath, at + BigInt(INTERVAL), at + 1n);
  });

  it("no steps lead below the least price", async () => {
    const { currencies } = await freshSystem();
    const token = await tokenWith(18);
    await currencies.list(token, 1_050, FOREVER);
    await time.increase(INTERVAL);
    await expectRefusal("ReferenceOutOfBounds", {
      call: () => currencies.setReference(token, 999, FOREVER),
      by: currencies,
      values: [token, 999n, 1_000n, 1_155n],
    });
    await currencies.setReference(token, 1_000, FOREVER);
  });

  it("setSource names a contract and a deviation of at most a fifth, once in six hours", async () => {
    const { currencies, addresses, stranger } = await freshSystem();
    const { ath } = addresses;
    const source = await newContract();
    const { changedAt } = await currencies.currencyOf(ath);
    const now = BigInt(await time.latest()) + 1n;
    await time.setNextBlockTimestamp(now);
    await expect(currencies.setSource(ath, source, 100))
      .to.be.revertedWithCustomError(currencies, "ChangeTooSoon")
      .withArgs(ath, changedAt + BigInt(INTERVAL), now);
    await time.increase(INTERVAL);
    for (const [address, deviation, bounds] of [
      [source, 0n, [1n, 2_000n]],
      [source, 2_001n, [1n, 2_000n]],
      [ethers.ZeroAddress, 1n, [0n, 0n]],
    ] as const) {
      await expectRefusal("DeviationOutOfBounds", {
        call: () => currencies.setSource(ath, address, deviation),
        by: currencies,
        values: [deviation, ...bounds],
      });
    }
    await expectRefusal("SourceWithoutCode", {
      call: () => currencies.setSource(ath, stranger, 100),
      by: currencies,
      values: [stranger.address],
    });
    const set = currencies.setSource(ath, source, 2_000);
    await expectOnlyEvent(currencies, set, "SourceSet", [ath, source, 2_000n]);
    await time.increase(INTERVAL);
    await currencies.setSource(ath, ethers.ZeroAddress, 0);
    expect(await currencies.microcentsPerToken(ath)).to.equal(ATH_MICROCENTS);
  });
});

describe("Currencies: a source of prices", () => {
  it("counts while it is near the reference, to the last microcent", async () => {
    const { currencies, addresses, say } = await withSource(1_000);
    const bound = ATH_MICROCENTS / 10n;
    for (const price of [ATH_MICROCENTS - bound, ATH_MICROCENTS + bound]) {
      await say(price);
      expect(await currencies.microcentsPerToken(addresses.ath)).to.equal(price);
    }
    for (const price of [ATH_MICROCENTS - bound - 1n, ATH_MICROCENTS + bound + 1n]) {
      await say(price);
      await expectRefusal("PriceDeviates", {
        call: () => currencies.microcentsPerToken(addresses.ath),
        by: currencies,
        values: [addresses.ath, price, ATH_MICROCENTS, 1_000n],
      });
    }
  });

  it("that fails or deviates stops new jobs in its token, and nothing else", async () => {
    const world = await withSource(1_000);
    const { escrow, client, stranger, feed, oracle, currencies, addresses, say } = world;
    const answered = await createJob(world);
    const open = await createJob(world);
    const declined = await createJob(world);
    const output = await submitResult(world, answered);

    await (feed.getFunction("breakDown")() as Promise<unknown>);
    const create = async (token: string) => escrow.connect(client).create(await requestTo(world, { token }));
    await expect(create(addresses.ath))
      .to.be.revertedWithCustomError(oracle, "FeedFailed")
      .withArgs(await feed.getAddress());
    await create(addresses.stablecoin);
    await say(2n * ATH_MICROCENTS);
    await expect(create(addresses.ath)).to.be.revertedWithCustomError(currencies, "PriceDeviates");

    await escrow.connect(world.operator).decline(declined.job);
    await passWindow(answered);
    await escrow.connect(stranger).finalize(answered.job, output, stranger);
    await escrow.connect(stranger).expire(open.job, stranger);
    const { escrowed, available } = await world.vault.accountOf(addresses.ath, client);
    expect(escrowed, "all is settled").to.equal(0n);
    await world.vault.connect(client).withdraw(addresses.ath, available, client);
  });
});

describe("attack: a price that moves between quote and request", () => {
  it("a cheaper token does not raise what the client pays above its limit", async () => {
    const system = await freshSystem();
    const { escrow, currencies, client, addresses } = system;
    const { input, output } = ATH_PRICES;
    const limits = { maxInputPrice: input, maxOutputPrice: output };
    await time.increase(INTERVAL);
    await currencies.setReference(addresses.ath, ATH_MICROCENTS - 1n, FOREVER);
    const prices = await currencies.tokenPrices(addresses.ath, ATH_OFFER.input, ATH_OFFER.output);
    expect(prices.inputPrice > input, "a microcent shows").to.equal(true);
    const request = await requestTo(system, limits);
    await expectRefusal("OfferPriceAboveLimit", {
      call: () => escrow.connect(client).create(request),
      by: escrow,
      values: [prices.inputPrice, input, prices.outputPrice, output],
    });
  });

  it("a dearer token makes new jobs cheaper and leaves open ones as they are", async () => {
    const system = await freshSystem();
    const { escrow, currencies, addresses, stranger, vault, provider } = system;
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    await time.increase(INTERVAL);
    await currencies.setReference(addresses.ath, ATH_MICROCENTS + ATH_MICROCENTS / 10n, FOREVER);
    await escrow.finalize(opened.job, output, stranger);
    const charge = (10n * ATH_PRICES.input + 3n * ATH_PRICES.output + 999_999n) / 1_000_000n;
    const fee = (charge + 99n) / 100n;
    expect((await vault.accountOf(addresses.ath, provider)).available).to.equal(charge - fee);
    const { job } = await createJob(system);
    expect(BigInt(job.inputPrice) < ATH_PRICES.input, "cheaper").to.equal(true);
  });

  it("a governor that goes as far as it can moves a price by less than half in a day", async () => {
    const { currencies, addresses } = await freshSystem();
    let price = ATH_MICROCENTS;
    const end = (await time.latest()) + 24 * HOURS;
    while ((await time.latest()) + INTERVAL <= end) {
      await time.increase(INTERVAL);
      await currencies.setReference(addresses.ath, price + price / 10n, FOREVER).catch(() => undefined);
      price = await currencies.microcentsPerToken(addresses.ath);
    }
    expect(price > ATH_MICROCENTS && 2n * price < 3n * ATH_MICROCENTS, String(price)).to.equal(true);
  });
});
