/** A column: its heading, and "right" for numbers so that their digits stand below each other. */
export interface Column {
  readonly heading: string;
  readonly align?: "left" | "right";
}

/**
 * Renders a table for a terminal: headings, a rule, rows; cells padded to the widest of their column.
 *
 * @example
 * formatTable([{ heading: "step" }, { heading: "gas", align: "right" }], [["create", "101,203"], ["submit", "60,112"]]);
 *
 * @throws RangeError if a row has another number of cells than there are columns
 */
export function formatTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  for (const row of rows) {
    if (row.length !== columns.length) {
      throw new RangeError(
        `a row has ${row.length} cells, the table has ${columns.length} columns: ${row.join(" | ")}`,
      );
    }
  }
  const headings = columns.map(({ heading }) => heading);
  const widths = columns.map((_, index) => {
    return Math.max(...[headings, ...rows].map((row) => displayWidth(row[index] ?? "")));
  });
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, index) => {
        const padding = " ".repeat((widths[index] ?? 0) - displayWidth(cell));
        return columns[index]?.align === "right" ? padding + cell : cell + padding;
      })
      .join("  ")
      .trimEnd();
  const rule = widths.map((width) => "─".repeat(width)).join("  ");
  return [line(headings), rule, ...rows.map(line)].join("\n");
}

/** Code points, not UTF-16 units; wide glyphs (CJK, emoji) are not measured and may push a column. */
function displayWidth(text: string): number {
  return Array.from(text).length;
}
