import { WorkerError } from "../errors.ts";
import type { ModelRunner } from "./runner.ts";

/**
 * A runner that opens its model again when its process died. The run that noticed fails; the next one opens.
 *
 * @param open loads the model; called once at the start and once after every death
 */
export async function keepOpen(open: () => Promise<ModelRunner>): Promise<ModelRunner> {
  const first = await open();
  let current: Promise<ModelRunner> | undefined = Promise.resolve(first);
  return {
    commitment: first.commitment,
    loadTime: first.loadTime,
    computes: first.computes,
    async run(request) {
      const opening = (current ??= open());
      try {
        const runner = await opening;
        return await runner.run(request);
      } catch (error) {
        if (error instanceof WorkerError && error.code === "MODEL_PROCESS_FAILED" && current === opening) {
          current = undefined;
        }
        throw error;
      }
    },
    async close() {
      const runner = await current?.catch(() => undefined);
      await runner?.close();
    },
  };
}
