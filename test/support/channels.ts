import type { ContractTransactionResponse } from "ethers";
import {
  channelIdOf,
  openingData,
  requestHashOf,
  signAcceptance,
  signReceipt,
  signVoucher,
} from "../../sdk/src/channels/typed-data.ts";
import type { ChannelTerms, Receipt, Signed, Voucher } from "../../sdk/src/channels/types.ts";
import { encodeRequest, inputRoot } from "../../engine/src/commitments/request.ts";
import { eventsOf } from "./expect.ts";
import { signPermit } from "./permit.ts";
import { ATH, deploySystem, ethers, loadFixture, type Signer, type System, time, USD } from "./system.ts";
import { packTokens, tokensRoot } from "./tokens.ts";

export const CHANNEL_BIT = 4n;
export const DAY = 86_400n;
export const STAKE_LOCK = 500n * ATH;
export const EXIT_BOUNTY = ATH;
export const USD_EXIT_BOUNTY = USD / 10n;
export const DEPOSIT = 100n * ATH;
export const LIMIT = 2n * ATH;
export const PROMPT = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
export const MAX_TOKENS = 20;

/** A system whose provider takes channels, and whose client can pay for them from its vault balance. */
async function deployChannels() {
  const system = await deploySystem();
  const { vault, provider, operator, channels } = system;
  await vault.connect(provider).approveStakeModules(CHANNEL_BIT);
  await channels.connect(provider).addReceiptKey(operator);
  return system;
}

export const freshChannels = (): Promise<System> => loadFixture(deployChannels);

let salts = 0n;

export const contractOf = ({ addresses }: System) => ({ chainId: 31337n, escrow: addresses.channels });

/** Terms that new channels have, for the system's client and provider; vouchers are signed by the client. */
export async function termsOf(
  { addresses, client, provider }: System,
  overrides: Partial<ChannelTerms> = {},
): Promise<ChannelTerms> {
  return {
    client: client.address,
    salt: ++salts,
    notice: DAY,
    provider: provider.address,
    receiptLife: DAY,
    feeBasisPoints: 100n,
    token: addresses.ath,
    exitBounty: EXIT_BOUNTY,
    voucherKey: client.address,
    expiresAt: BigInt(await time.latest()) + 30n * DAY,
    stakeLock: STAKE_LOCK,
    workPerSecond: 1_000_000_000n,
    ...overrides,
  };
}

export interface OpenChannel {
  readonly id: string;
  readonly terms: ChannelTerms;
}

/** What the vault hands on to open a channel: the terms and the provider's acceptance. */
export async function opening(
  system: System,
  terms: ChannelTerms,
  { key = system.operator, minimumDeposit = 0n, validUntil = 2n ** 40n - 1n } = {},
): Promise<string> {
  const contract = contractOf(system);
  const acceptance = { minimumDeposit, validUntil };
  return openingData(terms, await signAcceptance(key, contract, channelIdOf(terms, contract), acceptance));
}

/** Opens a channel from the client's vault balance. */
export async function openChannel(
  system: System,
  overrides: Partial<ChannelTerms> = {},
  { deposit = DEPOSIT, client = system.client }: { deposit?: bigint; client?: Signer } = {},
): Promise<OpenChannel> {
  const terms = await termsOf(system, { client: client.address, voucherKey: client.address, ...overrides });
  await sendOpening(system, terms, { deposit, client });
  return { id: channelIdOf(terms, contractOf(system)), terms };
}

export async function sendOpening(
  system: System,
  terms: ChannelTerms,
  {
    deposit = DEPOSIT,
    client = system.client,
    data,
  }: { deposit?: bigint; client?: Signer; data?: string } = {},
): Promise<ContractTransactionResponse> {
  const { vault, addresses } = system;
  const opens = data ?? (await opening(system, terms));
  return vault.connect(client).entrustBalance(addresses.channels, terms.token, deposit, opens);
}

/** Opens a channel from a client's wallet, which gives the vault a permit in the same transaction. */
export async function openFromWallet(
  { vault, stablecoin, addresses }: System,
  client: Signer,
  deposit: bigint,
  data: string,
): Promise<ContractTransactionResponse> {
  const { deadline, v, r, s } = await signPermit(client, {
    name: "Mock USD",
    token: addresses.stablecoin,
    spender: addresses.vault,
    value: deposit,
    nonce: await stablecoin.nonces(client),
  });
  return vault
    .connect(client)
    .entrustWithPermit(addresses.channels, addresses.stablecoin, deposit, data, deadline, v, r, s);
}

/** A request as both sides know it. */
export function requestOf(
  { modelRoot }: Pick<System, "modelRoot">,
  { prompt = PROMPT, maxTokens = MAX_TOKENS, seed = 7n } = {},
) {
  const request = { prompt, maxTokens, seed };
  return {
    modelRoot,
    inputRoot: inputRoot(request) as string,
    bytes: ethers.hexlify(encodeRequest(request)),
  };
}

/** A voucher with these fields, signed by the client: the first, for the usual request, unless said otherwise. */
export function voucherOf(
  system: System,
  { id }: OpenChannel,
  fields: Partial<Voucher> = {},
  key: Signer = system.client,
): Promise<Signed<Voucher>> {
  const voucher = {
    nonce: 1n,
    requestHash: requestHashOf(requestOf(system)),
    amount: 0n,
    limit: LIMIT,
    receiptCount: 0n,
    receiptsRoot: ethers.keccak256("0x02"),
    ...fields,
  };
  return signVoucher(key, contractOf(system), id, voucher);
}

