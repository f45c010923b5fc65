import { expect } from "chai";
import type { Result } from "ethers";
import { expectOnlyEvent, plain } from "../support/expect.ts";
import {
  ATH,
  ATH_PRICES,
  CONTEXT,
  REGISTRY_BIT,
  RESERVED,
  VOCABULARY,
  WORK,
  createJob,
  fund,
  ethers,
  freshSystem,
  gpus,
  profileOf,
  type System,
} from "../support/system.ts";

const values = (result: unknown) => plain(result as Result);
const asEvents = ({ hardware, ...keys }: ReturnType<typeof profileOf>) => [
  ...Object.values(keys),
  hardware.map(({ hardwareClass, count }) => [BigInt(hardwareClass), BigInt(count)]),
];
/** As the deployment has them: ATH units a GPU, multiply-adds a second. */
const STAKES = [1_000n, 8_000n, 16_000n, 40_000n, 64_000n].map((stake) => stake * ATH);
const THROUGHPUTS = [1n, 230n, 190n, 480n, 1_200n].map((giga) => giga * 10n ** 9n);

async function stakeMore(system: System, amount: bigint): Promise<void> {
  await fund(system, system.provider, amount);
  await system.vault.connect(system.provider).stake(amount);
}

describe("ProviderRegistry.register", () => {
  it("stores the profile and locks hardware's stake and the fraud deposit", async () => {
    const system = await freshSystem();
    const { providers, vault, newcomer, operator } = system;
    await fund(system, newcomer, 22_000n * ATH);
    await vault.connect(newcomer).stake(22_000n * ATH);
    await vault.connect(newcomer).approveStakeModules(REGISTRY_BIT);
    const profile = { ...profileOf(operator), hardware: gpus(1, 2), endpoint: "e".repeat(256) };
    const registered = providers.connect(newcomer).register(profile);
    await expectOnlyEvent(providers, registered, "ProviderRegistered", [
      newcomer.address,
      profile,
      22_000n * ATH,
    ]);
    expect(values(await providers.providerOf(newcomer))).to.deep.equal([
      asEvents(profile),
      true,
      0n,
      22_000n * ATH,
      5_000n * ATH,
    ]);
    expect((await vault.stakeOf(newcomer)).locked).to.equal(22_000n * ATH);
    expect(await providers.operatorOf(newcomer)).to.equal(operator.address);
  });
});

describe("ProviderRegistry.update", () => {
  it("locks more for more hardware and frees it again, by the difference", async () => {
    const system = await freshSystem();
    const { providers, vault, provider, operator } = system;
    await stakeMore(system, 20_000n * ATH);
    for (const [hardware, reserved, throughput] of [
      [gpus(3), 8_000n, 3n],
      [gpus(2), 7_000n, 2n],
      [gpus(1, 2), 22_000n, 461n],
      [gpus(0, 2), 21_000n, 460n],
      [gpus(1, 1, 0), 14_000n, 231n],
      [gpus(1), 6_000n, 1n],
    ] as const) {
      const profile = { ...profileOf(operator), hardware };
      const updated = providers.connect(provider).update(profile);
      await expectOnlyEvent(providers, updated, "ProviderUpdated", [
        provider.address,
        profile,
        reserved * ATH,
      ]);
      expect((await vault.stakeOf(provider)).locked).to.equal(reserved * ATH);
      const after = await providers.providerOf(provider);
      expect(after.reserved).to.equal(reserved * ATH);
      expect(values(after.profile.hardware)).to.deep.equal(asEvents(profile).at(-1));
      expect(await providers.throughputOf(provider)).to.equal(throughput * 10n ** 9n);
    }
  });

  it("keeps the lock while hardware stays the same, whatever it would need today", async () => {
    const { providers, vault, provider, newcomer, watchtower } = await freshSystem();
    await providers.setHardwareClass(0, {
      name: "cpu",
      minimumStakePerGpu: 9_000n * ATH,
      minimumThroughput: 10n ** 18n,
      open: false,
    });
    await providers.setFraudDeposit(10n * ATH);
    const profile = profileOf(newcomer, watchtower);
    const updated = providers.connect(provider).update(profile);
    await expectOnlyEvent(providers, updated, "ProviderUpdated", [provider.address, profile, RESERVED]);
    expect((await vault.stakeOf(provider)).locked).to.equal(RESERVED);
    expect(await providers.throughputOf(provider)).to.equal(THROUGHPUTS[0]);
    expect(await providers.operatorOf(provider)).to.equal(newcomer.address);
    expect(await providers.defenderKeysOf(provider)).to.deep.equal([newcomer.address, watchtower.address]);
  });
});

