// Every error of pools and their factory, each provoked.
import { ZeroAddress } from "ethers";
import { type Refusal, describeRefusals } from "../support/expect.ts";
import { errorsOf } from "../support/interfaces.ts";
import { OWN, type PoolSystem, createPool, freshPool, penalise, requestExit } from "../support/pools.ts";
import { ATH, ethers, freshSystem, newContract, time } from "../support/system.ts";

/** A refusal by the pool. */
async function byPool(
  provoke: (system: PoolSystem) => Promise<Omit<Refusal, "by">> | Omit<Refusal, "by">,
): Promise<Refusal> {
  const system = await freshPool();
  return { by: system.pool, ...(await provoke(system)) };
}

describeRefusals("DelegationPool", () => errorsOf("IDelegationPool"), {
  NotManager: Object.fromEntries(
    (
      [
        ["withdrawOwn", [1n]],
        ["setCommission", [1]],
        ["setResting", [true]],
        ["claimCoin", [ZeroAddress]],
        ["execute", [ZeroAddress, "0x"]],
      ] as const
    ).map(([name, values]) => [
      `a delegator calls ${name}`,
      () =>
        byPool(({ pool, alice, manager_ }) => ({
          call: () => pool.connect(alice).getFunction(name)(...values),
          values: [alice.address, manager_.address],
        })),
    ]),
  ),
  NotFactory: {
    "somebody initialises a pool again": () =>
      byPool(({ pool, manager_ }) => ({
        call: () => pool.connect(manager_).initialise(0),
        values: [manager_.address],
      })),
  },
  OwnPartTooSmall: {
    "more is delegated than the own part covers": () =>
      byPool(({ pool, alice }) => ({
        call: () => pool.connect(alice).delegate(9n * OWN + 1n, alice),
        values: [OWN, OWN + 1n],
      })),
    "the manager takes out more than there is": () =>
      byPool(({ pool, manager_ }) => ({
        call: () => pool.connect(manager_).withdrawOwn(OWN + 1n),
        values: [OWN, OWN + 1n],
      })),
  },
  PoolRetired: {
    "somebody delegates": () =>
      byPool(async ({ pool, manager_, alice }) => {
        await pool.connect(manager_).retire();
        return { call: () => pool.connect(alice).delegate(ATH, alice), values: [await time.latest()] };
      }),
    "it retires again": () =>
      byPool(async ({ pool, manager_ }) => {
        await pool.connect(manager_).retire();
        return { call: () => pool.connect(manager_).retire(), values: [await time.latest()] };
      }),
  },
  PoolNotRetired: {
    "an offer is taken back": () =>
      byPool(({ pool, modelRoot, addresses }) => ({
        call: () => pool.removeOffer(modelRoot, addresses.ath),
        values: [],
      })),
    "it is deregistered": () => byPool(({ pool }) => ({ call: () => pool.deregister(), values: [] })),
    "a channel is closed": () =>
      byPool(({ pool }) => ({ call: () => pool.closeChannel(anyChannel), values: [] })),
  },
  PoolSpent: {
    "the shares are worth less than a millionth": () =>
      byPool(async (system) => {
        const { alice, bob, manager_ } = system;
        // Not registered: nothing of its stake is locked, so that all of it can be lost.
        const pool = await createPool(system, manager_, "other");
        const poolAddress = await pool.getAddress();
        for (const account of [manager_, alice]) await system.ath.connect(account).approve(pool, 10n * OWN);
        await pool.connect(manager_).contribute(OWN);
        await pool.connect(alice).delegate(50_000n * ATH, alice);
        await penalise({ ...system, pool, poolAddress }, OWN + 49_999n * ATH + (ATH * 96n) / 100n);
        await pool.connect(manager_).contribute(OWN);
        const { price } = await pool.book();
        return {
          call: () => pool.connect(bob).delegate(ATH, bob),
          values: [price, 10n ** 21n],
        };
      }),
  },
  RetirementNotDue: {
    "a stranger retires a pool that serves its exits": () =>
      byPool(async ({ pool, stranger }) => {
        const next = BigInt(await time.latest()) + 100n;
        await time.setNextBlockTimestamp(next);
        return { call: () => pool.connect(stranger).retire(), values: [next - (await pool.patience())] };
      }),
  },
  NoticeNotOver: {
    "a channel is closed at once": () =>
      byPool(async ({ pool, manager_ }) => {
        await pool.connect(manager_).retire();
        const from = BigInt(await time.latest()) + 7n * 86_400n;
        return { call: () => pool.closeChannel(anyChannel), values: [from] };
      }),
  },
  ZeroAmount: {
    "nothing is contributed": () =>
      byPool(({ pool, manager_ }) => ({ call: () => pool.connect(manager_).contribute(0), values: [] })),
    "nothing is delegated": () =>
      byPool(({ pool, alice }) => ({ call: () => pool.connect(alice).delegate(0, alice), values: [] })),
    "an exit of no shares": () =>
      byPool(({ pool, alice }) => ({ call: () => pool.connect(alice).requestExit(0), values: [] })),
    "the manager takes out nothing": () =>
      byPool(({ pool, manager_ }) => ({ call: () => pool.connect(manager_).withdrawOwn(0), values: [] })),
  },
  UnknownExit: {
    "an exit that nobody asked for is claimed": () =>
      byPool(({ pool }) => ({ call: () => pool.claimExit(0), values: [0n] })),
    "an exit that nobody asked for is read": () =>
      byPool(({ pool }) => ({ call: () => pool.exitOf(3), values: [3n] })),
  },
  NothingToPay: {
    "its round has not ended": () =>
      byPool(async (system) => {
        const { pool, alice } = system;
        await pool.connect(alice).delegate(ATH, alice);
        const id = await requestExit(system, alice, ATH);
        return { call: () => pool.claimExit(id), values: [id] };
      }),
  },
  NothingEarned: {
    "nothing was earned": () =>
      byPool(({ pool, alice, addresses }) => ({
        call: () => pool.connect(alice).claim(addresses.ath, alice),
        values: [addresses.ath, alice.address],
      })),
  },
  TargetNotAllowed: {
    "the manager reaches for the vault": () =>
      byPool(({ pool, vault, manager_, addresses }) => ({
        call: () =>
          pool.connect(manager_).execute(addresses.vault, vault.interface.encodeFunctionData("unbond", [1n])),
        values: [addresses.vault],
      })),
    "the manager reaches for tokens": () =>
      byPool(({ pool, ath, manager_, addresses }) => ({
        call: () =>
          pool
            .connect(manager_)
            .execute(addresses.ath, ath.interface.encodeFunctionData("approve", [manager_.address, 1n])),
        values: [addresses.ath],
      })),
  },
  CommissionOutOfBounds: {
    "more than half": () =>
      byPool(({ pool, manager_ }) => ({
        call: () => pool.connect(manager_).setCommission(9_001),
        values: [9_001n, 9_000n],
      })),
    "a pool is made with more than half": () =>
      byPool(({ pools, manager_ }) => ({
        call: () => pools.connect(manager_).create("other", 9_001),
        values: [9_001n, 9_000n],
      })),
  },
  NoRiseDue: {
    "none was announced": () => byPool(({ pool }) => ({ call: () => pool.applyCommission(), values: [0n] })),
  },
  TokenNotAccepted: {
    "a token that the vault does not take": () =>
      byPool(({ pool, stranger }) => ({
        call: () => pool.harvest(stranger),
        values: [stranger.address],
      })),
  },
  TooManyTokens: {
    "a ninth": () =>
      byPool(async ({ pool, vault }) => {
        for (let i = 1; i < 8; i += 1) {
          const token = await ethers.deployContract("MockToken", ["Mock", "MOCK", 18]);
          await vault.setTokenAccepted(token, true);
          await pool.harvest(token);
        }
        const ninth = await ethers.deployContract("MockToken", ["Mock", "MOCK", 18]);
        await vault.setTokenAccepted(ninth, true);
        return { call: () => pool.harvest(ninth), values: [8n] };
      }),
  },
  CannotReceiveShares: {
    "shares are sent to their own pool": () =>
      byPool(async ({ pool, alice, poolAddress }) => {
        await pool.connect(alice).delegate(ATH, alice);
        return { call: () => pool.connect(alice).transfer(pool, 1n), values: [poolAddress] };
      }),
  },
});

