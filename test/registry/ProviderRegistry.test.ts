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
  freshSystem,
  profileOf,
} from "../support/system.ts";

const values = (result: unknown) => plain(result as Result);
const asEvents = (profile: ReturnType<typeof profileOf>) =>
  Object.values(profile).map((value) => (typeof value === "number" ? BigInt(value) : value));

describe("ProviderRegistry.register", () => {
  it("stores the profile and locks hardware's stake and the fraud deposit", async () => {
    const system = await freshSystem();
    const { providers, vault, newcomer, operator } = system;
    await fund(system, newcomer, 10_000n * ATH);
    await vault.connect(newcomer).stake(10_000n * ATH);
    await vault.connect(newcomer).approveStakeModules(REGISTRY_BIT);
    const profile = { ...profileOf(operator), gpuCount: 5, endpoint: "e".repeat(256) };
    const registered = providers.connect(newcomer).register(profile);
    await expectOnlyEvent(providers, registered, "ProviderRegistered", [
      newcomer.address,
      profile,
      10_000n * ATH,
    ]);
    expect(values(await providers.providerOf(newcomer))).to.deep.equal([
      asEvents(profile),
      true,
      0n,
      10_000n * ATH,
      5_000n * ATH,
    ]);
    expect((await vault.stakeOf(newcomer)).locked).to.equal(10_000n * ATH);
    expect(await providers.operatorOf(newcomer)).to.equal(operator.address);
  });
});

describe("ProviderRegistry.update", () => {
  it("locks more for more hardware and frees it again, by the difference", async () => {
    const { providers, vault, provider, operator } = await freshSystem();
    for (const [gpuCount, reserved] of [
      [3, 8_000n * ATH],
      [2, 7_000n * ATH],
    ] as const) {
      const profile = { ...profileOf(operator), gpuCount };
      const updated = providers.connect(provider).update(profile);
      await expectOnlyEvent(providers, updated, "ProviderUpdated", [provider.address, profile, reserved]);
      expect((await vault.stakeOf(provider)).locked).to.equal(reserved);
      expect((await providers.providerOf(provider)).reserved).to.equal(reserved);
    }
  });

  it("keeps the lock while hardware stays the same, whatever it would need today", async () => {
    const { providers, vault, provider, newcomer, watchtower } = await freshSystem();
    await providers.setHardwareClass(0, { name: "any", minimumStakePerGpu: 9_000n * ATH, open: false });
    await providers.setFraudDeposit(1n);
    const profile = profileOf(newcomer, watchtower);
    const updated = providers.connect(provider).update(profile);
    await expectOnlyEvent(providers, updated, "ProviderUpdated", [provider.address, profile, RESERVED]);
    expect((await vault.stakeOf(provider)).locked).to.equal(RESERVED);
    expect(await providers.operatorOf(provider)).to.equal(newcomer.address);
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

describe("ProviderRegistry: governance", () => {
  it("setHardwareClass adds the next class and changes an old one", async () => {
    const { providers } = await freshSystem();
    const before = await providers.hardwareClassCount();
    for (const [index, stake] of [
      [before, 5n],
      [0n, 6n],
    ] as const) {
      const set = providers.setHardwareClass(index, { name: "A", minimumStakePerGpu: stake, open: true });
      await expectOnlyEvent(providers, set, "HardwareClassSet", [index, "A", stake, true]);
      expect(values(await providers.hardwareClassOf(index))).to.deep.equal(["A", stake, true]);
    }
    expect(await providers.hardwareClassCount()).to.equal(before + 1n);
  });

  it("setFraudDeposit is part of every lock from then on", async () => {
    const { providers } = await freshSystem();
    await expectOnlyEvent(providers, providers.setFraudDeposit(7n), "FraudDepositSet", [7]);
    expect(await providers.fraudDeposit()).to.equal(7n);
    expect(await providers.requiredStake(0, 3)).to.equal(3_000n * ATH + 7n);
  });

  it("requiredStake that no stake could hold is refused instead of cut off", async () => {
    const { providers } = await freshSystem();
    const largest = 2n ** 96n - 1n;
    await providers.setHardwareClass(0, { name: "A", minimumStakePerGpu: largest, open: true });
    await expect(providers.requiredStake(0, 2))
      .to.be.revertedWithCustomError(providers, "SafeCastOverflowedUintDowncast")
      .withArgs(96, 2n * largest + 5_000n * ATH);
  });
});
