import { athanorError } from "../errors/athanor-error.ts";
import { readBounded } from "../internal/read-bounded.ts";
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
      return readBounded(response.body, maxBytes, () =>
        athanorError("ModelFileTooLarge", { uri, maximum: maxBytes }),
      );
    },
  };
}
