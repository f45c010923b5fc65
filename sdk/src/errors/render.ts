import { decodeBytes32String, formatUnits } from "ethers";
import { formatAmount } from "../amounts/format-amount.ts";
import type { TokenInfo } from "../amounts/token-info.ts";
import { CaseStatus, JobStatus } from "../generated/enums.ts";

/** What makes amounts in messages readable: without it they are shown in the token's smallest units. */
export interface ErrorContext {
  /** Tokens by address, for errors that name their token. */
  readonly tokens?: Iterable<TokenInfo> | undefined;
  /** The token of the amounts in errors that do not name it. */
  readonly token?: TokenInfo | undefined;
}

type Format = (value: unknown, values: Record<string, unknown>, context: ErrorContext) => string;

/** IProgramRegistry.ShapeType. */
const SHAPES = ["wide", "narrow", "page", "positions", "token", "flag", "weights"];

/** Beneficiary.sol. */
const BENEFICIARIES = ["checkers", "insurance", "burning", "treasury"];

/** How `{name:format}` shows a value. */
export const formats: Record<string, Format> = {
  address: String,
  amount: (value, values, context) => {
    const token = tokenOf(values, context);
    const address = typeof values["token"] === "string" ? ` of the token ${values["token"]}` : "";
    return token ? formatAmount(token, toBigInt(value)) : `${String(value)} units${address}`;
  },
  caseStatus: (value) => nameIn(CaseStatus, toBigInt(value)),
  ath: (value) => `${formatUnits(toBigInt(value), 18)} ATH`,
  beneficiary: (value) => BENEFICIARIES[Number(value)] ?? String(value),
  duration: (value) => `${String(value)} s`,
  shape: (value) => {
    // IProgramRegistry.Shape: type of the elements, groups, size.
    if (!Array.isArray(value)) return String(value);
    const [kind, groups, size] = value as unknown[];
    const name = SHAPES[Number(kind)] ?? String(kind);
    return `${name} ${String(groups)} × ${String(size)}`;
  },
  status: (value) => {
    // A job state packs the status into its lowest byte; see contracts/types/JobState.sol.
    return nameIn(JobStatus, toBigInt(value) & 0xffn);
  },
  tensor: (value) => {
    // IProgramRegistry.Tensor: kind, rows, columns.
    if (!Array.isArray(value)) return String(value);
    const [kind, rows, columns] = value as unknown[];
    return `${["rows", "table"][Number(kind)] ?? String(kind)} ${String(rows)} × ${String(columns)}`;
  },
  text: (value) => {
    try {
      return decodeBytes32String(String(value));
    } catch {
      return String(value);
    }
  },
  time: (value) => {
    const milliseconds = Number(value) * 1000;
    // Hostile or mistaken timestamps reach far beyond what a date can hold.
    if (!(Math.abs(milliseconds) <= 8.64e15)) return `second ${String(value)}`;
    return `${new Date(milliseconds).toISOString().replace(".000Z", "Z")} (${String(value)})`;
  },
};

/** Fills a template of the catalogue. `{{` and `}}` stand for braces. */
export function render(
  template: string,
  values: Record<string, unknown>,
  context: ErrorContext = {},
): string {
  return template.replace(/\{\{|\}\}|\{(\w+)(?::(\w+))?\}/g, (match, name?: string, format?: string) => {
    if (name === undefined) return match[0]!;
    const value = values[name];
    const show = format === undefined ? undefined : formats[format];
    return show && value !== undefined ? show(value, values, context) : String(value);
  });
}

/** The name that an enum gives a number; the number where it gives none. */
function nameIn(members: Record<string, number>, value: bigint): string {
  const found = Object.entries(members).find(([, number]) => BigInt(number) === value);
  return found?.[0] ?? String(value);
}

/** Values come as ethers decodes them or as callers give them. */
function toBigInt(value: unknown): bigint {
  return typeof value === "bigint" ? value : BigInt(String(value));
}

function tokenOf(values: Record<string, unknown>, context: ErrorContext): TokenInfo | undefined {
  const address = values["token"];
  if (typeof address !== "string") return context.token;
  const known = [...(context.tokens ?? []), ...(context.token ? [context.token] : [])];
  return known.find((token) => token.address.toLowerCase() === address.toLowerCase());
}
