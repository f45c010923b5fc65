import { formatAmount, type HardwareClass, type TokenInfo } from "@athanor/sdk";
import { readHardwareClasses } from "@athanor/sdk/protocol";
import type { Chain } from "../chain/chain.ts";
import type { Config } from "../config/schema.ts";
import { WorkerError } from "../errors.ts";

/** GPUs of one class, as a profile names them. */
export interface RegisteredHardware {
  readonly hardwareClass: number;
  readonly count: number;
}

/** GPUs of one class, with its terms of today. */
export interface WantedHardware {
  readonly hardwareClass: HardwareClass;
  readonly count: number;
}

/**
 * The configured hardware, each class once, in the order that the registry wants. A class is named, or given by its index. Of a class that is
 * closed by now there may be what is registered of it already.
 *
 * @throws WorkerError HARDWARE_CLASS_UNKNOWN, naming those that are open
 */
export async function wantedHardware(
  { contracts }: Chain,
  configured: Config["hardware"],
  registered: readonly RegisteredHardware[],
): Promise<WantedHardware[]> {
  const classes = await readHardwareClasses(contracts);
  const counts = new Map<HardwareClass, number>();
  const open = classes.filter((hardwareClass) => hardwareClass.open);
  for (const { class: name, count } of configured) {
    const isNamed = (hardwareClass: HardwareClass) => hardwareClass.name === name;
    const found = open.find(isNamed) ?? classes.find(isNamed) ?? classes[Number(name)];
    const sum = count + (found === undefined ? 0 : (counts.get(found) ?? 0));
    const before = registered.find(({ hardwareClass }) => hardwareClass === found?.index)?.count ?? 0;
    if (found === undefined || (!found.open && sum > before)) {
      throw new WorkerError("HARDWARE_CLASS_UNKNOWN", `No hardware class "${name}" is open.`, {
        remedy: `Set hardware[].class to one of: ${open.map((hardwareClass) => hardwareClass.name).join(", ")}.`,
        details: { class: name, open: open.map((hardwareClass) => hardwareClass.name) },
      });
    }
    counts.set(found, sum);
  }
  return [...counts]
    .map(([hardwareClass, count]) => ({ hardwareClass, count }))
    .sort((a, b) => a.hardwareClass.index - b.hardwareClass.index);
}

export const profileHardware = (hardware: readonly WantedHardware[]): RegisteredHardware[] =>
  hardware.map(({ hardwareClass, count }) => ({ hardwareClass: hardwareClass.index, count }));

export function isSameHardware(
  wanted: readonly WantedHardware[],
  registered: readonly RegisteredHardware[],
): boolean {
  return (
    wanted.length === registered.length &&
    wanted.every(({ hardwareClass, count }, index) => {
      const other = registered[index]!;
      return hardwareClass.index === other.hardwareClass && count === other.count;
    })
  );
}

/** ATH units that hardware needs today, without the fraud deposit. */
export function hardwareStake(hardware: readonly WantedHardware[]): bigint {
  return hardware.reduce(
    (sum, { hardwareClass, count }) => sum + hardwareClass.minimumStakePerGpu * BigInt(count),
    0n,
  );
}

/** '1 × "cpu", 2 × "data-centre-80gb"'. */
export function hardwareText(hardware: readonly WantedHardware[]): string {
  return hardware.map(({ hardwareClass, count }) => `${count} × "${hardwareClass.name}"`).join(", ");
}

/** The stake of hardware as a sum: class, count, stake each, stake; below it the fraud deposit and the sum. */
export function stakeTable(
  ath: TokenInfo,
  hardware: readonly WantedHardware[],
  fraudDeposit: bigint,
): string[][] {
  const amount = (units: bigint) => formatAmount(ath, units);
  return [
    ["class", "count", "stake each", "stake"],
    ...hardware.map(({ hardwareClass, count }) => [
      hardwareClass.name,
      String(count),
      amount(hardwareClass.minimumStakePerGpu),
      amount(hardwareClass.minimumStakePerGpu * BigInt(count)),
    ]),
    ["fraud deposit", "", "", amount(fraudDeposit)],
    ["sum", "", "", amount(hardwareStake(hardware) + fraudDeposit)],
  ];
}
