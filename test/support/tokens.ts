import { concat, dataSlice, keccak256, toBeHex } from "ethers";

/** Packs token ids as contracts take them: 4 bytes an id, big endian. */
export function packTokens(tokens: readonly number[]): string {
  return concat(tokens.map((token) => toBeHex(token, 4)));
}

const PAD = keccak256("0x02");

/** The Merkle root over packed tokens, written for reading: leaves of 32 ids, padded to a power of two. */
export function tokensRoot(packed: string): string {
  const bytes = (packed.length - 2) / 2;
  let level: string[] = [];
  for (let start = 0; start < bytes; start += 128) {
    const tile = dataSlice(packed, start, Math.min(start + 128, bytes));
    level.push(keccak256(concat(["0x00", tile.padEnd(2 + 256, "0")])));
  }
  if (level.length === 0) return PAD;
  while (Math.log2(level.length) % 1 !== 0) level.push(PAD);
  for (let height = 1; level.length > 1; height += 1) {
    const parents: string[] = [];
    for (let i = 0; i < level.length; i += 2) {
      parents.push(keccak256(concat(["0x01", toBeHex(height, 1), level[i]!, level[i + 1]!])));
    }
    level = parents;
  }
  return level[0]!;
}
