import { expect } from "chai";
import { rejection } from "../testing/rejection.ts";
import { formatAmount } from "./format-amount.ts";
import { parseAmount } from "./parse-amount.ts";

const dollar = { address: "0x52908400098527886E0F7030069857D2E4169EE7", symbol: "mUSD", decimals: 6 };
const ath = { ...dollar, symbol: "ATH", decimals: 18 };
const whole = { ...dollar, symbol: "PIECE", decimals: 0 };

describe("amounts", () => {
  it("parse exactly", () => {
    expect(parseAmount(dollar, "1.5")).to.equal(1_500_000n);
    expect(parseAmount(ath, "0.000000000000000001")).to.equal(1n);
    expect(parseAmount(ath, "42000000000")).to.equal(42_000_000_000n * 10n ** 18n);
    expect(parseAmount(whole, "7")).to.equal(7n);
  });

  for (const text of ["", "1,5", "-1", "1.", ".5", "1e3", " 1", "0x10", "1.0000001"]) {
    it(`refuse ${JSON.stringify(text)} with the unit and an example`, async () => {
      const error = await rejection(Promise.resolve().then(() => parseAmount(dollar, text)));
      expect(error.code).to.equal("InvalidArgument");
      expect(error.values["found"]).to.equal(JSON.stringify(text));
      expect(error.message).to.include("mUSD with at most 6 decimals");
    });
  }

  it("are shown with their unit, and read back the same", () => {
    expect(formatAmount(dollar, 1_500_000n)).to.equal("1.5 mUSD");
    expect(formatAmount(dollar, 2_000_000n)).to.equal("2 mUSD");
    expect(formatAmount(ath, 1n)).to.equal("0.000000000000000001 ATH");
    expect(formatAmount(whole, 7n)).to.equal("7 PIECE");
    for (const amount of [0n, 1n, 999_999n, 123_456_789n]) {
      expect(parseAmount(dollar, formatAmount(dollar, amount).split(" ")[0]!)).to.equal(amount);
    }
  });
});
