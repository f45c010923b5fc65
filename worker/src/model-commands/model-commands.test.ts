import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect } from "chai";
import { ggufFiles } from "../../../engine/src/testing/gguf-checkpoint.ts";
import { tinyCheckpoint } from "../../../engine/src/testing/tiny-checkpoint.ts";
import { runAthanor } from "../testing/athanor.ts";
import { temporaryFolder, writeTinyModel, type TemporaryFolder } from "../testing/model.ts";
import { progressBar, short } from "./progress.ts";

interface Commitment {
  readonly modelRoot: string;
}

describe("athanor model", function () {
  this.timeout(120_000);
  let folder: TemporaryFolder;
  const athanor = (...args: string[]) => runAthanor(["model", ...args], { cwd: folder.path });

  before(async () => {
    folder = await temporaryFolder();
    await writeTinyModel(join(folder.path, "checkpoint"), { family: "Qwen2" });
  });
  after(() => folder.remove());

  it("imports a checkpoint, publishes it by its files, pulls and inspects it", async () => {
    const hashed = await athanor("hash", "checkpoint", "--json");
    const { modelRoot } = JSON.parse(hashed.stdout) as { modelRoot: string };
    const imported = await athanor("import", "checkpoint", "integers");
    expect(imported.code, imported.stderr).to.equal(0);
    expect(imported.stdout).to.equal(`${modelRoot}  integers\n`);
    expect(imported.stderr).to.match(/^10?0 % .* parameters$/m);

    const published = pathToFileURL(join(folder.path, "integers")).href;
    const wrong = `0x${"ab".repeat(32)}`;
    const refused = await athanor("pull", published, "pulled", "--root", wrong);
    expect(refused.code).to.equal(78);
    expect(refused.stderr).to.contain("MODEL_ROOT_MISMATCH").and.contain(wrong).and.contain(modelRoot);
    const large = await athanor("pull", published, "pulled", "--max-bytes", "1000");
    expect(large.stderr).to.contain("MODEL_TOO_LARGE");
    const pulled = await athanor("pull", published, "pulled", "--root", modelRoot, "--json");
    expect(pulled.code, pulled.stderr).to.equal(0);
    expect((JSON.parse(pulled.stdout) as { modelRoot: string }).modelRoot).to.equal(modelRoot);

    const text = await athanor("inspect", "pulled");
    expect(text.stdout)
      .to.contain(modelRoot)
      .and.contain("Qwen2ForCausalLM")
      .and.match(/┌─ layer 1 ─+┐/);
    const json = JSON.parse((await athanor("inspect", "pulled", "--json")).stdout) as Record<string, unknown>;
    expect(json).to.include({ layers: 2, contextLength: 96, architecture: "Qwen2ForCausalLM" });
    expect(json["program"]).to.have.property("operators").that.is.an("array");
  });

  it("imports a GGUF file, to the root of the same model's safetensors", async () => {
    const { modelRoot } = JSON.parse((await athanor("hash", "checkpoint", "--json")).stdout) as Commitment;
    const files = ggufFiles(tinyCheckpoint({ family: "Qwen2" }), "F32");
    for (const [name, bytes] of files) await writeFile(join(folder.path, name), bytes);
    const imported = await athanor("import", "model.gguf", "from-gguf");
    expect(imported.stdout, imported.stderr).to.equal(`${modelRoot}  from-gguf\n`);
    await writeFile(join(folder.path, "cut.gguf"), files.get("model.gguf")!.subarray(0, 5000));
    const refused = await athanor("import", "cut.gguf", "cut");
    expect(refused.code, refused.stderr).to.equal(78);
    expect(refused.stderr).to.contain("GGUF_TRUNCATED").and.contain("cut.gguf");
  });

  it("names the file that was damaged, and what an import would overwrite", async () => {
    await athanor("import", "checkpoint", "broken");
    const weights = join(folder.path, "broken", "weights-00001.bin");
    await writeFile(weights, (await readFile(weights)).subarray(8));
    const inspected = await athanor("inspect", "broken");
    expect(inspected.code).to.equal(78);
    expect(inspected.stderr).to.contain("MODEL_FILE_MISMATCH").and.contain("weights-00001.bin");
    const again = await athanor("import", "checkpoint", "broken");
    expect(again.code).to.equal(1);
    expect(again.stderr).to.contain("DESTINATION_OCCUPIED").and.contain("→");
    expect((await athanor("import", "checkpoint", "new", "--context", "-3")).code).to.equal(2);
  });
});

describe("progressBar", () => {
  it("draws one line with the time that is left", () => {
    let time = 0;
    let text = "";
    const bar = progressBar({ isTTY: true, write: (part) => (text += part) }, "bytes", () => time);
    bar.update(500_000_000, 2_000_000_000);
    time = 30_000;
    bar.update(1_000_000_000, 2_000_000_000);
    bar.update(2_000_000_000, 2_000_000_000);
    bar.end();
    const lines = text.split("\r");
    expect(lines[1]!.trim()).to.equal(`${"█".repeat(7)}${"░".repeat(23)}  25 %  500 M of 2.00 G bytes`);
    expect(lines[2]!.trim()).to.equal(
      `${"█".repeat(15)}${"░".repeat(15)}  50 %  1.00 G of 2.00 G bytes  1:00 left`,
    );
    expect(lines[3]!.trim()).to.equal(`${"█".repeat(30)}  100 %  2.00 G of 2.00 G bytes`);
    expect(text.endsWith("\n")).to.equal(true);
  });

  it("writes a line for every tenth where nobody watches", () => {
    const lines: string[] = [];
    const bar = progressBar({ write: (part) => lines.push(part) }, "parameters");
    for (let done = 0; done <= 1000; done += 20) bar.update(done, 1000);
    bar.end();
    expect(lines).to.have.length(11);
    expect(lines[3]).to.equal("30 %  300 of 1.00 k parameters\n");
  });

  it("shortens amounts to three digits", () => {
    expect([0, 999, 1000, 999_499, 999_600, 8.03e9].map(short)).to.deep.equal([
      "0",
      "999",
      "1.00 k",
      "999 k",
      "1.00 M",
      "8.03 G",
    ]);
  });
});
