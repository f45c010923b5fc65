/** What a day moved, per token. */
export const COLUMNS = [
  "deposited",
  "paid",
  "fees",
  "refunds",
  "bounties",
  "rewards",
  "burnt",
  "withdrawn",
] as const;
export type Column = (typeof COLUMNS)[number];

/** Sums for the report, in the smallest units of each token. */
export class Totals {
  readonly #sums = new Map<string, bigint>();

  add(token: string, column: Column, amount: bigint): void {
    this.#sums.set(`${token}/${column}`, this.of(token, column) + amount);
  }

  of(token: string, column: Column): bigint {
    return this.#sums.get(`${token}/${column}`) ?? 0n;
  }
}
