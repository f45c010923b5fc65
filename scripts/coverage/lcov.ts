/** How many of a file's executable lines ran at least once. */
export interface LineCoverage {
  readonly file: string;
  readonly covered: number;
  /** Numbers of the lines that never ran, counted from 1. */
  readonly missed: readonly number[];
}

/** Reads an lcov report: a block per file from "SF:" to "end_of_record", with "DA:line,hits" for each line. */
export function parseLcov(report: string): LineCoverage[] {
  return report
    .split("end_of_record")
    .map((block) => block.trim().split("\n"))
    .filter(([first]) => first?.startsWith("SF:") || first?.startsWith("TN:"))
    .map((lines) => {
      const hits = new Map<number, number>();
      for (const line of lines) {
        const match = /^DA:(\d+),(\d+)/.exec(line);
        if (match !== null) {
          const number = Number(match[1]);
          hits.set(number, (hits.get(number) ?? 0) + Number(match[2]));
        }
      }
      const missed = [...hits].filter(([, count]) => count === 0).map(([number]) => number);
      const file = lines.find((line) => line.startsWith("SF:"))?.slice("SF:".length) ?? "";
      return { file, covered: hits.size - missed.length, missed };
    });
}
