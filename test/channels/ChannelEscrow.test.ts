// One client, one provider, one deposit: what each call does to the money and to the channel.
import { expect } from "chai";
import { topUpData } from "../../sdk/src/channels/typed-data.ts";
import {
  CHANNEL_BIT,
  DAY,
  DEPOSIT,
  EXIT_BOUNTY,
  freshChannels,
  type OpenChannel,
  openChannel,
  opening,
  receiptOf,
  sendOpening,
  settle,
  STAKE_LOCK,
  termsOf,
  voucherOf,
} from "../support/channels.ts";
import { expectOnlyEvent } from "../support/expect.ts";
import { accountOf } from "../support/ledger.ts";
import { signPermit } from "../support/permit.ts";
import { ATH, ethers, type System, time, USD } from "../support/system.ts";

const FEE = (amount: bigint) => (amount + 99n) / 100n;

const stateOf = async ({ channels }: System, { id }: OpenChannel) => {
  const { deposit, paid, closesAt, liveChallenges, status, keyRotated } = await channels.channelState(id);
  return { deposit, paid, closesAt, liveChallenges, status, keyRotated };
};

const availableOf = async (system: System, owner: string, token = system.addresses.ath) =>
  (await accountOf(system, token, owner)).available;

describe("ChannelEscrow", () => {
  it("opens from a wallet in one transaction: permit, deposit and channel together", async () => {
    const system = await freshChannels();
    const { stablecoin, vault, channels, addresses, client } = system;
    const amount = 50n * USD;
    await stablecoin.mint(client, amount);
    const { deadline, v, r, s } = await signPermit(client, {
      name: "Mock USD",
      token: addresses.stablecoin,
      spender: addresses.vault,
      value: amount,
      nonce: await stablecoin.nonces(client),
    });
    const terms = await termsOf(system, {
      token: addresses.stablecoin,
      feeBasisPoints: 300n,
      exitBounty: USD / 10n,
    });
    const data = await opening(system, terms);
    await vault
      .connect(client)
      .multicall([
        vault.interface.encodeFunctionData("permit", [addresses.stablecoin, amount, deadline, v, r, s]),
        vault.interface.encodeFunctionData("entrust", [
          addresses.channels,
          addresses.stablecoin,
          amount,
          data,
        ]),
      ]);
    const id = await channels.channelIdOf(terms);
    expect(await stateOf(system, { id, terms })).to.deep.equal({
      deposit: amount,
      paid: 0n,
      closesAt: terms.expiresAt,
      liveChallenges: 0n,
      status: 1n,
      keyRotated: false,
    });
    expect(await accountOf(system, addresses.stablecoin, addresses.channels)).to.deep.equal({
      available: 0n,
      escrowed: amount,
      modules: CHANNEL_BIT,
    });
  });

  it("opens from the vault balance, publishes the terms and locks the provider's stake", async () => {
    const system = await freshChannels();
    const { vault, channels, client, provider, addresses } = system;
    const before = await vault.stakeOf(provider);
    const balance = await availableOf(system, client.address);
    const terms = await termsOf(system);
    const id = await channels.channelIdOf(terms);
    await expectOnlyEvent(channels, sendOpening(system, terms), "ChannelOpened", [
      id,
      client.address,
      provider.address,
      terms,
      DEPOSIT,
    ]);
    const after = await vault.stakeOf(provider);
    expect(after.locked - before.locked).to.equal(STAKE_LOCK);
    expect(after.openWork - before.openWork).to.equal(1n);
    expect(balance - (await availableOf(system, client.address))).to.equal(DEPOSIT);
    expect((await accountOf(system, addresses.ath, addresses.channels)).escrowed).to.equal(DEPOSIT);
  });

  it("takes more for a channel from anybody", async () => {
    const system = await freshChannels();
    const { vault, channels, addresses, otherClient } = system;
    const channel = await openChannel(system);
    const sent = vault
      .connect(otherClient)
      .entrustBalance(addresses.channels, addresses.ath, 5n * ATH, topUpData(channel.terms));
    await expectOnlyEvent(channels, sent, "ChannelToppedUp", [
      channel.id,
      otherClient.address,
      DEPOSIT + 5n * ATH,
    ]);
    expect((await stateOf(system, channel)).deposit).to.equal(DEPOSIT + 5n * ATH);
  });

  it("pays what a voucher acknowledges less the fee, and a later voucher only the difference", async () => {
    const system = await freshChannels();
    const { channels, provider, addresses } = system;
    const channel = await openChannel(system);
    const before = await availableOf(system, provider.address);
    const first = await voucherOf(system, channel, { nonce: 4n, amount: 10n * ATH + 1n, receiptCount: 3n });
    await expectOnlyEvent(channels, settle(system, channel, first), "ChannelSettled", [
      channel.id,
      provider.address,
      10n * ATH + 1n,
      4n,
      3n,
      first.message.receiptsRoot,
      ethers.ZeroHash,
    ]);
    const fee = FEE(10n * ATH + 1n);
    expect((await availableOf(system, provider.address)) - before).to.equal(10n * ATH + 1n - fee);
    expect(await accountOf(system, addresses.ath, addresses.channels)).to.deep.include({
      available: fee,
      escrowed: DEPOSIT - 10n * ATH - 1n,
    });

    await settle(system, channel, await voucherOf(system, channel, { nonce: 9n, amount: 12n * ATH }));
    const second = FEE(2n * ATH - 1n);
    expect((await availableOf(system, provider.address)) - before).to.equal(12n * ATH - fee - second);
    expect((await stateOf(system, channel)).paid).to.equal(12n * ATH);
  });

  it("pays one receipt beyond what is acknowledged: the one that answers the voucher", async () => {
    const system = await freshChannels();
    const { channels } = system;
    const channel = await openChannel(system);
    const voucher = await voucherOf(system, channel, { nonce: 3n, amount: 5n * ATH });
    const receipt = await receiptOf(system, channel, { nonce: 3n, price: ATH / 2n });
    await expectOnlyEvent(channels, settle(system, channel, voucher, receipt), "ChannelSettled", [
      channel.id,
      system.provider.address,
      5n * ATH + ATH / 2n,
      3n,
      0n,
      voucher.message.receiptsRoot,
      await channels.receiptDigest(receipt.message),
    ]);
  });

  it("settles a batch for several clients and tokens, and skips what cannot be settled", async () => {
    const system = await freshChannels();
    const { channels, provider, client, otherClient, addresses, stranger } = system;
    const inUsd = { token: addresses.stablecoin, feeBasisPoints: 300n, exitBounty: USD / 10n };
    const opened = [
      await openChannel(system),
      await openChannel(system, {}, { client: otherClient }),
      await openChannel(system, inUsd, { deposit: 20n * USD }),
      await openChannel(system),
    ];
    const signers = [client, otherClient, client, otherClient];
    const amounts = [3n * ATH, 4n * ATH, 5n * USD, ATH];
    const before = await availableOf(system, provider.address);
    const claims = await Promise.all(
      opened.map(async (channel, index) => {
        const { message, signature } = await voucherOf(
          system,
          channel,
          { amount: amounts[index]! },
          signers[index],
        );
        return { channel: channel.terms, voucher: message, signature };
      }),
    );
    const batch = [claims[0]!, claims[1]!, claims[0]!, claims[2]!, claims[3]!];
    expect(await channels.connect(stranger).settleBatch.staticCall(batch)).to.equal(3n);
    await channels.connect(stranger).settleBatch(batch);
    const paid = 7n * ATH - FEE(3n * ATH) - FEE(4n * ATH);
    expect((await availableOf(system, provider.address)) - before).to.equal(paid);
    const usd = 5n * USD - (5n * USD * 3n) / 100n;
    expect(await availableOf(system, provider.address, addresses.stablecoin)).to.equal(usd);
    expect((await stateOf(system, opened[3]!)).paid).to.equal(0n);
  });

  it("closes at once when the provider says so, together with its last settlement", async () => {
    const system = await freshChannels();
    const { channels, client, operator } = system;
    const channel = await openChannel(system);
    const balance = await availableOf(system, client.address);
    const { message, signature } = await voucherOf(system, channel, { amount: 10n * ATH });
    await channels
      .connect(operator)
      .multicall([
        channels.interface.encodeFunctionData("settle", [channel.terms, message, signature]),
        channels.interface.encodeFunctionData("close", [channel.terms]),
      ]);
    expect((await availableOf(system, client.address)) - balance).to.equal(DEPOSIT - 10n * ATH - EXIT_BOUNTY);
    expect(await stateOf(system, channel)).to.deep.include({
      status: 2n,
      closesAt: BigInt(await time.latest()),
    });
  });

  it("closes for the client alone after a notice, in which the provider settles", async () => {
    const system = await freshChannels();
    const { channels, client, stranger } = system;
    const channel = await openChannel(system);
    const balance = await availableOf(system, client.address);
    const announced = await channels.connect(client).startClosing(channel.terms);
    const closesAt = BigInt((await announced.getBlock())!.timestamp) + DAY;
    await expect(announced).to.emit(channels, "ChannelClosing").withArgs(channel.id, closesAt);
    await time.setNextBlockTimestamp(closesAt);
    await settle(system, channel, await voucherOf(system, channel, { amount: 10n * ATH }));
    await expectOnlyEvent(channels, channels.connect(stranger).finish(channel.terms), "ChannelClosed", [
      channel.id,
      client.address,
      system.provider.address,
      DEPOSIT - 10n * ATH - EXIT_BOUNTY,
    ]);
    expect((await availableOf(system, client.address)) - balance).to.equal(DEPOSIT - 10n * ATH - EXIT_BOUNTY);
  });

  it("releases the stake when the last receipt has expired, to the bounty of whoever sends it", async () => {
    const system = await freshChannels();
    const { vault, channels, provider, operator, stranger, newcomer, addresses } = system;
    const before = await vault.stakeOf(provider);
    const channel = await openChannel(system);
    await channels.connect(operator).close(channel.terms);
    const { closesAt } = await stateOf(system, channel);
    await time.setNextBlockTimestamp(closesAt + DAY + 1n);
    const sent = channels.connect(stranger).release(channel.terms, newcomer);
    await expectOnlyEvent(channels, sent, "ChannelReleased", [
      channel.id,
      provider.address,
      EXIT_BOUNTY,
      newcomer.address,
    ]);
    expect(await availableOf(system, newcomer.address)).to.equal(EXIT_BOUNTY);
    expect(await vault.stakeOf(provider)).to.deep.equal(before);
    expect(await accountOf(system, addresses.ath, addresses.channels)).to.deep.include({
      available: 0n,
      escrowed: 0n,
    });
  });

  it("ends a channel that both sides forgot: anybody returns the deposit and frees the stake in one call", async () => {
    const system = await freshChannels();
    const { channels, client, stranger } = system;
    const channel = await openChannel(system);
    const balance = await availableOf(system, client.address);
    await time.increaseTo(channel.terms.expiresAt + DAY + 1n);
    await channels.connect(stranger).release(channel.terms, stranger);
    expect((await availableOf(system, client.address)) - balance).to.equal(DEPOSIT - EXIT_BOUNTY);
    expect(await availableOf(system, stranger.address)).to.equal(EXIT_BOUNTY);
    expect((await stateOf(system, channel)).status).to.equal(3n);
  });

  it("takes the signatures of a new voucher key at once, and of the previous one for a notice", async () => {
    const system = await freshChannels();
    const { channels, client, newcomer } = system;
    const channel = await openChannel(system);
    const sent = channels.connect(client).rotateVoucherKey(channel.terms, newcomer);
    const until = BigInt((await (await sent).getBlock())!.timestamp) + DAY;
    await expectOnlyEvent(channels, sent, "VoucherKeyRotated", [
      channel.id,
      newcomer.address,
      client.address,
      until,
    ]);
    expect([...(await channels.voucherKeysOf(channel.terms))]).to.deep.equal([
      newcomer.address,
      client.address,
      until,
    ]);
    await settle(system, channel, await voucherOf(system, channel, { amount: ATH }, newcomer));
    await time.setNextBlockTimestamp(until);
    await settle(system, channel, await voucherOf(system, channel, { amount: 2n * ATH }));
    expect((await stateOf(system, channel)).paid).to.equal(2n * ATH);
  });

  it("collectFees, by anybody, has fees distributed, and cannot reach a deposit", async () => {
    const system = await freshChannels();
    const { channels, addresses, vault, ath, newcomer } = system;
    const channel = await openChannel(system);
    await settle(system, channel, await voucherOf(system, channel, { amount: 10n * ATH }));
    const fee = FEE(10n * ATH);
    const { escrowed } = await vault.accountOf(addresses.ath, channels);
    const supply = await ath.totalSupply();
    await channels.connect(newcomer).collectFees(addresses.ath);
    const burned = supply - (await ath.totalSupply());
    expect((await ath.balanceOf(addresses.fees)) + burned).to.equal(fee);
    const after = await vault.accountOf(addresses.ath, channels);
    expect([after.available, after.escrowed]).to.deep.equal([0n, escrowed]);
    const again = await channels.connect(newcomer).collectFees.staticCall(addresses.ath);
    expect([...again]).to.deep.equal([addresses.fees, 0n]);
    expect((await (await channels.connect(newcomer).collectFees(addresses.ath)).wait())?.logs).to.deep.equal(
      [],
    );
  });
});
