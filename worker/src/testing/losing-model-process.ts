/**
 * The process of a model, on a machine with one device that is lost with the third token: what process.ts does, after the
 * driver was told to.
 */
import { openGpu } from "@athanor/engine/node";
import type { FromModel } from "../model/messages.ts";

const gpu = await openGpu();
const requestAdapter = gpu.requestAdapter.bind(gpu);
const send = process.send!.bind(process);
let device: GPUDevice | undefined;
let tokens = 0;

gpu.requestAdapter = async (options) => {
  const adapter = await requestAdapter(options);
  if (!adapter || device) return null;
  const requestDevice = adapter.requestDevice.bind(adapter);
  adapter.requestDevice = async (descriptor) => (device = await requestDevice(descriptor));
  return adapter;
};
process.send = (message: FromModel, ...rest: unknown[]) => {
  if (message.kind === "token" && ++tokens === 3) device!.destroy();
  return send(message, ...(rest as []));
};

await import("../model/process.ts");
