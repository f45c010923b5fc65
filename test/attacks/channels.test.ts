// Longer than 400 lines: one test an attack, all of one contract.
// What a client, a provider or a stranger may try with channels; docs/channels.md names each attack and what answers it.
import { expect } from "chai";
import { ZeroHash } from "ethers";
import {
  type ChannelContract,
  type Receipt,
  receiptDigest,
  requestHashOf,
  signReceipt,
  signVoucher,
} from "../../sdk/src/channels.ts";
import {
  channelsWithFeed,
  contractOf,
  DAY,
  DEPOSIT,
  EXIT_BOUNTY,
  freshChannels,
  LIMIT,
  openChannel,
  opening,
  paidOf,
  present,
  receiptOf,
  reportCommitmentOf,
  reportEquivocation as report,
  requestOf,
  sendOpening,
  sendReport,
  settle,
  termsOf,
  voucherOf,
} from "../support/channels.ts";
import { accountOf } from "../support/ledger.ts";
import { ATH, ethers, networkHelpers, time } from "../support/system.ts";
import { convict } from "../support/game.ts";

describe("attacks on channels: replay", () => {
  const replays: Record<string, (contract: ChannelContract) => ChannelContract> = {
    chain: (contract) => ({ ...contract, chainId: contract.chainId + 1n }),
    contract: ({ chainId }) => ({ chainId, escrow: ethers.Wallet.createRandom().address }),
  };
  for (const [name, elsewhere] of Object.entries(replays)) {
    it(`a voucher for another ${name}: its domain is another`, async () => {
      const system = await freshChannels();
      const { channels, client } = system;
      const channel = await openChannel(system);
      const { message } = await voucherOf(system, channel, { amount: ATH });
      const voucher = await signVoucher(client, elsewhere(contractOf(system)), channel.id, message);
      await expect(settle(system, channel, voucher))
        .to.be.revertedWithCustomError(channels, "InvalidSigner")
        .withArgs(await channels.voucherDigest(channel.id, message));
    });

    it(`a receipt for another ${name}: nobody is paid or convicted with it`, async () => {
      const system = await freshChannels();
      const { channels, operator } = system;
      const channel = await openChannel(system);
      const { message } = await receiptOf(system, channel);
      const receipt = await signReceipt(operator, elsewhere(contractOf(system)), message);
      const digest = await channels.receiptDigest(message);
      for (const attempt of [
        settle(system, channel, await voucherOf(system, channel), receipt),
        present(system, channel, receipt),
        report(system, channel, receipt, receipt),
      ]) {
        await expect(attempt).to.be.revertedWithCustomError(channels, "InvalidSigner").withArgs(digest);
      }
    });
  }

  it("a voucher of another channel of the same two", async () => {
    const system = await freshChannels();
    const { channels } = system;
    const [channel, other] = [await openChannel(system), await openChannel(system)];
    const voucher = await voucherOf(system, other, { amount: ATH });
    await expect(settle(system, channel, voucher))
      .to.be.revertedWithCustomError(channels, "InvalidSigner")
      .withArgs(await channels.voucherDigest(channel.id, voucher.message));
  });

  it("a receipt of another channel of the same two", async () => {
    const system = await freshChannels();
    const { channels } = system;
    const [channel, other] = [await openChannel(system), await openChannel(system)];
    const receipt = await receiptOf(system, other);
    const hash = requestHashOf(requestOf(system));
    await expect(settle(system, channel, await voucherOf(system, channel), receipt))
      .to.be.revertedWithCustomError(channels, "ReceiptMismatch")
      .withArgs(other.id, 1n, hash);
    for (const attempt of [
      present(system, channel, receipt),
      report(system, channel, receipt, await receiptOf(system, channel, { tokens: [1, 2, 3] })),
    ]) {
      await expect(attempt)
        .to.be.revertedWithCustomError(channels, "ReceiptMismatch")
        .withArgs(other.id, 1n, ZeroHash);
    }
  });

  it("a re-opened channel: an id is used once, so that old vouchers never count again", async () => {
    const system = await freshChannels();
    const { channels, operator, stranger } = system;
    const channel = await openChannel(system);
    await channels.connect(operator).close(channel.terms);
    await expect(sendOpening(system, channel.terms))
      .to.be.revertedWithCustomError(channels, "ChannelExists")
      .withArgs(channel.id);
    await time.increase(DAY + 2n);
    await channels.connect(stranger).release(channel.terms, stranger);
    await expect(sendOpening(system, channel.terms))
      .to.be.revertedWithCustomError(channels, "ChannelExists")
      .withArgs(channel.id);
  });
});

