import { createRequire } from "node:module";
import { keccak256, toBeHex, Wallet } from "ethers";
import { ClientChannel } from "../../sdk/src/channels/client-channel.ts";
import { RECEIPT_KEY_IN_USE } from "../../sdk/src/channels/liable-keys.ts";
import { ProviderChannel } from "../../sdk/src/channels/provider-channel.ts";
import { ReceiptTree } from "../../sdk/src/channels/receipt-tree.ts";
import { memoryStore } from "../../sdk/src/channels/store.ts";
import {
  isSignedBy,
  receiptDigest,
  signReceipt,
  signVoucher,
  voucherDigest,
} from "../../sdk/src/channels/typed-data.ts";
import type { ChannelTerms, Receipt, Voucher } from "../../sdk/src/channels/types.ts";
import { formatTable } from "../lib/table.ts";

/** What channels cost off chain, on one thread. Rates are operations a second of processor time, the median of `runs` runs. */
export interface ChannelsResult {
  readonly runs: number;
  readonly voucher: MessageRates;
  readonly receipt: MessageRates;
  /** The curve alone, by the library that ethers uses: of a digest that is there already. */
  readonly curve: { readonly sign: number; readonly recover: number; readonly verify: number };
  /** Whole requests a second: voucher signed, taken, receipt signed, acknowledged; both books, stores in memory. */
  readonly cycles: number;
  readonly tree: {
    readonly receipts: number;
    /** Microseconds: to add a receipt behind so many, to compute the root, to load what a book keeps and save it again. */
    readonly append: number;
    readonly root: number;
    readonly loadAndSave: number;
    /** Bytes of JSON that a book keeps of the tree. */
    readonly bytes: number;
  };
}

interface MessageRates {
  /** EIP-712 digest. */
  readonly digest: number;
  /** Digest and signature, by the SDK. */
  readonly sign: number;
  /** Digest and check of the signature, by the SDK. */
  readonly verify: number;
}

const RUNS = 5;
const RECEIPTS = 100_000;

/** The curve as ethers' own dependency has it. */
interface Curve {
  sign(digest: string, key: string, options: { lowS: boolean }): CurveSignature;
  verify(signature: CurveSignature, digest: string, publicKey: Uint8Array): boolean;
  getPublicKey(key: string, compressed: boolean): Uint8Array;
}
interface CurveSignature {
  recoverPublicKey(digest: string): { toRawBytes(compressed: boolean): Uint8Array };
}

const hash = (name: string) => keccak256(Buffer.from(name));
const client = new Wallet(hash("client"));
const operator = new Wallet(hash("operator"));
const contract = { chainId: 31337n, escrow: new Wallet(hash("escrow")).address };
const terms: ChannelTerms = {
  client: client.address,
  salt: 1n,
  notice: 86_400n,
  provider: new Wallet(hash("provider")).address,
  receiptLife: 86_400n,
  feeBasisPoints: 100n,
  token: new Wallet(hash("token")).address,
  exitBounty: 10n ** 18n,
  voucherKey: client.address,
  expiresAt: 2_100_000_000n,
  stakeLock: 500n * 10n ** 18n,
  workPerSecond: 1_000_000_000n,
};
const CHANNEL = hash("channel");
const voucher: Voucher = {
  nonce: 1_000n,
  requestHash: hash("request"),
  amount: 10n ** 20n,
  limit: 10n ** 18n,
  receiptCount: 999n,
  receiptsRoot: hash("receipts"),
};
const receipt: Receipt = {
  channel: CHANNEL,
  nonce: 1_000n,
  modelRoot: hash("model"),
  inputRoot: hash("input"),
  outputTokensRoot: hash("tokens"),
  outputCount: 256n,
  complete: true,
  price: 10n ** 18n,
  expiry: 2_000_000_000n,
};

/** @throws Error when a signature that was just made does not verify */
export async function benchChannels(): Promise<ChannelsResult> {
  const signedVoucher = await signVoucher(client, contract, CHANNEL, voucher);
  const signedReceipt = await signReceipt(operator, contract, receipt);
  const digestOfVoucher = () => voucherDigest(contract, CHANNEL, voucher);
  const digestOfReceipt = () => receiptDigest(contract, receipt);
  return {
    runs: RUNS,
    voucher: {
      digest: await rate(200, digestOfVoucher),
      sign: await rate(100, () => signVoucher(client, contract, CHANNEL, voucher)),
      verify: await rate(50, () =>
        mustHold(isSignedBy(client.address, digestOfVoucher(), signedVoucher.signature)),
      ),
    },
    receipt: {
      digest: await rate(200, digestOfReceipt),
      sign: await rate(100, () => signReceipt(operator, contract, receipt)),
      verify: await rate(50, () =>
        mustHold(isSignedBy(operator.address, digestOfReceipt(), signedReceipt.signature)),
      ),
    },
    curve: await benchCurve(digestOfVoucher()),
    cycles: await benchCycles(),
    tree: await benchTree(),
  };
}

