import { z } from "zod";

/**
 * A value of the configuration that `parse` understands; anything else is an error that says what is expected.
 *
 * @param expected completes the sentence "expected …", with an example
 * @param parse returns undefined for what it does not understand; gets undefined if the field is missing
 */
export function leaf<T>(expected: string, parse: (value: unknown) => T | undefined) {
  return z.any().transform((value: unknown, context): T => {
    const parsed = parse(value);
    if (parsed !== undefined) return parsed;
    context.issues.push({ code: "custom", message: expected, input: value });
    return z.NEVER;
  });
}

/** As `leaf`, but a missing field stands for `fallback`. */
export function optionalLeaf<T>(expected: string, fallback: T, parse: (value: unknown) => T | undefined) {
  return z.optional(leaf(expected, parse)).transform((value): T => value ?? fallback);
}

/** A whole number between bounds, both included. */
export function integer(minimum: number, maximum: number) {
  return (value: unknown): number | undefined =>
    typeof value === "number" && Number.isSafeInteger(value) && value >= minimum && value <= maximum
      ? value
      : undefined;
}

const durationUnits: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };

/** "500 ms", "2s", "1 m" in milliseconds; a bare number is refused, because nobody can tell its unit. */
export function milliseconds(value: unknown): number | undefined {
  if (typeof value !== "string") return undefined;
  const match = /^(\d+(?:\.\d+)?)\s*(ms|s|m|h)$/.exec(value.trim());
  if (match === null) return undefined;
  const result = Number(match[1]) * durationUnits[match[2]!]!;
  return result >= 1 && result <= 86_400_000 ? Math.round(result) : undefined;
}

/** A non-empty text. */
export function text(value: unknown): string | undefined {
  return typeof value === "string" && value.trim() !== "" ? value.trim() : undefined;
}
