import { openDelegation, type EncryptionKey } from "@athanor/sdk/private";
import type { PrivateJob } from "@athanor/sdk/disputes";
import type { JobRecord } from "@athanor/sdk/protocol";
import { getAddress } from "ethers";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Chain } from "../chain/chain.ts";
import { describeError } from "../errors.ts";
import type { EventLog } from "../log/event-log.ts";

export interface DelegationsOptions {
  /** Where the clients' files lie, each called after its job: `<job id>.json`. */
  readonly folder: string;
  readonly chain: Chain;
  readonly log: EventLog;
  readonly encryptionKeys: readonly EncryptionKey[];
}

/**
 * What a client delegated about one of its private jobs; undefined if there is nothing that can be used. Files are read when their job
 * is looked at, so they can be added while the program runs.
 */
export async function delegatedJob(
  { folder, chain, log, encryptionKeys }: DelegationsOptions,
  { id, terms }: JobRecord,
): Promise<PrivateJob | undefined> {
  const file = join(folder, `${id}.json`);
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  try {
    const place = {
      chainId: chain.chainId,
      resultSources: chain.contracts.deployment.resultSources,
    };
    const { delegation, request } = await openDelegation(JSON.parse(text), place, encryptionKeys);
    if (delegation.work !== id || getAddress(delegation.client) !== getAddress(terms.client)) {
      throw new RangeError("it is for another job");
    }
    return { delegation, request };
  } catch (error) {
    log.emit("warn", "warning", { jobId: id, file, ...describeError(error) });
    return undefined;
  }
}
