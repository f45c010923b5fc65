import { newestLog } from "./recording-log.ts";

/** Longer than anything takes on a machine that does ten other things. */
const PATIENCE = 60_000;

/** Waits until a condition holds; fails with its name, and what the newest daemon said last, when it never does. */
export async function eventually(condition: () => boolean | Promise<boolean>, name: string): Promise<void> {
  for (const start = Date.now(); Date.now() - start < PATIENCE;) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const events = newestLog()?.events.slice(-8) ?? [];
  const said = events.map(({ event, fields }) => `\n  ${event} ${JSON.stringify(fields, bigintsAsText)}`);
  throw new Error(`did not happen: ${name}. The daemon said last:${said.join("")}`);
}

function bigintsAsText(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString() : value;
}
