import { dataSlice } from "ethers";

/**
 * Where nodes and libraries put the bytes that a contract reverted with:
 *   ethers CALL_EXCEPTION      error.data, error.info.error.data
 *   geth, anvil, Hardhat       { code: 3, data: "0x…" }
 *   Hardhat's JSON-RPC server  { data: { message, data: "0x…", txHash } }
 *   Ganache                    { data: { "0x<hash>": { return: "0x…" }, … } }
 *   wallets                    { data: { originalError: { data: "0x…" } } }, { cause: … }
 * `transaction` and `payload` are never followed: they hold the call, not the answer.
 */
const followed = [
  "data",
  "error",
  "info",
  "cause",
  "originalError",
  "innerError",
  "value",
  "result",
  "return",
  "details",
];

/**
 * The revert data inside whatever a library threw.
 *
 * @param isKnown whether the first four bytes are those of a known error; unknown data is taken only if nothing known is found.
 */
export function findRevertData(error: unknown, isKnown: (selector: string) => boolean): string | undefined {
  let unknownData: string | undefined;
  const seen = new Set<unknown>();
  const queue: unknown[] = [error];
  // A bound, because what is searched comes from outside.
  for (let visited = 0; queue.length > 0 && visited < 200; visited++) {
    const current = queue.shift();
    if (typeof current === "string") {
      if (/^0x(?:[0-9a-f]{2}){4,}$/i.test(current)) {
        if (isKnown(dataSlice(current, 0, 4))) return current;
        // Revert data is a selector and whole words; hashes and addresses are not.
        if (current.length % 64 === 10) unknownData ??= current;
      }
      continue;
    }
    if (typeof current !== "object" || current === null || seen.has(current)) continue;
    seen.add(current);
    for (const key of followed) queue.push((current as Record<string, unknown>)[key]);
    for (const [key, value] of Object.entries(current)) {
      if (/^0x[0-9a-f]{64}$/i.test(key)) queue.push(value);
    }
  }
  return unknownData;
}