async function benchCurve(digest: string): Promise<ChannelsResult["curve"]> {
  const ofEthers = createRequire(createRequire(import.meta.url).resolve("ethers"));
  const { secp256k1: curve } = ofEthers("@noble/curves/secp256k1") as { secp256k1: Curve };
  const bare = (digits: string) => digits.slice(2);
  const message = bare(digest);
  const key = bare(client.privateKey);
  const signature = curve.sign(message, key, { lowS: true });
  const publicKey = curve.getPublicKey(key, true);
  return {
    sign: await rate(100, () => curve.sign(message, key, { lowS: true })),
    recover: await rate(50, () => signature.recoverPublicKey(message).toRawBytes(true)),
    verify: await rate(50, () => mustHold(curve.verify(signature, message, publicKey))),
  };
}

async function benchCycles(): Promise<number> {
  const now = () => 2_000_000_000;
  const shared = { terms, contract, now };
  const mine = new ClientChannel({
    ...shared,
    store: memoryStore(),
    signer: client,
    receiptKeyUntil: () => Promise.resolve(RECEIPT_KEY_IN_USE),
  });
  const theirs = new ProviderChannel({ ...shared, store: memoryStore(), signer: operator });
  for (const side of [mine, theirs]) await side.noteDeposit(10n ** 24n);
  const request = { modelRoot: hash("model"), inputRoot: hash("input"), limit: 10n ** 16n };
  const answer = {
    modelRoot: request.modelRoot,
    inputRoot: request.inputRoot,
    outputTokensRoot: hash("tokens"),
    outputCount: 256,
    complete: true,
    price: 10n ** 16n,
  };
  return rate(20, async () => {
    await theirs.take(await mine.request(request));
    await mine.acknowledge(await theirs.sign(answer), answer);
  });
}

async function benchTree(): Promise<ChannelsResult["tree"]> {
  const tree = ReceiptTree.empty();
  for (let index = 0; index < RECEIPTS; index++) tree.append(toBeHex(index, 32));
  const saved = tree.save();
  const digest = hash("the next receipt");
  const microseconds = async (count: number, action: () => unknown) => 1e6 / (await rate(count, action));
  return {
    receipts: RECEIPTS,
    append: await microseconds(1_000, () => {
      tree.append(digest);
    }),
    root: await microseconds(500, () => tree.root),
    loadAndSave: await microseconds(2_000, () => ReceiptTree.load(saved).save()),
    bytes: JSON.stringify(saved).length,
  };
}

/** Operations a second of this process's processor time, which others on the machine do not change: the median of several runs, after one that is not counted. */
async function rate(count: number, action: () => unknown): Promise<number> {
  const rates: number[] = [];
  for (let run = 0; run <= RUNS; run++) {
    const start = process.cpuUsage();
    for (let index = 0; index < count; index++) await action();
    const { user, system } = process.cpuUsage(start);
    const seconds = (user + system) / 1e6;
    if (run > 0) rates.push(count / seconds);
  }
  return rates.sort((left, right) => left - right)[Math.floor(RUNS / 2)]!;
}

function mustHold(isRight: boolean): void {
  if (!isRight) throw new Error("A signature that was just made does not verify.");
}

export function channelsTable({ runs, voucher: v, receipt: r, curve, cycles, tree }: ChannelsResult): string {
  const shown = (value: number) => Math.round(value).toLocaleString("en");
  const columns = [
    { heading: "a second of processor time" },
    ...["digest", "sign", "verify"].map((heading) => ({ heading, align: "right" as const })),
  ];
  const rows = [
    ["vouchers", shown(v.digest), shown(v.sign), shown(v.verify)],
    ["receipts", shown(r.digest), shown(r.sign), shown(r.verify)],
    ["the curve alone, recovering the key", "", shown(curve.sign), shown(curve.recover)],
    ["the curve alone, the key known", "", shown(curve.sign), shown(curve.verify)],
  ];
  const micro = (value: number) => value.toFixed(1);
  return [
    formatTable(columns, rows),
    "",
    `Whole requests, both books in memory: ${shown(cycles)}.`,
    `Receipt tree of ${shown(tree.receipts)}: ${micro(tree.append)} µs to add one, ${micro(tree.root)} µs for the root, ` +
      `${micro(tree.loadAndSave)} µs to load and save its ${shown(tree.bytes)} bytes.`,
    `Medians of ${runs} runs.`,
    "",
  ].join("\n");
}
