import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { expectRefusal } from "../testing/expect-error.ts";
import { filesOf, tinyCheckpoint } from "../testing/tiny-checkpoint.ts";
import { loadModel } from "./load-model.ts";
import { writeManifest } from "./manifest.ts";

describe("loadModel", () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "athanor-engine-"));
    for (const [name, bytes] of filesOf(tinyCheckpoint(), { shards: 2 })) {
      await writeFile(join(directory, name), bytes);
    }
  });
  afterEach(() => rm(directory, { recursive: true }));

  const flipByte = async (name: string, at: number) => {
    const bytes = await readFile(join(directory, name));
    bytes[bytes.length + at]! ^= 0x40;
    await writeFile(join(directory, name), bytes);
  };

  it("imports a folder, with or without a manifest that fits", async () => {
    const { commitment } = await loadModel(directory);
    const manifest = await writeManifest(directory);
    expect(manifest.modelRoot).to.equal(commitment.modelRoot);
    expect(manifest.workPerPosition).to.equal(commitment.workPerPosition.toString());
    expect((await loadModel(directory)).commitment).to.deep.equal(commitment);
  });

  it("refuses a changed weight by its root, naming both roots and the file", async () => {
    const { modelRoot } = await writeManifest(directory);
    const weights = "model-2-of-2.safetensors";
    await flipByte(weights, -2);
    const error = await expectRefusal(() => loadModel(directory), "MODEL_ROOT_MISMATCH", modelRoot, weights);
    expect(error.details.expected).to.equal(modelRoot);
    expect(error.message).to.contain(error.details.found);
    expect(error.details.found).to.not.equal(modelRoot);
  });

  it("refuses a changed file that is not part of the root", async () => {
    await writeManifest(directory);
    await writeFile(join(directory, "tokenizer_config.json"), "{}");
    await expectRefusal(() => loadModel(directory), "MODEL_FILE_MISMATCH", "tokenizer_config.json");
  });

  it("names the damaged file when it cannot even be imported", async () => {
    await writeManifest(directory);
    await writeFile(join(directory, "config.json"), "{}");
    const error = await expectRefusal(() => loadModel(directory), "MODEL_FILE_MISMATCH", "config.json");
    expect(error.cause).to.have.property("code", "CONFIG_FIELD_UNSUPPORTED");
  });

  it("refuses a manifest that is none", async () => {
    await writeFile(join(directory, "athanor.json"), "{}");
    await expectRefusal(() => loadModel(directory), "MANIFEST_INVALID", "modelRoot");
  });

  it("refuses a folder that is not there", () =>
    expectRefusal(() => loadModel(join(directory, "nowhere")), "CHECKPOINT_FILE_MISSING", "nowhere"));
});
