/** Requests and answers of one encoding, as bytes in and out. */
export interface OpenedRequest {
  /** As `encodeRequestBytes` gives it. */
  readonly request: Uint8Array;
  /** What a chunk of the answer looks like on the wire: `bytes` are output tokens from index `first`, uint32 each. */
  chunk(bytes: Uint8Array, first: number): Uint8Array;
}

/** Which request of which channel the bytes belong to. */
export interface RequestPlace {
  readonly channel: string;
  readonly nonce: bigint;
}

/** A way in which requests and answers travel. Others wrap the bytes of `plain`, and change nothing else. */
export interface Encoding {
  readonly name: string;
  /** @throws Error saying why the bytes cannot be read */
  open(bytes: Uint8Array, place: RequestPlace): Promise<OpenedRequest>;
}

/** The bytes themselves. */
export const plain: Encoding = {
  name: "plain",
  open: (request) => Promise.resolve({ request, chunk: (bytes) => bytes }),
};
