import { toJson } from "@athanor/sdk/channels";

/** Milliseconds without a read after which a reader counts as gone. */
const PATIENCE = 30_000;

const encoder = new TextEncoder();

/**
 * Lines of JSON as bytes. Lines are made when they are read: a slow reader holds no memory, and one that stops reading is hung up on.
 *
 * @param leave called once, when nothing more will be read. Never rejects
 */
export function lineStream(
  lines: AsyncGenerator<unknown, void, undefined>,
  leave: () => Promise<void>,
): ReadableStream<Uint8Array> {
  let watchdog: NodeJS.Timeout;
  let isOver = false;
  const end = async () => {
    if (isOver) return;
    isOver = true;
    clearTimeout(watchdog);
    await leave();
  };
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        clearTimeout(watchdog);
        const { value, done } = await lines.next();
        if (isOver) return;
        if (done) {
          await end();
          return controller.close();
        }
        controller.enqueue(encoder.encode(`${toJson(value)}\n`));
        watchdog = setTimeout(() => {
          controller.error(new Error("the reader takes nothing"));
          void end();
        }, PATIENCE);
        watchdog.unref();
      },
      cancel: end,
    },
    { highWaterMark: 0 },
  );
}
