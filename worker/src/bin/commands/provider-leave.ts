import { planLeaving } from "../../register/leave-plan.ts";
import type { ProviderOptions } from "../session.ts";
import { executeAsOwner } from "./execute.ts";

export function runLeave(options: ProviderOptions & { yes?: true }): Promise<void> {
  return executeAsOwner(options, async ({ chain, config, rpc }) => {
    const head = await rpc.getBlock("latest");
    return planLeaving(chain, config.provider.owner, head!.timestamp);
  });
}
