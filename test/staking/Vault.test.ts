import { expect } from "chai";
import { type Signature, ZeroAddress } from "ethers";
import { expectOnlyEvent } from "../support/expect.ts";
import { accountOf } from "../support/ledger.ts";
import {
  ATH,
  ESCROW_BIT,
  REGISTRY_BIT,
  type Signer,
  type System,
  USD,
  ethers,
  freshSystem,
  newContract,
  speakAs,
  time,
} from "../support/system.ts";

const FOURTEEN_DAYS = 14n * 86_400n;
/** A stake that is neither jailed nor suspended nor resting. */
const UNIMPAIRED = [false, false, false] as const;

/** An ERC-2612 signature for the vault. */
async function signPermit({ ath, vault }: System, owner: Signer, value: bigint): Promise<Signature> {
  const { name, version, chainId, verifyingContract } = await ath.eip712Domain();
  const fields = ["owner:address", "spender:address", "value:uint256", "nonce:uint256", "deadline:uint256"];
  const signature = await owner.signTypedData(
    { name, version, chainId, verifyingContract },
    { Permit: fields.map((field) => ({ name: field.split(":")[0]!, type: field.split(":")[1]! })) },
    {
      owner: owner.address,
      spender: await vault.getAddress(),
      value,
      nonce: await ath.nonces(owner),
      deadline: 2n ** 40n,
    },
  );
  return ethers.Signature.from(signature);
}

describe("Vault: accounts", () => {
  it("deposit credits whom the sender names and adds to the ledger", async () => {
    const system = await freshSystem();
    const { vault, stablecoin, client, newcomer, addresses } = system;
    await stablecoin.mint(client, 5n * USD);
    await stablecoin.connect(client).approve(vault, 5n * USD);
    const { ledger } = await vault.tokenState(addresses.stablecoin);
    const deposited = vault.connect(client).deposit(addresses.stablecoin, 5n * USD, newcomer);
    await expectOnlyEvent(vault, deposited, "Deposited", [
      addresses.stablecoin,
      client.address,
      newcomer.address,
      5n * USD,
    ]);
    expect((await accountOf(system, addresses.stablecoin, newcomer.address)).available).to.equal(5n * USD);
    expect((await vault.tokenState(addresses.stablecoin)).ledger).to.equal(ledger + 5n * USD);
  });

  it("withdraw pays whom the owner names, to the last unit, and takes from the ledger", async () => {
    const system = await freshSystem();
    const { vault, stablecoin, client, newcomer, addresses } = system;
    const { ledger } = await vault.tokenState(addresses.stablecoin);
    const withdrawn = vault.connect(client).withdraw(addresses.stablecoin, 1_000n * USD, newcomer);
    await expectOnlyEvent(vault, withdrawn, "Withdrawn", [
      addresses.stablecoin,
      client.address,
      newcomer.address,
      1_000n * USD,
    ]);
    expect(await stablecoin.balanceOf(newcomer)).to.equal(1_000n * USD);
    expect((await accountOf(system, addresses.stablecoin, client.address)).available).to.equal(0n);
    expect((await vault.tokenState(addresses.stablecoin)).ledger).to.equal(ledger - 1_000n * USD);
  });

  it("withdraw works for a token that is accepted no more", async () => {
    const { vault, stablecoin, client, addresses } = await freshSystem();
    await vault.setTokenAccepted(addresses.stablecoin, false);
    await vault.connect(client).withdraw(addresses.stablecoin, 1_000n * USD, client);
    expect(await stablecoin.balanceOf(client)).to.equal(1_000n * USD);
  });

  it("multicall permits and deposits in one transaction, in the sender's name", async () => {
    const system = await freshSystem();
    const { ath, vault, newcomer, administrator, addresses } = system;
    await ath.connect(administrator).transfer(newcomer, 7n * ATH);
    const { v, r, s } = await signPermit(system, newcomer, 7n * ATH);
    await vault
      .connect(newcomer)
      .multicall([
        vault.interface.encodeFunctionData("permit", [addresses.ath, 7n * ATH, 2n ** 40n, v, r, s]),
        vault.interface.encodeFunctionData("deposit", [addresses.ath, 7n * ATH, newcomer.address]),
        vault.interface.encodeFunctionData("approveModules", [addresses.ath, ESCROW_BIT]),
        vault.interface.encodeFunctionData("stake", [3n * ATH]),
      ]);
    const { available, modules } = await accountOf(system, addresses.ath, newcomer.address);
    expect([available, modules]).to.deep.equal([4n * ATH, ESCROW_BIT]);
    expect((await vault.stakeOf(newcomer)).staked).to.equal(3n * ATH);
  });

  it("permit with somebody else's signature gives nothing: the deposit is refused", async () => {
    const system = await freshSystem();
    const { ath, vault, newcomer, stranger, administrator, addresses } = system;
    await ath.connect(administrator).transfer(newcomer, 7n * ATH);
    const { v, r, s } = await signPermit(system, newcomer, 7n * ATH);
    const calls = [
      vault.interface.encodeFunctionData("permit", [addresses.ath, 7n * ATH, 2n ** 40n, v, r, s]),
      vault.interface.encodeFunctionData("deposit", [addresses.ath, 7n * ATH, stranger.address]),
    ];
    await expect(vault.connect(stranger).multicall(calls))
      .to.be.revertedWithCustomError(ath, "ERC20InsufficientAllowance")
      .withArgs(addresses.vault, 0n, 7n * ATH);
  });

  it("approveModules adds bits and revokeModules clears them", async () => {
    const { vault, newcomer, addresses } = await freshSystem();
    const approve = (bits: bigint) => vault.connect(newcomer).approveModules(addresses.ath, bits);
    await expectOnlyEvent(vault, approve(REGISTRY_BIT), "ModulesApproved", [
      addresses.ath,
      newcomer.address,
      1,
    ]);
    await expectOnlyEvent(vault, approve(ESCROW_BIT), "ModulesApproved", [
      addresses.ath,
      newcomer.address,
      3,
    ]);
    const revoked = vault.connect(newcomer).revokeModules(addresses.ath);
    await expectOnlyEvent(vault, revoked, "ModulesApproved", [addresses.ath, newcomer.address, 0]);
    expect((await vault.accountOf(addresses.ath, newcomer)).modules).to.equal(0n);
  });

  it("approvals in one token say nothing about another", async () => {
    const { vault, newcomer, addresses } = await freshSystem();
    await vault.connect(newcomer).approveModules(addresses.ath, ESCROW_BIT);
    expect((await vault.accountOf(addresses.stablecoin, newcomer)).modules).to.equal(0n);
  });
});

