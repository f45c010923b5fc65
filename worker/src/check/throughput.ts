import type { Chain } from "../chain/chain.ts";
import type { Config } from "../config/schema.ts";
import { hardwareText, wantedHardware, type WantedHardware } from "../market/hardware.ts";
import { readProviderState } from "../market/provider-state.ts";
import type { Computes } from "../model/executor.ts";
import { ok, skipped, warning, type CheckResult } from "./check.ts";

/** What one model made of this machine. */
export interface Measured {
  readonly path: string;
  readonly computes: Computes;
  /** Multiply-adds a second of one request alone. */
  readonly throughput: number;
}

/** Whether this machine delivers what the classes of the configured hardware promise, by the models that were measured. */
export async function checkThroughput(
  chain: Chain,
  config: Config,
  measured: readonly Measured[],
): Promise<CheckResult> {
  const { hardware } = await readProviderState(chain, config.provider.owner);
  return compareThroughput(await wantedHardware(chain, config.hardware, hardware), measured);
}

/** The fastest model counts: a small one does not fill a card. */
export function compareThroughput(
  hardware: readonly WantedHardware[],
  measured: readonly Measured[],
): CheckResult {
  if (measured.length === 0) return skipped("throughput", "no model could be measured");
  const fastest = measured.reduce((best, next) => (next.throughput > best.throughput ? next : best));
  const delivered = `${nameOf(fastest.computes)} delivers ${inBillions(fastest.throughput)} billion multiply-adds/s with ${fastest.path}`;
  const lacking = hardware.filter(
    ({ hardwareClass }) => Number(hardwareClass.minimumThroughput) > fastest.throughput,
  );
  if (lacking.length > 0) {
    const promises = lacking
      .map(({ hardwareClass: { name, minimumThroughput } }) => {
        return `"${name}" promises ${inBillions(Number(minimumThroughput))} billion`;
      })
      .join(", ");
    return warning(
      "throughput",
      `${delivered}; each GPU of ${promises}: the claim will not hold, and fails an exam of the hardware`,
      "Set hardware to what computes here, then run: athanor provider register --config FILE. If it is right, check with the largest model that you serve: a small one does not fill a card.",
    );
  }
  const count = hardware.reduce((sum, entry) => sum + entry.count, 0);
  const total = hardware.reduce(
    (sum, entry) => sum + Number(entry.hardwareClass.minimumThroughput) * entry.count,
    0,
  );
  const promised = `${hardwareText(hardware)} ${count === 1 ? "promises" : "promise"} ${inBillions(total)} billion`;
  if (total > fastest.throughput) {
    return warning(
      "throughput",
      `${delivered}, and this program computes on nothing else; ${promised}: the claim will not hold, and fails an exam of the hardware`,
      "Set hardware to what this program computes on, then run: athanor provider register --config FILE",
    );
  }
  return ok("throughput", `${delivered}; ${promised}`);
}

function nameOf(computes: Computes): string {
  return computes.by === "gpu"
    ? `${computes.vendor} ${computes.adapter}${computes.software ? " (in software)" : ""}`
    : "the processor";
}

/** Three digits, or as many as stand before the point. */
function inBillions(throughput: number): string {
  const billions = throughput / 1e9;
  return billions.toLocaleString("en", {
    maximumSignificantDigits: Math.max(3, String(Math.floor(billions)).length),
  });
}
