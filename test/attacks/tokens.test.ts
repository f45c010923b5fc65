// Tokens that misbehave, if governance ever accepts one. What each can do and cannot do is said in the test's name.
import { expect } from "chai";
import type { Contract } from "ethers";
import { expectRefusal } from "../support/expect.ts";
import {
  ATH,
  type System,
  createJob,
  ethers,
  freshSystem,
  passWindow,
  submitResult,
} from "../support/system.ts";

interface Hostile {
  readonly system: System;
  readonly token: Contract;
  readonly address: string;
  /** Calls a function of the token. */
  readonly does: (verb: string, ...args: unknown[]) => Promise<unknown>;
}

/** A system that takes a hostile token, of which the client has 1,000 units in the vault and the token itself 500. */
async function accepted(): Promise<Hostile> {
  const system = await freshSystem();
  const { vault, client, escrow, currencies, providers, provider, modelRoot, addresses } = system;
  const token = await ethers.deployContract("HostileToken");
  const address = await token.getAddress();
  const does = async (verb: string, ...args: unknown[]) =>
    (await token.getFunction(verb)(...args)) as unknown;
  await vault.setTokenAccepted(address, true);
  // One unit a token.
  await currencies.list(address, 10n ** 12n, 2n ** 32n - 1n);
  await escrow.setTokenTerms(address, {
    accepted: true,
    feeBasisPoints: 100,
    exitBounty: 5,
    minimumCharge: 0,
  });
  await providers.connect(provider).setOffer(modelRoot, address, 1, 1);
  await does("mint", client, 10_000n);
  await token.connect(client).getFunction("approve")(addresses.vault, 10_000n);
  await vault.connect(client).deposit(address, 1_000n, client);
  await vault.connect(client).deposit(address, 500n, address);
  await vault.connect(client).approveModules(address, 2n);
  return { system, token, address, does };
}

/** The ledger is the sum of the accounts of everybody who has one here. */
async function expectLedgerToAddUp({ system, address }: Hostile): Promise<void> {
  const { vault, client, provider, stranger, addresses } = system;
  let sum = 0n;
  for (const owner of [client.address, provider.address, stranger.address, addresses.escrow, address]) {
    const { available, escrowed } = await vault.accountOf(address, owner);
    sum += available + escrowed;
  }
  expect((await vault.tokenState(address)).ledger).to.equal(sum);
}

describe("attack: reentrant or callback tokens", () => {
  for (const outer of ["deposit", "withdraw"] as const) {
    for (const inner of ["deposit", "withdraw", "multicall"] as const) {
      it(`${inner} from inside a ${outer} is refused`, async () => {
        const hostile = await accepted();
        const { system, token, address, does } = hostile;
        const { vault, client, addresses } = system;
        const withdraw = vault.interface.encodeFunctionData("withdraw", [address, 500n, address]);
        const data = {
          deposit: vault.interface.encodeFunctionData("deposit", [address, 1n, address]),
          withdraw,
          multicall: vault.interface.encodeFunctionData("multicall", [[withdraw]]),
        }[inner];
        await does("setCall", addresses.vault, data);
        if (outer === "deposit") await vault.connect(client).deposit(address, 10n, client);
        else await vault.connect(client).withdraw(address, 10n, client);
        expect(await token.getFunction("callSucceeded")()).to.equal(false);
        const reason = vault.interface.parseError((await token.getFunction("callResult")()) as string);
        expect(reason?.name).to.equal("ReentrancyGuardReentrantCall");
        expect((await vault.accountOf(address, address)).available).to.equal(500n);
        await expectLedgerToAddUp(hostile);
      });
    }
  }

  it("a job finalised from inside a withdrawal pays as it always does", async () => {
    const hostile = await accepted();
    const { system, token, address, does } = hostile;
    const { vault, escrow, client, provider, stranger, addresses } = system;
    const opened = await createJob(system, { token: address });
    const output = await submitResult(system, opened);
    await passWindow(opened);
    const data = escrow.interface.encodeFunctionData("finalize", [opened.job, output, stranger.address]);
    await does("setCall", addresses.escrow, data);
    await vault.connect(client).withdraw(address, 100n, client);
    expect(await token.getFunction("callSucceeded")()).to.equal(true);
    // 10 + 3 tokens at one unit, of which the fee of a hundredth is rounded up to one unit.
    expect((await vault.accountOf(address, provider)).available).to.equal(12n);
    expect((await vault.accountOf(address, client)).available).to.equal(1_000n - 100n - 13n - 5n);
    await expectLedgerToAddUp(hostile);
  });
});

