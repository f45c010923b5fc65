// Tokens that misbehave, if governance ever lists one, over jobs and channels. Callbacks, and jobs in tokens that take fees, rebase or block, are in
// tokens.test.ts. What each can do and cannot do is said in the test's name.
import { expect } from "chai";
import type { AddressLike, Contract } from "ethers";
import {
  CHANNEL_BIT,
  DAY,
  freshChannels,
  type OpenChannel,
  openChannel,
  opening,
  receiptOf,
  sendOpening,
  settle,
  termsOf,
  voucherOf,
} from "../support/channels.ts";
import { expectRefusal } from "../support/expect.ts";
import { ATH, type System, createJob, ethers, passWindow, submitResult, time } from "../support/system.ts";

const FOREVER = 2n ** 32n - 1n;
/** Ten thousand dollars a token of 18 decimals: one unit a token of an offer of one microcent for a million. */
const RATE = 10n ** 12n;
const BALANCE = 1_000n;

interface World {
  readonly system: System;
  readonly token: Contract;
  readonly address: string;
  /** Calls a function of the token. */
  readonly does: (verb: string, ...args: unknown[]) => Promise<unknown>;
}

/** A system that takes a token for jobs and channels; the client has 10,000 units of it in its wallet and allows the vault to take them. */
async function listed(name: "HostileToken" | "OldToken", rate = RATE): Promise<World> {
  const system = await freshChannels();
  const { vault, client, channels, currencies, escrow, providers, provider, modelRoot, addresses } = system;
  const token = await ethers.deployContract(name);
  const address = await token.getAddress();
  const does = async (verb: string, ...args: unknown[]) =>
    (await token.getFunction(verb)(...args)) as unknown;
  await vault.setTokenAccepted(address, true);
  await currencies.list(address, rate, FOREVER);
  const terms = { accepted: true, feeBasisPoints: 100, exitBounty: 5 };
  await escrow.setTokenTerms(address, { ...terms, minimumCharge: 0 });
  await channels.setTokenTerms(address, terms);
  await providers.connect(provider).setOffer(modelRoot, address, 1, 1);
  await does("mint", client, 10_000n);
  await token.connect(client).getFunction("approve")(addresses.vault, 10_000n);
  await vault.connect(client).approveModules(address, 2n | CHANNEL_BIT);
  return { system, token, address, does };
}

async function deposited(name: "HostileToken" | "OldToken" = "HostileToken"): Promise<World> {
  const world = await listed(name);
  const { vault, client } = world.system;
  await vault.connect(client).deposit(world.address, BALANCE, client);
  return world;
}

const termsIn = (address: string) => ({ token: address, feeBasisPoints: 100n, exitBounty: 5n });
const openIn = ({ system, address }: World) => openChannel(system, termsIn(address), { deposit: 500n });

/** Opens a channel from the wallet, past the vault balance. */
async function entrust({ system, address }: World): Promise<unknown> {
  const { vault, client, addresses } = system;
  const terms = await termsOf(system, termsIn(address));
  return vault.connect(client).entrust(addresses.channels, address, 500n, await opening(system, terms));
}

/** Answers one request of a channel for 100 units and settles it. */
async function earn(world: World, channel: OpenChannel): Promise<void> {
  const voucher = await voucherOf(world.system, channel, { limit: 100n });
  await settle(world.system, channel, voucher, await receiptOf(world.system, channel, { price: 100n }));
}

async function available({ system, address }: World, owner: AddressLike): Promise<bigint> {
  return (await system.vault.accountOf(address, owner)).available;
}

/** The ledger is the sum of the accounts of everybody who has one here. */
async function expectLedgerToAddUp({ system, address }: World): Promise<void> {
  const { vault, client, provider, stranger, addresses } = system;
  let sum = 0n;
  for (const owner of [
    client.address,
    provider.address,
    stranger.address,
    addresses.escrow,
    addresses.channels,
  ]) {
    const account = await vault.accountOf(address, owner);
    sum += account.available + account.escrowed;
  }
  expect((await vault.tokenState(address)).ledger).to.equal(sum);
}

/** A job and a channel that were open run to their end and pay, and the channel's rest comes back. */
async function expectOpenWorkToEnd(
  world: World,
  job: Awaited<ReturnType<typeof createJob>>,
  channel: OpenChannel,
) {
  const { system } = world;
  const { escrow, channels, client, provider, stranger } = system;
  const before = await available(world, provider);
  await earn(world, channel);
  const output = await submitResult(system, job);
  await passWindow(job);
  await escrow.finalize(job.job, output, stranger);
  await channels.connect(client).startClosing(channel.terms);
  await time.increase(DAY);
  await channels.connect(stranger).finish(channel.terms);
  // 100 of the channel and 13 of the job, less the fees, of which the job's is rounded up.
  expect((await available(world, provider)) - before).to.equal(99n + 12n);
  await expectLedgerToAddUp(world);
}

