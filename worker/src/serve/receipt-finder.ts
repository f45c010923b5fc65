import { tokensRoot } from "@athanor/engine/commitments";
import { inputRootOf } from "@athanor/sdk/channels";
import type { JobTerms } from "@athanor/sdk";
import type { EncryptionKey } from "@athanor/sdk/private";
import { positionOf, readLogs } from "@athanor/sdk/protocol";
import type { Chain } from "../chain/chain.ts";
import type { Archive } from "../contents/archive.ts";
import { receiptContentsOf } from "../contents/receipt-contents.ts";
import { firstRequestBlock } from "../disputes/follow-disputes.ts";
import type { FindReceipt } from "../disputes/watchtower.ts";
import { describeError } from "../errors.ts";
import type { EventLog } from "../log/event-log.ts";
import type { Storage } from "../storage/storage.ts";
import { encodingsOf, postedTokens } from "./encodings.ts";

/** Finds what is behind a receipt that somebody made a result: the event says which receipt, the database what was asked. */
export function receiptFinder(
  chain: Chain,
  kept: { readonly storage: Storage; readonly archive: Archive },
  encryptionKeys: readonly EncryptionKey[],
  eventLog: EventLog,
): FindReceipt {
  const { chainId, contracts, provider } = chain;
  const { receiptResults, deployment } = contracts;
  const contract = { chainId, escrow: deployment.channelEscrow };
  return async (id) => {
    const topics = [receiptResults.interface.getEvent("ReceiptPresented").topicHash, id];
    const filter = { address: deployment.receiptResults, topics };
    const head = await provider.getBlockNumber();
    const [log] = await readLogs(provider, filter, await firstRequestBlock(chain), head);
    if (log === undefined) return undefined;
    const presented = receiptResults.interface.parseLog(log)!.args.toObject(true) as unknown as {
      readonly channel: string;
      readonly job: JobTerms;
      readonly outputCount: bigint;
      readonly outputTokensRoot: string;
    };
    const { channel, job: terms } = presented;
    const count = Number(presented.outputCount);
    const encodings = encodingsOf(encryptionKeys, contract, terms.provider);
    let failure: { readonly error: unknown } | undefined;
    const onFailure = (owner: string, error: unknown) => {
      failure ??= { error };
      eventLog.emit("warn", "content.failed", { owner, ...describeError(error) });
    };
    for await (const answer of receiptContentsOf(kept, channel, onFailure)) {
      const tokens = answer.tokens.slice(0, count);
      if (tokens.length < count || tokensRoot(tokens) !== presented.outputTokensRoot) continue;
      const encoding = encodings.find(({ name }) => name === answer.encoding);
      const opened = await encoding?.open(answer.request, { channel, nonce: BigInt(answer.nonce) });
      if (opened === undefined) continue;
      const asked = opened.request;
      // A part of an answer is judged as the whole answer to the request for as many tokens.
      for (const maxTokens of new Set([asked.maxTokens, count])) {
        const { prompt: promptTokens, modelRoot: _, secret, ...generation } = { ...asked, maxTokens };
        if (inputRootOf({ ...asked, maxTokens }) !== terms.inputRoot) continue;
        const plainTokens = postedTokens(tokens, asked);
        return {
          id,
          terms,
          promptTokens,
          generation,
          secret,
          tokens: plainTokens,
          position: positionOf(log),
        };
      }
    }
    // What could not be read now may be what is looked for: it is looked for again.
    if (failure !== undefined) throw failure.error;
    return undefined;
  };
}
