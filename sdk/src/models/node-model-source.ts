import { open } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { athanorError } from "../errors/athanor-error.ts";
import { httpModelSource } from "./http-model-source.ts";
import type { ModelSource } from "./model-source.ts";

/** Reads file: addresses from this machine, and http: and https: addresses as `httpModelSource` does. */
export function nodeModelSource(): ModelSource {
  const http = httpModelSource();
  return {
    async readFile(uri, options) {
      if (!/^file:\/\/\//i.test(uri)) return http.readFile(uri, options);
      options.signal.throwIfAborted();
      const file = await open(fileURLToPath(uri));
      try {
        const stat = await file.stat();
        // Devices and pipes have no end.
        if (!stat.isFile()) throw athanorError("ModelUriUnsupported", { uri });
        if (stat.size > options.maxBytes) throw athanorError("ModelFileTooLarge", { uri, maximum: options.maxBytes });
        return await file.readFile({ signal: options.signal });
      } finally {
        await file.close();
      }
    },
  };
}
