import { expect } from "chai";
import { expectError } from "../testing/expect-error.ts";
import { parseAmount, toTokenUnits } from "./amount.ts";

const ath = { address: "0x", symbol: "ATH", decimals: 18 };
const usd = { address: "0x", symbol: "mUSD", decimals: 6 };
const units = (text: string, token = ath) => toTokenUnits(parseAmount(text)!, token);

describe("amounts", () => {
  it("are exact", () => {
    expect(units("0.5 ATH")).to.equal(5n * 10n ** 17n);
    expect(units("0.000000000000000001 ATH")).to.equal(1n);
    expect(units("1,250.75 mUSD", usd)).to.equal(1_250_750_000n);
    expect(units("9007199254740993 ATH"), "beyond 2^53").to.equal(9_007_199_254_740_993n * 10n ** 18n);
    expect(units("1.5000000 musd", usd), "zeros that say nothing").to.equal(1_500_000n);
    expect(units("0 ATH")).to.equal(0n);
  });

  for (const text of ["0.5", "ATH", "-1 ATH", "1e3 ATH", ".5 ATH", "1.2.3 ATH", "1 ATH per token", ""]) {
    it(`are not ${JSON.stringify(text)}`, () => {
      expect(parseAmount(text)).to.equal(undefined);
    });
  }

  it("of another token are refused", async () => {
    await expectError(() => units("5 mUSD"), "AMOUNT_INVALID", "5 mUSD is not an amount of ATH");
  });

  it("finer than the token are refused, never rounded", async () => {
    await expectError(
      () => units("0.0000001 mUSD", usd),
      "AMOUNT_INVALID",
      "0.0000001 mUSD has 7 decimals; mUSD has 6.",
    );
  });
});