describe("attack: fee-on-transfer", () => {
  it("refused at the deposit, without a trace", async () => {
    const hostile = await accepted();
    const { system, address, does } = hostile;
    const { vault, client } = system;
    await does("setFee", 100);
    await expectRefusal("TransferAmountMismatch", {
      call: () => vault.connect(client).deposit(address, 1_000n, client),
      by: vault,
      values: [address, 1_000n, 990n],
    });
    expect((await vault.accountOf(address, client)).available).to.equal(1_000n);
    await expectLedgerToAddUp(hostile);
  });

  it("a fee that starts later is borne by who withdraws; the vault stays covered", async () => {
    const hostile = await accepted();
    const { system, token, address, does } = hostile;
    const { vault, client, newcomer, addresses } = system;
    await does("setFee", 100);
    await vault.connect(client).withdraw(address, 1_000n, newcomer);
    expect(await token.getFunction("balanceOf")(newcomer)).to.equal(990n);
    expect(await token.getFunction("balanceOf")(addresses.vault)).to.equal(500n);
    expect((await vault.tokenState(address)).ledger).to.equal(500n);
  });
});

describe("attack: rebasing tokens", () => {
  it("a balance that shrinks leaves the last to withdraw without, but no other token is touched", async () => {
    const { system, token, address, does } = await accepted();
    const { vault, ath, client, addresses } = system;
    await does("rebase", addresses.vault, 600n);
    await expectRefusal("ERC20InsufficientBalance", {
      call: () => vault.connect(client).withdraw(address, 1_000n, client),
      by: token,
      values: [addresses.vault, 600n, 1_000n],
    });
    expect((await vault.accountOf(address, client)).available, "still owed").to.equal(1_000n);
    await vault.connect(client).withdraw(address, 600n, client);
    await vault.connect(client).withdraw(addresses.ath, 1_000n * ATH, client);
    expect(await ath.balanceOf(client)).to.equal(1_000n * ATH);
  });

  it("a balance that grows is nobody's: the accounts stay as they are", async () => {
    const hostile = await accepted();
    const { system, address, does } = hostile;
    const { vault, client, addresses } = system;
    await does("rebase", addresses.vault, 9_000n);
    await expectRefusal("InsufficientBalance", {
      call: () => vault.connect(client).withdraw(address, 1_001n, client),
      by: vault,
      values: [address, client.address, 1_000n, 1_001n],
    });
    await expectLedgerToAddUp(hostile);
  });
});

describe("attack: tokens that block accounts", () => {
  it("a blocked client's job still ends and pays; the client withdraws to another address", async () => {
    const hostile = await accepted();
    const { system, token, address, does } = hostile;
    const { escrow, vault, client, provider, stranger, newcomer } = system;
    const opened = await createJob(system, { token: address });
    const output = await submitResult(system, opened);
    await does("setBlocked", client);
    await passWindow(opened);
    await escrow.finalize(opened.job, output, stranger);
    expect((await vault.accountOf(address, provider)).available).to.equal(12n);
    const { available } = await vault.accountOf(address, client);
    await vault.connect(client).withdraw(address, available, newcomer);
    expect(await token.getFunction("balanceOf")(newcomer)).to.equal(available);
    await expectLedgerToAddUp(hostile);
  });

  it("a blocked vault refuses withdrawals and loses no account; jobs go on", async () => {
    const hostile = await accepted();
    const { system, address, does } = hostile;
    const { escrow, vault, client, stranger, addresses } = system;
    await does("setBlocked", addresses.vault);
    await expectRefusal("Blocked", {
      call: () => vault.connect(client).withdraw(address, 10n, client),
      by: hostile.token,
      values: [addresses.vault],
    });
    const opened = await createJob(system, { token: address });
    const output = await submitResult(system, opened);
    await passWindow(opened);
    await escrow.finalize(opened.job, output, stranger);
    await expectLedgerToAddUp(hostile);
    await does("setBlocked", `0x${"00".repeat(20)}`);
    await vault.connect(client).withdraw(address, 10n, client);
  });
});

describe("attack: tokens donated to the vault", () => {
  it("a bare transfer credits nobody and can be taken by nobody", async () => {
    const system = await freshSystem();
    const { ath, vault, client, administrator, addresses } = system;
    const { ledger } = await vault.tokenState(addresses.ath);
    await ath.connect(administrator).transfer(addresses.vault, 77n);
    expect((await vault.tokenState(addresses.ath)).ledger).to.equal(ledger);
    expect(await ath.balanceOf(addresses.vault)).to.equal(ledger + 77n);
    await expectRefusal("InsufficientBalance", {
      call: () => vault.connect(client).withdraw(addresses.ath, 1_000n * ATH + 77n, client),
      by: vault,
      values: [addresses.ath, client.address, 1_000n * ATH, 1_000n * ATH + 77n],
    });
    await ath.connect(administrator).approve(vault, 10n);
    await vault.connect(administrator).deposit(addresses.ath, 10n, client);
    expect((await vault.accountOf(addresses.ath, client)).available, "no more than was deposited").to.equal(
      1_000n * ATH + 10n,
    );
  });
});
