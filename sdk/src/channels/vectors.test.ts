// Replays the vectors that every implementation of channels has to agree on; test/channels/vectors.test.ts holds them against the contracts.
import { readFileSync } from "node:fs";
import { expect } from "chai";
import { Wallet } from "ethers";
import { jobIdOf, resultIdOf, type JobTerms } from "../protocol/job.ts";
import { ReceiptTree } from "./receipt-tree.ts";
import {
  acceptanceDigest,
  channelIdOf,
  isSignedBy,
  openingData,
  receiptDigest,
  requestHashOf,
  signAcceptance,
  signReceipt,
  signVoucher,
  topUpData,
  voucherDigest,
  type Acceptance,
} from "./typed-data.ts";
import type { ChannelTerms, Receipt, Voucher } from "./types.ts";

interface SignedCase {
  contract: number;
  channel: string;
  digest: string;
  privateKey: string;
  signer: string;
  signature: string;
}

interface Vectors {
  contracts: { chainId: string; escrow: string; receiptResults: string }[];
  channelId: {
    contract: number;
    terms: ChannelTerms;
    id: string;
    topUpData: string;
    acceptance: Acceptance;
    openingData: string;
  }[];
  requestHash: { modelRoot: string; inputRoot: string; hash: string }[];
  acceptance: (SignedCase & { acceptance: Acceptance })[];
  voucher: (SignedCase & { voucher: Voucher })[];
  receipt: (SignedCase & { receipt: Receipt })[];
  receiptTree: { digests: string[]; root: string }[];
  resultId: { contract: number; job: JobTerms; id: string }[];
}

const file = new URL("../../vectors/channels.json", import.meta.url);
const vectors = JSON.parse(readFileSync(file, "utf8")) as Vectors;
const contracts = vectors.contracts.map(({ chainId, ...addresses }) => ({
  chainId: BigInt(chainId),
  ...addresses,
}));

describe("channels: the shared vectors", () => {
  it("have ids, openings and top-ups", () => {
    expect(vectors.channelId.length).to.be.greaterThan(8);
    for (const { contract, terms, id, acceptance, ...data } of vectors.channelId) {
      expect(channelIdOf(terms, contracts[contract]!)).to.equal(id);
      expect(topUpData(terms)).to.equal(data.topUpData);
      expect(openingData(terms, acceptance)).to.equal(data.openingData);
    }
  });

  it("have hashes of requests", () => {
    expect(vectors.requestHash).to.have.length.greaterThan(2);
    for (const { hash, ...request } of vectors.requestHash) expect(requestHashOf(request)).to.equal(hash);
  });

  it("have digests and signatures of acceptances, vouchers and receipts", async () => {
    const check = (given: SignedCase, digest: string, signature: string) => {
      expect(digest).to.equal(given.digest);
      expect(signature).to.equal(given.signature);
      expect(isSignedBy(given.signer, digest, signature)).to.equal(true);
    };
    for (const given of vectors.acceptance) {
      const contract = contracts[given.contract]!;
      const { channel, acceptance } = given;
      const signed = await signAcceptance(new Wallet(given.privateKey), contract, channel, acceptance);
      check(given, acceptanceDigest(contract, channel, acceptance), signed.signature);
    }
    for (const given of vectors.voucher) {
      const contract = contracts[given.contract]!;
      const { channel, voucher } = given;
      const { signature } = await signVoucher(new Wallet(given.privateKey), contract, channel, voucher);
      check(given, voucherDigest(contract, channel, voucher), signature);
    }
    for (const given of vectors.receipt) {
      const contract = contracts[given.contract]!;
      const { signature } = await signReceipt(new Wallet(given.privateKey), contract, given.receipt);
      check(given, receiptDigest(contract, given.receipt), signature);
    }
    const { acceptance, voucher, receipt } = vectors;
    expect(Math.min(acceptance.length, voucher.length, receipt.length)).to.be.greaterThan(8);
  });

  it("have roots of receipt trees", () => {
    expect(vectors.receiptTree.length).to.be.greaterThan(8);
    for (const { digests, root } of vectors.receiptTree) {
      const tree = ReceiptTree.empty();
      for (const digest of digests) tree.append(digest);
      expect(tree.root, String(digests.length)).to.equal(root);
    }
  });

  it("have ids of receipts as results, which are no ids of jobs", () => {
    expect(vectors.resultId.length).to.be.greaterThan(8);
    for (const { contract, job, id } of vectors.resultId) {
      const { chainId, receiptResults } = contracts[contract]!;
      expect(resultIdOf(job, chainId, receiptResults)).to.equal(id);
      expect(jobIdOf(job, chainId, receiptResults)).not.to.equal(id);
    }
  });
});
