// Holds the contracts to the vectors that every implementation of channels replays: at their addresses and on their chains.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { concat, keccak256, toBeHex } from "ethers";
import { network } from "hardhat";
import type { ChannelTerms, Receipt, Voucher } from "../../sdk/src/channels.ts";
import { channelEscrowFragments, receiptResultsFragments } from "../../sdk/src/generated/fragments.ts";
import type { JobTerms } from "../../sdk/src/protocol.ts";
import type { ChannelEscrow } from "../../sdk/src/generated/contracts/ChannelEscrow.ts";
import type { ReceiptResults } from "../../sdk/src/generated/contracts/ReceiptResults.ts";
import { ethers, freshSystem } from "../support/system.ts";

interface Vectors {
  contracts: { chainId: string; escrow: string; receiptResults: string }[];
  channelId: { contract: number; terms: ChannelTerms; id: string }[];
  acceptance: {
    contract: number;
    channel: string;
    acceptance: { minimumDeposit: string; validUntil: string };
    digest: string;
  }[];
  voucher: { contract: number; channel: string; voucher: Voucher; digest: string }[];
  receipt: { contract: number; receipt: Receipt; digest: string }[];
  receiptTree: { digests: string[]; root: string }[];
  resultId: { contract: number; job: JobTerms; id: string }[];
}

const file = new URL("../../sdk/vectors/channels.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;

describe("channels: the shared vectors", () => {
  let contracts: { escrow: ChannelEscrow; results: ReceiptResults }[];
  const close: (() => Promise<void>)[] = [];

  before(async () => {
    const { addresses } = await freshSystem();
    const [escrowCode, resultsCode] = [
      await ethers.provider.getCode(addresses.channels),
      await ethers.provider.getCode(addresses.receipts),
    ];
    const chains = new Map<string, Awaited<ReturnType<typeof network.create>>>();
    contracts = [];
    for (const { chainId, escrow, receiptResults } of vectors.contracts) {
      const chain = chains.get(chainId) ?? (await network.create({ override: { chainId: Number(chainId) } }));
      if (!chains.has(chainId)) close.push(() => chain.close());
      chains.set(chainId, chain);
      await chain.networkHelpers.setCode(escrow, escrowCode);
      await chain.networkHelpers.setCode(receiptResults, resultsCode);
      const { provider } = chain.ethers;
      contracts.push({
        escrow: new ethers.Contract(escrow, channelEscrowFragments, provider) as unknown as ChannelEscrow,
        results: new ethers.Contract(
          receiptResults,
          receiptResultsFragments,
          provider,
        ) as unknown as ReceiptResults,
      });
    }
  });

  after(async () => {
    for (const end of close) await end();
  });

  it("are on more than one chain, and at more than one address of the same", () => {
    expect(new Set(vectors.contracts.map(({ chainId }) => chainId)).size).to.equal(2);
    expect(contracts).to.have.length(3);
  });

  it("have the contract's ids of channels", async () => {
    expect(vectors.channelId.length).to.be.greaterThan(8);
    for (const { contract, terms, id } of vectors.channelId) {
      expect(await contracts[contract]!.escrow.channelIdOf(terms)).to.equal(id);
    }
  });

  it("have the contract's digests of acceptances, vouchers and receipts", async () => {
    const { acceptance, voucher, receipt } = vectors;
    expect(Math.min(acceptance.length, voucher.length, receipt.length)).to.be.greaterThan(8);
    for (const { contract, channel, acceptance: accepted, digest } of acceptance) {
      const { minimumDeposit, validUntil } = accepted;
      const { escrow } = contracts[contract]!;
      expect(await escrow.acceptanceDigest(channel, minimumDeposit, validUntil)).to.equal(digest);
    }
    for (const { contract, channel, voucher: promise, digest } of voucher) {
      expect(await contracts[contract]!.escrow.voucherDigest(channel, promise)).to.equal(digest);
    }
    for (const { contract, receipt: answer, digest } of receipt) {
      expect(await contracts[contract]!.escrow.receiptDigest(answer)).to.equal(digest);
    }
  });

  it("have the contract's ids of receipts as results", async () => {
    expect(vectors.resultId.length).to.be.greaterThan(8);
    for (const { contract, job, id } of vectors.resultId) {
      expect(await contracts[contract]!.results.jobIdOf(job)).to.equal(id);
    }
  });

  it("have the roots of receipt trees by their definition, which no contract computes", () => {
    expect(vectors.receiptTree.length).to.be.greaterThan(8);
    for (const { digests, root } of vectors.receiptTree) {
      let level = digests.map((digest) => keccak256(concat(["0x00", digest])));
      while (level.length === 0 || !Number.isInteger(Math.log2(level.length))) level.push(keccak256("0x02"));
      for (let height = 1; level.length > 1; height++) {
        const pairs = Array.from({ length: level.length / 2 }, (_, index) => [2 * index, 2 * index + 1]);
        level = pairs.map(([left, right]) =>
          keccak256(concat(["0x01", toBeHex(height, 1), level[left!]!, level[right!]!])),
        );
      }
      expect(level[0], String(digests.length)).to.equal(root);
    }
  });
});
