import { AbiCoder, hexlify, keccak256, randomBytes } from "ethers";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { receiptDigest } from "./typed-data.ts";
import type { ChannelContract, Receipt } from "./types.ts";

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

/** Reports as soon as the chain takes it: after a commitment, in a later second. A report that fails for another reason is not committed to. */
export async function reportCommitted<Result>(
  report: () => Promise<Result>,
  commit: () => Promise<unknown>,
  wait: () => Promise<unknown>,
): Promise<Result> {
  for (let committed = false; ; committed = true) {
    try {
      return await report();
    } catch (error) {
      if (toAthanorError(error).code !== "ReportNotCommitted") throw error;
      await (committed ? wait() : commit());
    }
  }
}
