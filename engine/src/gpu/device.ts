/// <reference types="@webgpu/types" />
import { EngineError } from "../errors.ts";

/** Limits of WebGPU that kernels care about; sizes in bytes. */
export type GpuLimit =
  | "maxBufferSize"
  | "maxStorageBufferBindingSize"
  | "maxStorageBuffersPerShaderStage"
  | "maxComputeWorkgroupStorageSize"
  | "maxComputeInvocationsPerWorkgroup"
  | "maxComputeWorkgroupsPerDimension";

const LIMITS: readonly GpuLimit[] = [
  "maxBufferSize",
  "maxStorageBufferBindingSize",
  "maxStorageBuffersPerShaderStage",
  "maxComputeWorkgroupStorageSize",
  "maxComputeInvocationsPerWorkgroup",
  "maxComputeWorkgroupsPerDimension",
];

/** What an adapter says about itself, and what was asked of it. */
export interface GpuReport {
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  /** The driver's own words. */
  readonly description: string;
  /** Whether a processor plays the graphics card: right results, no speed. */
  readonly software: boolean;
  /** Whether threads can add within a subgroup. */
  readonly subgroups: boolean;
  /** Whether times can be taken on the device. */
  readonly timestamps: boolean;
  readonly limits: Readonly<Record<GpuLimit, number>>;
}

export interface GpuDeviceOptions {
  readonly powerPreference?: GPUPowerPreference;
  /** Whether an adapter that is software will do. Default true. */
  readonly software?: boolean;
  /** Whether to use subgroups where the adapter has them. Default true. */
  readonly subgroups?: boolean;
  /** Smaller limits than the adapter has. Default: all it has. */
  readonly limits?: Partial<Record<GpuLimit, number>>;
}

/** A device of its own, with the adapter's report. */
export interface GpuDevice {
  readonly device: GPUDevice;
  readonly report: GpuReport;
}

/** GPUBufferUsage of the WebGPU specification, which is no global where the API comes from a package. */
export const BUFFER_USAGE = {
  mapRead: 0x01,
  copySource: 0x04,
  copyDestination: 0x08,
  uniform: 0x40,
  storage: 0x80,
} as const;

/** GPUMapMode.READ. */
export const MAP_READ = 0x01;

/** The language feature with dot4I8Packed. */
const INTEGER_DOT = "packed_4x8_integer_dot_product";

/**
 * Asks for an adapter and a device with all limits that it has.
 *
 * @param gpu `navigator.gpu` in browsers, `await openGpu()` of "@athanor/engine/node" in Node.js
 * @throws EngineError `GPU_UNAVAILABLE` when there is no adapter, only software where that will not do, or no device
 */
export async function requestGpuDevice(gpu: GPU, options: GpuDeviceOptions = {}): Promise<GpuDevice> {
  const { powerPreference = "high-performance", software = true, subgroups = true } = options;
  if (!gpu.wgslLanguageFeatures.has(INTEGER_DOT)) {
    throw unavailable(`This WebGPU lacks the language feature ${INTEGER_DOT}.`, { feature: INTEGER_DOT });
  }
  const adapter = await gpu.requestAdapter({ powerPreference });
  if (!adapter) throw unavailable("There is no WebGPU adapter.", {});
  const report = reportOf(adapter, options);
  if (report.software && !software) {
    throw unavailable(`The only adapter, ${report.description || report.device}, is software.`, { report });
  }
  const requiredFeatures: GPUFeatureName[] = [];
  if (subgroups && report.subgroups) requiredFeatures.push("subgroups");
  if (report.timestamps) requiredFeatures.push("timestamp-query");
  try {
    const device = await adapter.requestDevice({ requiredFeatures, requiredLimits: { ...report.limits } });
    return { device, report };
  } catch (cause) {
    throw unavailable("The adapter gave no device.", { report }, cause);
  }
}

function reportOf(adapter: GPUAdapter, { subgroups = true, limits = {} }: GpuDeviceOptions): GpuReport {
  const { vendor, architecture, device, description } = adapter.info;
  const words = `${vendor} ${architecture} ${device} ${description}`;
  return {
    vendor,
    architecture,
    device,
    description,
    software: adapter.info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|software|warp/i.test(words),
    subgroups: subgroups && adapter.features.has("subgroups"),
    timestamps: adapter.features.has("timestamp-query"),
    limits: Object.fromEntries(
      LIMITS.map((name) => [name, Math.min(adapter.limits[name], limits[name] ?? Infinity)]),
    ) as Record<GpuLimit, number>,
  };
}

function unavailable(message: string, details: Record<string, unknown>, cause?: unknown): EngineError {
  return new EngineError("GPU_UNAVAILABLE", message, {
    remedy: "Install a driver with Vulkan, Metal or Direct3D 12, or compute on the processor.",
    details,
    cause,
  });
}
