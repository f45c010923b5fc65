/** A token of the simulated day, and the terms under which it is paid. Amounts in its smallest units. */
export interface DayToken {
  readonly symbol: "ATH" | "mUSD" | "mBTC";
  readonly decimals: number;
  readonly jobs: {
    readonly feeBasisPoints: bigint;
    readonly exitBounty: bigint;
    readonly minimumCharge: bigint;
  };
  readonly channels: { readonly feeBasisPoints: bigint; readonly exitBounty: bigint };
  /** For a million tokens; crooked, so that rounding shows. */
  readonly prices: Prices;
  /** What each client begins with. */
  readonly funds: bigint;
}

/** Token units for a million tokens. */
export interface Prices {
  readonly input: bigint;
  readonly output: bigint;
}

const ATH = 10n ** 18n;

/** Three tokens of three precisions. */
export const TOKENS: readonly DayToken[] = [
  {
    symbol: "ATH",
    decimals: 18,
    jobs: { feeBasisPoints: 100n, exitBounty: ATH / 10n, minimumCharge: ATH / 20n },
    channels: { feeBasisPoints: 100n, exitBounty: ATH },
    prices: { input: 1_000_123_456_789_012_345_677n, output: 2_000_987_654_321_098_765_431n },
    funds: 5_000n * ATH,
  },
  {
    symbol: "mUSD",
    decimals: 6,
    jobs: { feeBasisPoints: 300n, exitBounty: 10_000n, minimumCharge: 1_000n },
    channels: { feeBasisPoints: 300n, exitBounty: 100_000n },
    prices: { input: 123_456_789n, output: 765_432_199n },
    funds: 5_000_000_000n,
  },
  {
    symbol: "mBTC",
    decimals: 8,
    jobs: { feeBasisPoints: 250n, exitBounty: 37n, minimumCharge: 11n },
    channels: { feeBasisPoints: 199n, exitBounty: 151n },
    prices: { input: 1_234_567n, output: 7_654_321n },
    funds: 100_000_000n,
  },
];

export type TokenSymbol = DayToken["symbol"];

export function tokenOf(symbol: TokenSymbol): DayToken {
  return TOKENS.find((token) => token.symbol === symbol)!;
}

/** What an answer costs by docs/protocol.md: the price of a million tokens times their number, rounded up. */
export function costOf(prices: Prices, inputTokens: number, outputTokens: number): bigint {
  return roundedUp(BigInt(inputTokens) * prices.input + BigInt(outputTokens) * prices.output, 1_000_000n);
}

/** A quotient, rounded up. */
export function roundedUp(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}

/** An amount with its point: "12.5 ATH". */
export function describe(amount: bigint, { symbol, decimals }: DayToken): string {
  const unit = 10n ** BigInt(decimals);
  const fraction = (amount % unit).toString().padStart(decimals, "0").replace(/0+$/, "");
  return `${amount / unit}${fraction && "."}${fraction} ${symbol}`;
}
