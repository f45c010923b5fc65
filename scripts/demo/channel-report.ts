import { formatAmount } from "@athanor/sdk";
import { formatTable } from "../lib/table.ts";
import { balanceTables, balanceTexts, paymentsTable } from "./report.ts";
import type { ChannelDemoResult } from "./run-channel.ts";
import { short } from "./stage.ts";

/** The document of `--json`. Amounts are decimal text in the token's smallest units. */
export function channelJson(result: ChannelDemoResult): object {
  return {
    model: result.model,
    modelRoot: result.modelRoot,
    channel: result.channel,
    status: result.status,
    answers: result.answers.map(({ prompt, answer }) => ({
      ...{ prompt, text: answer.text, tokens: answer.tokens },
      steps: answer.receipts.map(({ message }) => ({
        tokens: Number(message.outputCount),
        complete: message.complete,
        price: message.price.toString(),
      })),
      price: answer.price.toString(),
    })),
    payment: {
      token: result.token.symbol,
      deposit: result.deposit.toString(),
      paid: result.paid.toString(),
      fee: result.fee.toString(),
      exitBounty: result.exitBounty.toString(),
      returned: (result.deposit - result.paid - result.exitBounty).toString(),
    },
    gas: result.transactions.map(({ name, by, gas }) => ({ name, by, gas: Number(gas) })),
    balances: {
      before: balanceTexts(result.balances.before),
      after: balanceTexts(result.balances.after),
    },
  };
}

/** What a person reads: the answers, what each cost, the transactions, who paid what, balances before and after. */
export function channelText(result: ChannelDemoResult): string {
  const parts = [texts(result), answers(result), transactions(result), payments(result)];
  return `\n${[...parts, ...balanceTables(result)].join("\n\n")}\n`;
}

function texts({ answers: given }: ChannelDemoResult): string {
  const quoted = given.map(({ prompt, answer }) =>
    (prompt + answer.text).trimEnd().replaceAll(/^/gm, "  │ "),
  );
  return `The prompts and their answers\n\n${quoted.join("\n\n")}`;
}

function answers(result: ChannelDemoResult): string {
  const { token } = result;
  const rows = result.answers.map(({ prompt, answer, milliseconds }) => [
    JSON.stringify(prompt),
    String(answer.tokens.length),
    String(answer.receipts.length),
    formatAmount(token, answer.price),
    `${(milliseconds / 1_000).toFixed(1)} s`,
  ]);
  const sum = result.answers.reduce((total, { answer }) => total + answer.price, 0n);
  rows.push(["all", "", "", formatAmount(token, sum), ""]);
  const columns = [
    { heading: "prompt" },
    { heading: "tokens", align: "right" as const },
    { heading: "receipts", align: "right" as const },
    { heading: "price", align: "right" as const },
    { heading: "time", align: "right" as const },
  ];
  return `What was asked and acknowledged in channel ${short(result.channel)}\n\n${formatTable(columns, rows)}`;
}

function transactions({ transactions: sent }: ChannelDemoResult): string {
  const rows = sent.map(({ name, by, gas }) => [name, by, gas.toLocaleString("en")]);
  const columns = [
    { heading: "transaction" },
    { heading: "sent by" },
    { heading: "gas", align: "right" as const },
  ];
  return `What happened on chain\n\n${formatTable(columns, rows)}`;
}

function payments({ token, deposit, paid, fee, exitBounty, answers: given }: ChannelDemoResult): string {
  const amount = (units: bigint) => formatAmount(token, units);
  const receipts = given.reduce((sum, { answer }) => sum + answer.receipts.length, 0);
  const rows = [
    ["client", "channel", amount(deposit), "deposit"],
    ["channel", "provider", amount(paid - fee), `${receipts} receipts, less the fee`],
    ["channel", "protocol", amount(fee), "fee"],
    ["channel", "client", amount(deposit - paid - exitBounty), "what was not spent"],
    [
      "channel",
      "",
      amount(exitBounty),
      "kept for whoever frees the provider's stake when the last receipt has expired",
    ],
  ];
  return paymentsTable(rows);
}
