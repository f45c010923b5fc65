import * as z from "zod/mini";

/**
 * The messages between client and provider: one definition for both sides. docs/native-protocol.md specifies them. Numbers that may exceed 2^53 travel as
 * decimal text, bytes as base64, hashes and addresses as hexadecimal digits. Fields that a receiver does not know it ignores.
 */

/** Name and version; it is in the address of every endpoint, `/athanor/v1`. */
export const PROTOCOL = "athanor/1";
export const BASE_PATH = "/athanor/v1";
export const STREAM_TYPE = "application/x-ndjson";

/** Most characters of one line of an answer. */
export const MOST_LINE_CHARACTERS = 65_536;
/** Most characters of a document that a provider sends. */
export const MOST_DOCUMENT_CHARACTERS = 1_048_576;

const pattern = (regex: RegExp) => z.string().check(z.regex(regex));
/** Below 2^96, in decimal digits. */
const amount = z.pipe(
  pattern(/^(0|[1-9]\d{0,28})$/),
  z.transform((digits: string) => BigInt(digits)),
);
export const whole = z.number().check(z.int(), z.nonnegative());
export const hash = pattern(/^0x[0-9a-f]{64}$/);
export const address = pattern(/^0x[0-9a-fA-F]{40}$/);
export const signature = pattern(/^0x[0-9a-fA-F]{130}$/);
export const base64 = pattern(/^[A-Za-z0-9+/]*={0,2}$/);
/** What a person reads: bounded, without control characters. */
const prose = z.pipe(
  z.string(),
  z.transform((text: string) => text.replace(/\p{Cc}/gu, " ").slice(0, 500)),
);

const terms = z.object({
  client: address,
  salt: amount,
  notice: amount,
  provider: address,
  receiptLife: amount,
  feeBasisPoints: amount,
  token: address,
  exitBounty: amount,
  voucherKey: address,
  expiresAt: amount,
  stakeLock: amount,
  workPerSecond: amount,
});

const voucher = z.object({
  message: z.object({
    nonce: amount,
    requestHash: hash,
    amount,
    limit: amount,
    receiptCount: amount,
    receiptsRoot: hash,
  }),
  signature,
});

export const receipt = z.object({
  message: z.object({
    channel: hash,
    nonce: amount,
    modelRoot: hash,
    inputRoot: hash,
    outputTokensRoot: hash,
    outputCount: amount,
    complete: z.boolean(),
    price: amount,
    expiry: amount,
  }),
  signature,
});

/** Prices in token units for a million tokens. */
const prices = z.object({ inputPrice: amount, outputPrice: amount });

/** How the bytes of requests and answers travel. */
const encoding = pattern(/^[a-z0-9-]{1,40}$/);

/** GET /athanor/v1: what the provider offers. */
export const offerSchema = z.object({
  protocol: z.literal(PROTOCOL),
  chainId: amount,
  /** Address of the channel escrow. */
  escrow: address,
  /** Owner account. */
  provider: address,
  /** Signs acceptances and receipts. */
  receiptKey: address,
  /** Seconds since 1970 by the provider's clock. */
  time: whole,
  terms: z.object({
    notice: amount,
    receiptLife: amount,
    workPerSecond: amount,
    /** ATH units. */
    stakeLock: amount,
    /** Seconds from now to the latest `expiresAt`. */
    longestLife: whole,
  }),
  tokens: z
    .array(
      z.object({
        token: address,
        feeBasisPoints: amount,
        exitBounty: amount,
        /** Token units, exit bounty included. */
        minimumDeposit: amount,
      }),
    )
    .check(z.maxLength(64)),
  models: z
    .array(
      z.object({
        modelRoot: hash,
        contextLength: whole,
        vocabularySize: whole,
        /** Most tokens of one answer. */
        maxTokens: whole,
        prices: z.array(z.extend(prices, { token: address })).check(z.maxLength(64)),
      }),
    )
    .check(z.maxLength(256)),
  /** The first is the one that the provider prefers. */
  encodings: z.array(encoding).check(z.minLength(1), z.maxLength(16)),
  limits: z.object({
    /** Of a request's body. */
    bodyBytes: whole,
    /** For which a generation waits for the voucher that continues it. */
    keepSeconds: whole,
  }),
});

