import { encryptTokens } from "@athanor/engine/commitments";
import { hexlify, type HDNodeWallet } from "ethers";
import type { EncryptionKey } from "../private/encryption-key.ts";
import { openJob } from "../private/job.ts";
import { connectContracts } from "../protocol/connect-contracts.ts";
import type { JobRecord } from "../protocol/job.ts";
import { readJobs } from "../protocol/read-jobs.ts";
import { tokenBytes } from "../protocol/tokens.ts";
import { mined, type LocalChain } from "./local-chain.ts";

/** What the scripted provider does with a job: answers with these tokens, declines it, or keeps silent. */
export type Script = (job: JobRecord) => readonly number[] | "decline" | "silence";

/** What a scripted provider of private requests has. */
export interface ScriptedKeys {
  readonly encryptionKeys?: readonly EncryptionKey[];
}

/** A provider that follows a script instead of running a model. Stop it before the chain closes. */
export function startScriptedProvider(
  chain: LocalChain,
  script: Script,
  operator: HDNodeWallet = chain.accounts.operator,
  { encryptionKeys = [] }: ScriptedKeys = {},
): { stop(): Promise<void> } {
  const { jobEscrow } = connectContracts(operator, chain.deployment);
  const place = { chainId: 31_337n, escrow: chain.deployment.jobEscrow };
  let stopped = false;
  const work = async () => {
    // Whoever comes later does not answer what was there before.
    let fromBlock = Number(await chain.rpc("eth_blockNumber")) + 1;
    while (!stopped) {
      const toBlock = Number(await chain.rpc("eth_blockNumber"));
      for (const found of await readJobs(chain.contracts, {}, fromBlock, toBlock)) {
        const job = await openJob(found, encryptionKeys, place);
        const answer = script(job);
        if (answer === "decline") await mined(jobEscrow.decline(job.terms));
        else if (answer !== "silence") {
          const posted = job.secret ? hexlify(encryptTokens(answer, job.secret)) : tokenBytes(answer);
          await mined(jobEscrow.submit(job.terms, posted));
        }
      }
      fromBlock = toBlock + 1;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  };
  const working = work();
  return {
    stop: () => {
      stopped = true;
      return working;
    },
  };
}
