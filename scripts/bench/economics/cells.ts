import { type Column } from "../../lib/table.ts";
import { type Gains } from "./setting.ts";
import { type Estimate } from "./statistics.ts";

/** One table, for a terminal and for a page. */
export interface Table {
  /** A word: pages ask for tables by it. */
  readonly name: string;
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

export const number = (value: number, digits: number): string =>
  // No locale: the same bytes everywhere. Zero has no sign.
  (Math.abs(value) < 0.5 * 10 ** -digits ? 0 : value).toFixed(digits);

export const grouped = (value: number): string => {
  const [whole = "", decimals] = String(value).split(".");
  const groups = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals === undefined ? groups : `${groups}.${decimals}`;
};

export const significant = (value: number, digits = 3): string =>
  Number.isFinite(value) ? grouped(Number(value.toPrecision(digits))) : "never";

export const interval = ({ mean, halfWidth }: Estimate, digits: number, scale = 1): string =>
  `${number(mean * scale, digits)} ± ${number(halfWidth * scale, digits)}`;

export const percent = (value: number, digits = 1): string => `${number(value * 100, digits)} %`;

export const left = (heading: string): Column => ({ heading });
export const right = (heading: string): Column => ({ heading, align: "right" });

export const gainCells = (gains: Gains): string[] => gains.map(({ gainUsd }) => interval(gainUsd, 1));
