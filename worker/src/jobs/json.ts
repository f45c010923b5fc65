/** JSON has no big integers: they travel as decimal text. Nothing else in what is stored is decimal text. */
export function toJson(value: object): string {
  return JSON.stringify(value, (_, part: unknown) => (typeof part === "bigint" ? part.toString() : part));
}

/** The inverse of `toJson`. */
export function fromJson(json: string): unknown {
  return JSON.parse(json, (_, part: unknown) =>
    typeof part === "string" && /^\d+$/.test(part) ? BigInt(part) : part,
  ) as unknown;
}
