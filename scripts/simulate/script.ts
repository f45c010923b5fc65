import type { Lots } from "./lots.ts";
import { costOf, type Prices } from "./tokens.ts";

/** What happens to one request of a channel. */
export const REQUEST_KINDS = [
  "answered",
  "streamed",
  "aborted",
  "declined",
  "voucher late",
  "voucher lost",
  "voucher repeated",
  "receipt late",
  "receipt lost",
  "over-promised",
  "underpaid voucher",
  "overpriced receipt",
] as const;
/** What can be the last request of a conversation: one side stops there. */
export const LAST_KINDS = ["client vanishes", "provider vanishes", "answered late"] as const;
export type RequestKind = (typeof REQUEST_KINDS)[number] | (typeof LAST_KINDS)[number];

/** One request, as the seed has it. Amounts in token units. */
export interface ScriptedRequest {
  readonly kind: RequestKind;
  /** What the whole answer costs by the offer. */
  readonly price: bigint;
  /** What the first tokens of it cost, where it comes in parts or is aborted. */
  readonly partPrice: bigint;
  readonly limit: bigint;
  readonly outputCount: number;
  readonly partCount: number;
}

/** Where a conversation stands by docs/channels.md, section 2. */
export interface Standing {
  /** Of the last voucher that the client signed, and that the provider took. */
  readonly signed: number;
  readonly nonce: number;
  /** Acknowledged by the client, and by the provider's last voucher; token units. */
  readonly acknowledged: bigint;
  readonly promised: bigint;
  /** Acknowledged by the client, and covered by the provider's last voucher. */
  readonly receipts: number;
  readonly covered: number;
  /** Of the receipt that answers the last voucher and that none pays yet; 0n if there is none. */
  readonly open: bigint;
}

export const NOTHING_YET: Standing = {
  signed: 0,
  nonce: 0,
  acknowledged: 0n,
  promised: 0n,
  receipts: 0,
  covered: 0,
  open: 0n,
};

/** Draws requests: ordinary ones, and special ones in between, of the kinds that `nextKind` says. */
export function drawRequests(
  lots: Lots,
  count: number,
  prices: Prices,
  nextKind: () => RequestKind,
): ScriptedRequest[] {
  return Array.from({ length: count }, () =>
    drawRequest(lots, lots.percent(15) ? nextKind() : "answered", prices),
  );
}

export function drawRequest(lots: Lots, kind: RequestKind, prices: Prices): ScriptedRequest {
  const [promptCount, outputCount] = [lots.between(3, 400), lots.between(2, 300)];
  const partCount = lots.between(1, outputCount - 1);
  const price = costOf(prices, promptCount, outputCount);
  const partPrice = costOf(prices, promptCount, partCount);
  return { kind, price, partPrice, limit: price + BigInt(lots.between(0, 3)), outputCount, partCount };
}

/** How one request changes where a conversation stands. */
export function after(standing: Standing, { kind, price, partPrice }: ScriptedRequest): Standing {
  const nonce = standing.signed + 1;
  const { acknowledged, receipts } = standing;
  const asked = {
    signed: nonce,
    nonce,
    acknowledged,
    promised: acknowledged,
    receipts,
    covered: receipts,
    open: 0n,
  };
  const answered = { ...asked, acknowledged: acknowledged + price, receipts: receipts + 1, open: price };
  switch (kind) {
    case "provider vanishes":
      // The voucher never arrives.
      return { ...standing, signed: nonce };
    case "declined":
      return asked;
    case "client vanishes":
    case "answered late":
      return { ...asked, open: price };
    case "aborted":
      return { ...asked, acknowledged: acknowledged + partPrice, receipts: receipts + 1, open: partPrice };
    case "voucher lost":
      // The client signs another one.
      return { ...answered, signed: nonce + 1, nonce: nonce + 1 };
    case "receipt late":
      // The client has signed one more voucher before, which the provider did not take.
      return { ...answered, signed: nonce + 1 };
    default:
      return answered;
  }
}