/** POST /athanor/v1/channels: asks the provider to take a channel with these terms. */
export const acceptRequestSchema = z.object({ terms });
export const acceptResponseSchema = z.object({
  channel: hash,
  acceptance: z.object({ minimumDeposit: amount, validUntil: amount, signature }),
});

/** GET /athanor/v1/channels/{id}/deposit: what the provider has seen on chain. */
export const depositSchema = z.object({ channel: hash, deposit: amount });

/** POST /athanor/v1/channels/{id}/requests: a voucher and what it pays for. */
export const inferenceRequestSchema = z.object({
  voucher,
  encoding,
  /** `encodeRequestBytes` in this encoding. */
  request: base64,
  /** Those that the answer is charged by: not below the provider's. */
  prices,
  /** Output tokens of this request that acknowledged receipts paid for already. */
  paidTokens: whole,
  /** Index of the first output token that is sent: the client has those before it. */
  from: whole,
});

/** The last line of an answer without a receipt. */
export const failure = z.object({ type: z.literal("error"), code: prose, message: prose, remedy: prose });

/** One line of the answer to a request. */
export const streamLineSchema = z.discriminatedUnion("type", [
  /** It is not its turn yet; or nothing happened for a while. */
  z.object({ type: z.literal("waiting"), ahead: whole }),
  /** Output tokens from index `first` on: uint32 each, big endian, in the encoding of the request. */
  z.object({ type: z.literal("tokens"), first: whole, chunk: base64 }),
  /** The end: the receipt of all tokens so far. */
  z.object({ type: z.literal("receipt"), receipt }),
  /** The end: why there is no receipt. */
  failure,
]);

/** GET /athanor/v1/channels/{id}: the provider's side, for the client that lost an answer. */
export const channelSchema = z.object({
  channel: hash,
  deposit: amount,
  /** Of the last voucher that the provider took. */
  nonce: amount,
  amount,
  receiptCount: amount,
  /** Whether the answer to the last voucher is being computed. */
  running: z.boolean(),
  receipt: z.optional(receipt),
  /** All output tokens of the last request. */
  answer: z.optional(z.object({ encoding, chunk: base64 })),
});

/** POST /athanor/v1/channels/{id}/close: the last voucher, which asks for nothing. */
export const closeRequestSchema = z.object({ voucher });
/** The provider settles and closes in one transaction. */
export const closeResponseSchema = z.object({ channel: hash, amount });

/** Any other answer than 2xx. */
export const errorSchema = z.object({
  error: z.object({ code: prose, message: prose, remedy: prose }),
});

export type ProviderOffer = z.output<typeof offerSchema>;
export type Prices = z.output<typeof prices>;
export type AcceptRequest = z.output<typeof acceptRequestSchema>;
export type AcceptResponse = z.output<typeof acceptResponseSchema>;
export type DepositReport = z.output<typeof depositSchema>;
export type InferenceRequest = z.output<typeof inferenceRequestSchema>;
export type StreamLine = z.output<typeof streamLineSchema>;
export type ChannelReport = z.output<typeof channelSchema>;
export type CloseRequest = z.output<typeof closeRequestSchema>;
export type CloseResponse = z.output<typeof closeResponseSchema>;
export type ErrorResponse = z.output<typeof errorSchema>;

/** Anything of the above as JSON text: big integers in decimal digits. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? part.toString() : part));
}

/**
 * Reads a message.
 *
 * @returns the message, or what is wrong with it in words
 */
export function parseMessage<Schema extends z.ZodMiniType>(
  schema: Schema,
  value: unknown,
): { readonly message: z.output<Schema> } | { readonly problem: string } {
  const result = schema.safeParse(value);
  if (result.success) return { message: result.data };
  const [issue] = result.error.issues;
  const path = issue!.path.map(String).join(".");
  return { problem: `${path === "" ? "the message" : path} is missing or not in its form` };
}
