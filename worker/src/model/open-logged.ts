import type { EventLog } from "../log/event-log.ts";
import type { ModelRunner } from "./runner.ts";

/** Opens a model, says what computes it, each time that it is opened, and when its device is lost. */
export async function openLogged(
  path: string,
  log: EventLog,
  open: (onDeviceLost: (message: string) => void) => Promise<ModelRunner>,
): Promise<ModelRunner> {
  const runner = await open((message) => log.emit("warn", "gpu.lost", { path, message }));
  log.emit("info", "model.computes", { path, ...runner.computes });
  return runner;
}
