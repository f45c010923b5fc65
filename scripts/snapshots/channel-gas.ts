import type { ContractTransactionResponse } from "ethers";
import {
  CHANNEL_BIT,
  DAY,
  DEPOSIT,
  openFromWallet,
  type OpenChannel,
  opening,
  present,
  receiptOf,
  sendOpening,
  settle,
  termsOf,
  voucherOf,
} from "../../test/support/channels.ts";
import { ATH, deploySystem, networkHelpers, time, USD } from "../../test/support/system.ts";

/** Terms and receipts end at fixed times: calldata costs by its bytes, and times are in it. */
const START = 3_000_000_000n;
const EXPIRES_AT = START + 30n * DAY;
const RECEIPT_EXPIRY = START + (3n * DAY) / 4n;

/** Gas of a channel's calls, with every account in use before. */
export async function measureChannelGas(): Promise<Record<string, number>> {
  const system = await deploySystem();
  const { vault, channels, provider, operator, client, newcomer, stranger, stablecoin, addresses } = system;
  await vault.connect(provider).approveStakeModules(CHANNEL_BIT);
  await channels.connect(provider).addReceiptKey(operator);
  await time.increaseTo(START);

  const gas: Record<string, number> = {};
  const measure = async (name: string, sent: Promise<ContractTransactionResponse>) => {
    gas[name] = Number((await (await sent).wait())!.gasUsed);
  };
  let salt = 1_000_000n;
  const fresh = async (overrides = {}): Promise<OpenChannel> => {
    const terms = await termsOf(system, { salt: ++salt, expiresAt: EXPIRES_AT, ...overrides });
    return { id: await channels.channelIdOf(terms), terms };
  };
  const openedChannel = async (overrides = {}, deposit = DEPOSIT): Promise<OpenChannel> => {
    const channel = await fresh(overrides);
    await sendOpening(system, channel.terms, { deposit });
    return channel;
  };

  // The first channel writes slots that later ones only change.
  const first = await openedChannel();
  await settle(system, first, await voucherOf(system, first, { amount: ATH }));
  const second = await fresh();
  await measure("ChannelEscrow: open from the vault", sendOpening(system, second.terms));
  const inUsd = { token: addresses.stablecoin, feeBasisPoints: 300n, exitBounty: USD / 10n };
  await openedChannel(inUsd, 50n * USD);
  await stablecoin.mint(newcomer, 100n * USD);
  await networkHelpers.setBalance(newcomer.address, 10n ** 20n);
  const wallet = await fresh({ ...inUsd, client: newcomer.address, voucherKey: newcomer.address });
  const data = await opening(system, wallet.terms);
  await measure(
    "ChannelEscrow: open from a wallet, first permit",
    openFromWallet(system, newcomer, 50n * USD, data),
  );

  const voucher = await voucherOf(system, second, { amount: ATH });
  await measure("ChannelEscrow.settle", settle(system, second, voucher));
  const asking = await voucherOf(system, second, { nonce: 2n, amount: 2n * ATH });
  const receipt = await receiptOf(system, second, { nonce: 2n, expiry: RECEIPT_EXPIRY });
  await measure("ChannelEscrow.settleWithReceipt", settle(system, second, asking, receipt));
  const batch = [];
  for (let index = 0; index < 4; index++) {
    const channel = await openedChannel();
    const { message, signature } = await voucherOf(system, channel, { amount: ATH });
    batch.push({ channel: channel.terms, voucher: message, signature });
  }
  await measure("ChannelEscrow.settleBatch of four", channels.connect(stranger).settleBatch(batch));
  await measure(
    "ReceiptResults.present",
    present(system, second, receipt).then(({ sent }) => sent),
  );
  await measure("ChannelEscrow.startClosing", channels.connect(client).startClosing(second.terms));
  await measure("ChannelEscrow.close", channels.connect(operator).close(second.terms));
  await time.increase(DAY + 1n);
  await measure("ChannelEscrow.release", channels.connect(stranger).release(second.terms, stranger));
  return gas;
}
