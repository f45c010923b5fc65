import { athanorError } from "../errors/athanor-error.ts";
import type { ModelSource } from "./model-source.ts";

/**
 * Reads http: and https: addresses with `fetch`.
 *
 * Warning: addresses are published by anyone. On a server inside a private network, pass a source that refuses addresses you do
 * not trust; what a file contains is always checked, but the request itself is made.
 */
export function httpModelSource(): ModelSource {
  return {
    async readFile(uri, { maxBytes, signal }) {
      if (!/^https?:/i.test(uri)) throw athanorError("ModelUriUnsupported", { uri });
      const response = await fetch(uri, { signal, credentials: "omit", referrerPolicy: "no-referrer" });
      if (!response.ok || !response.body) {
        await response.body?.cancel();
        throw athanorError("RpcUnavailable", { details: `${uri} answered ${response.status} ${response.statusText}.` });
      }
      return readBounded(response.body, uri, maxBytes);
    },
  };
}

/** The announced length may lie, so the bytes are counted as they come. */
async function readBounded(body: ReadableStream<Uint8Array>, uri: string, maxBytes: number): Promise<Uint8Array> {
  const reader = body.getReader();
  const chunks: Uint8Array[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > maxBytes) {
      await reader.cancel();
      throw athanorError("ModelFileTooLarge", { uri, maximum: maxBytes });
    }
    chunks.push(value);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, offset);
    offset += chunk.length;
  }
  return bytes;
}
