import { expect } from "chai";
import { spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
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

/** What a page's reader did. */
export interface Followed {
  /** What the blocks printed that end by themselves. */
  readonly said: readonly string[];
  /** Number of commands of the worker. */
  readonly commands: number;
  /** What the last daemon printed. */
  readonly daemonSaid: string;
}

/**
 * Follows a page: writes its files, with the chain's address in them, and runs its blocks, each to success. The daemon is stopped in the end.
 *
 * @param options.daemon starts a daemon's block and waits for what it is to do
 */
export async function followGuide(
  blocks: readonly Block[],
  options: {
    readonly folder: string;
    readonly rpcUrl: string;
    readonly daemon: (start: () => RunningBlock) => Promise<RunningBlock>;
  },
): Promise<Followed> {
  const { folder, rpcUrl } = options;
  const shell = shellOf(blocks, folder);
  const said: string[] = [];
  let commands = 0;
  let daemon: RunningBlock | undefined;
  for (const { info, text } of blocks) {
    const file = /^yaml file=(\S+)$/.exec(info)?.[1];
    if (file !== undefined) {
      await writeFile(join(folder, file), text.replace("http://127.0.0.1:8545", rpcUrl));
    } else if (info === "sh") {
      const run = shell(text);
      expect(await run.ended, `${text}\n${run.output()}`).to.equal(0);
      said.push(run.output());
      commands += text.split("\n").filter((line) => line.startsWith("athanor ")).length;
    } else if (info === "sh daemon") {
      daemon = await options.daemon(() => shell(text));
      commands++;
    }
  }
  daemon!.stop();
  await daemon!.ended;
  return { said, commands, daemonSaid: daemon!.output() };
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
