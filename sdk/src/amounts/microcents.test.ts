import { expect } from "chai";
import { startLocalChain } from "../testing/local-chain.ts";
import { rejection } from "../testing/rejection.ts";
import { connectCurrencies } from "../protocol/connect-contracts.ts";
import { readRate, tokenPricesOf } from "../protocol/rates.ts";
import { formatCents, parseCents, tokenUnitsOf } from "./microcents.ts";

describe("cents", () => {
  it("are read exactly, and shown as they were written", () => {
    for (const [text, microcents] of [
      ["12.5", 12_500_000n],
      ["0", 0n],
      ["0.000001", 1n],
      ["5000", 5_000_000_000n],
      ["18446744073709.551615", 2n ** 64n - 1n],
    ] as const) {
      expect(parseCents(text)).to.equal(microcents);
      expect(formatCents(microcents)).to.equal(`${text} US cents`);
    }
  });

  for (const text of ["", "1,5", "-1", "1.", ".5", "1e3", " 1", "0.0000001", "18446744073709.551616"]) {
    it(`refuse ${JSON.stringify(text)} with an example`, async () => {
      const error = await rejection(Promise.resolve().then(() => parseCents(text)));
      expect(error.code).to.equal("InvalidArgument");
      expect(error.values["found"]).to.equal(JSON.stringify(text));
      expect(error.message).to.include('such as "12.5"');
    });
  }
});

describe("token units of an offer", () => {
  it("are rounded up: never in the payer's favour", () => {
    const rate = { microcentsPerToken: 3n, decimals: 0 };
    expect([0n, 1n, 3n, 4n].map((microcents) => tokenUnitsOf(microcents, rate))).to.deep.equal([
      0n,
      1n,
      1n,
      2n,
    ]);
    expect(tokenUnitsOf(12_500_000n, { microcentsPerToken: 2_500_000n, decimals: 18 })).to.equal(
      5n * 10n ** 18n,
    );
  });

  it("are those of the contract, for both tokens, to the last unit", async () => {
    const chain = await startLocalChain();
    try {
      const { contracts } = chain;
      const currencies = connectCurrencies(chain.provider, await contracts.jobEscrow.currencies());
      for (const { address } of [chain.ath, chain.stablecoin]) {
        const rate = await readRate(contracts, address);
        for (const microcents of [0n, 1n, 99n, 101n, 12_345_678n, 250_000_308_641n, 2n ** 38n]) {
          const offer = { inputMicrocents: microcents, outputMicrocents: 3n * microcents };
          const [inputPrice, outputPrice] = await currencies.tokenPrices(
            address,
            microcents,
            3n * microcents,
          );
          expect(tokenPricesOf(offer, rate)).to.deep.equal({ inputPrice, outputPrice });
        }
      }
    } finally {
      await chain.close();
    }
  });

  it("are not to be had for a token without a price", async () => {
    const chain = await startLocalChain();
    try {
      const error = await rejection(readRate(chain.contracts, chain.deployment.vault));
      expect([error.code, error.values["token"]]).to.deep.equal([
        "CurrencyNotListed",
        chain.deployment.vault,
      ]);
    } finally {
      await chain.close();
    }
  });
});
