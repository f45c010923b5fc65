// Who gets which part of the fees, and what nobody can do with them.
import { expect } from "chai";
import { describeRefusals, expectOnlyEvent, type Refusal } from "../support/expect.ts";
import { errorsOf } from "../support/interfaces.ts";
import {
  ATH,
  ATH_MICROCENTS,
  ATH_PRICES,
  USD,
  createJob,
  ethers,
  freshSystem,
  newContract,
  passWindow,
  submitResult,
  time,
  type System,
} from "../support/system.ts";

const [CHECKERS, INSURANCE, BURN, TREASURY] = [0, 1, 2, 3];
const SPLIT = { checkers: 4_000n, insurance: 1_000n, burn: 3_000n, treasury: 2_000n, saleDiscount: 100n };
const DAY = 86_400;

/** Sends tokens to the distributor and has them split. */
async function distributed(system: System, token: "ath" | "stablecoin", amount: bigint): Promise<void> {
  const { fees, addresses, administrator } = system;
  if (token === "ath") await system.ath.connect(administrator).transfer(fees, amount);
  else await system.stablecoin.mint(fees, amount);
  await fees.distribute(addresses[token]);
}

/** A system with a distributor to which no contract of checkers was named. */
async function withoutCheckers(): Promise<System> {
  const system = await freshSystem();
  const { manager, addresses, administrator } = system;
  const fees = await ethers.deployContract("FeeDistributor", [
    manager,
    addresses.ath,
    addresses.currencies,
    addresses.insurance,
    administrator,
    SPLIT,
  ]);
  return {
    ...system,
    fees: fees as unknown as System["fees"],
    addresses: { ...addresses, fees: await fees.getAddress() },
  };
}

const creditsOf = ({ fees, addresses }: System, token: "ath" | "stablecoin") =>
  Promise.all([0, 1, 2, 3].map((beneficiary) => fees.creditOf(beneficiary, addresses[token])));

/** mUSD of which 30 are for sale, and a buyer with ATH. */
async function onSale() {
  const system = await freshSystem();
  const { ath, fees, stranger } = system;
  await distributed(system, "stablecoin", 100n * USD);
  await ath.transfer(stranger, 100_000n * ATH);
  await ath.connect(stranger).approve(fees, 100_000n * ATH);
  return system;
}

describe("FeeDistributor: the split", () => {
  it("of what a job paid is made at once when anybody collects it", async () => {
    const system = await freshSystem();
    const { escrow, fees, addresses, stranger, ath } = system;
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    await passWindow(opened);
    await escrow.finalize(opened.job, output, stranger);
    const charge = (10n * ATH_PRICES.input + 3n * ATH_PRICES.output + 999_999n) / 1_000_000n;
    const fee = (charge + 99n) / 100n;
    const [checkers, insurance, treasury] = [(fee * 4n) / 10n, fee / 10n, (fee * 2n) / 10n];
    const burned = fee - checkers - insurance - treasury;
    const supply = await ath.totalSupply();
    await expectOnlyEvent(fees, escrow.connect(stranger).collectFees(addresses.ath), "FeesDistributed", [
      addresses.ath,
      checkers,
      insurance,
      burned,
      treasury,
    ]);
    expect(supply - (await ath.totalSupply())).to.equal(burned);
    expect(await fees.burned()).to.equal(burned);
    expect(await creditsOf(system, "ath")).to.deep.equal([checkers, insurance, 0n, treasury]);
  });

  it("keeps the part to burn of other tokens for sale, and gives it what rounding leaves", async () => {
    const system = await freshSystem();
    await distributed(system, "stablecoin", 9n);
    expect(await creditsOf(system, "stablecoin")).to.deep.equal([3n, 0n, 5n, 1n]);
    expect(await system.fees.burned()).to.equal(0n);
  });

  it("of what was distributed stays when governance changes it", async () => {
    const system = await freshSystem();
    const { fees } = system;
    await distributed(system, "stablecoin", 1_000n);
    const next = { checkers: 8_000n, insurance: 500n, burn: 1_500n, treasury: 0n, saleDiscount: 300n };
    await expectOnlyEvent(fees, fees.setParameters(next), "ParametersSet", [next]);
    expect(await creditsOf(system, "stablecoin")).to.deep.equal([400n, 100n, 300n, 200n]);
    await distributed(system, "stablecoin", 1_000n);
    expect(await creditsOf(system, "stablecoin")).to.deep.equal([1_200n, 150n, 450n, 200n]);
  });

  it("of nothing is nothing", async () => {
    const { fees, addresses } = await freshSystem();
    expect(await fees.distribute.staticCall(addresses.ath)).to.equal(0n);
    const sent = await (await fees.distribute(addresses.ath)).wait();
    expect(sent?.logs).to.deep.equal([]);
  });
});

