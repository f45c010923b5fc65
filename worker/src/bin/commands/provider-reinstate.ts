import { planReinstatement } from "../../register/reinstate-plan.ts";
import type { ProviderOptions } from "../session.ts";
import { executeAsOwner } from "./execute.ts";

export function runReinstate(options: ProviderOptions & { yes?: true }): Promise<void> {
  return executeAsOwner(options, async ({ chain, config, rpc }) => {
    const head = await rpc.getBlock("latest");
    return planReinstatement(chain, config.provider.owner, head!.timestamp);
  });
}
