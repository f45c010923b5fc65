/** A parameter with what a reader needs to judge it. */
export interface Described {
  readonly value: number;
  readonly unit: string;
  /** What it is, and why it has this value. */
  readonly meaning: string;
  /** Where the value comes from: a page of this repository, a public address, or "chosen here". */
  readonly source: string;
  /** Where the contracts have it. A test compares them. */
  readonly built?: Built;
}

/** A value of the contracts: a parameter of an Ignition module, a field of one that is a struct, or a constant of a source file. */
export type Built =
  | { readonly parameter: string; readonly field?: string; readonly in?: number }
  | { readonly constant: string; readonly of: string; readonly in?: number };

/** Only the values of a table of described parameters. */
export type Values<Table> = { readonly [Name in keyof Table]: number };

export function valuesOf<Table extends Readonly<Record<string, Described>>>(table: Table): Values<Table> {
  return Object.fromEntries(Object.entries(table).map(([name, { value }]) => [name, value])) as Values<Table>;
}

/** Basis points as a share of one. */
export const share = (basisPoints: number): number => basisPoints / 10_000;