describe("ProviderRegistry.deregister", () => {
  it("forgets the provider and frees what it locked, even after requirements have changed", async () => {
    const { providers, vault, provider, addresses, modelRoot } = await freshSystem();
    await providers.setFraudDeposit(9_999n * ATH);
    await providers.connect(provider).removeOffer(modelRoot, addresses.ath);
    await providers.connect(provider).removeOffer(modelRoot, addresses.stablecoin);
    const deregistered = providers.connect(provider).deregister();
    await expectOnlyEvent(providers, deregistered, "ProviderDeregistered", [provider.address]);
    expect((await vault.stakeOf(provider)).locked).to.equal(0n);
    expect((await providers.providerOf(provider)).registered).to.equal(false);
    expect(await providers.operatorOf(provider)).to.equal(`0x${"00".repeat(20)}`);
  });

  it("lets a provider come back with a clean account", async () => {
    const { providers, provider, operator, addresses, modelRoot } = await freshSystem();
    const asProvider = providers.connect(provider);
    await asProvider.removeOffer(modelRoot, addresses.ath);
    await asProvider.removeOffer(modelRoot, addresses.stablecoin);
    await asProvider.deregister();
    await asProvider.register(profileOf(operator));
    const { offerCount, reserved, registered } = await providers.providerOf(provider);
    expect([offerCount, reserved, registered]).to.deep.equal([0n, RESERVED, true]);
  });
});

describe("ProviderRegistry: offers", () => {
  it("setOffer publishes prices and copies the model's properties; a new price replaces the old", async () => {
    const { providers, provider, addresses, modelRoot } = await freshSystem();
    const price = 2n ** 64n - 1n;
    const set = providers.connect(provider).setOffer(modelRoot, addresses.ath, 0, price);
    await expectOnlyEvent(providers, set, "OfferSet", [provider.address, modelRoot, addresses.ath, 0, price]);
    expect(values(await providers.offerOf(provider, modelRoot, addresses.ath))).to.deep.equal(
      [0n, price, CONTEXT, VOCABULARY, WORK].map(BigInt),
    );
    expect((await providers.providerOf(provider)).offerCount, "still two offers").to.equal(2n);
  });

  it("a new price does not touch an open job", async () => {
    const system = await freshSystem();
    const { providers, escrow, provider, addresses, modelRoot } = system;
    const opened = await createJob(system);
    await providers.connect(provider).setOffer(modelRoot, addresses.ath, 1, 1);
    expect(opened.job.outputPrice).to.equal(ATH_PRICES.output);
    expect(await escrow.jobIdOf(opened.job)).to.equal(opened.id);
  });

  it("removeOffer takes one offer away", async () => {
    const { providers, provider, addresses, modelRoot } = await freshSystem();
    const removed = providers.connect(provider).removeOffer(modelRoot, addresses.ath);
    await expectOnlyEvent(providers, removed, "OfferRemoved", [provider.address, modelRoot, addresses.ath]);
    expect((await providers.providerOf(provider)).offerCount).to.equal(1n);
    await expect(providers.offerOf(provider, modelRoot, addresses.ath))
      .to.be.revertedWithCustomError(providers, "NoSuchOffer")
      .withArgs(provider.address, modelRoot, addresses.ath);
  });
});

