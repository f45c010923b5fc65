/*
 * Writes vectors/channels.json: ids, digests and signatures of channels, which every implementation of them replays. The SDK's tests and those of the
 * contracts do. Numbers above 2^53 are decimal strings.
 * Usage: node sdk/scripts/generate-channel-vectors.ts [--check] — with --check, fails if the file is stale.
 */
import { readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { getAddress, getBytes, hexlify, keccak256, toBeHex, Wallet } from "ethers";
import { leafHash, merkleRoot, toHex } from "../../engine/src/index.ts";
import { generateRandom } from "../../engine/src/testing/random.ts";
import {
  acceptanceDigest,
  channelIdOf,
  openingData,
  receiptDigest,
  requestHashOf,
  signAcceptance,
  signReceipt,
  signVoucher,
  topUpData,
  voucherDigest,
} from "../src/channels/typed-data.ts";
import type { ChannelContract, ChannelTerms, Receipt, Voucher } from "../src/channels/types.ts";
import { resultIdOf, type JobTerms } from "../src/protocol/job.ts";

const FILE = fileURLToPath(new URL("../vectors/channels.json", import.meta.url));
const random = generateRandom(20261121);
const bytes = (length: number) => Uint8Array.from({ length }, () => Math.floor(random() * 256));
const hash = () => hexlify(bytes(32));
const address = () => getAddress(hexlify(bytes(20)));

type Extent = "least" | "most" | "any";
const EXTENTS: readonly Extent[] = ["least", "most", "any", "any"];

/** An unsigned number: the smallest, the largest, or any of so many bits. */
function unsigned(extent: Extent, bits: number): bigint {
  if (extent === "least") return 0n;
  if (extent === "most") return 2n ** BigInt(bits) - 1n;
  return BigInt(hexlify(bytes(32))) % 2n ** BigInt(bits);
}

/** Addresses of the channel escrow and of the receipts' results, on a local chain and on another one. */
const contracts = [31_337n, 31_337n, 8_453n].map((chainId) => ({
  chainId,
  escrow: address(),
  receiptResults: address(),
}));

const termsOf = (extent: Extent): ChannelTerms => ({
  client: address(),
  salt: unsigned(extent, 64),
  notice: unsigned(extent, 32),
  provider: address(),
  receiptLife: unsigned(extent, 32),
  feeBasisPoints: unsigned(extent, 16),
  token: address(),
  exitBounty: unsigned(extent, 96),
  voucherKey: address(),
  expiresAt: unsigned(extent, 40),
  stakeLock: unsigned(extent, 96),
  workPerSecond: unsigned(extent, 64),
});

const voucherOf = (extent: Extent): Voucher => ({
  nonce: unsigned(extent, 64),
  requestHash: extent === "least" ? toBeHex(0, 32) : hash(),
  amount: unsigned(extent, 96),
  limit: unsigned(extent, 96),
  receiptCount: unsigned(extent, 32),
  receiptsRoot: extent === "least" ? keccak256("0x02") : hash(),
});

const receiptOf = (extent: Extent): Receipt => ({
  channel: hash(),
  nonce: unsigned(extent, 64),
  modelRoot: hash(),
  inputRoot: hash(),
  outputTokensRoot: hash(),
  outputCount: unsigned(extent, 32),
  complete: extent !== "least",
  price: unsigned(extent, 96),
  expiry: unsigned(extent, 40),
});

const jobOf = (extent: Extent): JobTerms => ({
  client: address(),
  salt: unsigned(extent, 64),
  submitDeadline: unsigned(extent, 40),
  provider: address(),
  challengeWindow: unsigned(extent, 32),
  feeBasisPoints: unsigned(extent, 16),
  token: address(),
  exitBounty: unsigned(extent, 96),
  stakeLock: unsigned(extent, 96),
  inputPrice: unsigned(extent, 80),
  outputPrice: unsigned(extent, 80),
  minimumCharge: unsigned(extent, 96),
  promptTokens: unsigned(extent, 32),
  maxTokens: unsigned(extent, 32),
  vocabularySize: unsigned(extent, 32),
  modelRoot: hash(),
  inputRoot: hash(),
});

/** For every contract and every extent of numbers, one case. */
async function each<Case extends object>(
  make: (contract: ChannelContract & { receiptResults: string }, extent: Extent) => Case | Promise<Case>,
): Promise<(Case & { contract: number })[]> {
  const cases: (Case & { contract: number })[] = [];
  for (const [index, contract] of contracts.entries()) {
    for (const extent of EXTENTS) cases.push({ contract: index, ...(await make(contract, extent)) });
  }
  return cases;
}

const key = () => new Wallet(hash());

const vectors = {
  contracts,
  channelId: await each(async (contract, extent) => {
    const terms = termsOf(extent);
    const acceptance = { minimumDeposit: unsigned(extent, 96), validUntil: unsigned(extent, 40) };
    const id = channelIdOf(terms, contract);
    const accepted = await signAcceptance(key(), contract, id, acceptance);
    return {
      terms,
      id,
      topUpData: topUpData(terms),
      acceptance: accepted,
      openingData: openingData(terms, accepted),
    };
  }),
  requestHash: [0, 1, 2].map(() => {
    const request = { modelRoot: hash(), inputRoot: hash() };
    return { ...request, hash: requestHashOf(request) };
  }),
  acceptance: await each(async (contract, extent) => {
    const channel = hash();
    const signer = key();
    const acceptance = { minimumDeposit: unsigned(extent, 96), validUntil: unsigned(extent, 40) };
    const { signature } = await signAcceptance(signer, contract, channel, acceptance);
    const digest = acceptanceDigest(contract, channel, acceptance);
    return { channel, acceptance, digest, privateKey: signer.privateKey, signer: signer.address, signature };
  }),
  voucher: await each(async (contract, extent) => {
    const channel = hash();
    const signer = key();
    const { message: voucher, signature } = await signVoucher(signer, contract, channel, voucherOf(extent));
    const digest = voucherDigest(contract, channel, voucher);
    return { channel, voucher, digest, privateKey: signer.privateKey, signer: signer.address, signature };
  }),
  receipt: await each(async (contract, extent) => {
    const signer = key();
    const { message: receipt, signature } = await signReceipt(signer, contract, receiptOf(extent));
    const digest = receiptDigest(contract, receipt);
    return { receipt, digest, privateKey: signer.privateKey, signer: signer.address, signature };
  }),
  // The engine's tree, which every other root of the protocol is one of.
  receiptTree: [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 17, 33].map((count) => {
    const digests = Array.from({ length: count }, hash);
    return { digests, root: toHex(merkleRoot(digests.map((digest) => leafHash(getBytes(digest))))) };
  }),
  resultId: await each(({ chainId, receiptResults }, extent) => {
    const job = jobOf(extent);
    return { job, id: resultIdOf(job, chainId, receiptResults) };
  }),
};

// One case a line.
const plain = (_: string, value: unknown) => (typeof value === "bigint" ? String(value) : value);
const sections = Object.entries(vectors).map(([name, cases]) => {
  const lines = (cases as readonly unknown[]).map((entry) => `    ${JSON.stringify(entry, plain)}`);
  return `  ${JSON.stringify(name)}: [\n${lines.join(",\n")}\n  ]`;
});
const text = `{\n${sections.join(",\n")}\n}\n`;
if (process.argv.includes("--check")) {
  const written = await readFile(FILE, "utf8").catch(() => "");
  if (written !== text) {
    console.error("sdk/vectors/channels.json is stale. Run: node sdk/scripts/generate-channel-vectors.ts");
    process.exit(1);
  }
} else {
  await writeFile(FILE, text);
}
