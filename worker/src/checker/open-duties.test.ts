import { expect } from "chai";
import { expectError } from "../testing/expect-error.ts";
import { budgetsOf } from "./open-duties.ts";

const tokens = [
  { address: "0x1", symbol: "ATH", decimals: 18 },
  { address: "0x2", symbol: "mUSD", decimals: 6 },
];
const budgets = (...amounts: readonly (readonly [number: string, unit: string])[]) =>
  budgetsOf(
    { checker: { budgetPerEpoch: amounts.map(([number, unit]) => ({ number, unit })) } as never },
    tokens,
  );

describe("a checker's budgets", () => {
  it("are token units by the token's address, exactly", () => {
    expect([...budgets(["5.5", "ATH"], ["0.000001", "musd"])]).to.deep.equal([
      ["0x1", 55n * 10n ** 17n],
      ["0x2", 1n],
    ]);
  });

  it("are refused in a unit that is no configured token's, or finer than a token's smallest unit", async () => {
    const refuse = (number: string, unit: string, said: string) =>
      expectError(() => Promise.resolve().then(() => budgets([number, unit])), "AMOUNT_INVALID", said);
    await refuse("5", "USDC", "no amount of a configured token");
    await refuse("0.0000001", "mUSD", "7 decimals");
  });
});
