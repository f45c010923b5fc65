import { EngineError, type Model } from "@athanor/engine";
import { createGpuExecutor, requestGpuDevice, type GpuExecutor } from "@athanor/engine/gpu";
import { openGpu } from "@athanor/engine/node";
import type { Compute } from "../config/schema.ts";
import { describeError } from "../errors.ts";

/** What computes a model. */
export type Computes =
  | {
      readonly by: "gpu";
      readonly adapter: string;
      readonly vendor: string;
      readonly driver: string;
      /** Whether a processor plays the graphics card. */
      readonly software: boolean;
      /** Bytes that the model takes on the device. */
      readonly memoryBytes: number;
      /** Bytes of the largest buffer that the device allows. */
      readonly maxBufferSize: number;
    }
  | { readonly by: "cpu"; readonly because: string };

export interface ExecutorOptions {
  readonly compute: Compute;
  /** Requests that are computed at a time. */
  readonly maxSequences: number;
  readonly onDeviceLost: (message: string) => void;
}

export interface ChosenExecutor {
  readonly computes: Computes;
  /** Undefined for the engine's default, on the processor. */
  readonly executor: GpuExecutor | undefined;
}

/** Why a graphics card does not compute a model; anything else is a failure of the model. */
const UNFIT: ReadonlySet<string> = new Set(["GPU_UNAVAILABLE", "GPU_FAILED", "MEMORY_BUDGET_TOO_SMALL"]);

/**
 * Loads a model onto the graphics card, or says why the processor computes it.
 *
 * @throws EngineError `GPU_UNAVAILABLE`, `GPU_FAILED`, `MEMORY_BUDGET_TOO_SMALL` where only a graphics card will do
 */
export async function chooseExecutor(model: Model, options: ExecutorOptions): Promise<ChosenExecutor> {
  const { compute, maxSequences, onDeviceLost } = options;
  if (compute === "cpu") return onProcessor("compute is cpu");
  try {
    const gpu = await openGpu();
    const software = compute === "software-gpu";
    const open = () => requestGpuDevice(gpu, { software });
    const executor = await createGpuExecutor(model, { open, maxSequences, onDeviceLost });
    return { executor, computes: describe(executor) };
  } catch (error) {
    if (compute !== "auto" || !(error instanceof EngineError && UNFIT.has(error.code))) throw error;
    return onProcessor(describeError(error).message);
  }
}

const onProcessor = (because: string): ChosenExecutor => ({
  executor: undefined,
  computes: { by: "cpu", because },
});

function describe({ report, memoryBytes }: GpuExecutor): Computes {
  const { vendor, architecture, device, description, software, limits } = report!;
  const adapter = [architecture, device].filter((part) => part !== "").join(" ");
  return {
    ...{ by: "gpu", adapter, vendor, driver: description, software, memoryBytes },
    maxBufferSize: limits.maxBufferSize,
  };
}