describe("Vault: stake", () => {
  it("stake moves free ATH into the stake and leaves the ledger as it is", async () => {
    const { vault, client, addresses } = await freshSystem();
    const { ledger } = await vault.tokenState(addresses.ath);
    await expectOnlyEvent(vault, vault.connect(client).stake(400n * ATH), "Staked", [
      client.address,
      400n * ATH,
    ]);
    expect((await vault.stakeOf(client)).staked).to.equal(400n * ATH);
    expect((await vault.accountOf(addresses.ath, client)).available).to.equal(600n * ATH);
    expect((await vault.tokenState(addresses.ath)).ledger).to.equal(ledger);
  });

  it("unbond gathers what leaves, each time with the whole period; claimUnbonded pays once it is over", async () => {
    const { vault, provider, stranger, addresses } = await freshSystem();
    const unbond = (amount: bigint) => vault.connect(provider).unbond(amount);
    const first = (await time.latest()) + 10;
    await time.setNextBlockTimestamp(first);
    await expectOnlyEvent(vault, unbond(ATH), "UnbondingStarted", [
      provider.address,
      ATH,
      ATH,
      BigInt(first) + FOURTEEN_DAYS,
    ]);
    await time.setNextBlockTimestamp(first + 1_000);
    const releaseAt = BigInt(first) + 1_000n + FOURTEEN_DAYS;
    await expectOnlyEvent(vault, unbond(2n * ATH), "UnbondingStarted", [
      provider.address,
      2n * ATH,
      3n * ATH,
      releaseAt,
    ]);
    expect([...(await vault.unbondingOf(provider))]).to.deep.equal([3n * ATH, releaseAt]);
    expect((await vault.stakeOf(provider)).staked).to.equal(9_997n * ATH);

    await time.setNextBlockTimestamp(releaseAt);
    const claimed = vault.connect(stranger).claimUnbonded(provider);
    await expectOnlyEvent(vault, claimed, "UnbondingClaimed", [provider.address, 3n * ATH]);
    expect((await vault.accountOf(addresses.ath, provider)).available).to.equal(3n * ATH);
    expect([...(await vault.unbondingOf(provider))]).to.deep.equal([0n, 0n]);
  });

  it("unbond after the period was shortened never brings the earlier date forward", async () => {
    const { vault, provider } = await freshSystem();
    await vault.setUnbondingPeriod(90n * 86_400n);
    await vault.connect(provider).unbond(ATH);
    const { releaseAt } = await vault.unbondingOf(provider);
    await vault.setUnbondingPeriod(FOURTEEN_DAYS);
    await vault.connect(provider).unbond(1n);
    expect([...(await vault.unbondingOf(provider))]).to.deep.equal([ATH + 1n, releaseAt]);
  });

  it("approveStakeModules adds bits and revokeStakeModules clears them", async () => {
    const { vault, newcomer } = await freshSystem();
    const approve = (bits: bigint) => vault.connect(newcomer).approveStakeModules(bits);
    await expectOnlyEvent(vault, approve(REGISTRY_BIT), "StakeModulesApproved", [newcomer.address, 1]);
    await expectOnlyEvent(vault, approve(ESCROW_BIT), "StakeModulesApproved", [newcomer.address, 3]);
    const revoked = vault.connect(newcomer).revokeStakeModules();
    await expectOnlyEvent(vault, revoked, "StakeModulesApproved", [newcomer.address, 0]);
  });
});

