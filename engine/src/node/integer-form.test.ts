import { mkdir, mkdtemp, readdir, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { generate } from "../run/generate.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { filesOf, tinyCheckpoint, type TinyShape } from "../testing/tiny-checkpoint.ts";
import { importToFolder } from "./import-to-folder.ts";
import { loadModel } from "./load-model.ts";

describe("the integer form", () => {
  let root: string;
  let checkpoint: string;
  let folder: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "athanor-engine-"));
    [checkpoint, folder] = [join(root, "checkpoint"), join(root, "integers")];
  });
  afterEach(() => rm(root, { recursive: true }));

  const write = async (shape: Partial<TinyShape> = {}) => {
    await mkdir(checkpoint, { recursive: true });
    for (const [name, bytes] of filesOf(tinyCheckpoint(shape), { shards: 2 })) {
      await writeFile(join(checkpoint, name), bytes);
    }
  };
  const change = async (name: string, edit: (bytes: Buffer) => Buffer) => {
    const path = join(folder, name);
    await writeFile(path, edit(await readFile(path)));
  };

  for (const shape of [{}, { family: "Qwen2", tied: false, layers: 3 }] as Partial<TinyShape>[]) {
    it(`loads without the checkpoint, and is the same model (${shape.family ?? "Llama"})`, async () => {
      await write(shape);
      const original = await loadModel(checkpoint);
      const commitment = await importToFolder(checkpoint, folder);
      expect(commitment).to.deep.equal(original.commitment);
      await rm(checkpoint, { recursive: true });
      const loaded = await loadModel(folder);
      expect(loaded.commitment).to.deep.equal(original.commitment);
      expect(loaded.header).to.deep.equal(original.header);
      expect(loaded.program).to.deep.equal(original.program);
      expect(loaded.tensors).to.deep.equal(original.tensors);
      const request = { prompt: [4, 5, 6], maxTokens: 5 };
      expect(await generate(loaded, request)).to.deep.equal(await generate(original, request));
    });
  }

  it("goes on where it was interrupted, and ends with the same bytes", async () => {
    await write();
    const { modelRoot } = await importToFolder(checkpoint, join(root, "whole"));
    const error = await interrupt();
    expect(error.details).to.deep.equal({ stage: 2, stages: 4 });
    await expectRefusal(() => loadModel(folder), "CHECKPOINT_FILE_MISSING");
    const seen: number[] = [];
    const continued = await importToFolder(checkpoint, folder, { onProgress: (done) => seen.push(done) });
    expect(continued.modelRoot).to.equal(modelRoot);
    expect(seen[0], "parameters that need not be read again").to.be.greaterThan(1000);
    for (const name of await readdir(join(root, "whole"))) {
      const [left, right] = await Promise.all(
        [folder, join(root, "whole")].map((at) => readFile(join(at, name))),
      );
      expect(left, name).to.deep.equal(right);
    }
    expect(await readdir(folder)).to.have.members(await readdir(join(root, "whole")));
  });

  /** Leaves an import in `folder` of which the embedding and a layer are written. */
  const interrupt = async () => {
    const interruption = new AbortController();
    const onProgress = (done: number, total: number) => {
      if (done > total / 2) interruption.abort();
    };
    const options = { signal: interruption.signal, onProgress };
    return expectRefusal(() => importToFolder(checkpoint, folder, options), "ABORTED");
  };

  it("begins anew when the checkpoint changed during an interruption", async () => {
    await write();
    await interrupt();
    await write({ seed: 2 });
    const { modelRoot } = (await loadModel(checkpoint)).commitment;
    expect((await importToFolder(checkpoint, folder)).modelRoot).to.equal(modelRoot);
  });

  for (const name of ["weights-00000.bin", "import.json"]) {
    it(`begins anew when ${name} was damaged during an interruption`, async () => {
      await write();
      const { modelRoot } = (await loadModel(checkpoint)).commitment;
      await interrupt();
      await change(name, (bytes) => bytes.subarray(1));
      const seen: number[] = [];
      const options = { onProgress: (done: number) => seen.push(done) };
      expect((await importToFolder(checkpoint, folder, options)).modelRoot).to.equal(modelRoot);
      expect(seen[0], "parameters of the embedding alone").to.equal(48 * 16);
    });
  }

  it("is not written into a folder that holds something else", async () => {
    await write();
    await importToFolder(checkpoint, folder);
    await expectRefusal(() => importToFolder(checkpoint, folder), "DESTINATION_OCCUPIED", "athanor.json");
    await expectRefusal(() => importToFolder(checkpoint, checkpoint), "DESTINATION_OCCUPIED", "config.json");
  });

  it("is refused, by the name of the file, when it was cut off, changed or taken apart", async () => {
    await write();
    await importToFolder(checkpoint, folder);
    const names = (await readdir(folder)).filter((name) => name !== "athanor.json");
    expect(names).to.include.members([
      "program.bin",
      "tokenizer.json",
      "weights-00000.bin",
      "weights-00003.bin",
    ]);
    for (const name of names) {
      const bytes = await readFile(join(folder, name));
      await truncate(join(folder, name), bytes.length - 1);
      await expectRefusal(() => loadModel(folder), "MODEL_FILE_MISMATCH", name);
      await rm(join(folder, name));
      await expectRefusal(() => loadModel(folder), "MODEL_FILE_MISMATCH", name);
      await writeFile(join(folder, name), bytes);
    }
    await loadModel(folder);
    for (const name of names) {
      const bytes = await readFile(join(folder, name));
      await change(name, (content) => {
        content[content.length - 3]! ^= 1;
        return content;
      });
      let code = "";
      let message = "";
      try {
        await loadModel(folder);
      } catch (error) {
        ({ code, message } = error as { code: string; message: string });
      }
      expect(code, name).to.be.oneOf(["MODEL_ROOT_MISMATCH", "MODEL_FILE_MISMATCH"]);
      expect(message).to.contain(name);
      await writeFile(join(folder, name), bytes);
    }
  });

  it("is refused when its files fit each other but not its root", async () => {
    await write({ seed: 2 });
    const { modelRoot } = await importToFolder(checkpoint, join(root, "other"));
    await write();
    await importToFolder(checkpoint, folder);
    await change("athanor.json", (bytes) => {
      const manifest = JSON.parse(bytes.toString()) as Record<string, unknown>;
      return Buffer.from(JSON.stringify({ ...manifest, modelRoot }));
    });
    await expectRefusal(() => loadModel(folder), "MODEL_ROOT_MISMATCH", modelRoot);
  });

  const manifests: [string, (manifest: Record<string, unknown>) => void][] = [
    ["unknown format", (manifest) => (manifest.format = "athanor-integers-9")],
    ["which of its files hold tensors", (manifest) => (manifest.weights = ["nowhere.bin"])],
    ["no name of a model's file", (manifest) => (manifest.files = { "../evil": {} })],
    ["no proper bytes and sha256", (manifest) => (manifest.files = { "a.bin": { bytes: -1 } })],
    ["lists no files", (manifest) => delete manifest.files],
  ];
  it("has a manifest that is checked", async () => {
    await write();
    await importToFolder(checkpoint, folder);
    const original = await readFile(join(folder, "athanor.json"), "utf8");
    for (const [problem, edit] of manifests) {
      const manifest = JSON.parse(original) as Record<string, unknown>;
      edit(manifest);
      await writeFile(join(folder, "athanor.json"), JSON.stringify(manifest));
      await expectRefusal(() => loadModel(folder), "MANIFEST_INVALID", problem);
    }
  });
});