describe("FeeDistributor.claim", () => {
  it("pays each beneficiary what came together for it, whoever asks", async () => {
    const system = await withoutCheckers();
    const { fees, insurance, stablecoin, addresses, administrator, newcomer, stranger } = system;
    const checkers = await newContract();
    await expectOnlyEvent(fees, fees.setCheckers(checkers), "CheckersSet", [checkers]);
    await expectOnlyEvent(fees, fees.connect(administrator).setTreasury(newcomer), "TreasurySet", [
      newcomer.address,
    ]);
    await distributed(system, "stablecoin", 1_000n);
    await distributed(system, "stablecoin", 500n);
    const receivers = [checkers, addresses.insurance, null, newcomer.address];
    expect(addresses.insurance).to.equal(await insurance.getAddress());
    for (const beneficiary of [CHECKERS, INSURANCE, TREASURY]) {
      const receiver = receivers[beneficiary]!;
      const amount = [600n, 150n, 0n, 300n][beneficiary]!;
      expect(await fees.receiverOf(beneficiary)).to.equal(receiver);
      const call = fees.connect(stranger).claim(beneficiary, addresses.stablecoin);
      await expectOnlyEvent(fees, call, "FeesClaimed", [beneficiary, addresses.stablecoin, receiver, amount]);
      expect(await stablecoin.balanceOf(receiver)).to.equal(amount);
    }
    expect(await creditsOf(system, "stablecoin")).to.deep.equal([0n, 0n, 450n, 0n]);
    expect(await stablecoin.balanceOf(fees)).to.equal(450n);
  });

  it("keeps the checkers' part until their contract exists", async () => {
    const system = await withoutCheckers();
    const { fees, ath, addresses } = system;
    await distributed(system, "ath", 10n * ATH);
    await expect(fees.claim(CHECKERS, addresses.ath))
      .to.be.revertedWithCustomError(fees, "BeneficiaryNotSet")
      .withArgs(CHECKERS);
    const checkers = await newContract();
    await fees.setCheckers(checkers);
    await fees.claim(CHECKERS, addresses.ath);
    expect(await ath.balanceOf(checkers)).to.equal(4n * ATH);
  });
});

describe("FeeDistributor.buy", () => {
  it("burns ATH of the buyer, at the price of the currencies less the discount, rounded up", async () => {
    const system = await onSale();
    const { fees, ath, stablecoin, addresses, stranger, newcomer } = system;
    const amount = 7n * USD + 1n;
    // A dollar for 10^6 units; microcents for an ATH; a hundredth off.
    const numerator = amount * 100_000_000n * ATH * 9_900n;
    const denominator = ATH_MICROCENTS * USD * 10_000n;
    const cost = (numerator + denominator - 1n) / denominator;
    expect(await fees.costOf(addresses.stablecoin, amount)).to.equal(cost);
    const [supply, before] = [await ath.totalSupply(), await ath.balanceOf(stranger)];
    const call = fees.connect(stranger).buy(addresses.stablecoin, amount, cost, newcomer);
    await expectOnlyEvent(fees, call, "FeesSold", [
      addresses.stablecoin,
      stranger.address,
      newcomer.address,
      amount,
      cost,
    ]);
    expect(supply - (await ath.totalSupply())).to.equal(cost);
    expect(before - (await ath.balanceOf(stranger))).to.equal(cost);
    expect(await fees.burned()).to.equal(cost);
    expect(await stablecoin.balanceOf(newcomer)).to.equal(amount);
    expect(await fees.creditOf(BURN, addresses.stablecoin)).to.equal(30n * USD - amount);
  });

  it("sells a quarter of what there is a day, counted anew each day", async () => {
    const system = await onSale();
    const { fees, addresses, stranger } = system;
    const buy = (amount: bigint) =>
      fees.connect(stranger).buy(addresses.stablecoin, amount, 10n ** 30n, stranger);
    await time.increaseTo((Math.floor((await time.latest()) / DAY) + 1) * DAY);
    await buy(5n * USD);
    expect(await fees.forSale(addresses.stablecoin)).to.equal(2_500_000n);
    await buy(2_500_000n);
    expect(await fees.forSale(addresses.stablecoin)).to.equal(0n);
    // What comes in makes more for sale on the same day.
    await distributed(system, "stablecoin", 40n * USD);
    expect(await fees.forSale(addresses.stablecoin)).to.equal(3n * USD);
    await time.increase(DAY);
    expect(await fees.forSale(addresses.stablecoin)).to.equal((34_500_000n + 3n) / 4n);
  });
});

