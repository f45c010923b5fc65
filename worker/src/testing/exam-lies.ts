import { decodeBase64, encodeBase64, id } from "ethers";

/** A line of the answer to a burst. */
export type Line = Record<string, unknown> & { readonly type: string };

const receiptOf = (line: Line) => line["receipt"] as { message: Record<string, unknown>; signature: string };
const withMessage = (lines: Line[], change: Record<string, unknown>) =>
  lines.map((line) => {
    if (line.type !== "receipt") return line;
    const { message, signature } = receiptOf(line);
    return { ...line, receipt: { message: { ...message, ...change }, signature } };
  });
/** Tokens whose bytes at a place are others. */
const other = (chunk: unknown, at: number, change: (byte: number) => number) =>
  encodeBase64(decodeBase64(chunk as string).map((byte, index) => (index % 4 === at ? change(byte) : byte)));
const tokens = (lines: Line[], change: (line: Line) => Line[]) =>
  lines.flatMap((line) => (line.type === "tokens" ? change(line) : [line]));

/** What a provider may send in an exam, and what a checker says of it. */
export const examLies: Readonly<Record<string, readonly [change: (lines: Line[]) => Line[], fault: RegExp]>> =
  {
    "sends other tokens than it signs": [
      (lines) => tokens(lines, (line) => [{ ...line, chunk: other(line["chunk"], 3, (byte) => byte ^ 1) }]),
      /receipt is not of what arrived/,
    ],
    "sends tokens twice": [(lines) => tokens(lines, (line) => [line, line]), /with a gap/],
    "sends tokens of more requests than there are": [
      (lines) => tokens(lines, (line) => [{ ...line, request: 4_000 }]),
      /of no request/,
    ],
    "sends tokens that are none": [
      (lines) => tokens(lines, (line) => [{ ...line, chunk: "AAAA" }]),
      /no tokens/,
    ],
    "sends tokens outside the vocabulary": [
      (lines) => tokens(lines, (line) => [{ ...line, chunk: other(line["chunk"], 0, () => 255) }]),
      /outside the vocabulary/,
    ],
    "sends no receipts": [(lines) => lines.filter(({ type }) => type !== "receipt"), /without a receipt/],
    "sends receipts twice": [
      (lines) => lines.flatMap((line) => (line.type === "receipt" ? [line, line] : [line])),
      /receipts twice/,
    ],
    "sends receipts that no contract reads": [
      (lines) => withMessage(lines, { expiry: "99999999999999" }),
      /numbers that fit into none/,
    ],
    "sends receipts of another exam": [(lines) => withMessage(lines, { channel: id("exam") }), /no proof/],
    "sends receipts that somebody else signed": [
      (lines) =>
        lines.map((line) =>
          line.type === "receipt"
            ? { ...line, receipt: { ...receiptOf(line), signature: `0x${"11".repeat(64)}1b` } }
            : line,
        ),
      /no proof/,
    ],
    "sends receipts of an earlier hour": [(lines) => withMessage(lines, { expiry: "1000" }), /no proof/],
    "says that it failed": [
      () => [{ type: "error", code: "ProviderFailed", message: "Out of memory.", remedy: "" }],
      /it said: Out of memory/,
    ],
  };
