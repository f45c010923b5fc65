import type { Receipt, Signed, Voucher } from "./types.ts";

type Fields = Readonly<Record<string, string>>;

/** A signed voucher or receipt as plain strings, for stores and for the wire. */
export function encodeSigned({ message, signature }: Signed<Voucher> | Signed<Receipt>): Fields {
  const fields = Object.entries(message).map(([name, value]) => [name, String(value)] as const);
  return { ...Object.fromEntries(fields), signature };
}

/** Inverse of `encodeSigned` for a voucher. */
export function decodeVoucher(fields: Fields): Signed<Voucher> {
  return {
    message: {
      nonce: BigInt(fields.nonce!),
      requestHash: fields.requestHash!,
      amount: BigInt(fields.amount!),
      limit: BigInt(fields.limit!),
      receiptCount: BigInt(fields.receiptCount!),
      receiptsRoot: fields.receiptsRoot!,
    },
    signature: fields.signature!,
  };
}

/** Inverse of `encodeSigned` for a receipt. */
export function decodeReceipt(fields: Fields): Signed<Receipt> {
  return {
    message: {
      channel: fields.channel!,
      nonce: BigInt(fields.nonce!),
      modelRoot: fields.modelRoot!,
      inputRoot: fields.inputRoot!,
      outputTokensRoot: fields.outputTokensRoot!,
      outputCount: BigInt(fields.outputCount!),
      complete: fields.complete === "true",
      price: BigInt(fields.price!),
      expiry: BigInt(fields.expiry!),
    },
    signature: fields.signature!,
  };
}
