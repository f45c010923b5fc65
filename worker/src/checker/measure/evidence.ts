import { encodeChannelEvidence, encodeJobEvidence } from "@athanor/sdk/checkers";
import type { Plan, Shown, StoredRequest } from "./store.ts";

/** What shows that requests were asked, and how many. */
export interface Evidence {
  /** Requests that all of it proves. */
  readonly proven: number;
  /** As bytes, with just so many of them as a report needs. @param count from 1 to `proven` */
  encode(count: number): string;
}

const MOST_SHOWN = 64;

/**
 * The receipts of one channel, or the jobs, whichever prove more. What was signed or submitted outside of the epoch proves nothing: a provider that dates its receipts back shows
 * itself as one that did not answer.
 */
export function evidenceOf(plan: Plan, blinding: string, requests: readonly StoredRequest[]): Evidence {
  const shown = requests.filter(({ state }) => state === "answered").flatMap((one) => one.shown ?? []);
  const candidates = [...receiptsByChannel(plan, shown).map((of) => receiptEvidence(blinding, of))];
  candidates.push(jobEvidence(plan, blinding, shown));
  return candidates.reduce((best, next) => (next.proven > best.proven ? next : best));
}

type ShownReceipt = Extract<Shown, { kind: "receipt" }>;

function receiptsByChannel({ startsAt, endsAt }: Plan, shown: readonly Shown[]): ShownReceipt[][] {
  const channels = new Map<string, Map<bigint, ShownReceipt>>();
  for (const one of shown) {
    if (one.kind !== "receipt") continue;
    const { channel, nonce, expiry } = one.receipt.message;
    const signedAt = Number(expiry - one.channel.receiptLife);
    if (signedAt < startsAt || signedAt >= endsAt) continue;
    const receipts = channels.get(channel) ?? new Map<bigint, ShownReceipt>();
    channels.set(channel, receipts.set(nonce, one));
  }
  return [...channels.values()].map((receipts) =>
    [...receipts.values()]
      .sort((left, right) => (left.receipt.message.nonce < right.receipt.message.nonce ? -1 : 1))
      .slice(0, MOST_SHOWN),
  );
}

function receiptEvidence(blinding: string, receipts: readonly ShownReceipt[]): Evidence {
  return {
    proven: receipts.length,
    encode(count) {
      const first = receipts.slice(0, count).map(({ receipt }) => receipt);
      return encodeChannelEvidence({
        ...{ blinding, channel: receipts[0]!.channel },
        receipts: first.map(({ message }) => message),
        signatures: first.map(({ signature }) => signature),
      });
    },
  };
}

/** In the order of their salts, which is that in which they were asked. */
function jobEvidence({ startsAt, endsAt }: Plan, blinding: string, shown: readonly Shown[]): Evidence {
  const jobs = shown
    .filter((one) => one.kind === "job")
    .filter(({ submittedAt }) => submittedAt >= startsAt && submittedAt < endsAt)
    .slice(0, MOST_SHOWN);
  return {
    proven: jobs.length,
    encode: (count) => encodeJobEvidence({ blinding, jobs: jobs.slice(0, count).map(({ terms }) => terms) }),
  };
}
