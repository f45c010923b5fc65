// The SDK and the contract hash the same bytes: ids, digests, the data that opens a channel.
import { expect } from "chai";
import fc from "fast-check";
import {
  acceptanceDigest,
  channelIdOf,
  type ChannelTerms,
  receiptDigest,
  voucherDigest,
} from "../../sdk/src/channels.ts";
import { contractOf } from "../support/channels.ts";
import { ethers, freshSystem } from "../support/system.ts";

const RUNS = process.env["ATHANOR_AUDIT"] === undefined ? 50 : 1_000;

const unsigned = (bits: number) => fc.bigInt({ min: 0n, max: 2n ** BigInt(bits) - 1n });
const word = unsigned(256).map((value) => ethers.toBeHex(value, 32));
const address = unsigned(160).map((value) => ethers.getAddress(ethers.toBeHex(value, 20)));

const terms: fc.Arbitrary<ChannelTerms> = fc.record({
  client: address,
  salt: unsigned(64),
  notice: unsigned(32),
  provider: address,
  receiptLife: unsigned(32),
  feeBasisPoints: unsigned(16),
  token: address,
  exitBounty: unsigned(96),
  voucherKey: address,
  expiresAt: unsigned(40),
  stakeLock: unsigned(96),
  workPerSecond: unsigned(64),
});
const voucher = fc.record({
  nonce: unsigned(64),
  requestHash: word,
  amount: unsigned(96),
  limit: unsigned(96),
  receiptCount: unsigned(32),
  receiptsRoot: word,
});
const receipt = fc.record({
  channel: word,
  nonce: unsigned(64),
  modelRoot: word,
  inputRoot: word,
  outputTokensRoot: word,
  outputCount: unsigned(32),
  complete: fc.boolean(),
  price: unsigned(96),
  expiry: unsigned(40),
});

describe("channels: the SDK and the contract", () => {
  it("give a channel the same id", async () => {
    const system = await freshSystem();
    await fc.assert(
      fc.asyncProperty(terms, async (channel) => {
        expect(await system.channels.channelIdOf(channel)).to.equal(channelIdOf(channel, contractOf(system)));
      }),
      { numRuns: RUNS },
    );
  });

  it("have the same digest of every voucher, receipt and acceptance", async () => {
    const system = await freshSystem();
    const { channels } = system;
    const contract = contractOf(system);
    await fc.assert(
      fc.asyncProperty(word, voucher, receipt, async (id, promise, answer) => {
        expect(await channels.voucherDigest(id, promise)).to.equal(voucherDigest(contract, id, promise));
        expect(await channels.receiptDigest(answer)).to.equal(receiptDigest(contract, answer));
        const accepted = { minimumDeposit: promise.limit, validUntil: answer.expiry };
        expect(await channels.acceptanceDigest(id, accepted.minimumDeposit, accepted.validUntil)).to.equal(
          acceptanceDigest(contract, id, accepted),
        );
      }),
      { numRuns: RUNS },
    );
  });
});
