import { EngineError } from "../errors.ts";
import { KERNELS } from "./kernels.generated.ts";

/** The part of the WebAssembly interface that the executor uses; Node.js and browsers agree on it. */
export interface WasmMemory {
  readonly buffer: SharedArrayBuffer;
}

interface WasmInterface {
  Module: new (bytes: Uint8Array) => object;
  Memory: new (options: { initial: number; maximum: number; shared: true }) => WasmMemory;
  Instance: new (module: object, imports: object) => { readonly exports: unknown };
  validate(bytes: Uint8Array): boolean;
}

const wasm = (): WasmInterface => (globalThis as unknown as { WebAssembly: WasmInterface }).WebAssembly;

type Kernel = (...parameters: number[]) => void;

/** The functions of engine/kernels. Parameters are byte addresses in the instance's memory and integers. */
export type Kernels = Readonly<
  Record<
    | "embed"
    | "normalize"
    | "narrow"
    | "linear"
    | "packRows"
    | "rowPartials"
    | "rotate"
    | "storeKeys"
    | "storeValues"
    | "scores"
    | "softmax"
    | "mix"
    | "gate"
    | "add"
    | "adjust"
    | "winners"
    | "weigh"
    | "threshold"
    | "thresholds"
    | "draw",
    Kernel
  >
>;

/** A wasm32 memory ends at 4 GiB; the last page stays unused so that sizes fit into 32 bits. */
export const MEMORY_LIMIT = 2 ** 32 - 2 ** 16;
const PAGE_BYTES = 2 ** 16;

let bytes: Uint8Array | undefined;
let compiled: object | undefined;

function kernelBytes(): Uint8Array {
  return (bytes ??= Uint8Array.from(atob(KERNELS), (character) => character.charCodeAt(0)));
}

/** Whether this JavaScript engine has WebAssembly with 128-bit SIMD and shared memory. */
export function kernelsSupported(): boolean {
  return "WebAssembly" in globalThis && wasm().validate(kernelBytes());
}

export function compileKernels(): object {
  return (compiled ??= new (wasm().Module)(kernelBytes()));
}

/** @throws EngineError `MEMORY_BUDGET_TOO_SMALL` when the machine has no such memory */
export function allocateMemory(size: number): WasmMemory {
  const initial = Math.max(1, Math.ceil(size / PAGE_BYTES));
  try {
    return new (wasm().Memory)({ initial, maximum: 65536, shared: true });
  } catch (cause) {
    throw new EngineError("MEMORY_BUDGET_TOO_SMALL", `The machine does not give a memory of ${size} bytes.`, {
      remedy: "Free memory, hold fewer positions, or use a smaller model.",
      details: { needed: size },
      cause,
    });
  }
}

export function instantiateKernels(memory: WasmMemory): Kernels {
  return new (wasm().Instance)(compileKernels(), { env: { memory } }).exports as Kernels;
}