describe("attacks on channels: money", () => {
  it("an older voucher: pays nothing, and takes nothing back", async () => {
    const system = await freshChannels();
    const channel = await openChannel(system);
    const older = await voucherOf(system, channel, { nonce: 1n, amount: 3n * ATH });
    await settle(system, channel, await voucherOf(system, channel, { nonce: 2n, amount: 5n * ATH }));
    await expect(settle(system, channel, older))
      .to.be.revertedWithCustomError(system.channels, "VoucherOutdated")
      .withArgs(3n * ATH, 5n * ATH);
    expect(await paidOf(system, channel)).to.equal(5n * ATH);
  });

  it("an overspent channel: what the deposit does not hold is not paid, and the exit bounty is not touched", async () => {
    const system = await freshChannels();
    const channel = await openChannel(system);
    const spendable = DEPOSIT - EXIT_BOUNTY;
    await expect(settle(system, channel, await voucherOf(system, channel, { amount: spendable + 1n })))
      .to.be.revertedWithCustomError(system.channels, "Overspent")
      .withArgs(spendable + 1n, spendable);
    const last = await voucherOf(system, channel, { amount: spendable });
    await expect(settle(system, channel, last, await receiptOf(system, channel, { price: 1n })))
      .to.be.revertedWithCustomError(system.channels, "Overspent")
      .withArgs(spendable + 1n, spendable);
    await settle(system, channel, last);
    expect(await paidOf(system, channel)).to.equal(spendable);
  });

  it("two vouchers with one nonce: the channel pays the higher promise once, never their sum", async () => {
    const system = await freshChannels();
    const channel = await openChannel(system);
    await settle(system, channel, await voucherOf(system, channel, { nonce: 7n, amount: 2n * ATH }));
    await settle(system, channel, await voucherOf(system, channel, { nonce: 7n, amount: 3n * ATH }));
    expect(await paidOf(system, channel)).to.equal(3n * ATH);
  });

  it("one voucher settled twice, with its receipt and without", async () => {
    const system = await freshChannels();
    const channel = await openChannel(system);
    const voucher = await voucherOf(system, channel, { amount: 2n * ATH });
    const receipt = await receiptOf(system, channel, { price: ATH });
    await settle(system, channel, voucher, receipt);
    await expect(settle(system, channel, voucher, receipt))
      .to.be.revertedWithCustomError(system.channels, "VoucherOutdated")
      .withArgs(3n * ATH, 3n * ATH);
    await expect(settle(system, channel, voucher))
      .to.be.revertedWithCustomError(system.channels, "VoucherOutdated")
      .withArgs(2n * ATH, 3n * ATH);
  });

  it("a provider that answers junk and settles: takes the last request's limit, and no more", async () => {
    const system = await freshChannels();
    const channel = await openChannel(system);
    const voucher = await voucherOf(system, channel, { amount: 4n * ATH, limit: LIMIT });
    const greedy = await receiptOf(system, channel, { price: LIMIT + 1n });
    await expect(settle(system, channel, voucher, greedy))
      .to.be.revertedWithCustomError(system.channels, "ReceiptPriceAboveLimit")
      .withArgs(LIMIT + 1n, LIMIT);
    await settle(system, channel, voucher, await receiptOf(system, channel, { price: LIMIT }));
    expect(await paidOf(system, channel)).to.equal(4n * ATH + LIMIT);
  });

  it("a client that closes ahead of a settlement: the notice leaves the provider time", async () => {
    const system = await freshChannels();
    const { channels, client, stranger } = system;
    const channel = await openChannel(system);
    await channels.connect(client).startClosing(channel.terms);
    const { closesAt } = await channels.channelState(channel.id);
    await time.setNextBlockTimestamp(closesAt);
    await expect(channels.connect(stranger).finish(channel.terms))
      .to.be.revertedWithCustomError(channels, "SettlementOpen")
      .withArgs(closesAt, closesAt);
    await expect(channels.connect(client).startClosing(channel.terms))
      .to.be.revertedWithCustomError(channels, "ClosingAlready")
      .withArgs(closesAt);
  });

  it("a batch spoiled by settling one of it first, or by a voucher that is worth nothing", async () => {
    const system = await freshChannels();
    const { channels, stranger, otherClient } = system;
    const [good, settled, forged] = [
      await openChannel(system),
      await openChannel(system),
      await openChannel(system),
    ];
    const vouchers = [
      await voucherOf(system, settled, { amount: ATH }),
      await voucherOf(system, forged, { amount: ATH }, otherClient),
      await voucherOf(system, good, { amount: ATH }),
    ];
    await settle(system, settled, vouchers[0]!);
    const claims = [settled, forged, good].map(({ terms }, index) => ({
      channel: terms,
      voucher: vouchers[index]!.message,
      signature: vouchers[index]!.signature,
    }));
    await channels.connect(stranger).settleBatch(claims);
    expect(await paidOf(system, good)).to.equal(ATH);
    expect(await paidOf(system, forged)).to.equal(0n);
  });

  it("being paid after a conviction: settlement refuses, a batch skips, the client gets the rest at once", async () => {
    const system = await freshChannels();
    const { channels, vault, provider, client, stranger, addresses } = system;
    const channel = await openChannel(system);
    const { available } = await accountOf(system, addresses.ath, client.address);
    await convict(system);
    const { message, signature } = await voucherOf(system, channel, { amount: ATH });
    await expect(settle(system, channel, { message, signature }))
      .to.be.revertedWithCustomError(vault, "ProviderJailed")
      .withArgs(provider.address);
    const claim = { channel: channel.terms, voucher: message, signature };
    expect(await channels.settleBatch.staticCall([claim])).to.equal(0n);
    await channels.connect(stranger).release(channel.terms, stranger);
    expect((await accountOf(system, addresses.ath, client.address)).available).to.equal(available + DEPOSIT);
  });

  it("stake bound without the provider's word: a channel opens with its signature of these terms only", async () => {
    const system = await freshChannels();
    const { channels, client } = system;
    const channel = await openChannel(system);
    const cheaper = { ...channel.terms, salt: 99n, voucherKey: client.address };
    for (const data of [
      await opening(system, cheaper, { key: client }),
      // The acceptance of other terms.
      (await opening(system, cheaper)).slice(0, 2 + 64 * 12) +
        (await opening(system, channel.terms)).slice(2 + 64 * 12),
    ]) {
      const sent = sendOpening(system, cheaper, { data });
      await expect(sent).to.be.revertedWithCustomError(channels, "InvalidSigner");
    }
  });
});