async function open(world: World) {
  return { job: await createJob(world.system, { token: world.address }), channel: await openIn(world) };
}

describe("attack: fee-on-transfer over channels", () => {
  it("a channel opened from the wallet with less than it says is refused, without a trace", async () => {
    const world = await deposited();
    await world.does("setFee", 100);
    await expectRefusal("TransferAmountMismatch", {
      call: () => entrust(world),
      by: world.system.vault,
      values: [world.address, 500n, 495n],
    });
    expect(await available(world, world.system.client)).to.equal(BALANCE);
    await expectLedgerToAddUp(world);
  });

  it("a fee that starts later touches no open job or channel", async () => {
    const world = await deposited();
    const { job, channel } = await open(world);
    await world.does("setFee", 5_000);
    await expectOpenWorkToEnd(world, job, channel);
  });
});

describe("attack: rebasing over channels", () => {
  for (const [direction, balance] of [
    ["down", 1n],
    ["up", 1_000_000n],
  ] as const) {
    it(`${direction}: channels and jobs end by the ledger, other tokens are untouched`, async () => {
      const world = await deposited();
      const { vault, client, addresses } = world.system;
      const { job, channel } = await open(world);
      await world.does("rebase", addresses.vault, balance);
      await expectOpenWorkToEnd(world, job, channel);
      await vault.connect(client).withdraw(addresses.ath, 1_000n * ATH, client);
    });
  }
});

describe("attack: tokens that block or pause", () => {
  for (const [habit, verb, on, off] of [
    ["blocks the vault", "setBlocked", (world: World) => world.system.addresses.vault, ethers.ZeroAddress],
    ["blocks the client", "setBlocked", (world: World) => world.system.client.address, ethers.ZeroAddress],
    ["is paused", "setPaused", () => true, false],
  ] as const) {
    it(`a token that ${habit} takes no deposits and pays nothing out, but jobs and channels end; nothing is lost`, async () => {
      const world = await deposited();
      const { vault, client } = world.system;
      const { job, channel } = await open(world);
      await world.does(verb, on(world));
      const error = verb === "setPaused" ? "Paused" : "Blocked";
      for (const call of [
        () => vault.connect(client).deposit(world.address, 1n, client),
        () => vault.connect(client).withdraw(world.address, 1n, client),
        () => entrust(world),
      ]) {
        await expect(call()).to.be.revertedWithCustomError(world.token, error);
      }
      await expectOpenWorkToEnd(world, job, channel);
      await world.does(verb, off);
      const rest = await available(world, client);
      await vault.connect(client).withdraw(world.address, rest, client);
      expect(await available(world, client)).to.equal(0n);
    });
  }
});

describe("attack: callbacks over channels", () => {
  it("a channel opened from inside the opening of a channel is refused", async () => {
    const world = await deposited();
    const { vault, addresses } = world.system;
    const data = vault.interface.encodeFunctionData("entrustBalance", [
      addresses.channels,
      world.address,
      1n,
      await opening(world.system, await termsOf(world.system, termsIn(world.address))),
    ]);
    await world.does("setCall", addresses.vault, data);
    await entrust(world);
    expect(await world.does("callSucceeded")).to.equal(false);
    const reason = vault.interface.parseError((await world.does("callResult")) as string);
    expect(reason?.name).to.equal("ReentrancyGuardReentrantCall");
    await expectLedgerToAddUp(world);
  });
});

describe("attack: tokens that return false", () => {
  it("deposit, withdrawal and opening from the wallet are refused; what is open ends", async () => {
    const world = await deposited();
    const { vault, client } = world.system;
    const { job, channel } = await open(world);
    await world.does("setSaysNo", true);
    for (const call of [
      () => vault.connect(client).deposit(world.address, 1n, client),
      () => vault.connect(client).withdraw(world.address, 1n, client),
      () => entrust(world),
    ]) {
      await expectRefusal("SafeERC20FailedOperation", { call, by: vault, values: [world.address] });
    }
    await expectOpenWorkToEnd(world, job, channel);
  });
});

