import type { JobTerms } from "@athanor/sdk/protocol";

/** JSON has no big integers: they travel as decimal text. Nothing else in the terms is decimal text. */
export function termsToJson(terms: JobTerms): string {
  return JSON.stringify(terms, (_, value: unknown) => (typeof value === "bigint" ? value.toString() : value));
}

/** The inverse of `termsToJson`. */
export function termsFromJson(json: string): JobTerms {
  return JSON.parse(json, (_, value: unknown) =>
    typeof value === "string" && /^\d+$/.test(value) ? BigInt(value) : value,
  ) as JobTerms;
}
