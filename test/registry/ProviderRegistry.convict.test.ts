// The fraud deposit: what is kept, what a conviction takes, and how a convicted provider leaves.
import { expect } from "chai";
import { eventsOf, expectOnlyEvent } from "../support/expect.ts";
import { convict, speakAsGame } from "../support/game.ts";
import { accountOf } from "../support/ledger.ts";
import {
  ATH,
  createJob,
  ethers,
  freshSystem,
  newContract,
  profileOf,
  submitResult,
  gpus,
} from "../support/system.ts";

describe("ProviderRegistry.setDisputeGame", () => {
  it("names the contract that convicts", async () => {
    const { manager, addresses, escrow: deployed } = await freshSystem();
    const providers = await ethers.deployContract("ProviderRegistry", [
      manager,
      addresses.vault,
      addresses.models,
    ]);
    const parameters = [...(await deployed.parameters())];
    const escrow = await ethers.deployContract("JobEscrow", [
      manager,
      addresses.vault,
      addresses.providers,
      addresses.currencies,
      addresses.fees,
      ethers.ZeroAddress,
      parameters,
    ]);
    for (const contract of [providers as unknown as typeof deployed, escrow as unknown as typeof deployed]) {
      expect(await contract.disputeGame()).to.equal(ethers.ZeroAddress);
      const game = await newContract();
      await expectOnlyEvent(contract, contract.setDisputeGame(game), "DisputeGameSet", [game]);
      expect(await contract.disputeGame()).to.equal(game);
    }
  });
});

describe("ProviderRegistry.convict", () => {
  it("forfeits the deposit of the registration, not today's, and jails the provider", async () => {
    const system = await freshSystem();
    const { providers, vault, provider, addresses } = system;
    const game = await speakAsGame(system);
    await providers.setFraudDeposit(9_999n * ATH);
    expect(await providers.connect(game).convict.staticCall(provider, ATH, game)).to.deep.equal([
      5_000n * ATH,
      ATH,
    ]);
    await expectOnlyEvent(providers, convict(system, ATH), "ProviderConvicted", [
      provider.address,
      5_000n * ATH,
      ATH,
    ]);
    const { registered, offerCount, reserved, fraudDeposit } = await providers.providerOf(provider);
    expect([registered, offerCount, reserved, fraudDeposit]).to.deep.equal([true, 2n, 1_000n * ATH, 0n]);
    const { staked, locked, jailed } = await vault.stakeOf(provider);
    expect([staked, locked, jailed]).to.deep.equal([5_000n * ATH, 1_000n * ATH, true]);
    expect((await accountOf(system, addresses.ath, game.address)).available).to.equal(ATH);
  });

  it("takes the least deposit of its hardware that there is, and a payout of none leaves it all to burn", async () => {
    const system = await freshSystem();
    const { providers, vault, provider, operator, modelRoot, addresses } = system;
    const { supply } = { supply: await system.ath.totalSupply() };
    for (const token of [addresses.ath, addresses.stablecoin]) {
      await providers.connect(provider).removeOffer(modelRoot, token);
    }
    await providers.connect(provider).deregister();
    await providers.setFraudDeposit(10n * ATH);
    await providers.setHardwareDepositShare(1_000);
    await providers.connect(provider).register(profileOf(operator));
    await convict(system, 0n);
    expect(await vault.isJailed(provider)).to.equal(true);
    expect((await vault.stakeOf(provider)).staked).to.equal(9_900n * ATH);
    expect(await system.ath.totalSupply()).to.equal(supply - 100n * ATH);
  });

  it("leaves the provider the way out: its hardware's lock, once its jobs are refunded", async () => {
    const system = await freshSystem();
    const { providers, vault, escrow, provider, stranger } = system;
    const opened = await createJob(system);
    await submitResult(system, opened);
    await convict(system);
    await escrow.refund(opened.job, stranger);
    // Its two offers stand in nobody's way: they can never be taken again.
    await providers.connect(provider).deregister();
    await vault.connect(provider).revokeStakeModules();
    await vault.connect(provider).unbond(5_000n * ATH);
    const { staked, locked, openWork, modules, jailed } = await vault.stakeOf(provider);
    expect([staked, locked, openWork, modules, jailed]).to.deep.equal([0n, 0n, 0n, 0n, true]);
  });
});

describe("ProviderRegistry.update: the fraud deposit", () => {
  for (const [change, today, count, deposit, reserved] of [
    ["rises to today's with other hardware", 6_000n, 2, 6_000n, 8_000n],
    ["stays when today's is lower", 1_000n, 2, 5_000n, 7_000n],
    ["stays when today's is the least there is", 10n, 2, 5_000n, 7_000n],
    ["stays with the same hardware", 6_000n, 1, 5_000n, 6_000n],
  ] as const) {
    it(change, async () => {
      const system = await freshSystem();
      const { providers, vault, provider, operator } = system;
      await providers.setFraudDeposit(today * ATH);
      await providers.connect(provider).update({ ...profileOf(operator), hardware: gpus(count) });
      const after = await providers.providerOf(provider);
      expect([after.fraudDeposit, after.reserved]).to.deep.equal([deposit * ATH, reserved * ATH]);
      expect((await vault.stakeOf(provider)).locked).to.equal(reserved * ATH);
      const [convicted] = await eventsOf(providers, convict(system));
      expect(convicted!.values[1], "what a conviction takes").to.equal(deposit * ATH);
    });
  }
});
