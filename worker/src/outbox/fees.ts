import type { FeeData, Provider } from "ethers";

/** What a transaction offers to pay. Wei per gas. */
export type Fees =
  | { readonly type: 2; readonly maxFeePerGas: bigint; readonly maxPriorityFeePerGas: bigint }
  | { readonly type: 0; readonly gasPrice: bigint };

/** A replacement must offer at least a tenth more than what it replaces; nodes differ in how they round that. */
const BUMP_PERCENT = 125n;

/** What the node thinks is needed now. */
export async function currentFees(provider: Provider): Promise<Fees> {
  const { gasPrice, maxFeePerGas, maxPriorityFeePerGas }: FeeData = await provider.getFeeData();
  if (maxFeePerGas !== null && maxPriorityFeePerGas !== null) {
    return { type: 2, maxFeePerGas, maxPriorityFeePerGas };
  }
  return { type: 0, gasPrice: gasPrice ?? 0n };
}

/** Enough to replace a transaction that offered `previous`, and what the node wants now if that is more. */
export function bumpedFees(previous: Fees, current: Fees): Fees {
  if (previous.type === 0) {
    const now = current.type === 0 ? current.gasPrice : current.maxFeePerGas;
    return { type: 0, gasPrice: larger(bump(previous.gasPrice), now) };
  }
  const [now, tip] =
    current.type === 2
      ? [current.maxFeePerGas, current.maxPriorityFeePerGas]
      : [current.gasPrice, current.gasPrice];
  return {
    type: 2,
    maxFeePerGas: larger(bump(previous.maxFeePerGas), now),
    maxPriorityFeePerGas: larger(bump(previous.maxPriorityFeePerGas), tip),
  };
}

function bump(fee: bigint): bigint {
  return (fee * BUMP_PERCENT) / 100n + 1n;
}

function larger(a: bigint, b: bigint): bigint {
  return a > b ? a : b;
}
