import { hexlify, randomBytes } from "ethers";
import { validateAddress, validateAmount, validateWhole } from "../client/arguments.ts";
import { sendOptions, type ClientContext } from "../client/context.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { requireTakesWork, requireUnpaused } from "../protocol/new-work.ts";
import type { ChannelTerms } from "./types.ts";

const DAY = 86_400;

/** What a client wants of a channel. The other terms are those that governance set for new channels. */
export interface TermsRequest {
  /** Owner account of the provider. */
  readonly provider: string;
  /** Default ATH. */
  readonly token?: string | undefined;
  /** Seconds for which vouchers settle, if nobody closes before; at least the notice, at most 365 days. Default 30 days. */
  readonly lifetime?: number | undefined;
  /** Signs vouchers. Default the client's account. Providers take plain keys, no contracts. */
  readonly voucherKey?: string | undefined;
  /** ATH units of the provider's stake to be bound; at least, and by default, what new channels bind. */
  readonly stakeLock?: bigint | undefined;
  /** Below 2^64; two channels with otherwise the same terms differ in it. Default a random one. */
  readonly salt?: bigint | undefined;
}

/**
 * Terms that a channel of the signer can open with now.
 *
 * @throws AthanorError `ChannelTokenNotAccepted`; `ProviderJailed` or `ProviderTakesNoWork`; `ModulePausedUntil` while no channel opens
 */
export async function quoteTerms(
  context: ClientContext,
  request: TermsRequest,
  signal: AbortSignal | undefined,
): Promise<ChannelTerms> {
  const { contracts, reader } = context;
  const { provider, token = contracts.deployment.ath, lifetime = 30 * DAY } = request;
  const client = await sendOptions(context, "open a channel").signer.getAddress();
  const { voucherKey = client, salt = BigInt(hexlify(randomBytes(8))) } = request;
  validateAddress("provider", provider);
  validateAddress("token", token);
  validateAddress("voucherKey", voucherKey);
  validateWhole("lifetime", lifetime, 1, 365 * DAY);
  validateAmount("salt", salt, 64n);
  const [parameters, tokenTerms, stake, now] = await Promise.all([
    contracts.channelEscrow.parameters(),
    contracts.channelEscrow.tokenTermsOf(token),
    contracts.vault.stakeOf(provider),
    reader.time(signal),
    requireUnpaused(contracts, contracts.deployment.channelEscrow, reader, signal),
  ]);
  if (!tokenTerms.accepted) throw athanorError("ChannelTokenNotAccepted", { token });
  requireTakesWork(provider, stake);
  const { stakeLock = parameters.stakePerChannel } = request;
  validateAmount("stakeLock", stakeLock, 96n);
  return {
    client,
    salt,
    notice: parameters.notice,
    provider,
    receiptLife: parameters.receiptLife,
    feeBasisPoints: tokenTerms.feeBasisPoints,
    token,
    exitBounty: tokenTerms.exitBounty,
    voucherKey,
    expiresAt: BigInt(now + lifetime),
    stakeLock,
    workPerSecond: parameters.workPerSecond,
  };
}
