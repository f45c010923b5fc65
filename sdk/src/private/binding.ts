import { concat, getBytes, toBeHex, toUtf8Bytes, zeroPadValue } from "ethers";
import { FORMAT_VERSION, unshared } from "./suite.ts";

const LABEL = "Athanor private request";
const KIND = { job: 1, channel: 2 } as const;

interface Place {
  readonly chainId: bigint;
  /** Job or channel escrow. */
  readonly escrow: string;
  /** Owner account of the provider. */
  readonly provider: string;
}

/** The job that a sealed request is for, as it is known before the job exists. */
export interface JobBinding extends Place {
  readonly kind: "job";
  readonly client: string;
  readonly salt: bigint;
  /** Commitment to the request, its secret included. */
  readonly inputRoot: string;
}

/** The place in a channel that a sealed request is for. */
export interface ChannelBinding extends Place {
  readonly kind: "channel";
  readonly channel: string;
  readonly nonce: bigint;
  readonly inputRoot: string;
}

/** What a sealed request is for: it opens nowhere else. */
export type Binding = JobBinding | ChannelBinding;

/**
 * HPKE's `info`: label ‖ uint8 version ‖ uint8 kind ‖ uint256 chain ‖ address escrow ‖ address provider ‖ bytes32 inputRoot, then of a job address
 * client ‖ uint64 salt, of a channel bytes32 channel ‖ uint64 nonce. Keys depend on it, those of the answer too.
 */
export function encodeBinding(binding: Binding): Uint8Array<ArrayBuffer> {
  const { kind, chainId, escrow, provider, inputRoot } = binding;
  const request =
    kind === "job" ? [binding.client, word(binding.salt)] : [binding.channel, word(binding.nonce)];
  const parts = [
    toUtf8Bytes(LABEL),
    Uint8Array.of(FORMAT_VERSION, KIND[kind]),
    zeroPadValue(toBeHex(chainId), 32),
    escrow,
    provider,
    inputRoot,
    ...request,
  ];
  return unshared(getBytes(concat(parts)));
}

function word(value: bigint): string {
  return zeroPadValue(toBeHex(value), 8);
}
