import { planRest } from "../../register/rest-plan.ts";
import type { ProviderOptions } from "../session.ts";
import { executeAsOwner } from "./execute.ts";

export function runRest(options: ProviderOptions & { end?: true; yes?: true }): Promise<void> {
  return executeAsOwner(options, ({ chain, config }) =>
    planRest(chain, config.provider.owner, options.end !== true),
  );
}
