// Single faults of the vault that its other tests would not notice.
import { ZeroAddress } from "ethers";
import { expect } from "chai";
import { ATH, REGISTRY_BIT, ethers, freshSystem } from "../support/system.ts";

describe("Vault: approvals of stake modules", () => {
  it("are gone when they are revoked", async () => {
    const { vault, newcomer } = await freshSystem();
    await vault.connect(newcomer).approveStakeModules(REGISTRY_BIT);
    expect((await vault.stakeOf(newcomer)).modules).to.equal(REGISTRY_BIT);
    await vault.connect(newcomer).revokeStakeModules();
    expect((await vault.stakeOf(newcomer)).modules).to.equal(0n);
  });
});

describe("Vault: locked stake", () => {
  it("is free again to the last unit", async () => {
    const { vault, providers, provider, addresses, modelRoot } = await freshSystem();
    await providers.connect(provider).removeOffer(modelRoot, addresses.ath);
    await providers.connect(provider).removeOffer(modelRoot, addresses.stablecoin);
    await providers.connect(provider).deregister();
    expect((await vault.stakeOf(provider)).locked).to.equal(0n);
    await vault.connect(provider).unbond(10_000n * ATH);
  });
});

describe("Vault: its construction", () => {
  it("refuses the zero address as ATH", async () => {
    const { vault, manager } = await freshSystem();
    await expect(ethers.deployContract("Vault", [manager, ZeroAddress])).to.be.revertedWithCustomError(
      vault,
      "ZeroAddress",
    );
  });
});
