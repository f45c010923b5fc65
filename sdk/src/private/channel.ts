import { concat, getBytes, hexlify, toBeHex, zeroPadValue } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import { inputRootOf, type NativeRequest } from "../native/request-bytes.ts";
import type { ChannelBinding } from "./binding.ts";
import type { EncryptionKey } from "./encryption-key.ts";
import { openRequest, sealRequest, type AnswerKey, type PrivateRequest } from "./request.ts";

/** Name of the encoding in which private requests of channels travel; docs/native-protocol.md, section 4. */
export const SEALED_ENCODING = "sealed";

/** bytes32 modelRoot ‖ bytes32 inputRoot ‖ uint32 startOffset. */
const HEAD = 32 + 32 + 4;

/** Which voucher of which channel a request belongs to. */
export type ChannelPlace = Omit<ChannelBinding, "kind" | "inputRoot">;

/** A request of a channel that has a secret. */
export type PrivateNativeRequest = NativeRequest & { readonly secret: Uint8Array };

/**
 * Seals a request for one voucher: bytes32 modelRoot ‖ bytes32 inputRoot ‖ uint32 startOffset ‖ what `sealRequest` gives.
 *
 * @param encryptionKey the provider's, as its profile has it
 * @throws AthanorError `EncryptionKeyUnusable`
 */
export async function sealChannelRequest(
  request: PrivateNativeRequest,
  place: ChannelPlace,
  encryptionKey: string,
): Promise<{ readonly bytes: Uint8Array; readonly answerKey: AnswerKey }> {
  const inputRoot = inputRootOf(request);
  const binding = { kind: "channel", ...place, inputRoot } as const;
  const { sealed, answerKey } = await sealRequest(privatePartOf(request), binding, encryptionKey);
  const startOffset = zeroPadValue(toBeHex(request.startOffset ?? 0), 4);
  return { bytes: getBytes(concat([request.modelRoot, inputRoot, startOffset, sealed])), answerKey };
}

/**
 * Opens a request that was sealed to one of the keys for exactly this voucher.
 *
 * @throws AthanorError `SealedRequestRefused`: another key or place, changed bytes, no request inside, or not the one that it names
 */
export async function openChannelRequest(
  bytes: Uint8Array,
  place: ChannelPlace,
  keys: readonly EncryptionKey[],
): Promise<{ readonly request: PrivateNativeRequest; readonly answerKey: AnswerKey }> {
  const { modelRoot, inputRoot, startOffset, sealed } = readHead(bytes);
  const binding = { kind: "channel", ...place, inputRoot } as const;
  const { request: inside, answerKey } = await openRequest(sealed, binding, keys);
  const request = nativeRequestOf(inside, { modelRoot, startOffset });
  if (inputRootOf(request) !== inputRoot) {
    throw refused(`what is inside has the root ${inputRootOf(request)}, not ${inputRoot}`);
  }
  return { request, answerKey };
}

/** What of a sealed request everybody can read. @throws AthanorError `SealedRequestRefused` */
export function readHead(bytes: Uint8Array): {
  readonly modelRoot: string;
  readonly inputRoot: string;
  readonly startOffset: number;
  readonly sealed: Uint8Array;
} {
  if (bytes.length < HEAD) throw refused(`it is cut off after ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return {
    modelRoot: hexlify(bytes.subarray(0, 32)),
    inputRoot: hexlify(bytes.subarray(32, 64)),
    startOffset: view.getUint32(64),
    sealed: bytes.subarray(HEAD),
  };
}

export function nativeRequestOf(
  { prompt, generation, secret }: PrivateRequest,
  { modelRoot, startOffset }: { readonly modelRoot: string; readonly startOffset: number },
): PrivateNativeRequest {
  return { ...generation, modelRoot, startOffset, prompt, secret };
}

export function privatePartOf(request: PrivateNativeRequest): PrivateRequest {
  const { prompt, secret, modelRoot: _model, startOffset: _offset, ...generation } = request;
  const defaults = {
    ...{ minTokens: 0, temperature: 0, topK: 0, topP: 0, repetitionPenalty: 0 },
    ...{ stopSequences: [], seed: 0n },
  };
  return { prompt, secret, generation: { ...defaults, ...generation } };
}

function refused(details: string) {
  return athanorError("SealedRequestRefused", { details });
}
