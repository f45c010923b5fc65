import { decodeTokens } from "@athanor/engine/commitments";
import { concat, decodeBase64, encodeBase64, getBytes, ZeroHash } from "ethers";
import { encryptionKeyOf } from "../client/hide.ts";
import { invalid } from "../client/arguments.ts";
import type { ClientContext } from "../client/context.ts";
import { athanorError } from "../errors/athanor-error.ts";
import type { AnswerOpener } from "../private/answer.ts";
import type { ChannelPlace, PrivateNativeRequest } from "../private/channel.ts";
import type { AnswerKey } from "../private/request.ts";
import type { RequestStore } from "../private/request-store.ts";
import type { ProviderOffer } from "./messages.ts";
import { decodeRequestBytes, encodeRequestBytes, type NativeRequest } from "./request-bytes.ts";
import type { PendingRequest } from "./session-store.ts";

/* How a client's requests and their answers travel. What seals them is loaded when it is needed, so that plain requests do not pay for it. */

/** Reads the chunks of one response, in order. */
export interface ChunkReader {
  /** @throws AthanorError `SealedAnswerRefused`, EngineError for what is no list of tokens */
  chunk(bytes: Uint8Array): Promise<number[]>;
  /** @throws AthanorError `SealedAnswerRefused` when the response was cut off */
  end(): void;
}

/** One request on its way. */
export interface Wire {
  readonly encoding: string;
  readonly bytes: Uint8Array;
  /** For each response another one. */
  reader(): ChunkReader;
  /** The tokens of an answer that comes in one piece. */
  readonly whole: (bytes: Uint8Array) => Promise<number[]>;
}

const plainReader: ChunkReader = {
  chunk(bytes) {
    // Otherwise a provider could send lines without end and no token.
    if (bytes.length === 0) return Promise.reject(new RangeError("the chunk is empty"));
    return Promise.resolve(decodeTokens(bytes));
  },
  end: () => undefined,
};

/** Bytes at the end of what is stored of a sealed request: what the keys of its answer follow from. */
const EXPORTED_BYTES = 16;
/** Where the encapsulated key stands in a sealed request, behind its version. */
const ENCAPSULATED = [1, 33] as const;

/**
 * The key to which a request is sealed; undefined when it goes in plain.
 *
 * @param wanted true or false as the caller says; undefined: sealed if the provider takes it
 * @throws AthanorError `EncryptionKeyUnusable`, `SealedRequestsNotTaken` for who must have it, `RequestStoreMissing`
 */
export async function sealingKeyOf(
  context: ClientContext,
  provider: string,
  { encodings }: ProviderOffer,
  wanted: boolean | undefined,
): Promise<string | undefined> {
  if (wanted === false) return undefined;
  const { SEALED_ENCODING } = await import("../private/channel.ts");
  const isTaken = encodings.includes(SEALED_ENCODING);
  if (!isTaken && wanted === undefined) return undefined;
  const key = await encryptionKeyOf(context, provider);
  if (key === ZeroHash && wanted === undefined) return undefined;
  if (key === ZeroHash) throw athanorError("EncryptionKeyUnusable", { key });
  if (!isTaken) throw athanorError("SealedRequestsNotTaken", { provider });
  if (!context.requestStore) throw athanorError("RequestStoreMissing", {});
  return key;
}

/** The request with a secret of its own. @throws AthanorError `InvalidArgument` for tokens that the model does not have */
export function withSecret(request: NativeRequest, vocabularySize: number): PrivateNativeRequest {
  // The provider would refuse it, in words that everybody on the way can read.
  const outside = [...request.prompt, ...(request.stopSequences ?? []).flat()].find(
    (token) => token >= vocabularySize,
  );
  if (outside !== undefined) {
    const expected = `tokens below the model's vocabulary size, which is ${vocabularySize}`;
    throw invalid("the private request", `one with the token ${outside}`, expected);
  }
  return { ...request, secret: crypto.getRandomValues(new Uint8Array(32)) };
}

/** A request as it goes out, in plain. */
export function plainWire(request: NativeRequest): Wire {
  return wireOf("plain", encodeRequestBytes(request));
}

/** A request sealed for one voucher. What opens its answer is stored before it resolves. */
export async function sealedWire(
  store: RequestStore,
  request: PrivateNativeRequest,
  place: ChannelPlace,
  encryptionKey: string,
): Promise<Wire> {
  const { privatePartOf, readHead, sealChannelRequest, SEALED_ENCODING } =
    await import("../private/channel.ts");
  const { encodeRequest } = await import("../private/request.ts");
  const { bytes, answerKey } = await sealChannelRequest(request, place, encryptionKey);
  const stored = getBytes(concat([encodeRequest(privatePartOf(request)), answerKey.exported]));
  await store.put(readHead(bytes).inputRoot, stored);
  return wireOf(SEALED_ENCODING, bytes, answerKey);
}

/**
 * A request that was sent before.
 *
 * @throws AthanorError `RequestUnknown` when it was sealed and the store does not have it, `StoredRequestUnreadable`
 */
export async function pendingWire(
  store: RequestStore | undefined,
  { encoding = "plain", request }: PendingRequest,
): Promise<{ readonly wire: Wire; readonly request: NativeRequest }> {
  const bytes = decodeBase64(request);
  if (encoding === "plain") return { wire: wireOf(encoding, bytes), request: decodeRequestBytes(bytes) };
  const { nativeRequestOf, readHead } = await import("../private/channel.ts");
  const { decodeRequest } = await import("../private/request.ts");
  const head = readHead(bytes);
  const stored = await store?.get(head.inputRoot);
  if (!stored) throw athanorError("RequestUnknown", { id: head.inputRoot });
  const answerKey = {
    encapsulated: head.sealed.slice(...ENCAPSULATED),
    exported: stored.slice(-EXPORTED_BYTES),
  };
  const inside = decodeRequest(stored.slice(0, -EXPORTED_BYTES));
  return { wire: wireOf(encoding, bytes, answerKey), request: nativeRequestOf(inside, head) };
}

/** As a message to the provider, and a store, have it. */
export const wireText = ({ encoding, bytes }: Wire) => ({ encoding, request: encodeBase64(bytes) });

function wireOf(encoding: string, bytes: Uint8Array, answerKey?: AnswerKey): Wire {
  if (!answerKey) {
    return { encoding, bytes, reader: () => plainReader, whole: (chunk) => plainReader.chunk(chunk) };
  }
  return {
    ...{ encoding, bytes },
    reader: () => sealedReader(answerKey),
    whole: async (chunk) => (await import("../private/answer.ts")).openAnswer(chunk, answerKey),
  };
}

/** A response begins with the header that its keys follow from. */
function sealedReader(answerKey: AnswerKey): ChunkReader {
  let opener: AnswerOpener | undefined;
  return {
    async chunk(bytes) {
      if (opener) return (await opener.open(bytes)).tokens;
      const { ANSWER_HEADER_BYTES, AnswerOpener: Opener } = await import("../private/answer.ts");
      opener = await Opener.create(answerKey, bytes.subarray(0, ANSWER_HEADER_BYTES));
      return (await opener.open(bytes.subarray(ANSWER_HEADER_BYTES))).tokens;
    },
    end() {
      if (!opener) throw athanorError("SealedAnswerRefused", { details: "it has no chunk" });
      opener.requireEnd();
    },
  };
}
