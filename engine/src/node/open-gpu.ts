/// <reference types="@webgpu/types" />
import { EngineError } from "../errors.ts";

/** Dawn aborts the process when the object that it hands out is collected. */
let opened: GPU | undefined;

/**
 * WebGPU in Node.js: Dawn, from the package "webgpu", which is not installed with the engine because of its size.
 *
 * @throws EngineError `GPU_UNAVAILABLE` when the package is missing or does not run on this system
 *
 * @example
 * const { device, report } = await requestGpuDevice(await openGpu());
 */
export async function openGpu(): Promise<GPU> {
  if (opened) return opened;
  try {
    const { create } = await import("webgpu");
    return (opened ??= create([]));
  } catch (cause) {
    throw new EngineError("GPU_UNAVAILABLE", "The package webgpu cannot be loaded.", {
      remedy: "Install it (npm install webgpu), or compute on the processor.",
      cause,
    });
  }
}
