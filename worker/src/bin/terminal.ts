import { createInterface } from "node:readline/promises";
import { Writable } from "node:stream";
import type { SecretPrompt } from "../keys/password.ts";

/** Whether there is a person to ask. */
export function isInteractive(): boolean {
  return process.stdin.isTTY && process.stderr.isTTY;
}

/** Asks on standard error, so that standard output stays the command's result. */
export const secretPrompt: SecretPrompt = {
  async ask(question) {
    process.stderr.write(`${question}: `);
    // The line editor echoes to its output; this one swallows everything.
    const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
    const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
    try {
      return await lines.question("");
    } finally {
      lines.close();
      process.stderr.write("\n");
    }
  },
};

/** A yes or no; anything but y or yes is no. */
export async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await lines.question(`${question} [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    lines.close();
  }
}
