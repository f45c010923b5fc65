import { EngineError } from "../errors.ts";
import type { CheckpointSource } from "./checkpoint.ts";
import type { CheckpointLayout } from "./layout.ts";
import { Matrix } from "./matrix.ts";
import { readTensor, tensorMissing, type StoredTensor, type StoredTensors } from "./stored-tensor.ts";

/** Elements of a matrix that is read in blocks of rows. */
const BLOCK_ELEMENTS = 2 ** 24;
const CALLED_FOR = "the configuration calls for it, but no file holds it";

/** A checkpoint's tensors by name, with the shapes that config.json implies. */
export class Weights {
  readonly #source: CheckpointSource;
  readonly #stored: StoredTensors;
  readonly #taken = new Set<string>();
  readonly #nameOf: (name: string) => string;
  readonly #onTake: ((parameters: number) => void) | undefined;

  /** @param onTake told the elements of a tensor when it is read for the first time. */
  constructor({ source, tensors, nameOf }: CheckpointLayout, onTake?: (parameters: number) => void) {
    this.#source = source;
    this.#stored = tensors;
    this.#nameOf = nameOf;
    this.#onTake = onTake;
  }

  /** Elements of all tensors in the files. */
  get stored(): number {
    return [...this.#stored.values()].reduce((sum, tensor) => sum + elementsOf(tensor), 0);
  }

  /**
   * @param bias name of the bias [rows] that belongs to the matrix.
   * @throws EngineError `TENSOR_MISSING`, `TENSOR_SHAPE_MISMATCH` and what `readTensor` throws.
   */
  async matrix(name: string, rows: number, columns: number, bias?: string): Promise<Matrix> {
    const values = await this.#read(name, [rows, columns]);
    return new Matrix(rows, columns, values, bias === undefined ? undefined : await this.vector(bias, rows));
  }

  /** A matrix in blocks of whole rows, for those that no scaling has to see as a whole. */
  async *blocks(
    name: string,
    rows: number,
    columns: number,
  ): AsyncGenerator<{ first: number; block: Matrix }> {
    const tensor = this.#take(name, [rows, columns]);
    const step = Math.max(1, Math.floor(BLOCK_ELEMENTS / columns));
    for (let first = 0; first < rows; first += step) {
      const last = Math.min(rows, first + step);
      const values = await readTensor(this.#source, tensor, first * columns, last * columns);
      yield { first, block: new Matrix(last - first, columns, values) };
    }
  }

  async vector(name: string, size: number): Promise<Float64Array> {
    return Float64Array.from(await this.#read(name, [size]));
  }

  /** What a norm multiplies by [size]: the weight, or 1 + weight in float32. */
  async gains(name: string, size: number, fromOne: boolean): Promise<Float64Array> {
    const stored = await this.vector(name, size);
    const adds = fromOne && this.#stored.get(name)?.includesOne !== true;
    return adds ? stored.map((weight) => Math.fround(1 + weight)) : stored;
  }

  /** Elements of a tensor of any shape, in float64. */
  async elements(name: string, ...shape: readonly number[]): Promise<Float64Array> {
    return Float64Array.from(await this.#read(name, shape));
  }

  /**
   * Refuses a checkpoint that lacks one of `names`, or has others that might change the function.
   *
   * @throws EngineError `TENSOR_MISSING`, `TENSOR_UNEXPECTED` naming the tensor.
   */
  requireExactly(architecture: string, names: readonly string[], ignored: (name: string) => boolean): void {
    const known = new Set(names);
    const others = [...this.#stored.keys()].filter((name) => !known.has(name) && !ignored(name));
    const missing = names.find((name) => !this.#stored.has(name));
    if (missing !== undefined) throw tensorMissing(this.#nameOf(missing), CALLED_FOR, others);
    for (const name of others) {
      throw new EngineError(
        "TENSOR_UNEXPECTED",
        `The checkpoint holds tensor ${name}, which a ${architecture} with this configuration does not have.`,
        {
          remedy: "Only plain models without adapters or further biases can be imported.",
          details: { tensor: name, expected: "no such tensor", found: this.#stored.get(name)!.shape },
        },
      );
    }
  }

  async #read(name: string, shape: readonly number[]): Promise<Float32Array> {
    return readTensor(this.#source, this.#take(name, shape));
  }

  #take(name: string, shape: readonly number[]): StoredTensor {
    const tensor = this.#stored.get(name);
    if (!tensor) throw tensorMissing(this.#nameOf(name), CALLED_FOR);
    if (tensor.shape.join() !== shape.join()) {
      throw new EngineError(
        "TENSOR_SHAPE_MISMATCH",
        `Tensor ${tensor.name} has the shape [${tensor.shape.join(", ")}]; the configuration implies [${shape.join(", ")}].`,
        {
          remedy: "Use the configuration that belongs to these weights.",
          details: { tensor: tensor.name, expected: shape, found: tensor.shape },
        },
      );
    }
    if (!this.#taken.has(name)) this.#onTake?.(elementsOf(tensor));
    this.#taken.add(name);
    return tensor;
  }
}

function elementsOf(tensor: StoredTensor): number {
  return tensor.shape.reduce((product, dimension) => product * dimension, 1);
}
