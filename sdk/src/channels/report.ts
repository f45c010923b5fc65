import { AbiCoder, hexlify, keccak256, randomBytes } from "ethers";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { receiptDigest, signerOf } from "./typed-data.ts";
import type { ChannelContract, Receipt, Signed } from "./types.ts";

/** What is committed before equivocation is reported: who is rewarded for which two receipts, hidden by a random salt. */
export function reportCommitment(
  contract: ChannelContract,
  first: Receipt,
  second: Receipt,
  reporter: string,
): { readonly salt: string; readonly commitment: string } {
  const salt = hexlify(randomBytes(32));
  const digests = [receiptDigest(contract, first), receiptDigest(contract, second)];
  const types = ["bytes32", "bytes32", "address", "bytes32"];
  return {
    salt,
    commitment: keccak256(AbiCoder.defaultAbiCoder().encode(types, [...digests, reporter, salt])),
  };
}

/** Whether two receipts of a channel contradict each other, and which keys signed them; an absent key signed nothing. */
export function equivocationOf(
  contract: ChannelContract,
  first: Signed<Receipt>,
  second: Signed<Receipt>,
): {
  readonly contradicts: boolean;
  readonly signers: readonly (string | undefined)[];
  readonly digests: readonly string[];
} {
  const [one, other] = [first.message, second.message];
  const isSame =
    one.channel === other.channel && one.nonce === other.nonce && one.outputCount === other.outputCount;
  const differs =
    one.modelRoot !== other.modelRoot ||
    one.inputRoot !== other.inputRoot ||
    one.outputTokensRoot !== other.outputTokensRoot;
  const digests = [receiptDigest(contract, one), receiptDigest(contract, other)];
  const signers = [first, second].map(({ signature }, index) => signerOf(digests[index]!, signature));
  return { contradicts: isSame && differs, signers, digests };
}

/** Commits, then reports as soon as the chain takes it, in a later second: before the commitment nobody, not even the node, is shown the receipts. */
export async function reportCommitted<Result>(
  report: () => Promise<Result>,
  commit: () => Promise<unknown>,
  wait: () => Promise<unknown>,
): Promise<Result> {
  await commit();
  for (;;) {
    try {
      return await report();
    } catch (error) {
      if (toAthanorError(error).code !== "ReportNotCommitted") throw error;
      await wait();
    }
  }
}
