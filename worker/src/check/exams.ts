import type { Chain } from "../chain/chain.ts";
import type { Config } from "../config/schema.ts";
import { readProviderState } from "../market/provider-state.ts";
import { billions, readQuality } from "../status/quality.ts";
import { ok, warning, type CheckResult } from "./check.ts";

/** Whether checkers can examine the hardware; nothing where no exams are held. */
export async function checkExams(chain: Chain, config: Config): Promise<CheckResult[]> {
  const quality = await readQuality(chain, config.provider.owner);
  if (quality === null || !(quality.exam.active || quality.exam.pending)) return [];
  const { endpoint } = await readProviderState(chain, config.provider.owner);
  if (endpoint === "" || config.channels === null) {
    return [
      warning(
        "exams",
        `checkers examine hardware over HTTP, and ${endpoint === "" ? "the profile names no endpoint" : "channels are not configured"}: nobody can examine it`,
        "Set provider.endpoint and channels, then run: athanor provider register --config FILE",
      ),
    ];
  }
  const { pending, passed } = quality.exam;
  return [
    ok(
      "exams",
      `checkers ask ${endpoint}; ${pending ? "one is pending" : passed === "0" ? "none was passed yet" : `passed with ${billions(passed)}`}`,
    ),
  ];
}
