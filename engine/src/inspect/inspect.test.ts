import { expect } from "chai";
import { importModel } from "../import/import-model.ts";
import { tinySource, TINY } from "../testing/tiny-checkpoint.ts";
import { describeModel } from "./describe-model.ts";
import { pictureOf } from "./picture.ts";

describe("describeModel", () => {
  it("counts parameters, bytes and memory", async () => {
    const model = await importModel(tinySource({ context: 3000 }));
    const description = describeModel(model);
    const { hidden, feedForward, heads, keyValueHeads, headSize, layers, vocabulary } = TINY;
    const attention = 2 * heads * headSize * hidden + 2 * keyValueHeads * headSize * hidden;
    const perLayer = attention + 3 * hidden * feedForward + 2 * hidden;
    expect(description.parameters).to.equal(layers * perLayer + vocabulary * hidden + hidden);
    // Two bytes of each key and value, a byte of each key's exponent.
    const cache = layers * (2 * 2 * keyValueHeads * headSize + keyValueHeads);
    expect(description.cacheBytesPerPosition).to.equal(cache);
    expect(description.memory).to.deep.equal(
      [512, 2048, 3000].map((contextLength) => ({
        contextLength,
        bytes: description.tensorBytes + contextLength * cache,
      })),
    );
    const values = model.tensors.reduce(
      (sum, tensor) => sum + tensor.values.byteLength + (tensor.kind === "rows" ? 4 * tensor.rows : 0),
      0,
    );
    expect(description.tensorBytes).to.equal(values);
  });
});

describe("pictureOf", () => {
  it("draws every operator once, and layers of one form together", async () => {
    const { program } = await importModel(tinySource({ layers: 4, family: "Qwen2" }));
    const picture = pictureOf(program);
    expect(picture).to.match(/┌─ embedding ─+┐/);
    expect(picture).to.match(/┌─ layers 0 to 2, 3 alike ─+┐/);
    expect(picture).to.match(/┌─ layer 3 ─+┐/);
    expect(picture).to.match(/┌─ output ─+┐/);
    expect(picture).to.match(
      /attention\.key +linear\(attention\.input\) +→ wide 12 +rows 12 × 16 \+ table 1 × 12/,
    );
    expect(picture).to.match(/\* token +sample\(logits, seen\) +→ token 1/);
    const lines = picture.split("\n").filter((line) => line.startsWith("│"));
    const perLayer = program.operators.filter(({ name }) => name.startsWith("layers.0.")).length;
    expect(lines).to.have.length(program.operators.length - 2 * perLayer);
    for (const box of picture.split("\n        │\n")) {
      expect(new Set(box.split("\n").map((line) => line.length)).size, box).to.equal(1);
    }
  });
});