describe("ProviderRegistry: hardware classes", () => {
  const TERMS = { name: "A", minimumStakePerGpu: 5n * ATH, minimumThroughput: 10n ** 9n, open: true };

  it("are those of the deployment, cheapest first", async () => {
    const { providers } = await freshSystem();
    expect(await providers.hardwareClassCount()).to.equal(5n);
    const classes = await Promise.all(STAKES.map((_, index) => providers.hardwareClassOf(index)));
    expect(classes.map(values)).to.deep.equal(
      ["cpu", "consumer-24gb", "workstation-48gb", "data-centre-80gb", "data-centre-141gb"].map(
        (name, index) => [name, STAKES[index], THROUGHPUTS[index], true],
      ),
    );
  });

  it("setHardwareClass adds the next class and changes an old one", async () => {
    const { providers } = await freshSystem();
    for (const [index, name] of [
      [5n, "A".repeat(64)],
      [0n, "B"],
    ] as const) {
      const terms = { ...TERMS, name };
      const set = providers.setHardwareClass(index, terms);
      await expectOnlyEvent(providers, set, "HardwareClassSet", [index, ...Object.values(terms)]);
      expect(values(await providers.hardwareClassOf(index))).to.deep.equal(Object.values(terms));
    }
    expect(await providers.hardwareClassCount()).to.equal(6n);
  });

  it("take the least and the most that they may", async () => {
    const { providers } = await freshSystem();
    for (const [minimumStakePerGpu, minimumThroughput] of [
      [ATH, 10n ** 6n],
      [10_000_000n * ATH, 10n ** 18n],
    ] as const) {
      const terms = { ...TERMS, minimumStakePerGpu, minimumThroughput };
      await providers.setHardwareClass(0, terms);
      expect(values(await providers.hardwareClassOf(0))).to.deep.equal(Object.values(terms));
    }
  });

  it("of a closed class a provider keeps what it has or less, at today's requirement, and may add of others", async () => {
    const system = await freshSystem();
    const { providers, vault, provider, operator } = system;
    await stakeMore(system, 20_000n * ATH);
    const become = (...counts: number[]) =>
      providers.connect(provider).update({ ...profileOf(operator), hardware: gpus(...counts) });
    await become(3);
    await providers.setHardwareClass(0, { ...TERMS, minimumStakePerGpu: 500n * ATH, open: false });
    for (const [counts, hardware] of [
      [[3, 1], 9_500n],
      [[2, 1], 9_000n],
      [[0, 1], 8_000n],
    ] as const) {
      await become(...counts);
      expect((await vault.stakeOf(provider)).locked).to.equal((hardware + 5_000n) * ATH);
    }
    // What is gone does not come back.
    await expect(become(1, 1))
      .to.be.revertedWithCustomError(providers, "HardwareClassNotOpen")
      .withArgs(0, 5);
  });

  it("requiredStake is the sum over the classes and the deposit, of closed ones, too", async () => {
    const { providers } = await freshSystem();
    const counts = [3, 1, 0, 2, 5];
    const sum = counts.reduce((before, count, index) => before + BigInt(count) * STAKES[index]!, 0n);
    const all = sum + sum / 4n;
    expect(await providers.requiredStake(gpus(...counts))).to.equal(all);
    await providers.setHardwareClass(0, { ...TERMS, minimumStakePerGpu: STAKES[0]!, open: false });
    expect(await providers.requiredStake(gpus(...counts))).to.equal(all);
  });

  it("requiredStake that no stake could hold is refused instead of cut off", async () => {
    const { providers } = await freshSystem();
    await providers.setHardwareClass(0, { ...TERMS, minimumStakePerGpu: 10_000_000n * ATH });
    await expect(providers.requiredStake(gpus(100_000)))
      .to.be.revertedWithCustomError(providers, "SafeCastOverflowedUintDowncast")
      .withArgs(96, (10n ** 12n * ATH * 5n) / 4n);
  });
});

