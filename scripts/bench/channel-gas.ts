import type { ContractTransactionResponse } from "ethers";
import { ReceiptTree } from "../../sdk/src/channels/receipt-tree.ts";
import {
  CHANNEL_BIT,
  openChannel,
  openFromWallet as openWithPermit,
  type OpenChannel,
  opening,
  present,
  receiptOf,
  sendOpening,
  settle,
  termsOf,
  voucherOf,
} from "../../test/support/channels.ts";
import { ATH, deploySystem, ethers, networkHelpers, type Signer, USD } from "../../test/support/system.ts";
import { formatTable } from "../lib/table.ts";

/** Gas of a channel's calls, calldata and the transaction's base cost included. */
export interface ChannelGas {
  /** From the vault balance of a client that opened a channel before. */
  readonly open: number;
  /** From a wallet, with the first permit that it gives in this token. */
  readonly openWithPermit: number;
  readonly settle: readonly { readonly receipts: number; readonly gas: number }[];
  /** Twenty channels of twenty clients with one provider. */
  readonly perChannelInBatchOf20: number;
  /** Making a receipt a result that the dispute game takes. */
  readonly challengeReceipt: number;
}

const RECEIPTS = [1, 1_000, 100_000];
const BATCH = 20;

/** Measures channels on a chain of their own, with every account in use before. */
export async function benchChannelGas(): Promise<ChannelGas> {
  const system = await deploySystem();
  const { vault, channels, stablecoin, provider, operator, stranger, addresses } = system;
  const gasOf = async (sent: ContractTransactionResponse) => Number((await sent.wait())!.gasUsed);
  await vault.connect(provider).approveStakeModules(CHANNEL_BIT);
  await channels.connect(provider).addReceiptKey(operator);

  // The first channel writes slots that later ones only change.
  const first = await openChannel(system);
  await settle(system, first, await voucherOf(system, first, { amount: ATH }));
  const open = await gasOf(await sendOpening(system, await termsOf(system)));

  const perCount: { receipts: number; gas: number }[] = [];
  const tree = ReceiptTree.empty();
  for (const receipts of RECEIPTS) {
    // All but the last are acknowledged; that one is paid by its receipt, which is the dearer way.
    while (tree.count < receipts - 1) tree.append(ethers.toBeHex(tree.count, 32));
    const channel = await openChannel(system);
    const acknowledged = { receiptCount: BigInt(tree.count), receiptsRoot: tree.root };
    const nonce = BigInt(receipts);
    const amount = BigInt(tree.count);
    const voucher = await voucherOf(system, channel, { nonce, amount, ...acknowledged });
    const receipt = await receiptOf(system, channel, { nonce });
    perCount.push({ receipts, gas: await gasOf(await settle(system, channel, voucher, receipt)) });
    await channels.connect(operator).close(channel.terms);
  }

  const opened: { channel: OpenChannel; client: Signer }[] = [];
  const signers = await ethers.getSigners();
  for (const client of signers.slice(0, BATCH)) {
    await system.ath.connect(system.administrator).transfer(client, 200n * ATH);
    await system.ath.connect(client).approve(vault, 200n * ATH);
    await vault.connect(client).deposit(addresses.ath, 200n * ATH, client);
    // The stake of the test's provider covers few channels at once.
    if (opened.length % 5 === 0) {
      await system.ath.connect(system.administrator).transfer(provider, 10_000n * ATH);
      await system.ath.connect(provider).approve(vault, 10_000n * ATH);
      await vault.connect(provider).deposit(addresses.ath, 10_000n * ATH, provider);
      await vault.connect(provider).stake(10_000n * ATH);
    }
    opened.push({ channel: await openChannel(system, {}, { client }), client });
  }
  const claims = await Promise.all(
    opened.map(async ({ channel: { id, terms }, client }) => {
      const { message, signature } = await voucherOf(system, { id, terms }, { amount: ATH }, client);
      return { channel: terms, voucher: message, signature };
    }),
  );
  const batch = await gasOf(await channels.connect(stranger).settleBatch(claims));

  const receipt = await receiptOf(system, first, { nonce: 9n });
  const { sent } = await present(system, first, receipt);
  const fromWallet = await gasOf(await openFromWallet());
  return {
    open,
    openWithPermit: fromWallet,
    settle: perCount,
    perChannelInBatchOf20: Math.ceil(batch / BATCH),
    challengeReceipt: await gasOf(sent),
  };

  /** A client that has never given a permit, nor had mUSD in the vault. */
  async function openFromWallet(): Promise<ContractTransactionResponse> {
    const client = system.newcomer;
    const amount = 50n * USD;
    await stablecoin.mint(client, 2n * amount);
    await networkHelpers.setBalance(client.address, 10n ** 20n);
    // Somebody used the coin in channels before.
    const inUsd = { token: addresses.stablecoin, feeBasisPoints: 300n, exitBounty: USD / 10n };
    await openChannel(system, inUsd, { deposit: amount });
    const terms = await termsOf(system, { ...inUsd, client: client.address, voucherKey: client.address });
    const data = await opening(system, terms);
    return openWithPermit(system, client, amount, data);
  }
}

/** One row a call. */
export function channelGasTable(gas: ChannelGas): string {
  const rows: [string, string][] = [
    ["open from the vault", gas.open.toLocaleString("en")],
    ["open from a wallet, first permit", gas.openWithPermit.toLocaleString("en")],
    ...gas.settle.map(({ receipts, gas: used }): [string, string] => [
      `settle ${receipts.toLocaleString("en")} receipts`,
      used.toLocaleString("en"),
    ]),
    [`settle a channel in a batch of ${BATCH}`, gas.perChannelInBatchOf20.toLocaleString("en")],
    ["make a receipt challengeable", gas.challengeReceipt.toLocaleString("en")],
  ];
  return formatTable([{ heading: "channels" }, { heading: "gas", align: "right" }], rows);
}