/** A receipt with these fields, signed by the provider's receipt key: three tokens in answer to the first voucher, unless said otherwise. */
export async function receiptOf(
  system: System,
  { id, terms }: OpenChannel,
  fields: Partial<Receipt> & { tokens?: readonly number[] } = {},
  key: Signer = system.operator,
): Promise<Signed<Receipt>> {
  const { tokens = [11, 12, 13], ...others } = fields;
  const { modelRoot, inputRoot: root } = requestOf(system);
  const receipt = {
    channel: id,
    nonce: 1n,
    modelRoot,
    inputRoot: root,
    outputTokensRoot: tokensRoot(packTokens(tokens)),
    outputCount: BigInt(tokens.length),
    complete: true,
    price: ATH,
    expiry: BigInt(await time.latest()) + terms.receiptLife,
    ...others,
  };
  return signReceipt(key, contractOf(system), receipt);
}

/** Settles a voucher, as anybody may, with the receipt that answers it if there is one. */
export function settle(
  { channels, stranger }: System,
  { terms }: OpenChannel,
  voucher: Signed<Voucher>,
  receipt?: Signed<Receipt>,
): Promise<ContractTransactionResponse> {
  const sender = channels.connect(stranger);
  if (!receipt) return sender.settle(terms, voucher.message, voucher.signature);
  return sender.settleWithReceipt(
    terms,
    voucher.message,
    voucher.signature,
    receipt.message,
    receipt.signature,
  );
}

/** Presents a receipt, and reads the result that it became from the event, as everybody has to. */
export async function present(
  system: System,
  { terms }: OpenChannel,
  receipt: Signed<Receipt>,
  request: string = requestOf(system).bytes,
) {
  const { receipts, stranger } = system;
  const sent = await receipts.connect(stranger).present(terms, receipt.message, receipt.signature, request);
  const [event] = await eventsOf(receipts, sent);
  const [id, , , job] = event!.values as [string, string, string, unknown[]];
  const names = receipts.interface.getFunction("jobIdOf").inputs[0]!.components!.map(({ name }) => name);
  return { id, job: Object.fromEntries(names.map((name, index) => [name, job[index]])), sent };
}

/** Reports two receipts that contradict each other, as somebody who committed to it before; `reporter` is rewarded. */
export async function reportEquivocation(
  system: System,
  { terms }: Pick<OpenChannel, "terms">,
  first: Signed<Receipt>,
  second: Signed<Receipt>,
  reporter: { readonly address: string } = system.newcomer,
): Promise<ContractTransactionResponse> {
  const { receipts, stranger } = system;
  const salt = ethers.hexlify(ethers.randomBytes(32));
  await receipts
    .connect(stranger)
    .commitReport(await reportCommitmentOf(system, first, second, reporter.address, salt));
  return sendReport(system, { terms }, first, second, reporter.address, salt);
}

export function sendReport(
  { receipts, stranger }: System,
  { terms }: Pick<OpenChannel, "terms">,
  first: Signed<Receipt>,
  second: Signed<Receipt>,
  reporter: string,
  salt: string,
  overrides: { gasLimit?: bigint } = {},
): Promise<ContractTransactionResponse> {
  return receipts
    .connect(stranger)
    .reportEquivocation(
      terms,
      first.message,
      first.signature,
      second.message,
      second.signature,
      reporter,
      salt,
      overrides,
    );
}

export async function reportCommitmentOf(
  { receipts, channels }: System,
  first: Signed<Receipt>,
  second: Signed<Receipt>,
  reporter: string,
  salt: string,
): Promise<string> {
  const digests = [await channels.receiptDigest(first.message), await channels.receiptDigest(second.message)];
  return receipts.reportCommitmentOf(digests[0]!, digests[1]!, reporter, salt);
}

/** The same system with channels that follow an uptime feed, which says that the sequencer always ran. */
export async function channelsWithFeed() {
  const system = await freshChannels();
  const { manager, addresses, vault, provider, operator } = system;
  const feed = await ethers.deployContract("MockSequencerFeed");
  const channels = (await ethers.deployContract("ChannelEscrow", [
    manager,
    addresses.vault,
    addresses.providers,
    addresses.currencies,
    addresses.fees,
    feed,
    await channelParametersOf(system),
  ])) as unknown as System["channels"];
  const receipts = (await ethers.deployContract("ReceiptResults", [
    manager,
    channels,
    addresses.models,
    addresses.vault,
    feed,
  ])) as unknown as System["receipts"];
  await channels.setReceiptResults(receipts);
  await vault.addModule(channels);
  await channels.setTokenTerms(addresses.ath, {
    accepted: true,
    feeBasisPoints: 100,
    exitBounty: EXIT_BOUNTY,
  });
  await vault.connect(provider).approveStakeModules(await vault.moduleBit(channels));
  await channels.connect(provider).addReceiptKey(operator);
  return {
    ...system,
    channels,
    receipts,
    addresses: {
      ...addresses,
      channels: await channels.getAddress(),
      receipts: await receipts.getAddress(),
    },
    say: (answer: number, since: bigint) => feed.getFunction("set")(answer, since) as Promise<unknown>,
  };
}

/** The parameters in force, to change and set again. */
export async function channelParametersOf({ channels }: Pick<System, "channels">) {
  const { stakePerChannel, notice, receiptLife, workPerSecond } = await channels.parameters();
  return { stakePerChannel, notice, receiptLife, workPerSecond };
}

export const paidOf = async ({ channels }: System, { id }: OpenChannel): Promise<bigint> =>
  (await channels.channelState(id)).paid;