describe("attack: permits that lie", () => {
  it("a permit that approves nothing deposits nothing", async () => {
    const world = await deposited();
    const { vault, client, addresses } = world.system;
    await world.token.connect(client).getFunction("approve")(addresses.vault, 0n);
    const nothing = ethers.ZeroHash;
    const calls = [
      vault.interface.encodeFunctionData("permit", [world.address, 9n, 2n ** 40n, 27, nothing, nothing]),
      vault.interface.encodeFunctionData("deposit", [world.address, 9n, client.address]),
    ];
    await expectRefusal("ERC20InsufficientAllowance", {
      call: () => vault.connect(client).multicall(calls),
      by: world.token,
      values: [addresses.vault, 0n, 9n],
    });
    expect(await available(world, client)).to.equal(BALANCE);
  });

  it("a permit that calls back opens, withdraws and takes nothing of the sender's", async () => {
    const world = await deposited();
    const { vault, client, addresses } = world.system;
    const withdraw = vault.interface.encodeFunctionData("withdraw", [world.address, 9n, world.address]);
    await world.does("setCall", addresses.vault, withdraw);
    const nothing = ethers.ZeroHash;
    await vault.connect(client).permit(world.address, 9n, 2n ** 40n, 27, nothing, nothing);
    expect(await world.does("callSucceeded"), "its own account is empty").to.equal(false);
    expect(await available(world, client)).to.equal(BALANCE);
    await expectLedgerToAddUp(world);
  });
});

describe("attack: decimals", () => {
  for (const [decimals, rate, units] of [
    [0, 100_000_000n, 1n],
    [6, 100_000_000n, 25n],
    [18, 100_000_000n, 25_000_000_000_000n],
    [36, 10n ** 16n, 250_000_000_000_000_000_000_000n],
  ] as const) {
    it(`a token of ${decimals} decimals pays what its units are worth, rounded up`, async () => {
      const { currencies } = await freshChannels();
      const token = await ethers.deployContract("HostileToken");
      await (token.getFunction("setDecimals")(decimals) as Promise<unknown>);
      await currencies.list(token, rate, FOREVER);
      // 0.0025 cents of a token that costs a dollar, or a hundred million.
      const offer = 2_500n;
      const scaled = offer * 10n ** BigInt(decimals);
      const expected = (scaled + rate - 1n) / rate;
      expect((await currencies.tokenPrices(token, offer, 0)).inputPrice).to.equal(expected);
      expect(expected).to.equal(units);
    });
  }

  it("decimals that change after the listing change no price", async () => {
    const world = await deposited();
    const { currencies } = world.system;
    const before = [...(await currencies.tokenPrices(world.address, 3n, 5n))];
    const { job, channel } = await open(world);
    for (const decimals of [0, 6, 36, 255]) {
      await world.does("setDecimals", decimals);
      expect([...(await currencies.tokenPrices(world.address, 3n, 5n))]).to.deep.equal(before);
    }
    const later = await createJob(world.system, { token: world.address });
    expect(later.job.inputPrice).to.equal(job.job.inputPrice);
    await expectOpenWorkToEnd(world, job, channel);
  });
});

describe("a token of the kind of USDT", () => {
  it("that returns nothing pays for jobs and channels, from deposit to withdrawal", async () => {
    // A cent a unit.
    const world = await listed("OldToken", 10n ** 12n);
    const { system, address } = world;
    const { providers, provider, modelRoot, vault, client, newcomer } = system;
    await providers.connect(provider).setOffer(modelRoot, address, 10n ** 12n, 10n ** 12n);
    await vault.connect(client).deposit(address, BALANCE, client);
    const { job, channel } = await open(world);
    await expectOpenWorkToEnd(world, job, channel);
    await entrust(world);
    const rest = await available(world, client);
    await vault.connect(client).withdraw(address, rest, newcomer);
    expect(await world.does("balanceOf", newcomer)).to.equal(rest);
  });

  it("that replaces an approval only by way of 0 takes a deposit with what was approved, and another after", async () => {
    const world = await listed("OldToken");
    const { vault, client, addresses } = world.system;
    const approve = (amount: bigint) =>
      world.token.connect(client).getFunction("approve")(addresses.vault, amount) as Promise<unknown>;
    await expectRefusal("ApproveZeroFirst", { call: () => approve(5n), by: world.token, values: [10_000n] });
    await approve(0n);
    await approve(BALANCE);
    await vault.connect(client).deposit(world.address, BALANCE, client);
    expect(await world.does("allowance", client, addresses.vault), "all used up").to.equal(0n);
    await approve(7n);
    await vault.connect(client).deposit(world.address, 7n, client);
    expect(await available(world, client)).to.equal(BALANCE + 7n);
    await sendOpening(world.system, await termsOf(world.system, termsIn(world.address)), { deposit: 500n });
    await expectLedgerToAddUp(world);
  });
});
