import { TINY, type TinyCheckpoint, type TinyShape } from "./tiny-checkpoint.ts";

/**
 * Rescales a few channels without changing the function: norm gains against the columns that read them, up rows against
 * down columns, value rows against output columns, key pairs against query pairs.
 *
 * @param shape with at least two heads for keys and values.
 */
export function rescale({ tensors }: TinyCheckpoint, factor: number, shape: TinyShape = TINY): void {
  const { hidden, feedForward, heads, keyValueHeads, headSize, layers } = shape;
  const group = heads / keyValueHeads;
  const members = (keyHead: number) => Array.from({ length: group }, (_, member) => keyHead * group + member);
  const scaleBias = (name: string, row: number, by: number) => {
    const bias = tensors.get(name);
    if (bias) bias.values[row]! *= by;
  };
  const scaleRow = (name: string, row: number, columns: number, by: number) => {
    const { values } = tensors.get(name)!;
    for (let column = 0; column < columns; column++) values[row * columns + column]! *= by;
  };
  const scaleColumn = (name: string, column: number, columns: number, by: number) => {
    const { values } = tensors.get(name)!;
    for (let row = 0; row * columns < values.length; row++) values[row * columns + column]! *= by;
  };
  const offset = shape.family === "Gemma" ? 1 : 0;
  const scaleGain = (name: string, channel: number) => {
    const { values } = tensors.get(name)!;
    values[channel] = (values[channel]! + offset) * factor - offset;
  };
  for (let layer = 0; layer < layers; layer++) {
    const at = `model.layers.${layer}`;
    scaleGain(`${at}.input_layernorm.weight`, 3);
    for (const name of ["q_proj", "k_proj", "v_proj"]) {
      scaleColumn(`${at}.self_attn.${name}.weight`, 3, hidden, 1 / factor);
    }
    scaleGain(`${at}.post_attention_layernorm.weight`, 5);
    for (const name of ["gate_proj", "up_proj"]) {
      scaleColumn(`${at}.mlp.${name}.weight`, 5, hidden, 1 / factor);
    }
    scaleRow(`${at}.mlp.up_proj.weight`, 7, hidden, factor);
    scaleColumn(`${at}.mlp.down_proj.weight`, 7, feedForward, 1 / factor);
    // Channel 1 of value head 1, read by a group of query heads.
    scaleRow(`${at}.self_attn.v_proj.weight`, headSize + 1, hidden, factor);
    scaleBias(`${at}.self_attn.v_proj.bias`, headSize + 1, factor);
    for (const head of members(1)) {
      scaleColumn(`${at}.self_attn.o_proj.weight`, head * headSize + 1, heads * headSize, 1 / factor);
    }
    for (const channel of [2, 2 + headSize / 2]) {
      // Behind a norm of each head only gains can be rescaled, of all heads alike.
      const normed = tensors.get(`${at}.self_attn.k_norm.weight`);
      if (normed) {
        normed.values[channel]! *= factor;
        tensors.get(`${at}.self_attn.q_norm.weight`)!.values[channel]! /= factor;
        continue;
      }
      // Rotary pair 2 of key head 0, met by the first group.
      scaleRow(`${at}.self_attn.k_proj.weight`, channel, hidden, factor);
      scaleBias(`${at}.self_attn.k_proj.bias`, channel, factor);
      for (const head of members(0)) {
        scaleRow(`${at}.self_attn.q_proj.weight`, head * headSize + channel, hidden, 1 / factor);
        scaleBias(`${at}.self_attn.q_proj.bias`, head * headSize + channel, 1 / factor);
      }
    }
  }
}
