import type { Context } from "mocha";
import { requestGpuDevice, type GpuDevice, type GpuDeviceOptions } from "../gpu/device.ts";
import { EngineError } from "../errors.ts";
import { openGpu } from "../node/open-gpu.ts";
import { offerSoftwareGpu } from "./software-gpu.ts";

const shared = new Map<string, Promise<GpuDevice>>();

/** A device that tests share, and its compiled kernels with it. Tests are skipped by name on machines without an adapter. */
export async function gpuForTest(test: Context, options: GpuDeviceOptions = {}): Promise<GpuDevice> {
  const key = JSON.stringify(options);
  let opened = shared.get(key);
  if (!opened) {
    offerSoftwareGpu();
    opened = openGpu().then((gpu) => requestGpuDevice(gpu, options));
    shared.set(key, opened);
  }
  try {
    return await opened;
  } catch (error) {
    if (error instanceof EngineError && error.code === "GPU_UNAVAILABLE") return test.skip();
    throw error;
  }
}
