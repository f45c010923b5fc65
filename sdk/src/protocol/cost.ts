const PRICE_UNIT = 1_000_000n;
const BASIS_POINTS = 10_000n;

/** Prices of an offer or a job, in token units for a million tokens. */
export interface Prices {
  readonly inputPrice: bigint;
  readonly outputPrice: bigint;
}

/** Cost of a request in token units: rounded up, and at least the minimum charge, as the escrow computes it. */
export function costOf(
  prices: Prices & { readonly minimumCharge: bigint },
  promptTokens: bigint | number,
  outputTokens: bigint | number,
): bigint {
  const cost = ceilDiv(
    BigInt(promptTokens) * prices.inputPrice + BigInt(outputTokens) * prices.outputPrice,
    PRICE_UNIT,
  );
  return cost < prices.minimumCharge ? prices.minimumCharge : cost;
}

/** The protocol's part of a charge, rounded up as the escrow does. */
export function feeOf(charge: bigint, feeBasisPoints: bigint): bigint {
  return ceilDiv(charge * feeBasisPoints, BASIS_POINTS);
}

export function ceilDiv(dividend: bigint, divisor: bigint): bigint {
  return (dividend + divisor - 1n) / divisor;
}
