import { expect } from "chai";
import { compare } from "../reference-float/compare.ts";
import { loadFloatLlama } from "../reference-float/float-llama.ts";
import {
  filesOf,
  memorySource,
  tinyCheckpoint,
  TINY,
  type TinyCheckpoint,
} from "../testing/tiny-checkpoint.ts";
import { importModel } from "./import-model.ts";

/**
 * Rescales a few channels without changing the function: norm gains against the columns that read them, up rows against
 * down columns, value rows against output columns, key pairs against query pairs.
 */
function rescale({ tensors }: TinyCheckpoint, factor: number): void {
  const scaleBias = (name: string, row: number, by: number) => {
    const bias = tensors.get(name);
    if (bias) bias.values[row]! *= by;
  };
  const { hidden, feedForward, heads, keyValueHeads, headSize, layers } = TINY;
  const scaleRow = (name: string, row: number, columns: number, by: number) => {
    const { values } = tensors.get(name)!;
    for (let column = 0; column < columns; column++) values[row * columns + column]! *= by;
  };
  const scaleColumn = (name: string, column: number, columns: number, by: number) => {
    const { values } = tensors.get(name)!;
    for (let row = 0; row * columns < values.length; row++) values[row * columns + column]! *= by;
  };
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`;
    tensors.get(`${at}.input_layernorm.weight`)!.values[3]! *= factor;
    for (const name of ["q_proj", "k_proj", "v_proj"]) {
      scaleColumn(`${at}.self_attn.${name}.weight`, 3, hidden, 1 / factor);
    }
    tensors.get(`${at}.post_attention_layernorm.weight`)!.values[5]! *= factor;
    for (const name of ["gate_proj", "up_proj"]) {
      scaleColumn(`${at}.mlp.${name}.weight`, 5, hidden, 1 / factor);
    }
    scaleRow(`${at}.mlp.up_proj.weight`, 7, hidden, factor);
    scaleColumn(`${at}.mlp.down_proj.weight`, 7, feedForward, 1 / factor);
    // Channel 1 of value head 1, read by two query heads.
    scaleRow(`${at}.self_attn.v_proj.weight`, headSize + 1, hidden, factor);
    scaleBias(`${at}.self_attn.v_proj.bias`, headSize + 1, factor);
    for (const head of [2, 3]) {
      scaleColumn(`${at}.self_attn.o_proj.weight`, head * headSize + 1, heads * headSize, 1 / factor);
    }
    // Rotary pair 2 of key head 0, met by query heads 0 and 1.
    for (const channel of [2, 2 + headSize / 2]) {
      scaleRow(`${at}.self_attn.k_proj.weight`, channel, hidden, factor);
      scaleBias(`${at}.self_attn.k_proj.bias`, channel, factor);
      for (const head of [0, 1]) {
        scaleRow(`${at}.self_attn.q_proj.weight`, head * headSize + channel, hidden, 1 / factor);
        scaleBias(`${at}.self_attn.q_proj.bias`, head * headSize + channel, 1 / factor);
      }
    }
  }
  expect(keyValueHeads, "the shape that this function is written for").to.equal(2);
}

describe("equalisation", () => {
  for (const family of ["Llama", "Qwen2"] as const) {
    it(`imports a ${family} whose channels are rescaled by powers of two to the very same root`, async () => {
      const original = tinyCheckpoint({ family });
      const rescaled = tinyCheckpoint({ family });
      rescale(rescaled, 1024);
      const [left, right] = await Promise.all(
        [original, rescaled].map((c) => importModel(memorySource(filesOf(c)))),
      );
      expect(right!.commitment.modelRoot).to.equal(left!.commitment.modelRoot);
    });

    it(`keeps the quality of a ${family} when a few channels have activations 1,000 times larger`, async () => {
      const tokens = Array.from({ length: 90 }, (_, index) => (7 * index * index + 3) % TINY.vocabulary);
      const divergence = async (checkpoint: TinyCheckpoint) => {
        const source = memorySource(filesOf(checkpoint));
        return compare(await loadFloatLlama(source), await importModel(source), [tokens]).meanKl;
      };
      const rescaled = tinyCheckpoint({ family });
      rescale(rescaled, 1000);
      const [plain, outliers] = [await divergence(tinyCheckpoint({ family })), await divergence(rescaled)];
      expect(outliers).to.be.lessThan(1e-3);
      expect(outliers).to.be.lessThan(1.05 * plain);
    });
  }
});
