export {
  BUFFER_USAGE,
  requestGpuDevice,
  type GpuDevice,
  type GpuDeviceOptions,
  type GpuLimit,
  type GpuReport,
} from "./gpu/device.ts";
export {
  createGpuHasher,
  type GpuDigests,
  type GpuHasher,
  type GpuSection,
  type GpuSectionRow,
} from "./gpu/hash/hasher.ts";
export { createGpuExecutor, type GpuExecutor, type GpuExecutorOptions } from "./gpu/executor.ts";
export type { MachineSize } from "./gpu/machine.ts";
export type { GpuRequest } from "./gpu/sequence.ts";
