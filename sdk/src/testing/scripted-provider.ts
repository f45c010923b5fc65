import type { HDNodeWallet } from "ethers";
import { connectContracts } from "../protocol/connect-contracts.ts";
import type { JobRecord } from "../protocol/job.ts";
import { readJobs } from "../protocol/read-jobs.ts";
import { tokenBytes } from "../protocol/tokens.ts";
import { mined, type LocalChain } from "./local-chain.ts";

/** What the scripted provider does with a job: answers with these tokens, declines it, or keeps silent. */
export type Script = (job: JobRecord) => readonly number[] | "decline" | "silence";

/** A provider that follows a script instead of running a model. Stop it before the chain closes. */
export function startScriptedProvider(
  chain: LocalChain,
  script: Script,
  operator: HDNodeWallet = chain.accounts.operator,
): { stop(): Promise<void> } {
  const { jobEscrow } = connectContracts(operator, chain.deployment);
  let stopped = false;
  const work = async () => {
    // Whoever comes later does not answer what was there before.
    let fromBlock = Number(await chain.rpc("eth_blockNumber")) + 1;
    while (!stopped) {
      const toBlock = Number(await chain.rpc("eth_blockNumber"));
      for (const job of await readJobs(chain.contracts, {}, fromBlock, toBlock)) {
        const answer = script(job);
        if (answer === "decline") await mined(jobEscrow.decline(job.terms));
        else if (answer !== "silence") await mined(jobEscrow.submit(job.terms, tokenBytes(answer)));
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
