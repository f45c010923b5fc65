// Attacks that gain nothing but another's loss of time.
import { expect } from "chai";
import { Signature } from "ethers";
import { ATH, createJob, ethers, freshSystem, passWindow, submitResult } from "../support/system.ts";

describe("attack: a free job whose client revokes its approval", () => {
  it("ends all the same and frees the provider's stake", async () => {
    const system = await freshSystem();
    const { escrow, vault, providers, client, provider, operator, stranger, modelRoot, addresses } = system;
    await escrow.setTokenTerms(addresses.ath, {
      accepted: true,
      feeBasisPoints: 0,
      exitBounty: 0,
      minimumCharge: 0,
    });
    await providers.connect(provider).setOffer(modelRoot, addresses.ath, 0, 0);
    const [answered, declined] = [await createJob(system), await createJob(system)];
    await vault.connect(client).revokeModules(addresses.ath);
    const output = await submitResult(system, answered);
    await escrow.connect(operator).decline(declined.job);
    await passWindow(answered);
    await escrow.connect(stranger).finalizeBatch([answered.job], [output], stranger);
    const { locked, openWork } = await vault.stakeOf(provider);
    expect([locked, openWork]).to.deep.equal([6_000n * ATH, 0n]);
  });
});

describe("attack: griefing by dust", () => {
  it("tokens put into somebody's account block nothing that the owner may do", async () => {
    const system = await freshSystem();
    const { ath, vault, client, administrator, addresses } = system;
    await ath.connect(administrator).approve(vault, 1n);
    await vault.connect(administrator).deposit(addresses.ath, 1n, client);
    await vault.connect(client).revokeModules(addresses.ath);
    await vault.connect(client).withdraw(addresses.ath, 1_000n * ATH + 1n, client);
    expect(await ath.balanceOf(client)).to.equal(1_000n * ATH + 1n);
  });
});

describe("attack: griefing by unbounded loops", () => {
  it("forty open jobs make no call dearer than one does", async () => {
    const system = await freshSystem();
    const { escrow, stranger } = system;
    const gasOfCycle = async () => {
      const opened = await createJob(system);
      const output = await submitResult(system, opened);
      await passWindow(opened);
      const finalized = await (await escrow.finalize(opened.job, output, stranger)).wait();
      return finalized!.gasUsed;
    };
    await gasOfCycle();
    const before = await gasOfCycle();
    for (let i = 0; i < 38; i += 1) await createJob(system);
    const afterwards = await gasOfCycle();
    // Calldata differs by a few zero bytes between jobs.
    expect(Number(afterwards)).to.be.closeTo(Number(before), 500);
  });
});

describe("attack: griefing by reverting receivers", () => {
  it("no end of a job calls any of its parties: contracts that refuse every call are paid", async () => {
    const system = await freshSystem();
    const { escrow, vault, addresses } = system;
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    await passWindow(opened);
    const refusing = ethers.Wallet.createRandom().address;
    // PUSH0 PUSH0 REVERT, whatever it is asked.
    await ethers.provider.send("hardhat_setCode", [refusing, "0x5f5ffd"]);
    await ethers.provider.send("hardhat_setCode", [system.client.address, "0x5f5ffd"]);
    await escrow.finalize(opened.job, output, refusing);
    expect((await vault.accountOf(addresses.ath, refusing)).available).to.equal(ATH / 10n);
  });
});

describe("attack: stolen or front-run permit", () => {
  it("a permit that somebody sends first still serves the deposit of its owner", async () => {
    const system = await freshSystem();
    const { ath, vault, administrator, newcomer, stranger, addresses } = system;
    await ath.connect(administrator).transfer(newcomer, 7n * ATH);
    const { name, version, chainId, verifyingContract } = await ath.eip712Domain();
    const types = ["owner:address", "spender:address", "value:uint256", "nonce:uint256", "deadline:uint256"];
    const deadline = 2n ** 40n;
    const signed = await newcomer.signTypedData(
      { name, version, chainId, verifyingContract },
      { Permit: types.map((field) => ({ name: field.split(":")[0]!, type: field.split(":")[1]! })) },
      { owner: newcomer.address, spender: addresses.vault, value: 7n * ATH, nonce: 0n, deadline },
    );
    const { v, r, s } = Signature.from(signed);
    await ath.connect(stranger).permit(newcomer, vault, 7n * ATH, deadline, v, r, s);
    await vault
      .connect(newcomer)
      .multicall([
        vault.interface.encodeFunctionData("permit", [addresses.ath, 7n * ATH, deadline, v, r, s]),
        vault.interface.encodeFunctionData("deposit", [addresses.ath, 7n * ATH, newcomer.address]),
      ]);
    expect((await vault.accountOf(addresses.ath, newcomer)).available).to.equal(7n * ATH);
    expect((await vault.accountOf(addresses.ath, stranger)).available, "the thief has nothing").to.equal(0n);
  });
});
