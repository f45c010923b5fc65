import { athanorError } from "../errors/athanor-error.ts";
import { mapLimited } from "../internal/map-limited.ts";
import type { AthanorContracts } from "./connect-contracts.ts";

/** A governed class of hardware, as it stands now. */
export interface HardwareClass {
  /** What providers' profiles name. */
  readonly index: number;
  readonly name: string;
  /** ATH units that each GPU of the class locks. */
  readonly minimumStakePerGpu: bigint;
  /** Multiply-adds a second that each GPU delivers at least; divided by a model's `workPerPosition`, positions a second. */
  readonly minimumThroughput: bigint;
  /** Whether it takes new hardware. */
  readonly open: boolean;
}

/** What a provider registered. */
export interface ProviderHardware {
  /** By class, in the order of their indices. */
  readonly classes: readonly { readonly hardwareClass: HardwareClass; readonly count: number }[];
  /** ATH units locked for it, as of its last change, without the fraud deposit. */
  readonly stake: bigint;
  /** ATH units that a conviction forfeits; 0 after one. */
  readonly fraudDeposit: bigint;
  /** Multiply-adds a second that all of it delivers at least, as of its last change. */
  readonly throughput: bigint;
}

type Registry = Pick<AthanorContracts, "providerRegistry">;

/** Requests to the node under way at a time. */
const PARALLEL_READS = 8;

/** All hardware classes, closed ones too, in the order of their indices. */
export async function readHardwareClasses({ providerRegistry }: Registry): Promise<HardwareClass[]> {
  const count = Number(await providerRegistry.hardwareClassCount());
  const indices = Array.from({ length: count }, (_, index) => index);
  return mapLimited(indices, PARALLEL_READS, async (index) => {
    const { name, minimumStakePerGpu, minimumThroughput, open } =
      await providerRegistry.hardwareClassOf(index);
    return { index, name, minimumStakePerGpu, minimumThroughput, open };
  });
}

/**
 * The hardware of a provider.
 *
 * @throws AthanorError NotRegistered
 */
export async function readHardware(contracts: Registry, provider: string): Promise<ProviderHardware> {
  const { providerRegistry } = contracts;
  const [found, throughput, classes] = await Promise.all([
    providerRegistry.providerOf(provider),
    providerRegistry.throughputOf(provider),
    readHardwareClasses(contracts),
  ]);
  if (!found.registered) throw athanorError("NotRegistered", { provider });
  return {
    classes: found.profile.hardware.map(({ hardwareClass, count }) => ({
      hardwareClass: classes[Number(hardwareClass)]!,
      count: Number(count),
    })),
    stake: found.reserved - found.fraudDeposit,
    fraudDeposit: found.fraudDeposit,
    throughput,
  };
}
