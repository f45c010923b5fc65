import { formatAmount, type Generation } from "@athanor/sdk";
import { formatTable } from "../lib/table.ts";
import { type Balances, type Holding, sumOf, totalOf } from "./balances.ts";
import type { DemoResult } from "./run-demo.ts";
import { short } from "./stage.ts";

/** The document of `--json`. Amounts are decimal text in the token's smallest units. */
export function jsonReport(result: DemoResult): object {
  const { payment, steps } = result.receipt;
  const gasOf = (name: string) => Number(steps.find((step) => step.name === name)?.gasUsed ?? 0n);
  return {
    model: result.model,
    modelRoot: result.modelRoot,
    prompt: result.prompt,
    text: result.text,
    tokens: result.tokens,
    generation: { ...result.generation, seed: result.generation.seed.toString() },
    jobId: result.jobId,
    status: result.status,
    private: result.privacy !== undefined,
    ...(result.privacy && { privacy: result.privacy, published: result.published }),
    payment: {
      token: payment.token.symbol,
      escrowed: payment.escrowed.toString(),
      charged: payment.charged.toString(),
      earned: payment.earned.toString(),
      fee: payment.fee.toString(),
      refund: payment.refund.toString(),
      bounty: payment.bounty.toString(),
      bountyRecipient: nameOf(result, payment.bountyRecipient),
    },
    gas: { create: gasOf("create"), submit: gasOf("submit"), finalize: gasOf("finalize") },
    balances: {
      before: balanceTexts(result.balances.before),
      after: balanceTexts(result.balances.after),
    },
  };
}

/** Balances as decimal text. */
export function balanceTexts(balances: Balances): object {
  return mapValues(balances, (holdings) =>
    mapValues(holdings, (holding) => mapValues({ ...holding }, (amount) => amount.toString())),
  );
}

function mapValues<Value, Mapped>(record: Readonly<Record<string, Value>>, map: (value: Value) => Mapped) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}

/** What a person reads: the text, what happened on chain, who paid what to whom, balances before and after. */
export function textReport(result: DemoResult): string {
  return `\n${[answer(result), ...disclosure(result), timeline(result), payments(result), ...balanceTables(result)].join("\n\n")}\n`;
}

function answer({ prompt, text, generation }: DemoResult): string {
  const quoted = (prompt + text).trimEnd().replaceAll(/^/gm, "  │ ");
  return `The prompt and its answer, computed in integers only, ${choiceOf(generation)}\n\n${quoted}`;
}

/** Of a private request: what is on chain, and what others learn. */
function disclosure({ privacy, published }: DemoResult): string[] {
  if (!privacy || !published) return [];
  const shown = published.slice(0, 8).map((token) => token.toString(16).padStart(8, "0"));
  const rows = privacy.disclosures.map(({ moment, kind, text }) => [moment, kind, text]);
  const columns = [{ heading: "moment" }, { heading: "how" }, { heading: "what others learn" }];
  return [
    `The answer as it stands on chain\n\n  ${shown.join(" ")}${published.length > 8 ? " …" : ""}`,
    `What others learn of a private request: at the moment job always, at the others only if the client or its delegate challenges\n\n${formatTable(
      columns,
      rows,
    )}`,
  ];
}

/** How the tokens were chosen, in words. */
export function choiceOf({ temperature, topK, topP, repetitionPenalty, seed }: Generation): string {
  const parts = [
    temperature === 0 ? "greedily" : `sampled at temperature ${temperature / 1_000} with seed ${seed}`,
    ...(topK === 0 ? [] : [`top-k ${topK}`]),
    ...(topP === 0 ? [] : [`top-p ${topP / 10_000}`]),
    ...(repetitionPenalty === 0 ? [] : [`repetition penalty ${repetitionPenalty / 1_000}`]),
  ];
  return parts.join(", ");
}

function timeline(result: DemoResult): string {
  const rows = result.receipt.steps.map((step) => [
    String(step.block),
    new Date(step.timestamp * 1000).toISOString().slice(11, 19),
    step.name,
    nameOf(result, step.sender),
    step.gasUsed.toLocaleString("en"),
    short(step.transactionHash),
  ]);
  const table = formatTable(
    [
      { heading: "block", align: "right" },
      { heading: "time" },
      { heading: "step" },
      { heading: "sent by" },
      { heading: "gas", align: "right" },
      { heading: "transaction" },
    ],
    rows,
  );
  return `What happened on chain to job ${short(result.jobId)}\n\n${table}`;
}

function payments(result: DemoResult): string {
  const { payment } = result.receipt;
  const amount = (units: bigint) => formatAmount(payment.token, units);
  const rows = [
    ["client", "escrow", amount(payment.escrowed), `up to ${result.terms.maxTokens} tokens, and the bounty`],
    [
      "escrow",
      "provider",
      amount(payment.earned),
      `${result.tokens.length} tokens and the prompt, less the fee`,
    ],
    ["escrow", "protocol", amount(payment.fee), `fee of ${Number(result.terms.feeBasisPoints) / 100} %`],
    ["escrow", nameOf(result, payment.bountyRecipient), amount(payment.bounty), "bounty for ending the job"],
    ["escrow", "client", amount(payment.refund), "refund for tokens that were not generated"],
  ];
  return paymentsTable(rows);
}

/** Rows of who paid, to whom, how much, and for what. */
export function paymentsTable(rows: string[][]): string {
  const columns = [
    { heading: "from" },
    { heading: "to" },
    { heading: "amount", align: "right" as const },
    { heading: "for" },
  ];
  return `Who paid what to whom\n\n${formatTable(columns, rows)}`;
}

/** A table for each currency. */
export function balanceTables({
  balances: { before, after },
  currencies,
}: Pick<DemoResult, "balances" | "currencies">): string[] {
  return Object.entries(currencies).map(([symbol, token]) => {
    const parts = ({ wallet, vault, escrowed, staked }: Holding) => {
      const all = Object.entries({ wallet, vault, escrowed, staked }).filter(([, units]) => units !== 0n);
      return all.map(([name, units]) => `${name} ${formatAmount(token, units)}`).join(", ");
    };
    const change = (difference: bigint) => (difference > 0n ? "+" : "") + formatAmount(token, difference);
    const rows = Object.keys(before).map((account) => {
      const [first, last] = [before[account]![symbol]!, after[account]![symbol]!];
      return [
        account,
        formatAmount(token, totalOf(first)),
        formatAmount(token, totalOf(last)),
        change(totalOf(last) - totalOf(first)),
        parts(last),
      ];
    });
    const [first, last] = [sumOf(before, symbol), sumOf(after, symbol)];
    rows.push(["sum", formatAmount(token, first), formatAmount(token, last), change(last - first), ""]);
    const table = formatTable(
      [
        { heading: "account" },
        { heading: "before", align: "right" },
        { heading: "after", align: "right" },
        { heading: "change", align: "right" },
        { heading: "where it is" },
      ],
      rows,
    );
    return `Balances in ${symbol}\n\n${table}`;
  });
}

function nameOf({ accounts }: DemoResult, address: string | undefined): string {
  return address === undefined ? "" : (accounts[address.toLowerCase()] ?? address);
}
