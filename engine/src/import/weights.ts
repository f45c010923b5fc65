import { EngineError } from "../errors.ts";
import type { CheckpointSource } from "./checkpoint.ts";
import { matrixOf, type Matrix } from "./matrix.ts";
import { listTensors, readTensor, tensorMissing, type StoredTensor } from "./safetensors.ts";

/** A checkpoint's tensors by name, each read once and with the shape that config.json implies. */
export class Weights {
  /** Elements read so far. */
  parameters = 0;
  readonly #source: CheckpointSource;
  readonly #stored: Map<string, StoredTensor>;
  readonly #taken = new Set<string>();

  private constructor(source: CheckpointSource, stored: Map<string, StoredTensor>) {
    this.#source = source;
    this.#stored = stored;
  }

  static async open(source: CheckpointSource): Promise<Weights> {
    return new Weights(source, await listTensors(source));
  }

  /** @throws EngineError `TENSOR_MISSING`, `TENSOR_SHAPE_MISMATCH` and what `readTensor` throws. */
  async matrix(name: string, rows: number, columns: number): Promise<Matrix> {
    return matrixOf(rows, columns, await this.#read(name, [rows, columns]));
  }

  async vector(name: string, size: number): Promise<Float64Array> {
    return Float64Array.from(await this.#read(name, [size]));
  }

  /** Tensors that change the function but were not read are a refusal; `ignored` lists those that do not change it. */
  refuseOthers(ignored: (name: string) => boolean): void {
    for (const name of this.#stored.keys()) {
      if (this.#taken.has(name) || ignored(name)) continue;
      throw new EngineError(
        "TENSOR_UNEXPECTED",
        `The checkpoint holds tensor ${name}, which a Llama model does not have.`,
        {
          remedy: "Only plain Llama models without biases or adapters can be imported.",
          details: { tensor: name },
        },
      );
    }
  }

  async #read(name: string, shape: readonly number[]): Promise<Float32Array> {
    const tensor = this.#stored.get(name);
    if (!tensor) throw tensorMissing(name, "config.json calls for it, but no file holds it");
    if (tensor.shape.join() !== shape.join()) {
      throw new EngineError(
        "TENSOR_SHAPE_MISMATCH",
        `Tensor ${name} has the shape [${tensor.shape.join(", ")}]; config.json implies [${shape.join(", ")}].`,
        {
          remedy: "Use the config.json that belongs to these weights.",
          details: { tensor: name, expected: shape, found: tensor.shape },
        },
      );
    }
    this.#taken.add(name);
    const values = await readTensor(this.#source, tensor);
    this.parameters += values.length;
    return values;
  }
}