describe("Vault: modules", () => {
  it("openWork binds the price and the stake, settle divides them among all parties", async () => {
    const system = await freshSystem();
    const { vault, client, provider, stranger, addresses } = system;
    const module = await speakAs(addresses.escrow);
    await vault.connect(module).openWork(client, addresses.ath, 10n, provider, 7n);
    expect(await accountOf(system, addresses.ath, client.address)).to.deep.equal({
      available: 1_000n * ATH - 10n,
      escrowed: 10n,
      modules: 2n,
    });
    expect([...(await vault.stakeOf(provider))]).to.deep.equal([
      10_000n * ATH,
      6_000n * ATH + 7n,
      1n,
      3n,
      ...UNIMPAIRED,
    ]);
    await vault.connect(module).settle({
      payer: client,
      token: addresses.ath,
      escrowed: 10n,
      provider,
      earned: 4n,
      fee: 3n,
      bountyRecipient: stranger,
      bounty: 2n,
      stakeLock: 7n,
    });
    const available = async (owner: string) => (await accountOf(system, addresses.ath, owner)).available;
    expect(await accountOf(system, addresses.ath, client.address)).to.deep.equal({
      available: 1_000n * ATH - 9n,
      escrowed: 0n,
      modules: 2n,
    });
    expect(await available(provider.address)).to.equal(4n);
    expect(await available(addresses.escrow)).to.equal(3n);
    expect(await available(stranger.address)).to.equal(2n);
    expect([...(await vault.stakeOf(provider))]).to.deep.equal([
      10_000n * ATH,
      6_000n * ATH,
      0n,
      3n,
      ...UNIMPAIRED,
    ]);
  });

  it("settle with one account in every role loses nothing", async () => {
    const system = await freshSystem();
    const { vault, provider, addresses, ath, administrator } = system;
    await ath.connect(administrator).approve(vault, 10n);
    await vault.connect(administrator).deposit(addresses.ath, 10n, provider);
    await vault.connect(provider).approveModules(addresses.ath, ESCROW_BIT);
    const module = await speakAs(addresses.escrow);
    await vault.connect(module).openWork(provider, addresses.ath, 10n, provider, 7n);
    await vault.connect(module).settle({
      payer: provider,
      token: addresses.ath,
      escrowed: 10n,
      provider,
      earned: 5n,
      fee: 0n,
      bountyRecipient: provider,
      bounty: 3n,
      stakeLock: 7n,
    });
    expect(await accountOf(system, addresses.ath, provider.address)).to.deep.equal({
      available: 10n,
      escrowed: 0n,
      modules: 2n,
    });
  });

  it("settle without a bounty needs nobody to receive it", async () => {
    const { vault, client, provider, addresses } = await freshSystem();
    const module = await speakAs(addresses.escrow);
    await vault.connect(module).openWork(client, addresses.ath, 10n, provider, 0n);
    await vault.connect(module).settle({
      payer: client,
      token: addresses.ath,
      escrowed: 10n,
      provider,
      earned: 0n,
      fee: 0n,
      bountyRecipient: ZeroAddress,
      bounty: 0n,
      stakeLock: 0n,
    });
    expect((await vault.accountOf(addresses.ath, client)).available).to.equal(1_000n * ATH);
  });

  it("lockStake and unlockStake move the lock alone", async () => {
    const { vault, provider, addresses } = await freshSystem();
    const module = await speakAs(addresses.escrow);
    await vault.connect(module).lockStake(provider, 5n);
    expect((await vault.stakeOf(provider)).locked).to.equal(6_000n * ATH + 5n);
    await vault.connect(module).unlockStake(provider, 4n);
    expect([...(await vault.stakeOf(provider))]).to.deep.equal([
      10_000n * ATH,
      6_000n * ATH + 1n,
      0n,
      3n,
      ...UNIMPAIRED,
    ]);
  });
});

