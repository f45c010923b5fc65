import { ChannelStatus } from "../generated/enums.ts";
import type { AthanorContracts } from "../protocol/connect-contracts.ts";
import { channelIdOf } from "./typed-data.ts";
import type { ChannelTerms } from "./types.ts";

/** Of a channel that opened. */
export type ChannelStatusName = "Open" | "Closed" | "Released";

/** What the chain remembers of a channel. Amounts in token units, times in seconds since 1970. */
export interface ChannelView {
  readonly id: string;
  readonly status: ChannelStatusName;
  /** Put in so far, exit bounty included. */
  readonly deposit: bigint;
  /** Paid to the provider and in fees. */
  readonly paid: bigint;
  /** What vouchers can still be paid from, beyond what was paid. */
  readonly left: bigint;
  /** Last second in which vouchers settle; outages of the sequencer move it back. */
  readonly closesAt: number;
  /** From this second on the stake can be released, if no challenge is alive. */
  readonly releasableAt: number;
  readonly liveChallenges: number;
  /** Signs vouchers now. */
  readonly voucherKey: string;
  /** The key before it, whose vouchers settle until `until`; undefined when there is none. */
  readonly previousKey: { readonly key: string; readonly until: number } | undefined;
}

const NAMES: readonly ChannelStatusName[] = ["Open", "Closed", "Released"];

/**
 * What the chain says of the channel with these terms.
 *
 * @throws AthanorError `UnknownChannel` when it never opened
 */
export async function readChannel(
  { channelEscrow, deployment }: AthanorContracts,
  terms: ChannelTerms,
  chainId: bigint,
): Promise<ChannelView> {
  const id = channelIdOf(terms, { chainId, escrow: deployment.channelEscrow });
  const [state, [voucherKey, previous, until]] = await Promise.all([
    channelEscrow.channelState(id),
    channelEscrow.voucherKeysOf(terms),
  ]);
  const { deposit, paid, closesAt, liveChallenges, status } = state;
  const spendable = deposit > terms.exitBounty ? deposit - terms.exitBounty : 0n;
  return {
    id,
    status: NAMES.find((name) => BigInt(ChannelStatus[name]) === status)!,
    deposit,
    paid,
    left: spendable > paid ? spendable - paid : 0n,
    closesAt: Number(closesAt),
    releasableAt: Number(closesAt + terms.receiptLife) + 1,
    liveChallenges: Number(liveChallenges),
    voucherKey,
    previousKey: until === 0n ? undefined : { key: previous, until: Number(until) },
  };
}