const refused = (provoke: (system: System) => Promise<Omit<Refusal, "by">>) => async (): Promise<Refusal> => {
  const system = await onSale();
  return { by: system.fees, ...(await provoke(system)) };
};

const setting = (
  change: Partial<typeof SPLIT>,
  parameter: string,
  value: bigint,
  minimum: bigint,
  maximum: bigint,
) =>
  refused(({ fees }) =>
    Promise.resolve({
      call: () => fees.setParameters({ ...SPLIT, ...change }),
      values: [ethers.encodeBytes32String(parameter), value, minimum, maximum],
    }),
  );

async function deploying(insurance: string, treasury: string): Promise<Refusal> {
  const { manager, ath, currencies, fees } = await freshSystem();
  const factory = await ethers.getContractFactory("FeeDistributor");
  return {
    by: fees,
    call: () => factory.deploy(manager, ath, currencies, insurance, treasury, SPLIT),
    values: [],
  };
}

describeRefusals("IFeeDistributor", () => errorsOf("IFeeDistributor"), {
  ParameterOutOfBounds: {
    "setParameters, too little for checkers": setting(
      { checkers: 1_999n },
      "checkers",
      1_999n,
      2_000n,
      8_000n,
    ),
  },
  SplitIncomplete: {
    "setParameters, a part too few": refused(({ fees }) =>
      Promise.resolve({
        call: () => fees.setParameters({ ...SPLIT, burn: 2_999n }),
        values: [9_999n, 10_000n],
      }),
    ),
    "setParameters, a part too many": refused(({ fees }) =>
      Promise.resolve({
        call: () => fees.setParameters({ ...SPLIT, burn: 3_001n }),
        values: [10_001n, 10_000n],
      }),
    ),
  },
  ZeroAddress: {
    "deployment without an insurance": () =>
      deploying(ethers.ZeroAddress, ethers.Wallet.createRandom().address),
    "deployment without a treasury": () =>
      deploying(ethers.Wallet.createRandom().address, ethers.ZeroAddress),
    "setTreasury, nobody": refused(({ fees }) =>
      Promise.resolve({ call: () => fees.setTreasury(ethers.ZeroAddress), values: [] }),
    ),
  },
  CheckersAlreadySet: {
    "setCheckers, a second time": refused(async ({ fees, pay, addresses }) => ({
      call: () => fees.setCheckers(addresses.escrow),
      values: [await pay.getAddress()],
    })),
  },
  CheckersWithoutCode: {
    "setCheckers, an account without code": async () => {
      const { fees, stranger } = await withoutCheckers();
      return { call: () => fees.setCheckers(stranger), by: fees, values: [stranger.address] };
    },
  },
  NoFeesToClaim: {
    "claim, a second time": refused(async ({ fees, addresses }) => {
      await fees.claim(TREASURY, addresses.stablecoin);
      const call = () => fees.claim(TREASURY, addresses.stablecoin);
      return { call, values: [TREASURY, addresses.stablecoin] };
    }),
  },
  BeneficiaryNotSet: {
    "claim, of checkers that do not exist": async () => {
      const { fees, addresses } = await withoutCheckers();
      return { call: () => fees.claim(CHECKERS, addresses.stablecoin), by: fees, values: [CHECKERS] };
    },
  },
  NotClaimable: {
    "claim, what is to be burned": refused(({ fees, addresses }) =>
      Promise.resolve({ call: () => fees.claim(BURN, addresses.stablecoin), values: [BURN] }),
    ),
  },
  ZeroAmount: {
    "buy, nothing": refused(({ fees, addresses, stranger }) =>
      Promise.resolve({
        call: () => fees.connect(stranger).buy(addresses.stablecoin, 0, 0, stranger),
        values: [],
      }),
    ),
  },
  NotForSale: {
    "buy, a unit more than a quarter": refused(({ fees, addresses, stranger }) =>
      Promise.resolve({
        call: () => fees.connect(stranger).buy(addresses.stablecoin, 7_500_001n, 10n ** 30n, stranger),
        values: [addresses.stablecoin, 7_500_000n, 7_500_001n],
      }),
    ),
    "buy, ATH": refused(async (system) => {
      const { fees, addresses, stranger } = system;
      await distributed(system, "ath", 10n * ATH);
      return {
        call: () => fees.connect(stranger).buy(addresses.ath, 1, 10n ** 30n, stranger),
        values: [addresses.ath, 0n, 1n],
      };
    }),
  },
  CostAboveLimit: {
    "buy, a unit above the limit": refused(async ({ fees, addresses, stranger }) => {
      const cost = await fees.costOf(addresses.stablecoin, USD);
      return {
        call: () => fees.connect(stranger).buy(addresses.stablecoin, USD, cost - 1n, stranger),
        values: [cost, cost - 1n],
      };
    }),
  },
});