describe("Vault: governance", () => {
  it("addModule gives the next index and its bit", async () => {
    const { vault } = await freshSystem();
    const module = await newContract();
    expect(await vault.addModule.staticCall(module)).to.equal(4n);
    await expectOnlyEvent(vault, vault.addModule(module), "ModuleAdded", [module, 4]);
    expect(await vault.moduleCount()).to.equal(5n);
    expect(await vault.moduleBit(module)).to.equal(16n);
  });

  it("the 16th module has the highest bit, and all 16 can be approved, for accounts and for stakes", async () => {
    const { vault, newcomer, addresses } = await freshSystem();
    let last = "";
    for (let i = 4; i < 16; i += 1) await vault.addModule((last = await newContract()));
    expect(await vault.moduleBit(last)).to.equal(2n ** 15n);
    await vault.connect(newcomer).approveModules(addresses.ath, 2n ** 16n - 1n);
    await vault.connect(newcomer).approveStakeModules(2n ** 16n - 1n);
    expect((await vault.accountOf(addresses.ath, newcomer)).modules).to.equal(2n ** 16n - 1n);
    expect([...(await vault.stakeOf(newcomer))]).to.deep.equal([0n, 0n, 0n, 2n ** 16n - 1n, ...UNIMPAIRED]);
  });

  it("setTokenAccepted starts and stops deposits", async () => {
    const { vault, newcomer } = await freshSystem();
    for (const accepted of [true, false]) {
      const set = vault.setTokenAccepted(newcomer, accepted);
      await expectOnlyEvent(vault, set, "TokenAccepted", [newcomer.address, accepted]);
      expect((await vault.tokenState(newcomer)).accepted).to.equal(accepted);
    }
  });

  it("setUnbondingPeriod reaches only unbondings that start afterwards", async () => {
    const { vault, provider } = await freshSystem();
    await vault.connect(provider).unbond(1n);
    const { releaseAt } = await vault.unbondingOf(provider);
    const set = vault.setUnbondingPeriod(90n * 86_400n);
    await expectOnlyEvent(vault, set, "UnbondingPeriodSet", [90 * 86_400]);
    expect(await vault.unbondingPeriod()).to.equal(90n * 86_400n);
    expect((await vault.unbondingOf(provider)).releaseAt).to.equal(releaseAt);
    await time.setNextBlockTimestamp(releaseAt);
    await vault.claimUnbonded(provider);
    expect((await vault.unbondingOf(provider)).amount).to.equal(0n);
  });
});
