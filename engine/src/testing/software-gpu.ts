import { existsSync } from "node:fs";

/** Debian's Chromium brings a graphics card in software, for Vulkan. */
const DRIVER = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** Shows it to Vulkan's loader, behind the cards that the machine has; before WebGPU is opened for the first time. */
export function offerSoftwareGpu(): void {
  if (existsSync(DRIVER)) process.env["VK_ADD_DRIVER_FILES"] ??= DRIVER;
}
