import { getBytes, hexlify } from "ethers";
import { toJson } from "../jobs/json.ts";
import type { StoredAnswer } from "../storage/channels.ts";
import type { Storage } from "../storage/storage.ts";
import type { Archive } from "./archive.ts";

/** Answers that are moved in one go. */
const BATCH = 64;
/** Seconds: the longest dispute that governance's parameters allow, and an outage of the sequencer. docs/data-availability.md. */
const LONGEST_DISPUTE = 52 * 86_400;

/** Under which name the archive keeps what a receipt is about. */
export const receiptOwner = ({ channel, nonce }: Pick<StoredAnswer, "channel" | "nonce">) =>
  `receipt ${channel} ${nonce}`;

/** What of an answer is needed to defend its receipt. */
export type ReceiptContent = Pick<StoredAnswer, "channel" | "nonce" | "encoding" | "request" | "tokens">;

/**
 * Everything that is kept of a channel and has a receipt, in the database and behind it. What is lost does not keep others from being found.
 *
 * @param onFailure is told what could not be read
 */
export async function* receiptContentsOf(
  { archive, storage }: { readonly archive: Archive; readonly storage: Storage },
  channel: string,
  onFailure: (owner: string, error: unknown) => void,
): AsyncGenerator<ReceiptContent, void, undefined> {
  yield* storage.answersWithReceipt(channel);
  for (const owner of storage.contentOwners(`receipt ${channel} `)) {
    let bytes: Uint8Array | undefined;
    try {
      bytes = await archive.read(owner);
    } catch (error) {
      onFailure(owner, error);
    }
    if (bytes === undefined) continue;
    const kept = JSON.parse(new TextDecoder().decode(bytes)) as Omit<ReceiptContent, "request"> & {
      readonly request: string;
    };
    yield { ...kept, request: getBytes(kept.request) };
  }
}

/**
 * Moves requests and answers of channels out of the database that no client can ask about any more: those before the last two vouchers. They
 * are kept until their receipts cannot be disputed, for without its request nobody can defend a receipt.
 */
export async function moveReceiptContents({
  archive,
  storage,
}: {
  readonly archive: Archive;
  readonly storage: Storage;
}): Promise<void> {
  for (const answer of storage.answersToMove(BATCH)) {
    const { channel, nonce, encoding, request, tokens, complete, expiry } = answer;
    const content = { channel, nonce, encoding, request: hexlify(request), tokens, complete, expiry };
    const until = 1_000 * (expiry + LONGEST_DISPUTE);
    await archive.keep(receiptOwner(answer), new TextEncoder().encode(toJson(content)), until, () =>
      storage.dropAnswer(channel, nonce),
    );
  }
}
