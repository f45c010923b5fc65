// What the insurance pays, how much of it within any 30 days, and that nobody else moves it.
import { expect } from "chai";
import { describeRefusals, expectOnlyEvent, type Refusal } from "../support/expect.ts";
import { errorsOf } from "../support/interfaces.ts";
import { ATH, USD, freshSystem, time, type System } from "../support/system.ts";

const PERIOD = 30 * 86_400;
const WHY = "Job 7 was answered wrongly and nobody challenged it in time.";

/** A fund with 1,000 ATH and 1,000 mUSD. */
async function filled(): Promise<System> {
  const system = await freshSystem();
  const { ath, stablecoin, insurance } = system;
  await ath.transfer(insurance, 1_000n * ATH);
  await stablecoin.mint(insurance, 1_000n * USD);
  return system;
}

describe("InsuranceFund", () => {
  it("pays damages of any token, and publishes what for", async () => {
    const { insurance, ath, stablecoin, addresses, newcomer } = await filled();
    await expectOnlyEvent(insurance, insurance.pay(addresses.ath, ATH, newcomer, WHY), "DamagesPaid", [
      addresses.ath,
      newcomer.address,
      ATH,
      WHY,
    ]);
    await insurance.pay(addresses.stablecoin, 250n * USD, newcomer, "x".repeat(256));
    expect(await ath.balanceOf(newcomer)).to.equal(ATH);
    expect(await stablecoin.balanceOf(newcomer)).to.equal(250n * USD);
    expect(await insurance.recentlyPaid(addresses.ath)).to.equal(ATH);
    expect(await insurance.payableNow(addresses.ath)).to.equal(249n * ATH);
    expect(await insurance.payableNow(addresses.stablecoin)).to.equal(0n);
  });

  it("pays a quarter within any 30 days, and counts each payment for exactly as long", async () => {
    const { insurance, addresses, newcomer } = await filled();
    const pay = (amount: bigint) => insurance.pay(addresses.ath, amount, newcomer, WHY);
    const start = (await time.latest()) + 100;
    await time.setNextBlockTimestamp(start);
    await pay(200n * ATH);
    await time.setNextBlockTimestamp(start + PERIOD / 2);
    await pay(50n * ATH);
    await time.increaseTo(start + PERIOD - 1);
    expect(await insurance.payableNow(addresses.ath)).to.equal(0n);
    // 750 are there, and 50 were paid: a quarter of 800, less these.
    await time.increaseTo(start + PERIOD);
    expect(await insurance.recentlyPaid(addresses.ath)).to.equal(50n * ATH);
    expect(await insurance.payableNow(addresses.ath)).to.equal(150n * ATH);
    await pay(150n * ATH);
    expect(await insurance.payableNow(addresses.ath)).to.equal(0n);
    await time.increaseTo(start + (PERIOD * 3) / 2);
    expect(await insurance.recentlyPaid(addresses.ath)).to.equal(150n * ATH);
  });
});

const refused = (provoke: (system: System) => Omit<Refusal, "by">) => async (): Promise<Refusal> => {
  const system = await filled();
  return { by: system.insurance, ...provoke(system) };
};

const reason = (text: string, length: number) =>
  refused(({ insurance, addresses, newcomer }) => ({
    call: () => insurance.pay(addresses.ath, 1, newcomer, text),
    values: [length, 1, 256],
  }));

describeRefusals("IInsuranceFund", () => errorsOf("IInsuranceFund"), {
  ReasonLengthOutOfBounds: {
    "pay, without a reason": reason("", 0),
    "pay, with a novel": reason(`${"é".repeat(128)}x`, 257),
  },
  PaymentAboveLimit: {
    "pay, a unit more than a quarter": refused(({ insurance, addresses, newcomer }) => ({
      call: () => insurance.pay(addresses.ath, 250n * ATH + 1n, newcomer, WHY),
      values: [addresses.ath, 250n * ATH + 1n, 250n * ATH],
    })),
  },
  ZeroAmount: {
    "pay, nothing": refused(({ insurance, addresses, newcomer }) => ({
      call: () => insurance.pay(addresses.ath, 0, newcomer, WHY),
      values: [],
    })),
  },
});