describe("attacks on channels: receipts", () => {
  it("an omitted receipt: what the client left out is paid with the voucher that asked for it", async () => {
    const system = await freshChannels();
    const channel = await openChannel(system);
    const voucher = await voucherOf(system, channel, { nonce: 2n, amount: ATH });
    await settle(system, channel, voucher, await receiptOf(system, channel, { nonce: 2n, price: ATH }));
    expect(await paidOf(system, channel)).to.equal(2n * ATH);
  });

  it("a duplicated receipt: one that was acknowledged does not answer the next voucher", async () => {
    const system = await freshChannels();
    const channel = await openChannel(system);
    const acknowledged = await receiptOf(system, channel, { nonce: 1n });
    const voucher = await voucherOf(system, channel, { nonce: 2n, amount: ATH, receiptCount: 1n });
    await expect(settle(system, channel, voucher, acknowledged))
      .to.be.revertedWithCustomError(system.channels, "ReceiptMismatch")
      .withArgs(channel.id, 1n, voucher.message.requestHash);
  });

  it("a swapped receipt: one for another request does not answer the voucher", async () => {
    const system = await freshChannels();
    const channel = await openChannel(system);
    const other = requestOf(system, { prompt: [5, 4, 3] });
    const receipt = await receiptOf(system, channel, { inputRoot: other.inputRoot });
    await expect(settle(system, channel, await voucherOf(system, channel), receipt))
      .to.be.revertedWithCustomError(system.channels, "ReceiptMismatch")
      .withArgs(channel.id, 1n, requestHashOf(other));
  });

  it("a receipt for another model: the voucher names the model", async () => {
    const system = await freshChannels();
    const channel = await openChannel(system);
    const receipt = await receiptOf(system, channel, { modelRoot: ethers.id("a smaller model") });
    await expect(settle(system, channel, await voucherOf(system, channel), receipt))
      .to.be.revertedWithCustomError(system.channels, "ReceiptMismatch")
      .withArgs(channel.id, 1n, requestHashOf(receipt.message));
  });

  it("a receipt for nothing that was asked: a voucher without a request pays none", async () => {
    const system = await freshChannels();
    const channel = await openChannel(system);
    const voucher = await voucherOf(system, channel, { requestHash: ZeroHash, limit: LIMIT });
    await expect(
      settle(system, channel, voucher, await receiptOf(system, channel)),
    ).to.be.revertedWithCustomError(system.channels, "ReceiptMismatch");
  });

  it("a receipt settled in its last minute: whoever reads it has half its life to challenge it", async () => {
    const system = await freshChannels();
    const { channels } = system;
    const channel = await openChannel(system);
    const voucher = await voucherOf(system, channel);
    for (const early of [DAY / 2n - 1n, DAY + 1n]) {
      const now = BigInt(await time.latest()) + 10n;
      const receipt = await receiptOf(system, channel, { expiry: now + early });
      await time.setNextBlockTimestamp(now);
      await networkHelpers.mine();
      // The call is simulated in a block of the same second.
      const call = channels.settleWithReceipt.staticCall(
        channel.terms,
        voucher.message,
        voucher.signature,
        receipt.message,
        receipt.signature,
        { blockTag: "latest" },
      );
      await expect(call)
        .to.be.revertedWithCustomError(channels, "ReceiptOutOfTime")
        .withArgs(now + early, now + DAY / 2n, now + DAY);
    }
  });

  it("equivocation: two receipts of one nonce and length with other tokens convict at once", async () => {
    const system = await freshChannels();
    const { receipts, game, vault, provider, ath, newcomer } = system;
    const channel = await openChannel(system);
    const first = await receiptOf(system, channel);
    const second = await receiptOf(system, channel, { tokens: [11, 12, 14] });
    const { fraudDeposit } = await system.providers.providerOf(provider);
    const sent = report(system, channel, first, second);
    const digests = [first, second].map(({ message }) => receiptDigest(contractOf(system), message));
    await expect(sent)
      .to.emit(receipts, "EquivocationProven")
      .withArgs(channel.id, provider.address, ...digests);
    const proof = ethers.keccak256(ethers.concat(digests));
    const reward = (await game.parameters()).minimumReward;
    await expect(sent)
      .to.emit(game, "ConvictedByProof")
      .withArgs(provider.address, proof, newcomer.address, reward, fraudDeposit);
    expect(await vault.isJailed(provider)).to.equal(true);
    expect(await game.convictionOf(provider)).to.equal(proof);
    expect(await ath.balanceOf(newcomer)).to.equal(reward);
    await expect(report(system, channel, first, second))
      .to.be.revertedWithCustomError(vault, "ProviderJailed")
      .withArgs(provider.address);
  });

  it("a report copied from the queue: who has not committed in an earlier second takes nothing", async () => {
    const system = await freshChannels();
    const { receipts, stranger, newcomer, otherClient, ath, game } = system;
    const channel = await openChannel(system);
    const first = await receiptOf(system, channel);
    const second = await receiptOf(system, channel, { tokens: [11, 12, 14] });
    const [salt, copiersSalt] = [ethers.id("salt"), ethers.id("copier's salt")];
    const honest = await reportCommitmentOf(system, first, second, newcomer.address, salt);
    await receipts.connect(stranger).commitReport(honest);

    // Another reporter with the salt that was read in the queue, and one that commits in the very block of its report.
    await expect(sendReport(system, channel, first, second, otherClient.address, salt))
      .to.be.revertedWithCustomError(receipts, "ReportNotCommitted")
      .withArgs(
        await reportCommitmentOf(system, first, second, otherClient.address, salt),
        0n,
        (await time.latest()) + 1,
      );
    const late = await reportCommitmentOf(system, first, second, otherClient.address, copiersSalt);
    await networkHelpers.mine();
    await ethers.provider.send("evm_setAutomine", [false]);
    const gasLimit = 2_000_000n;
    await receipts.connect(otherClient).commitReport(late, { gasLimit });
    const copied = await sendReport(system, channel, first, second, otherClient.address, copiersSalt, {
      gasLimit,
    });
    await networkHelpers.mine();
    await ethers.provider.send("evm_setAutomine", [true]);
    expect(await receipts.reportCommittedAt(late)).to.equal(await time.latest());
    expect((await ethers.provider.getTransactionReceipt(copied.hash))!.status).to.equal(0);

    await sendReport(system, channel, first, second, newcomer.address, salt);
    expect(await ath.balanceOf(newcomer)).to.equal((await game.parameters()).minimumReward);
    expect(await ath.balanceOf(otherClient)).to.equal(0n);
  });

  it("an honest provider framed: the same answer signed again, a longer one, or another request convict nobody", async () => {
    const system = await freshChannels();
    const { receipts } = system;
    const channel = await openChannel(system);
    const first = await receiptOf(system, channel);
    const innocent: Partial<Receipt & { tokens: number[] }>[] = [
      { expiry: first.message.expiry + 5n },
      { price: 2n },
      { complete: false },
      { tokens: [11, 12, 13, 14], complete: false },
      { nonce: 2n, tokens: [9, 9, 9] },
    ];
    for (const fields of innocent) {
      const second = await receiptOf(system, channel, fields);
      await expect(report(system, channel, first, second))
        .to.be.revertedWithCustomError(receipts, "NoEquivocation")
        .withArgs(
          receiptDigest(contractOf(system), first.message),
          receiptDigest(contractOf(system), second.message),
        );
    }
  });
});

