export {
  BUFFER_USAGE,
  requestGpuDevice,
  type GpuDevice,
  type GpuDeviceOptions,
  type GpuLimit,
  type GpuReport,
} from "./gpu/device.ts";
