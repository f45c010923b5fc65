import { createReadStream } from "node:fs";
import { open, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import {
  attempt,
  openHttp,
  tooLong,
  tooShort,
  type FetchOptions,
  type OpenAt,
} from "../download/connection.ts";

/** What a model can be pulled from. */
export const SCHEMES = ["http:", "https:", "file:"];

/** Opens an address of any of `SCHEMES`. @throws EngineError `MODEL_FETCH_FAILED`. */
export const openAt: OpenAt = async (url, start, watch) => {
  if (url.protocol !== "file:") return openHttp(url, start, watch);
  const { signal } = watch;
  const chunks = createReadStream(fileURLToPath(url), { start, signal }) as AsyncIterable<Uint8Array>;
  return { chunks, start };
};

/**
 * Writes `bytes` bytes of a file to `path`, after those that are there already.
 *
 * @throws EngineError `MODEL_FETCH_FAILED`, `ABORTED`. What arrived stays, for the next call.
 */
export async function fetchToFile(
  url: URL,
  path: string,
  bytes: number,
  options: FetchOptions & { readonly onProgress: (bytes: number) => void },
): Promise<void> {
  await attempt(url, options, async (watch) => {
    let at = (await stat(path).catch(() => undefined))?.size ?? 0;
    if (at > bytes) at = 0;
    if (at === bytes && bytes > 0) return;
    const { chunks, start } = await openAt(url, at, watch);
    const file = await open(path, start === 0 ? "w" : "a");
    try {
      at = start;
      for await (const chunk of chunks) {
        watch.alive();
        at += chunk.length;
        if (at > bytes) throw tooLong(url, bytes);
        await file.write(chunk);
        options.onProgress(at);
      }
    } finally {
      await file.close();
    }
    if (at < bytes) throw tooShort(at, bytes);
  });
}
