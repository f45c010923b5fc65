import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../../", import.meta.url));

/** A fenced block of a page. */
export interface Block {
  readonly info: string;
  readonly text: string;
}

/** A page of the documentation, and its fenced blocks. */
export async function readPage(
  name: string,
): Promise<{ readonly page: string; readonly blocks: readonly Block[] }> {
  const page = await readFile(join(repository, name), "utf8");
  const blocks = [...page.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, info, text]) => ({
    info: info!,
    text: text!,
  }));
  return { page, blocks };
}

/** A block that is being run. */
export interface RunningBlock {
  readonly ended: Promise<number | null>;
  readonly output: () => string;
  /** Default: SIGTERM. */
  readonly stop: (signal?: NodeJS.Signals) => void;
}

/** Runs blocks of a page as its reader would, each in a shell of its own, with the page's password. */
export function shellOf(blocks: readonly Block[], folder: string): (text: string) => RunningBlock {
  const password = blocks
    .flatMap(({ text }) => text.split("\n"))
    .find((line) => line.startsWith("export ATHANOR_KEYSTORE"))!;
  const bin = join(repository, "worker/src/bin/athanor.ts");
  const prelude = `set -e\nathanor() { "${process.execPath}" "${bin}" "$@"; }\n${password}\n`;
  return (text) => {
    const child = spawn("bash", ["-c", prelude + text], { cwd: folder, detached: true });
    let output = "";
    child.stdout.on("data", (part: Buffer) => (output += part.toString()));
    child.stderr.on("data", (part: Buffer) => (output += part.toString()));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    // The whole group: bash, and what it runs.
    const stop = (signal: NodeJS.Signals = "SIGTERM") => void process.kill(-child.pid!, signal);
    return { ended, stop, output: () => output };
  };
}

/** The dotted names of a schema's leaves. Lists are `name[]`. */
export function fieldsOf(shape: Record<string, unknown>, prefix = ""): string[] {
  return Object.entries(shape).flatMap(([name, schema]) => {
    const inner = innermost(schema);
    const path = `${prefix}${name}`;
    if (inner.list !== undefined) {
      return [path === "models" ? `${path}[].path` : path, ...fieldsOf(inner.list, `${path}[].`)];
    }
    if (inner.map === undefined || name === "deployment") return [path];
    return fieldsOf(inner.map, `${path}.`);
  });
}

type Shape = Record<string, unknown>;

/** Looks through zod's wrappers for what a schema is in the end. */
function innermost(schema: unknown): { readonly map?: Shape; readonly list?: Shape } {
  const { def } = schema as {
    def: { type: string; shape?: Shape; element?: unknown; innerType?: unknown; in?: unknown };
  };
  if (def.type === "object") return { map: def.shape! };
  if (def.type === "array") return { list: innermost(def.element).map! };
  if (def.innerType !== undefined) return innermost(def.innerType);
  return def.in === undefined ? {} : innermost(def.in);
}
