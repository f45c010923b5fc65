import type { CheckerContext } from "./context.ts";

const BASIS_POINTS = 10_000n;
/** Basis points of a penalty that whoever shows the fault gets. */
const FINDERS_SHARE = 1_000n;
/** Gas of showing a fault. */
const GAS_OF_FAULT = 150_000n;

/** Whether the settings have this checker show a fault for the finder's part of the penalty. @param penalty ATH units */
export async function isWorthwhile(
  { settings, chain }: Pick<CheckerContext, "settings" | "chain">,
  penalty: bigint,
): Promise<boolean> {
  if (settings.faults !== "worthwhile") return settings.faults === "always";
  const fees = await chain.provider.getFeeData();
  const gas = GAS_OF_FAULT * (fees.maxFeePerGas ?? fees.gasPrice ?? 0n);
  return (penalty * FINDERS_SHARE) / BASIS_POINTS > (gas * settings.coinInAth!) / 10n ** 18n;
}