const anyChannel = {
  client: ZeroAddress,
  salt: 0,
  notice: 0,
  provider: ZeroAddress,
  receiptLife: 0,
  feeBasisPoints: 0,
  token: ZeroAddress,
  exitBounty: 0,
  voucherKey: ZeroAddress,
  expiresAt: 0,
  stakeLock: 0,
  workPerSecond: 0,
};

const labels = ["ab", "a".repeat(25), "Hearth", "north 1", "-north", "north-", "nörd", ""];

describeRefusals("DelegationPools", () => errorsOf("IDelegationPools"), {
  InvalidLabel: Object.fromEntries(
    labels.map((label) => [
      `"${label}"`,
      async () => {
        const { pools } = await freshSystem();
        return { call: () => pools.create(label, 0), by: pools, values: [label] };
      },
    ]),
  ),
  LabelTaken: {
    "another manager takes the same": async () => {
      const { pools, alice, poolAddress } = await freshPool();
      const call = () => pools.connect(alice).create("hearth", 0);
      return { call, by: pools, values: ["hearth", poolAddress] };
    },
  },
  UnknownModule: {
    "stake could be locked by a contract that is no module": async () => {
      const { pools, addresses } = await freshSystem();
      const module = await newContract();
      const { vault, providers, channels } = addresses;
      const call = () => ethers.deployContract("DelegationPools", [vault, providers, channels, [module], []]);
      return { call, by: pools, values: [module] };
    },
  },
});
