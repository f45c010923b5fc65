// What comes in during an epoch is divided by the shares of that epoch, and nothing else is paid.
import { expect } from "chai";
import { EPOCH, freshTeam, playEpoch, type Team, toEpoch } from "../support/checkers.ts";
import { eventsOf, expectOnlyEvent, expectRefusal } from "../support/expect.ts";
import { ATH, ethers, speakAs, USD } from "../support/system.ts";

const FIVE = [{}, {}, {}, {}, {}];

/** Fees arrive at the distributor. */
async function payFees({ ath, fees, administrator }: Team, amount: bigint): Promise<void> {
  await ath.connect(administrator).transfer(fees, amount);
}

/** What the checkers get of 10,000 units. */
const partOf = async ({ fees }: Team) => (await fees.parameters()).checkers;

describe("CheckerPay", () => {
  it("pays the checkers' part of an epoch's fees in equal parts to whoever earned a share, once", async () => {
    const system = await freshTeam();
    const { pay, reports, ath, provider, addresses, team, stranger } = system;
    await toEpoch(system, 1n);
    await payFees(system, 1_000n * ATH);
    // The clock is in epoch 1: what is collected there is the pot of epoch 1, and of no other.
    const amount = ((await partOf(system)) * 1_000n * ATH) / 10_000n;
    await expectOnlyEvent(pay, pay.collect(addresses.ath), "Collected", [1, addresses.ath, amount]);
    const epoch = await playEpoch(system, FIVE);
    expect(epoch).to.equal(2n);
    await toEpoch(system, 4n);
    await reports.score(provider);

    await payFees(system, 500n * ATH);
    await pay.collect(addresses.ath);
    await toEpoch(system, 5n);
    const [first] = team as [Team["team"][0]];
    await expectRefusal("NothingToPay", {
      call: () => pay.claim(2, addresses.ath, first.owner),
      by: pay,
      values: [2, addresses.ath],
    });
    // Nobody earned a share of epoch 1.
    await expectOnlyEvent(pay, pay.rollOver(1, addresses.ath), "RolledOver", [1, 5, addresses.ath, amount]);
    expect(await pay.potOf(5, addresses.ath)).to.equal(amount);
    expect(await pay.potOf(1, addresses.ath)).to.equal(0n);
    const next = await playEpoch(system, FIVE);
    expect(next).to.equal(6n);
    await expectRefusal("WrongEpoch", {
      call: () => pay.claim(6, addresses.ath, first.owner),
      by: pay,
      values: [6, 7],
    });
    expect(await ath.balanceOf(stranger)).to.equal(0n);
  });

  it("divides by shares, rounds down, and sends it to the checker whoever asks", async () => {
    const system = await freshTeam();
    const { pay, reports, ath, provider, addresses, team, stranger } = system;
    const epoch = await playEpoch(system, [{}, {}, {}, {}, { latency: 9_000n }]);
    // Still inside the epoch's successor: the pot of `epoch` is empty. The next one's is filled.
    await toEpoch(system, epoch + 2n);
    await reports.score(provider);
    const task = pay.connect(await speakAs(await reports.getAddress()));
    await payFees(system, 100n * ATH + 7n);
    await pay.collect(addresses.ath);
    const filled = epoch + 2n;
    const pot = await pay.potOf(filled, addresses.ath);
    for (const [index, shares] of [1n, 2n, 4n].entries()) {
      await task.credit(filled, team[index]!.owner, shares);
    }
    await toEpoch(system, filled + 3n);
    for (const [index, shares] of [1n, 2n, 4n].entries()) {
      const { owner } = team[index]!;
      const before = await ath.balanceOf(owner);
      const amount = (pot * shares) / 7n;
      await expectOnlyEvent(pay, pay.connect(stranger).claim(filled, addresses.ath, owner), "PayClaimed", [
        filled,
        addresses.ath,
        owner.address,
        amount,
      ]);
      expect(await ath.balanceOf(owner)).to.equal(before + amount);
      await expectRefusal("NothingToPay", {
        call: () => pay.claim(filled, addresses.ath, owner),
        by: pay,
        values: [filled, addresses.ath],
      });
    }
    expect(await ath.balanceOf(pay)).to.be.lessThan(7n);
  });

  it("takes what somebody else had the distributor pay, and what was given", async () => {
    const system = await freshTeam();
    const { pay, ath, fees, stablecoin, addresses, administrator } = system;
    await payFees(system, 100n * ATH);
    await fees.distribute(addresses.ath);
    await fees.claim(0, addresses.ath);
    await ath.connect(administrator).transfer(pay, ATH);
    const expected = ((await partOf(system)) * 100n * ATH) / 10_000n + ATH;
    expect(await pay.collect.staticCall(addresses.ath)).to.equal(expected);
    await pay.collect(addresses.ath);
    expect(await pay.collect.staticCall(addresses.ath)).to.equal(0n);
    await stablecoin.mint(pay, USD);
    await pay.collect(addresses.stablecoin);
    expect(await pay.potOf(0, addresses.stablecoin)).to.equal(USD);
    expect(await pay.potOf(0, addresses.ath)).to.equal(expected);
  });

  it("refuses shares from others, shares that come too late, and pots that are earned or empty", async () => {
    const system = await freshTeam();
    const { pay, reports, addresses, team, stranger } = system;
    const { owner } = team[0]!;
    await expectRefusal("NotATask", {
      call: () => pay.connect(stranger).credit(1, owner, 1),
      by: pay,
      values: [stranger.address],
    });
    const task = pay.connect(await speakAs(await reports.getAddress()));
    await toEpoch(system, 3n, EPOCH - 20n);
    expect((await eventsOf(pay, task.credit(1, owner, 1)))[0]!.name).to.equal("SharesEarned");
    await toEpoch(system, 4n);
    await expectRefusal("WrongEpoch", { call: () => task.credit(1, owner, 1), by: pay, values: [1, 4] });
    await expectRefusal("WrongEpoch", {
      call: () => pay.rollOver(2, addresses.ath),
      by: pay,
      values: [2, 4],
    });
    await expectRefusal("SharesStanding", {
      call: () => pay.rollOver(1, addresses.ath),
      by: pay,
      values: [1, 1],
    });
    for (const call of [() => pay.rollOver(0, addresses.ath), () => pay.claim(0, addresses.ath, owner)]) {
      await expectRefusal("NothingToPay", { call, by: pay, values: [0, addresses.ath] });
    }
    expect(await pay.potOf(1, addresses.ath)).to.equal(0n);
    expect(await ethers.provider.getCode(pay)).not.to.equal("0x");
  });
});
