import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { expectRefusal } from "../testing/expect-error.ts";
import { ggufFiles } from "../testing/gguf-checkpoint.ts";
import { filesOf, tinyCheckpoint } from "../testing/tiny-checkpoint.ts";
import { importToFolder } from "./import-to-folder.ts";
import { loadModel } from "./load-model.ts";
import { writeManifest } from "./manifest.ts";

describe("a GGUF file on disk", () => {
  let root: string;
  let folder: string;
  let modelRoot: string;
  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), "athanor-engine-"));
    folder = join(root, "integers");
    const checkpoint = tinyCheckpoint({ seed: 3 });
    for (const [name, files] of [
      ["safetensors", filesOf(checkpoint)],
      ["gguf", ggufFiles(checkpoint, "F32")],
    ] as const) {
      await mkdir(join(root, name));
      for (const [file, bytes] of files) await writeFile(join(root, name, file), bytes);
    }
    ({ modelRoot } = (await loadModel(join(root, "safetensors"))).commitment);
  });
  afterEach(() => rm(root, { recursive: true }));

  it("is loaded and imported by its folder or by its name, to the root of the safetensors", async () => {
    const file = join(root, "gguf", "model.gguf");
    expect((await loadModel(join(root, "gguf"))).commitment.modelRoot).to.equal(modelRoot);
    expect((await loadModel(file)).commitment.modelRoot).to.equal(modelRoot);
    expect((await importToFolder(join(root, "gguf"), folder)).modelRoot).to.equal(modelRoot);
    // Beside another one only its name tells which is meant.
    await writeFile(join(root, "gguf", "other.gguf"), "");
    await expectRefusal(() => loadModel(join(root, "gguf")), "CHECKPOINT_AMBIGUOUS", "other.gguf");
    expect((await importToFolder(file, join(root, "by name"))).modelRoot).to.equal(modelRoot);
    for (const name of await readdir(folder)) {
      const [left, right] = await Promise.all(
        [folder, join(root, "by name")].map((at) => readFile(join(at, name))),
      );
      expect(left, name).to.deep.equal(right);
    }
    await rm(join(root, "gguf"), { recursive: true });
    expect((await loadModel(folder)).commitment.modelRoot).to.equal(modelRoot);
  });

  it("goes on where its import was interrupted, and begins anew when it changed", async () => {
    const file = join(root, "gguf", "model.gguf");
    const interrupt = () => {
      const interruption = new AbortController();
      const onProgress = (done: number, total: number) => {
        if (done > total / 2) interruption.abort();
      };
      const options = { signal: interruption.signal, onProgress };
      return expectRefusal(() => importToFolder(file, folder, options), "ABORTED");
    };
    const seen: number[] = [];
    const options = { onProgress: (done: number) => seen.push(done) };
    await interrupt();
    expect((await importToFolder(file, folder, options)).modelRoot).to.equal(modelRoot);
    expect(seen[0], "parameters that need not be read again").to.be.greaterThan(1000);
    await rm(folder, { recursive: true });
    await interrupt();
    await writeFile(file, ggufFiles(tinyCheckpoint({ seed: 4 }), "F32").get("model.gguf")!);
    const changed = await importToFolder(file, folder);
    expect(changed.modelRoot).to.not.equal(modelRoot);
    expect(changed).to.deep.equal((await loadModel(file)).commitment);
  });

  it("is part of its folder's manifest", async () => {
    const path = join(root, "gguf");
    await expectRefusal(() => writeManifest(join(path, "model.gguf")), "INVALID_ARGUMENT", "model.gguf");
    expect((await writeManifest(path)).files).to.have.keys("model.gguf", "tokenizer.json");
    expect((await loadModel(path)).commitment.modelRoot).to.equal(modelRoot);
    const bytes = await readFile(join(path, "model.gguf"));
    bytes[bytes.length - 40]! ^= 1;
    await writeFile(join(path, "model.gguf"), bytes);
    await expectRefusal(() => loadModel(path), "MODEL_FILE_MISMATCH", "model.gguf");
    await expectRefusal(
      () => loadModel(join(root, "missing.gguf")),
      "CHECKPOINT_FILE_MISSING",
      "missing.gguf",
    );
  });
});
