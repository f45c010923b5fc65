import { formatTable } from "../lib/table.ts";
import { type Result } from "./faults.ts";

/** How many of the faults in each file were noticed, and which were not. */
export function reportOf(results: readonly Result[]): string {
  const files = [...new Set(results.map(({ file }) => file))].sort();
  const rows = [...files, undefined].map((file) => {
    const those = results.filter((result) => file === undefined || result.file === file);
    const noticed = those.filter(isNoticed).length;
    const percent = ((100 * noticed) / those.length).toFixed(1);
    return [file ?? "all", those.length, noticed, those.length - noticed, `${percent} %`].map(String);
  });
  const right = "right" as const;
  const table = formatTable(
    [
      { heading: "contract" },
      { heading: "mutants", align: right },
      { heading: "noticed", align: right },
      { heading: "not", align: right },
      { heading: "score", align: right },
    ],
    rows,
  );
  const unnoticed = results.filter((result) => !isNoticed(result)).map(describeResult);
  return [table, ...unnoticed].join("\n\n");
}

/** Whether the tests told a fault from the contracts as they are. Tests that do not end, or crash, count as telling. */
export function isNoticed({ outcome }: Pick<Result, "outcome">): boolean {
  return outcome !== "survived";
}

/** A result for a reader: where, what instead of what, and what came of it. */
export function describeResult({ name, file, line, original, mutated, outcome, by }: Result): string {
  const place = `${file}:${line}  ${name}: ${outcome}${by === undefined ? "" : ` by "${by.test}"`}`;
  return `${place}\n  - ${onOneLine(original)}\n  + ${onOneLine(mutated) || "(nothing)"}`;
}

function onOneLine(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}
