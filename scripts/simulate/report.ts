import { formatTable } from "../lib/table.ts";
import { COLUMNS } from "./model/totals.ts";
import type { DayResult, Progress } from "./run-day.ts";
import { describe, TOKENS } from "./tokens.ts";

const right = "right" as const;
const HEADINGS: Record<(typeof COLUMNS)[number] | "left", string> = {
  deposited: "deposited",
  paid: "paid to providers",
  fees: "fees",
  refunds: "refunds",
  bounties: "bounties",
  rewards: "rewards",
  burnt: "burnt",
  withdrawn: "withdrawn",
  left: "left in the vault",
};

/** What a day came to, as tables: the money a token, and how often each kind of thing happened. */
export function reportOf(result: DayResult): string {
  const money = formatTable(
    [{ heading: "" }, ...TOKENS.map(({ symbol }) => ({ heading: symbol, align: right }))],
    [...COLUMNS, "left" as const].map((column) => [
      HEADINGS[column],
      ...TOKENS.map((token) => describe(result.totals[token.symbol][column], token)),
    ]),
  );
  const kinds = formatTable(
    [{ heading: "what happened" }, { heading: "times", align: right }],
    Object.entries(result.counts).map(([kind, times]) => [kind, grouped(times)]),
  );
  const { requests, clients, providers, convicted, channels, transactions, compared, seed } = result;
  const lines = [
    `Seed ${seed}: ${clients} clients, ${providers} providers, of which ${convicted} were convicted; ${grouped(requests.channels)} requests over ${grouped(channels)} channels, ` +
      `${grouped(requests.jobs)} jobs, ${grouped(transactions)} transactions.`,
    `${grouped(compared)} balances, stakes, locks and states were compared with the model. All are as it says, to the last unit.`,
  ];
  return [money, "", kinds, "", ...lines].join("\n");
}

/** One line that says how far the day is. */
export function progressLine(progress: Progress, seconds: number): string {
  const { share, requests, requested, transactions, compared } = progress;
  const done = `${Math.floor(share * 24)} h of 24: ${grouped(requests)} requests, ${grouped(transactions)} transactions, ${grouped(compared)} numbers compared`;
  if (requests === 0) return done;
  const left = Math.max(0, Math.round((seconds * (requested - requests)) / requests));
  return `${done}; about ${left} s left`;
}

/** A whole number with its thousands set apart, the same everywhere. */
function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** The result as JSON: amounts as strings of digits. */
export function jsonOf(result: DayResult): string {
  return JSON.stringify(
    result,
    (_, value: unknown) => (typeof value === "bigint" ? String(value) : value),
    2,
  );
}
