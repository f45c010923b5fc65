import { TypedDataEncoder } from "ethers";
import { channelDomain, isSignedBy } from "../channels/typed-data.ts";
import type { ChannelContract, TypedDataSigner } from "../channels/types.ts";

/** Says that whoever sends it may read a channel's last answer, until a time. The escrow takes no such message. */
const TYPES = {
  ChannelAccess: [
    { name: "channel", type: "bytes32" },
    { name: "provider", type: "address" },
    { name: "validUntil", type: "uint40" },
  ],
};

const SCHEME = "Athanor";

/** Longest time for which a provider takes a signature, seconds. */
export const LONGEST_ACCESS = 600;

export interface Access {
  readonly channel: string;
  /** Owner account of the provider that is asked. */
  readonly provider: string;
  /** Seconds since 1970. */
  readonly validUntil: number;
}

/** The value of the header `Authorization` that lets its sender read a channel's last answer. */
export async function signAccess(
  signer: TypedDataSigner,
  contract: ChannelContract,
  access: Access,
): Promise<string> {
  const signature = await signer.signTypedData(channelDomain(contract), TYPES, { ...access });
  return `${SCHEME} ${access.validUntil} ${signature}`;
}

/**
 * Whether a header was signed by one of the keys for this channel and provider, and is still valid.
 *
 * @param now seconds since 1970
 */
export function isAccessGranted(
  header: string | undefined,
  contract: ChannelContract,
  { channel, provider }: Omit<Access, "validUntil">,
  keys: readonly string[],
  now: number,
): boolean {
  const match = /^Athanor (\d{1,12}) (0x[0-9a-fA-F]{130})$/.exec(header ?? "");
  if (match === null) return false;
  const validUntil = Number(match[1]);
  if (validUntil < now || validUntil > now + LONGEST_ACCESS) return false;
  const digest = TypedDataEncoder.hash(channelDomain(contract), TYPES, { channel, provider, validUntil });
  return keys.some((key) => isSignedBy(key, digest, match[2]!));
}
