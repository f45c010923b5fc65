/** What agreement.test.ts has a browser compute: the checks that the engine's tests in Node.js make, on the same data. */
import { EngineError } from "../../../src/errors.ts";
import { requestGpuDevice, type GpuDevice } from "../../../src/gpu/device.ts";
import { expectCommitmentVectors } from "../../../src/testing/commitment-vectors.ts";
import type { VectorFile } from "../../../src/testing/operator-vectors.ts";
import { replayFast, replayGpu, replayReference } from "../../../src/testing/replay-vectors.ts";
import { expectFastZoo, expectGpuZoo } from "../../../src/testing/zoo.ts";

const devices = new Map<boolean, Promise<GpuDevice>>();

/** A device that checks share, and its compiled kernels with it. */
function gpu(subgroups = true): Promise<GpuDevice> {
  const opened = devices.get(subgroups) ?? requestGpuDevice(navigator.gpu, { subgroups });
  devices.set(subgroups, opened);
  return opened;
}

/** Each throws what differs. */
const checks = {
  /** Whether anything here computes WebGPU. */
  async hasGpu(): Promise<boolean> {
    // Typed as always there, but older browsers and pages that came over plain http have none.
    if (!("gpu" in navigator)) return false;
    try {
      await gpu();
      return true;
    } catch (error) {
      if (error instanceof EngineError && error.code === "GPU_UNAVAILABLE") return false;
      throw error;
    }
  },
  commitments: expectCommitmentVectors,
  vectors: {
    reference: replayReference,
    WebAssembly: replayFast,
    WebGPU: async (file: VectorFile) => replayGpu(await gpu())(file),
    "WebGPU without subgroups": async (file: VectorFile) => replayGpu(await gpu(false))(file),
  },
  zoo: {
    WebAssembly: expectFastZoo,
    WebGPU: async (seed: number) => expectGpuZoo(seed, await gpu()),
  },
};

export type Checks = typeof checks;

Object.assign(globalThis, { checks });
