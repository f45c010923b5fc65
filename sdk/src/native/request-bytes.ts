import {
  decodeGeneration,
  decodeStopSequences,
  decodeTokens,
  encodeGeneration,
  encodeStopSequences,
  encodeTokens,
  fromHex,
  inputRoot,
  toHex,
  type RequestCommitment,
} from "@athanor/engine/commitments";
import { athanorError } from "../errors/athanor-error.ts";

/** What a client asks a provider: all that the receipt's roots commit to. */
export interface NativeRequest extends RequestCommitment {
  /** Root of the model, 32 bytes as hexadecimal digits. */
  readonly modelRoot: string;
}

/** Bytes before the stop sequences: modelRoot, generation word, seed, start offset, length of the stop sequences. */
const HEAD = 32 + 32 + 8 + 4 + 2;

/** Most bytes of stop sequences: 8 of 16 tokens, each with its length. */
const MOST_STOP_BYTES = 8 * (1 + 16 * 4);

/**
 * A request as bytes: bytes32 modelRoot ‖ bytes32 generation ‖ uint64 seed ‖ uint32 startOffset ‖ uint16 length of the stop sequences ‖
 * stop sequences ‖ uint32 each token of the prompt; all big endian. docs/native-protocol.md, section 4.
 *
 * @throws EngineError `INVALID_ARGUMENT` when a value does not fit into its bytes
 */
export function encodeRequestBytes(request: NativeRequest): Uint8Array {
  const stops = encodeStopSequences(request.stopSequences ?? []);
  const prompt = encodeTokens(request.prompt);
  const bytes = new Uint8Array(HEAD + stops.length + prompt.length);
  const view = new DataView(bytes.buffer);
  bytes.set(fromHex(request.modelRoot), 0);
  bytes.set(encodeGeneration(request), 32);
  view.setBigUint64(64, request.seed ?? 0n);
  view.setUint32(72, request.startOffset ?? 0);
  view.setUint16(76, stops.length);
  bytes.set(stops, HEAD);
  bytes.set(prompt, HEAD + stops.length);
  return bytes;
}

/**
 * Inverse of `encodeRequestBytes`. It checks the form alone: whether ids, counts and parameters are in their ranges, whoever computes it checks.
 *
 * @throws AthanorError `InvalidArgument`
 */
export function decodeRequestBytes(bytes: Uint8Array): NativeRequest {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const stopBytes = bytes.length < HEAD ? 0 : view.getUint16(76);
  const rest = bytes.length - HEAD - stopBytes;
  if (rest < 0 || rest % 4 !== 0 || stopBytes > MOST_STOP_BYTES) {
    throw invalid(`${bytes.length} bytes, ${stopBytes} of them stop sequences`);
  }
  let stopSequences: number[][];
  try {
    stopSequences = decodeStopSequences(bytes.slice(HEAD, HEAD + stopBytes));
  } catch (error) {
    throw invalid(error instanceof Error ? error.message : String(error));
  }
  return {
    modelRoot: toHex(bytes.slice(0, 32)),
    ...decodeGeneration(bytes.slice(32, 64)),
    seed: view.getBigUint64(64),
    startOffset: view.getUint32(72),
    stopSequences,
    prompt: decodeTokens(bytes.slice(HEAD + stopBytes)),
  };
}

/** The root that voucher and receipt name for a request. */
export function inputRootOf(request: NativeRequest): string {
  return inputRoot(request);
}

function invalid(found: string) {
  return athanorError("InvalidArgument", {
    name: "request",
    found,
    expected: "the bytes of a request (docs/native-protocol.md, section 4)",
  });
}
