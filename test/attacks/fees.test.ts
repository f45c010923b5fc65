// Attacks on the money that the protocol earned: bad tokens and receivers, prices that move, rounding, and whoever governs.
import { expect } from "chai";
import { expectRefusal } from "../support/expect.ts";
import { ATH, USD, ethers, freshSystem, time, type System } from "../support/system.ts";

const [CHECKERS, INSURANCE, BURN, TREASURY] = [0, 1, 2, 3] as const;
const FOREVER = 2n ** 32n - 1n;
const INTERVAL = 6 * 3_600;

interface World {
  readonly system: System;
  readonly address: string;
  /** Calls a function of the token. */
  readonly does: (verb: string, ...args: unknown[]) => Promise<unknown>;
}

/** A listed hostile token of which 10,000 units were distributed, mUSD of which 100 were, and a buyer with ATH. */
async function world(): Promise<World> {
  const system = await freshSystem();
  const { fees, ath, stablecoin, currencies, addresses, stranger } = system;
  const token = await ethers.deployContract("HostileToken");
  const address = await token.getAddress();
  const does = async (verb: string, ...args: unknown[]) =>
    (await token.getFunction(verb)(...args)) as unknown;
  await currencies.list(address, 10n ** 12n, FOREVER);
  await does("mint", addresses.fees, 10_000n);
  await fees.distribute(address);
  await stablecoin.mint(fees, 100n * USD);
  await fees.distribute(addresses.stablecoin);
  await ath.transfer(stranger, 1_000_000n * ATH);
  await ath.connect(stranger).approve(fees, 1_000_000n * ATH);
  return { system, address, does };
}

/** mUSD go their ways, whatever became of the other token. */
async function expectOthersUnharmed({ fees, stablecoin, addresses, stranger }: System): Promise<void> {
  await fees.claim(INSURANCE, addresses.stablecoin);
  expect(await stablecoin.balanceOf(addresses.insurance)).to.equal(10n * USD);
  await fees.connect(stranger).buy(addresses.stablecoin, USD, 10n ** 30n, stranger);
  expect(await stablecoin.balanceOf(stranger)).to.equal(USD);
}

describe("attack: a token or a receiver that fails", () => {
  it("a receiver that a token blocks waits alone, and loses nothing", async () => {
    const { system, address, does } = await world();
    const { fees, administrator, newcomer, addresses } = system;
    await does("setBlocked", administrator.address);
    await expect(fees.claim(TREASURY, address)).to.revert(ethers);
    await fees.claim(INSURANCE, address);
    expect(await does("balanceOf", addresses.insurance)).to.equal(1_000n);
    expect(await fees.creditOf(TREASURY, address)).to.equal(2_000n);
    await expectOthersUnharmed(system);
    // Governance names another account, which is paid what had come together.
    await fees.setTreasury(newcomer);
    await fees.claim(TREASURY, address);
    expect(await does("balanceOf", newcomer.address)).to.equal(2_000n);
  });

  it("a token that stops, lies or takes itself back harms itself", async () => {
    const { system, address, does } = await world();
    const { fees, stranger, addresses } = system;
    await does("setPaused", true);
    await expect(fees.claim(INSURANCE, address)).to.revert(ethers);
    await does("setPaused", false);
    await does("setSaysNo", true);
    await expect(fees.claim(INSURANCE, address)).to.revert(ethers);
    const buy = () => fees.connect(stranger).buy(address, 1, 10n ** 30n, stranger);
    await expect(buy()).to.revert(ethers);
    await does("setSaysNo", false);
    // Less is there than was credited: what comes next is no news, and no credit.
    await does("rebase", addresses.fees, 1_500n);
    expect(await fees.distribute.staticCall(address)).to.equal(0n);
    await fees.claim(INSURANCE, address);
    await expect(fees.claim(TREASURY, address)).to.revert(ethers);
    expect(await fees.creditOf(TREASURY, address)).to.equal(2_000n);
    await expectOthersUnharmed(system);
  });

  it("a token that calls back in the middle of a payment gets nowhere", async () => {
    const { system, address, does } = await world();
    const { fees, addresses } = system;
    const iface = fees.interface;
    const calls = [
      iface.encodeFunctionData("claim", [TREASURY, address]),
      iface.encodeFunctionData("distribute", [address]),
      iface.encodeFunctionData("buy", [address, 1, 10n ** 30n, address]),
    ];
    const guarded = ethers.id("ReentrancyGuardReentrantCall()").slice(0, 10);
    for (const [i, call] of calls.entries()) {
      await does("setCall", addresses.fees, call);
      if (i !== 0) {
        await does("setCall", ethers.ZeroAddress, "0x");
        await does("mint", addresses.fees, 10n);
        await fees.distribute(address);
        await does("setCall", addresses.fees, call);
      }
      await fees.claim(INSURANCE, address);
      expect(await does("callSucceeded")).to.equal(false);
      expect(await does("callResult")).to.equal(guarded);
    }
    let credited = 0n;
    for (const beneficiary of [CHECKERS, INSURANCE, BURN, TREASURY]) {
      credited += await fees.creditOf(beneficiary, address);
    }
    expect(await does("balanceOf", addresses.fees)).to.equal(credited);
  });

  it("a token of no account finds no fees in an escrow, and moves none", async () => {
    const { system } = await world();
    const { escrow, channels, stranger, addresses } = system;
    const unknown = await ethers.deployContract("HostileToken");
    for (const contract of [escrow, channels]) {
      const found = await contract.connect(stranger).collectFees.staticCall(unknown);
      expect([...found]).to.deep.equal([addresses.fees, 0n]);
    }
  });
});

