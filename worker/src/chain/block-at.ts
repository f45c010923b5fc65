import type { Block } from "ethers";
import type { Chain } from "./chain.ts";

/** The first block of this second or later, not before the deployment; the newest if there is none. */
export async function firstBlockSince(
  { provider, contracts }: Pick<Chain, "provider" | "contracts">,
  timestamp: number,
): Promise<number> {
  let low = contracts.deployment.startBlock ?? 0;
  let high = (await blockAt(provider, "latest")).number;
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if ((await blockAt(provider, middle)).timestamp < timestamp) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** @throws Error when the node does not have it */
export async function blockAt(provider: Chain["provider"], tag: number | "latest"): Promise<Block> {
  const block = await provider.getBlock(tag);
  if (block === null) throw new Error(`the node has no block ${tag}`);
  return block;
}
