import type { DerivedRandom } from "./derived-random.ts";

/**
 * When requests are sent: one in each of `count` equal parts of the time from `from` to `until`, anywhere in it. So they are spread, and nobody who knows one knows the next.
 *
 * @param from first second, since 1970
 * @param until last second; when it is not after `from`, all are due at once
 * @returns ascending, in seconds since 1970
 */
export function moments(random: DerivedRandom, count: number, from: number, until: number): number[] {
  const part = Math.max(0, until - from) / count;
  return Array.from({ length: count }, (_, index) => Math.floor(from + (index + random.fraction()) * part));
}