describe("attack: a sandwiched price step", () => {
  it("who knows a step of the price before it happens gains it on a quarter of what is for sale, and cannot sell back", async () => {
    const { system } = await world();
    const { fees, currencies, addresses, stranger } = system;
    await time.increase(INTERVAL);
    const coin = addresses.stablecoin;
    const quarter = await fees.forSale(coin);
    expect(quarter).to.equal((30n * USD) / 4n);
    const before = await fees.costOf(coin, quarter);
    await fees.connect(stranger).buy(coin, quarter, before, stranger);
    await currencies.setReference(coin, 110_000_000n, FOREVER);
    const after = await fees.costOf(coin, quarter);
    // A tenth, on the quarter; the discount was everybody's.
    expect(after - before <= before / 10n + 1n).to.equal(true);
    await expectRefusal("NotForSale", {
      call: () => fees.connect(stranger).buy(coin, 1, 10n ** 30n, stranger),
      by: fees,
      values: [coin, 0n, 1n],
    });
    // The rest is sold at the new price: nothing in this contract gives ATH for tokens.
    await time.increase(86_400);
    expect(await fees.costOf(coin, USD)).to.equal((after * USD + quarter - 1n) / quarter);
  });

  it("a step in front of a purchase costs the buyer no more than its limit", async () => {
    const { system } = await world();
    const { fees, currencies, addresses, stranger } = system;
    const quoted = await fees.costOf(addresses.stablecoin, USD);
    await time.increase(INTERVAL);
    await currencies.setReference(addresses.stablecoin, 110_000_000n, FOREVER);
    const raised = await fees.costOf(addresses.stablecoin, USD);
    await expectRefusal("CostAboveLimit", {
      call: () => fees.connect(stranger).buy(addresses.stablecoin, USD, quoted, stranger),
      by: fees,
      values: [raised, quoted],
    });
  });
});

describe("attack: a stale price", () => {
  for (const stale of ["ath", "stablecoin"] as const) {
    it(`of ${stale}: nothing is sold, nothing is lost, and everything else goes on`, async () => {
      const { system } = await world();
      const { fees, currencies, addresses, stranger } = system;
      const { referenceMicrocents } = await currencies.currencyOf(addresses[stale]);
      const until = (await time.latest()) + 100;
      await currencies.setReference(addresses[stale], referenceMicrocents, until);
      await time.increaseTo(until + 1);
      const buy = () => fees.connect(stranger).buy(addresses.stablecoin, USD, 10n ** 30n, stranger);
      await expect(buy()).to.be.revertedWithCustomError(currencies, "ReferenceExpired");
      expect(await fees.creditOf(BURN, addresses.stablecoin)).to.equal(30n * USD);
      await fees.claim(INSURANCE, addresses.stablecoin);
      await currencies.setReference(addresses[stale], referenceMicrocents, FOREVER);
      await buy();
      expect(await fees.creditOf(BURN, addresses.stablecoin)).to.equal(29n * USD);
    });
  }
});

describe("attack: rounding to zero", () => {
  it("a thousandth part a thousand times is no cheaper, and no amount is for nothing", async () => {
    const { system } = await world();
    const { fees, addresses } = system;
    const whole = await fees.costOf(addresses.stablecoin, 1_000n);
    const part = await fees.costOf(addresses.stablecoin, 1n);
    expect(part * 1_000n >= whole && part > 0n).to.equal(true);
  });

  it("a unit of the cheapest token of 36 decimals costs a unit of ATH", async () => {
    const { system } = await world();
    const { fees, currencies, addresses } = system;
    const token = await ethers.deployContract("HostileToken");
    await (token.getFunction("setDecimals")(36) as Promise<unknown>);
    await currencies.list(token, 1_000, FOREVER);
    expect(await fees.costOf(token, 1n)).to.equal(1n);
    await (token.getFunction("mint")(addresses.fees, 1n) as Promise<unknown>);
    await fees.distribute(token);
    expect(await fees.forSale(token), "the last unit can be sold").to.equal(1n);
  });
});

describe("attack: whoever governs takes the fees", () => {
  it("nothing but the treasury's part is governance's to direct, three tenths at most", async () => {
    const { system } = await world();
    const { fees, ath, addresses, newcomer } = system;
    await fees.setTreasury(newcomer);
    const greedy = { checkers: 2_000, insurance: 3_000, burn: 2_000, treasury: 3_000, saleDiscount: 300 };
    await fees.setParameters(greedy);
    await ath.transfer(fees, 1_000n * ATH);
    await fees.distribute(addresses.ath);
    await fees.claim(TREASURY, addresses.ath);
    expect(await ath.balanceOf(newcomer)).to.equal(300n * ATH);
    await expectRefusal("ParameterOutOfBounds", {
      call: () => fees.setParameters({ ...greedy, insurance: 2_999, treasury: 3_001 }),
      by: fees,
      values: [ethers.encodeBytes32String("treasury"), 3_001, 0, 3_000],
    });
  });

  it("of the insurance it takes a quarter in 30 days: after a year of it, three hundredths are left, and everybody has seen it", async () => {
    const { system } = await world();
    const { insurance, ath, addresses, newcomer } = system;
    await ath.transfer(insurance, 1_000n * ATH);
    for (let month = 0; month < 12; month++) {
      await insurance.pay(
        addresses.ath,
        await insurance.payableNow(addresses.ath),
        newcomer,
        "because I can",
      );
      await expect(insurance.pay(addresses.ath, 1, newcomer, "more")).to.be.revertedWithCustomError(
        insurance,
        "PaymentAboveLimit",
      );
      await time.increase(30 * 86_400);
    }
    const left = Number((await ath.balanceOf(insurance)) / ATH);
    expect(left).to.equal(Math.floor(1_000 * 0.75 ** 12));
  });
});
