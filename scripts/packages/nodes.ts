import { delimiter, join } from "node:path";
import { type FoundNode, fetchedNode, nodeAt } from "../launch/node.mjs";

/** The oldest line of Node.js that the packages support, in the release to fetch where the machine has none of it. */
const oldest = { major: 20, version: "20.20.2" };

/**
 * The Node.js releases to try the packages under: the one that runs this, and one of each other major version on PATH.
 * `npm run audit` fetches the oldest supported one if it is not among them.
 */
export async function nodesUnderTest(): Promise<FoundNode[]> {
  const executable = process.platform === "win32" ? "node.exe" : "node";
  const folders = (process.env["PATH"] ?? "").split(delimiter);
  const found = new Map<number, FoundNode>();
  for (const binary of [process.execPath, ...folders.map((folder) => join(folder, executable))]) {
    const node = nodeAt(binary);
    if (node !== undefined && !found.has(node.major)) found.set(node.major, node);
  }
  if (process.env["ATHANOR_AUDIT"] !== undefined && !found.has(oldest.major)) {
    found.set(oldest.major, await fetchedNode(oldest.version));
  }
  return [...found.values()].filter(({ major }) => major >= oldest.major);
}

/** Whether a package that asks for ">=A.B.C" runs under a version. */
export function satisfies(version: string, range: string): boolean {
  const wanted = /^>=(\d+)\.(\d+)(?:\.(\d+))?$/
    .exec(range)
    ?.slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  if (wanted === undefined) throw new Error(`engines.node must read ">=A.B.C", not "${range}"`);
  const has = version.split(".").map(Number);
  for (const [index, part] of wanted.entries()) {
    const difference = (has[index] ?? 0) - part;
    if (difference !== 0) return difference > 0;
  }
  return true;
}