describe("ProviderRegistry: the fraud deposit", () => {
  it("is the least there can be until governance sets it", async () => {
    const { manager, addresses } = await freshSystem();
    const providers = await ethers.deployContract("ProviderRegistry", [
      manager,
      addresses.vault,
      addresses.models,
    ]);
    expect(await providers.getFunction("fraudDeposit")()).to.equal(10n * ATH);
    expect(await providers.getFunction("depositShare")()).to.equal(1_000n);
  });

  it("is part of every lock from the next setFraudDeposit on", async () => {
    const { providers, provider } = await freshSystem();
    for (const [amount, deposit] of [
      [10n * ATH, 750n * ATH],
      [750n * ATH + 1n, 750n * ATH + 1n],
      [10_000_000n * ATH, 10_000_000n * ATH],
    ] as const) {
      await expectOnlyEvent(providers, providers.setFraudDeposit(amount), "FraudDepositSet", [amount]);
      expect(await providers.fraudDeposit()).to.equal(amount);
      expect(await providers.fraudDepositFor(gpus(3))).to.equal(deposit);
      expect(await providers.requiredStake(gpus(3))).to.equal(3_000n * ATH + deposit);
    }
    expect(await providers.fraudDepositOf(provider), "a registered provider keeps its own").to.equal(
      5_000n * ATH,
    );
  });

  it("grows with the hardware: a share of its stake, of all of it, from the next setHardwareDepositShare on", async () => {
    const { providers, provider } = await freshSystem();
    // Two processors have the least there is; a hundred cards of a data centre a hundred times that of one.
    for (const [share, one, hundred] of [
      [2_500, 10_000n, 1_000_000n],
      [1_000, 5_000n, 400_000n],
      [40_000, 160_000n, 16_000_000n],
    ] as const) {
      await expectOnlyEvent(providers, providers.setHardwareDepositShare(share), "DepositShareSet", [share]);
      expect(await providers.depositShare()).to.equal(share);
      expect(await providers.fraudDepositFor(gpus(0, 0, 0, 1))).to.equal(one * ATH);
      expect(await providers.fraudDepositFor(gpus(0, 0, 0, 100))).to.equal(hundred * ATH);
      expect(await providers.requiredStake(gpus(0, 0, 0, 100))).to.equal((4_000_000n + hundred) * ATH);
    }
    expect(await providers.fraudDepositOf(provider)).to.equal(5_000n * ATH);
  });

  it("rises with more hardware, and stays when there is less", async () => {
    const system = await freshSystem();
    const { providers, vault, provider, operator } = system;
    await stakeMore(system, 100_000n * ATH);
    for (const [hardware, deposit, reserved] of [
      [gpus(0, 0, 0, 1), 10_000n, 50_000n],
      [gpus(1, 0, 0, 2), 20_250n, 101_250n],
      [gpus(0, 0, 0, 1), 20_250n, 60_250n],
      [gpus(1), 20_250n, 21_250n],
    ] as const) {
      await providers.connect(provider).update({ ...profileOf(operator), hardware });
      const found = await providers.providerOf(provider);
      expect([found.fraudDeposit, found.reserved]).to.deep.equal([deposit * ATH, reserved * ATH]);
      expect((await vault.stakeOf(provider)).locked).to.equal(reserved * ATH);
    }
  });

  it("is what the stake has to suffice for, too", async () => {
    const system = await freshSystem();
    const { providers, vault, provider, operator } = system;
    // 10,000 are staked, 6,000 of them locked: another 43,999 are one too few.
    await stakeMore(system, 40_000n * ATH - 1n);
    const update = () =>
      providers.connect(provider).update({ ...profileOf(operator), hardware: gpus(0, 0, 0, 1) });
    await expect(update())
      .to.be.revertedWithCustomError(vault, "InsufficientStake")
      .withArgs(provider.address, 44_000n * ATH - 1n, 44_000n * ATH);
    await stakeMore(system, 1n);
    await update();
  });
});
