import { EngineError } from "../errors.ts";
import { parseJson } from "../import/checkpoint.ts";
import { INTEGER_FORMAT, type IntegerForm } from "../import/integer-form.ts";
import type { FileHashes, ManifestClaim } from "./manifest.ts";

const MOST_FILES = 10_000;
/** A file in the folder itself: nothing hidden, no path. */
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/;
const RESERVED = ["athanor.json", "import.json"];

/**
 * Reads athanor.json, which may come from anybody.
 *
 * @param origin where it was found, for the message.
 * @throws EngineError `MANIFEST_INVALID`, `JSON_INVALID`.
 */
export function parseManifest(text: string, origin: string): ManifestClaim {
  const { modelRoot, files, format, architecture, weights } = parseJson(text, "athanor.json");
  const refuse = (problem: string): never => {
    throw new EngineError("MANIFEST_INVALID", `athanor.json of ${origin} ${problem}.`, {
      remedy: "Restore the file that was published with the model.",
      details: { origin },
    });
  };
  if (typeof modelRoot !== "string" || !/^0x[0-9a-f]{64}$/.test(modelRoot)) {
    return refuse(`has the modelRoot ${JSON.stringify(modelRoot)}, not 0x and 64 digits`);
  }
  if (typeof files !== "object" || files === null || Array.isArray(files)) return refuse("lists no files");
  const entries = Object.entries(files as Record<string, unknown>);
  if (entries.length > MOST_FILES) return refuse(`lists ${entries.length} files, more than ${MOST_FILES}`);
  for (const [name, entry] of entries) {
    if (!FILE_NAME.test(name) || RESERVED.includes(name)) {
      return refuse(`lists ${JSON.stringify(name)}, which is no name of a model's file`);
    }
    const { bytes, sha256 } = (entry ?? {}) as { bytes?: unknown; sha256?: unknown };
    if (!Number.isSafeInteger(bytes) || (bytes as number) < 0 || !/^[0-9a-f]{64}$/.test(String(sha256))) {
      return refuse(`has no proper bytes and sha256 of ${name}`);
    }
  }
  const claim = { modelRoot, files: files as FileHashes };
  if (format === undefined) return claim;
  if (format !== INTEGER_FORMAT) return refuse(`has the unknown format ${JSON.stringify(format)}`);
  if (typeof architecture !== "string" || !isListedIn(weights, claim.files)) {
    return refuse("does not say which of its files hold tensors, or which architecture they are of");
  }
  return { ...claim, integers: { architecture, weights } satisfies IntegerForm };
}

function isListedIn(names: unknown, files: FileHashes): names is string[] {
  return (
    Array.isArray(names) && names.every((name) => typeof name === "string" && Object.hasOwn(files, name))
  );
}
