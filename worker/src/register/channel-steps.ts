import type { Chain } from "../chain/chain.ts";
import type { Config } from "../config/schema.ts";
import type { PlanStep } from "./plan.ts";

/** What serving channels takes beside serving jobs. */
export interface ChannelNeeds {
  /** Bit of the channel escrow among the modules that lock stake; 0 where no channels are configured. */
  readonly moduleBit: bigint;
  /** ATH units that all channels together lock. */
  readonly stake: bigint;
  readonly channels: number;
}

export async function readChannelNeeds({ contracts }: Chain, config: Config): Promise<ChannelNeeds> {
  if (config.channels === null) return { moduleBit: 0n, stake: 0n, channels: 0 };
  const { vault, channelEscrow, deployment } = contracts;
  const [moduleBit, { stakePerChannel }] = await Promise.all([
    vault.moduleBit(deployment.channelEscrow),
    channelEscrow.parameters(),
  ]);
  const { maxOpen: channels } = config.channels;
  return { moduleBit, stake: BigInt(channels) * stakePerChannel, channels };
}

/** The largest value of the escrow's times: a key in use. */
const IN_USE = 2n ** 40n - 1n;

/**
 * Has the escrow know the keys that sign receipts and close channels.
 *
 * @param keys addresses of the operator key, which closes, and of the key that signs
 */
export async function receiptKeySteps(
  { contracts }: Chain,
  config: Config,
  keys: readonly string[],
  done: string[],
): Promise<PlanStep[]> {
  if (config.channels === null) return [];
  const { channelEscrow, deployment } = contracts;
  const steps: PlanStep[] = [];
  for (const key of new Set(keys)) {
    if ((await channelEscrow.receiptKeyUntil(config.provider.owner, key)) === IN_USE) {
      done.push(`${key} is a receipt key`);
      continue;
    }
    steps.push({
      title: `let ${key} sign receipts and close channels`,
      to: deployment.channelEscrow,
      data: channelEscrow.interface.encodeFunctionData("addReceiptKey", [key]),
    });
  }
  return steps;
}
