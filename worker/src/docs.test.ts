import { expect } from "chai";
import { spawn } from "node:child_process";
import { readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { configSchema } from "./config/schema.ts";
import { jobStates } from "./jobs/states.ts";
import { startChain, type TestChain } from "./testing/chain.ts";
import { eventually } from "./testing/eventually.ts";
import { temporaryFolder, type TemporaryFolder } from "./testing/model.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const page = await readFile(join(root, "docs/providers.md"), "utf8");

interface Block {
  readonly info: string;
  readonly text: string;
}

const blocks: Block[] = [...page.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(([, info, text]) => ({
  info: info!,
  text: text!,
}));

describe("docs/providers.md", function () {
  this.timeout(180_000);
  let folder: TemporaryFolder;
  let chain: TestChain;

  before(async () => {
    folder = await temporaryFolder();
    chain = await startChain();
    await symlink(join(root, "models"), join(folder.path, "models"));
  });
  after(async () => {
    await chain.close();
    await folder.remove();
  });

  /** Runs a block as its reader would, in one shell. */
  function shell(text: string) {
    const bin = join(root, "worker/src/bin/athanor.ts");
    const prelude = `set -e\nathanor() { "${process.execPath}" "${bin}" "$@"; }\n${password()}\n`;
    const child = spawn("bash", ["-c", prelude + text], { cwd: folder.path, detached: true });
    let output = "";
    child.stdout.on("data", (part: Buffer) => (output += part.toString()));
    child.stderr.on("data", (part: Buffer) => (output += part.toString()));
    const ended = new Promise<number | null>((resolve) => child.on("close", resolve));
    // The whole group: bash, and what it runs.
    const stop = () => process.kill(-child.pid!, "SIGTERM");
    return { ended, stop, output: () => output };
  }

  function password(): string {
    return blocks
      .flatMap(({ text }) => text.split("\n"))
      .find((line) => line.startsWith("export ATHANOR_KEYSTORE"))!;
  }

  it("can be followed command by command", async () => {
    let commands = 0;
    const said: string[] = [];
    let daemon: ReturnType<typeof shell> | undefined;
    for (const { info, text } of blocks) {
      const file = /^yaml file=(\S+)$/.exec(info)?.[1];
      if (file !== undefined) {
        await writeFile(join(folder.path, file), text.replace("http://127.0.0.1:8545", chain.rpc.url));
      } else if (info === "sh") {
        const run = shell(text);
        expect(await run.ended, `${text}\n${run.output()}`).to.equal(0);
        said.push(run.output());
        commands += text.split("\n").filter((line) => line.startsWith("athanor ")).length;
      } else if (info === "sh daemon") {
        daemon = shell(text);
        await eventually(() => daemon!.output().includes('"event":"ready"'), "ready");
        const { modelRoot } = JSON.parse(await readFile(join(root, "models/bard/athanor.json"), "utf8")) as {
          modelRoot: string;
        };
        const provider = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266";
        const id = await chain.createJob({ provider, modelRoot, prompt: [5, 6, 7], maxTokens: 12 });
        await eventually(async () => (await chain.status(id)) === "Submitted", "submitted");
        await chain.pass(10_000);
        await eventually(() => daemon!.output().includes('"event":"job.collected"'), "collected");
        commands++;
      }
    }
    daemon!.stop();
    await daemon!.ended;
    expect(daemon!.output()).to.contain('"event":"stopped"');
    expect(commands, "commands run").to.equal(12);
    const text = said.join("");
    expect(text).to.contain("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266");
    expect(text, "check")
      .to.match(/✓ {2}speed/)
      .and.not.contain("✗");
    expect(text, "status").to.contain('"collected": 1').and.contain("Nothing keeps jobs away");
    expect(text, "rest").to.contain("✓ take no new jobs and channels");
    expect(text, "the end of the rest").to.contain("✓ take new jobs and channels again");
    expect(text, "withdraw").to.match(/✓ pay [\d.]+ ATH/);
    expect(text, "leave").to.contain("✓ start to unbond");
  });

  it("describes every field of the configuration", () => {
    const schema = JSON.stringify(fieldsOf(configSchema.shape));
    const documented = [...page.matchAll(/^\| `([\w.[\]]+)` /gm)].map(([, name]) => name!);
    for (const field of JSON.parse(schema) as string[]) expect(documented, field).to.include(field);
  });

  it("describes every state of a job in the words of the table", () => {
    for (const [state, { meaning }] of Object.entries(jobStates)) {
      expect(page, state).to.match(new RegExp(`\\| \`${state}\` +\\| ${meaning} +\\|`));
    }
  });
});

/** The dotted names of a schema's leaves. Lists are `name[]`. */
function fieldsOf(shape: Record<string, unknown>, prefix = ""): string[] {
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
