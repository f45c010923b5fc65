import { leafHash, merkleLevels, merklePath, toHex, type Hex } from "@athanor/engine/commitments";
import { concat, getBytes, toBeHex } from "ethers";

/** What `share` counts: parts of the harmed clients' part of a penalty. */
export const ALL_SHARES: bigint = 10n ** 18n;

/** A harmed client's share of a penalty. */
export interface HarmedShare {
  readonly client: string;
  /** Parts of 10^18 of what the harmed clients get together; all shares of a case come to 10^18 at most. */
  readonly share: bigint;
}

/** The tree whose root a report announces. */
export interface HarmedTree {
  readonly root: Hex;
  /** Siblings of a share's leaf, from the leaf upwards: the last argument of `QualityCourt.claim`. */
  pathOf(index: number): Hex[];
}

/**
 * Commits to the shares of a case's harmed clients; leaves `0x00 ‖ caseId ‖ client ‖ share` of 32, 20 and 8 bytes.
 *
 * @param caseId of the case that is to be announced: `QualityCourt.caseIdOf(provider, cases + 1)`
 * @example
 * const tree = harmedTree(caseId, [{ client, share: ALL_SHARES }]);
 * await court.claim(caseId, client, ALL_SHARES, 0, tree.pathOf(0));
 */
export function harmedTree(caseId: string, shares: readonly HarmedShare[]): HarmedTree {
  const leaves = shares.map(({ client, share }) =>
    leafHash(getBytes(concat([caseId, client, toBeHex(share, 8)]))),
  );
  const levels = merkleLevels(leaves);
  return {
    root: toHex(levels.at(-1)![0]!),
    pathOf: (index) => merklePath(levels, index).map(toHex),
  };
}
