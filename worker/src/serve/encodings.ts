import { decodeTokens, encodeTokens, encryptTokens } from "@athanor/engine/commitments";
import { decodeRequestBytes, type ChannelContract, type NativeRequest } from "@athanor/sdk/channels";
import {
  AnswerSealer,
  openChannelRequest,
  sealAnswer,
  SEALED_ENCODING,
  type EncryptionKey,
} from "@athanor/sdk/private";

/** A request of one encoding, and how its answer travels. */
export interface OpenedRequest {
  /** Of a private one with its secret. */
  readonly request: NativeRequest;
  /** For each response another one: nothing is sealed twice with the same keys. */
  writer(): Promise<ChunkWriter>;
  /** All output tokens in one piece. */
  whole(tokens: readonly number[]): Promise<Uint8Array>;
}

/** Makes the chunks of one response, in order. */
export interface ChunkWriter {
  chunk(tokens: readonly number[]): Promise<Uint8Array>;
  /** What says that nothing was cut off, where the encoding has such a chunk. */
  end(): Promise<Uint8Array | undefined>;
}

/** Which voucher of which channel the bytes belong to. */
export interface RequestPlace {
  readonly channel: string;
  readonly nonce: bigint;
}

/** A way in which requests and answers travel. */
export interface Encoding {
  readonly name: string;
  /** @throws Error saying why the bytes cannot be read, and nothing of what is in them */
  open(bytes: Uint8Array, place: RequestPlace): Promise<OpenedRequest>;
}

/** The bytes themselves. */
export const plain: Encoding = {
  name: "plain",
  open(bytes) {
    const chunk = (tokens: readonly number[]) => Promise.resolve(encodeTokens(tokens));
    const end = () => Promise.resolve(undefined);
    const writer = () => Promise.resolve({ chunk, end });
    return Promise.resolve({ request: decodeRequestBytes(bytes), writer, whole: chunk });
  },
};

/** Private requests: sealed to one of the keys for one voucher, answered under keys of the same sealing. docs/private-requests.md. */
export function sealed(
  keys: readonly EncryptionKey[],
  { chainId, escrow }: ChannelContract,
  provider: string,
): Encoding {
  return {
    name: SEALED_ENCODING,
    async open(bytes, place) {
      const { request, answerKey } = await openChannelRequest(
        bytes,
        { chainId, escrow, provider, ...place },
        keys,
      );
      return {
        request,
        async writer() {
          const sealer = await AnswerSealer.create(answerKey);
          let header = sealer.header;
          const chunk = async (tokens: readonly number[], last: boolean) => {
            const bytes = Buffer.concat([header, await sealer.seal(tokens, { last })]);
            header = new Uint8Array();
            return bytes;
          };
          return { chunk: (tokens) => chunk(tokens, false), end: () => chunk([], true) };
        },
        whole: (tokens) => sealAnswer(tokens, answerKey),
      };
    },
  };
}

/** The ways in which a provider with these keys takes requests, the preferred first. */
export function encodingsOf(
  keys: readonly EncryptionKey[],
  contract: ChannelContract,
  provider: string,
): readonly Encoding[] {
  return keys.length === 0 ? [plain] : [sealed(keys, contract, provider), plain];
}

/**
 * Output tokens as receipts commit to them and the database keeps them: of a private request encrypted. The same function turns them back.
 */
export function postedTokens(
  tokens: readonly number[],
  { secret }: Pick<NativeRequest, "secret">,
): readonly number[] {
  return secret === undefined ? tokens : decodeTokens(encryptTokens(tokens, secret));
}
