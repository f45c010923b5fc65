import { Wallet } from "ethers";
import type { Day, ProviderState } from "./day.ts";

/** The address of the key that signs a provider's receipts now. */
export function receiptAddress({ receiptKeys }: ProviderState): string {
  return new Wallet(receiptKeys.at(-1)!).address;
}

/** Another key signs a provider's receipts from now on; the one before is removed. */
export async function replaceReceiptKey(day: Day, provider: ProviderState): Promise<void> {
  const before = receiptAddress(provider);
  provider.receiptKeys.push(
    day.lots.bytes32(`receipt key ${provider.receiptKeys.length + 1} of ${provider.name}`),
  );
  const nothing = () => undefined;
  const added = ["channel escrow", "addReceiptKey", [receiptAddress(provider)]] as const;
  await day.act("receipt key added", provider.name, added, nothing);
  await day.act(
    "receipt key removed",
    provider.name,
    ["channel escrow", "removeReceiptKey", [before]],
    nothing,
  );
}
