import { readStanding } from "@athanor/sdk/protocol";
import type { Chain } from "../chain/chain.ts";
import type { Config } from "../config/schema.ts";
import { readToken } from "../market/tokens.ts";
import { courtHintsOf } from "../status/court.ts";
import { ok, warning, type CheckResult } from "./check.ts";

/** Whether somebody wants to take stake of the provider for bad service, and what to do about it (docs/quality.md). */
export async function checkCases({ provider, contracts }: Chain, config: Config): Promise<CheckResult[]> {
  const standing = await readStanding(contracts, config.provider.owner);
  const ath = await readToken(provider, contracts.deployment.ath);
  const { timestamp } = (await provider.getBlock("latest"))!;
  const hints = courtHintsOf(standing, ath, timestamp);
  if (hints.length === 0) return [ok("cases", "none is open")];
  return hints.map(({ what, remedy }) => warning("cases", what, remedy));
}
