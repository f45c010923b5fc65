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
  /** What a whole token costs in the morning, in millionths of a US cent; crooked, so that rounding shows. */
  readonly microcents: bigint;
  /** What every provider asks in the morning. */
  readonly offer: Offer;
  /** What each client begins with. */
  readonly funds: bigint;
}

/** Token units for a million tokens. */
export interface Prices {
  readonly input: bigint;
  readonly output: bigint;
}

const ATH = 10n ** 18n;

/** What a provider asks for a million tokens, in millionths of a US cent. */
export interface Offer {
  readonly input: bigint;
  readonly output: bigint;
}

/** Three tokens of three precisions. */
export const TOKENS: readonly DayToken[] = [
  {
    symbol: "ATH",
    decimals: 18,
    jobs: { feeBasisPoints: 100n, exitBounty: ATH / 10n, minimumCharge: ATH / 20n },
    channels: { feeBasisPoints: 100n, exitBounty: ATH },
    microcents: 2_500_003n,
    offer: { input: 2_500_308_641n, output: 5_002_469_137n },
    funds: 5_000n * ATH,
  },
  {
    symbol: "mUSD",
    decimals: 6,
    jobs: { feeBasisPoints: 300n, exitBounty: 10_000n, minimumCharge: 1_000n },
    channels: { feeBasisPoints: 300n, exitBounty: 100_000n },
    microcents: 100_000_000n,
    offer: { input: 12_345_678_903n, output: 76_543_219_851n },
    funds: 5_000_000_000n,
  },
  {
    symbol: "mBTC",
    decimals: 8,
    jobs: { feeBasisPoints: 250n, exitBounty: 37n, minimumCharge: 11n },
    channels: { feeBasisPoints: 199n, exitBounty: 151n },
    microcents: 6_543_210_987_653n,
    offer: { input: 74_074_020_001n, output: 459_259_260_007n },
    funds: 100_000_000n,
  },
];

export type TokenSymbol = DayToken["symbol"];

export function tokenOf(symbol: TokenSymbol): DayToken {
  return TOKENS.find((token) => token.symbol === symbol)!;
}

/** What an offer comes to in a token by docs/currencies.md: each price converted, and rounded up. */
export function pricesOf({ input, output }: Offer, { decimals }: DayToken, microcents: bigint): Prices {
  const converted = (price: bigint) => roundedUp(price * 10n ** BigInt(decimals), microcents);
  return { input: converted(input), output: converted(output) };
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