describe("attacks on channels: keys", () => {
  it("a removed voucher key: signs nothing that settles after the notice", async () => {
    const system = await freshChannels();
    const { channels, client, newcomer } = system;
    const channel = await openChannel(system);
    await channels.connect(client).rotateVoucherKey(channel.terms, newcomer);
    await time.increase(DAY + 1n);
    const voucher = await voucherOf(system, channel, { amount: ATH });
    await expect(settle(system, channel, voucher))
      .to.be.revertedWithCustomError(channels, "InvalidSigner")
      .withArgs(await channels.voucherDigest(channel.id, voucher.message));
  });

  it("a voucher key rotated to cheat: what the previous one promised settles for a notice, and rotating again waits", async () => {
    const system = await freshChannels();
    const { channels, client, newcomer, otherClient } = system;
    const channel = await openChannel(system);
    const promised = await voucherOf(system, channel, { amount: ATH });
    await channels.connect(client).rotateVoucherKey(channel.terms, newcomer);
    const [, , until] = await channels.voucherKeysOf(channel.terms);
    await expect(channels.connect(client).rotateVoucherKey(channel.terms, otherClient))
      .to.be.revertedWithCustomError(channels, "RotationUnderWay")
      .withArgs(until);
    await settle(system, channel, promised);
    expect(await paidOf(system, channel)).to.equal(ATH);
  });

  it("a removed receipt key: earns and accepts nothing, answers for three days for what it signed, then for nothing", async () => {
    const system = await freshChannels();
    const { channels, provider, operator } = system;
    const channel = await openChannel(system);
    await channels.connect(provider).removeReceiptKey(operator);
    const receipt = await receiptOf(system, channel);
    const digest = receiptDigest(contractOf(system), receipt.message);
    await expect(settle(system, channel, await voucherOf(system, channel), receipt))
      .to.be.revertedWithCustomError(channels, "InvalidSigner")
      .withArgs(digest);
    await expect(sendOpening(system, { ...channel.terms, salt: 77n })).to.be.revertedWithCustomError(
      channels,
      "InvalidSigner",
    );
    await expect(channels.connect(provider).addReceiptKey(operator))
      .to.be.revertedWithCustomError(channels, "InvalidKey")
      .withArgs(operator.address);
    await present(system, channel, receipt);
    await time.increase(3n * DAY + 1n);
    const late = await receiptOf(system, channel);
    await expect(present(system, channel, late))
      .to.be.revertedWithCustomError(channels, "InvalidSigner")
      .withArgs(receiptDigest(contractOf(system), late.message));
  });

  it("a voucher key rotated before an outage: what the previous one promised settles for a notice after it", async () => {
    const system = await channelsWithFeed();
    const { channels, client, newcomer, otherClient, say } = system;
    const channel = await openChannel(system);
    const promised = await voucherOf(system, channel, { amount: ATH });
    await channels.connect(client).rotateVoucherKey(channel.terms, newcomer);
    await time.increase(DAY / 2n);
    const up = BigInt(await time.latest()) + 2n * DAY;
    await say(1, up - 2n * DAY);
    await time.setNextBlockTimestamp(up);
    await say(0, up);
    expect((await channels.voucherKeysOf(channel.terms))[2]).to.equal(up + DAY);
    await time.setNextBlockTimestamp(up + DAY - 1n);
    await expect(channels.connect(client).rotateVoucherKey(channel.terms, otherClient))
      .to.be.revertedWithCustomError(channels, "RotationUnderWay")
      .withArgs(up + DAY);
    await time.setNextBlockTimestamp(up + DAY);
    await settle(system, channel, promised);
    expect(await paidOf(system, channel)).to.equal(ATH);
    const later = await voucherOf(system, channel, { nonce: 2n, amount: 2n * ATH });
    await expect(settle(system, channel, later))
      .to.be.revertedWithCustomError(channels, "InvalidSigner")
      .withArgs(await channels.voucherDigest(channel.id, later.message));
  });

  it("a receipt key removed before an outage: answers for three days after it", async () => {
    const system = await channelsWithFeed();
    const { channels, provider, operator, say } = system;
    const channel = await openChannel(system);
    await channels.connect(provider).removeReceiptKey(operator);
    const removed = BigInt(await time.latest());
    expect(await channels.receiptKeyUntil(provider, operator)).to.equal(removed + 3n * DAY);
    const up = removed + 2n * DAY;
    await say(1, removed + DAY);
    await time.setNextBlockTimestamp(up);
    await say(0, up);
    expect(await channels.receiptKeyUntil(provider, operator)).to.equal(up + 3n * DAY);
    await time.increaseTo(up + 3n * DAY - 60n);
    await present(system, channel, await receiptOf(system, channel));
    await time.increaseTo(up + 3n * DAY + 1n);
    const late = await receiptOf(system, channel, { nonce: 2n });
    await expect(present(system, channel, late))
      .to.be.revertedWithCustomError(channels, "InvalidSigner")
      .withArgs(receiptDigest(contractOf(system), late.message));
  });

  it("a client that gives its key code: its own signatures count as before (EIP-7702)", async () => {
    const system = await freshChannels();
    const channel = await openChannel(system);
    const voucher = await voucherOf(system, channel, { amount: ATH });
    await networkHelpers.setCode(system.client.address, "0x60006000fd");
    await settle(system, channel, voucher);
    expect(await paidOf(system, channel)).to.equal(ATH);
  });

  it("a contract wallet that takes a signature back: what settled stays, what its plain key signed counts on", async () => {
    const system = await freshChannels();
    const { vault, channels, addresses, administrator, ath, stranger, newcomer } = system;
    const wallet = await ethers.deployContract("SigningWallet", [newcomer]);
    const address = await wallet.getAddress();
    await ath.connect(administrator).transfer(stranger, DEPOSIT);
    await ath.connect(stranger).approve(vault, DEPOSIT);
    await vault.connect(stranger).deposit(addresses.ath, DEPOSIT, address);
    const terms = await termsOf(system, { client: address, voucherKey: address });
    const channel = { id: await channels.channelIdOf(terms), terms };
    const tell = (target: string, data: string) => wallet.getFunction("execute").send([{ target, data }]);
    await tell(
      addresses.vault,
      vault.interface.encodeFunctionData("entrustBalance", [
        addresses.channels,
        addresses.ath,
        DEPOSIT,
        await opening(system, terms),
      ]),
    );
    await settle(system, channel, await voucherOf(system, channel, { amount: ATH }, newcomer));
    expect(await paidOf(system, channel)).to.equal(ATH);

    await wallet.getFunction("refuse").send();
    const later = await voucherOf(system, channel, { nonce: 2n, amount: 2n * ATH }, newcomer);
    await expect(settle(system, channel, later))
      .to.be.revertedWithCustomError(channels, "InvalidSigner")
      .withArgs(await channels.voucherDigest(channel.id, later.message));
    await tell(
      addresses.channels,
      channels.interface.encodeFunctionData("rotateVoucherKey", [terms, newcomer.address]),
    );
    await wallet.getFunction("refuse").send();
    await settle(system, channel, later);
    expect(await paidOf(system, channel)).to.equal(2n * ATH);
  });
});
