import { type Table } from "./cells.ts";

const BLOCK = /<!-- table: ([a-z-]+) -->\n[^]*?<!-- end of table -->/g;

/**
 * Puts tables where a page asks for them: between `<!-- table: NAME -->` and `<!-- end of table -->`.
 * @throws RangeError if the page asks for a table that there is not, or leaves one out
 */
export function fillTables(page: string, tables: readonly Table[]): string {
  const asked = new Set<string>();
  const filled = page.replaceAll(BLOCK, (_, name: string) => {
    const table = tables.find((each) => each.name === name);
    if (table === undefined) throw new RangeError(`the page asks for a table "${name}", which there is not`);
    asked.add(name);
    return `<!-- table: ${name} -->\n\n${markdownOf(table)}\n\n<!-- end of table -->`;
  });
  const left = tables.filter(({ name }) => !asked.has(name)).map(({ name }) => name);
  if (left.length > 0) throw new RangeError(`the page leaves tables out: ${left.join(", ")}`);
  return filled;
}

/** A table as Markdown. Cells that are addresses become links. */
export function markdownOf({ columns, rows }: Table): string {
  const row = (cells: readonly string[]) => `| ${cells.map(linked).join(" | ")} |`;
  return [
    row(columns.map(({ heading }) => heading)),
    row(columns.map(({ align }) => (align === "right" ? "---:" : "---"))),
    ...rows.map(row),
  ].join("\n");
}

function linked(cell: string): string {
  if (cell.startsWith("https://")) return `[${new URL(cell).hostname}](${cell})`;
  const [, page] = /^docs\/([a-z-]+\.md)$/.exec(cell) ?? [];
  return page === undefined ? cell : `[${page}](${page})`;
}
