import { EngineError } from "../errors.ts";
import { parseJson } from "../import/checkpoint.ts";
import { INTEGER_FORMAT, type IntegerForm } from "../import/integer-form.ts";

/** Holds the roots of the model beside it, and the names, lengths and hashes of its files. */
export const MANIFEST_FILE = "athanor.json";

export type FileHashes = Readonly<Record<string, { readonly bytes: number; readonly sha256: string }>>;

/** What is needed of a manifest to hold a model's files against it. */
export interface ManifestClaim {
  readonly modelRoot: string;
  readonly files: FileHashes;
  /** Set where the files hold the model in integers rather than a checkpoint. */
  readonly integers?: IntegerForm;
}

const MOST_FILES = 10_000;
/** A file in the folder itself: nothing hidden, no path. */
const FILE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,199}$/;
const RESERVED = [MANIFEST_FILE, "import.json"];

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

/** @throws EngineError `MODEL_ROOT_MISMATCH` where a manifest does not speak of the model that is wanted. */
export function requireRoot(uri: string, manifest: ManifestClaim, expected: string | undefined): void {
  if (expected === undefined || manifest.modelRoot === expected.toLowerCase()) return;
  throw new EngineError(
    "MODEL_ROOT_MISMATCH",
    `${uri} publishes the model ${manifest.modelRoot}, not ${expected}.`,
    {
      remedy: "Check the address and the root; nothing was fetched.",
      details: { uri, expected, found: manifest.modelRoot },
    },
  );
}

/** Bytes of all files. @throws EngineError `MODEL_TOO_LARGE`. */
export function totalBytes(uri: string, manifest: ManifestClaim, maximum: number): number {
  const total = Object.values(manifest.files).reduce((sum, { bytes }) => sum + bytes, 0);
  if (total <= maximum) return total;
  throw new EngineError("MODEL_TOO_LARGE", `The model at ${uri} has ${total} bytes, more than ${maximum}.`, {
    remedy: "Allow more, if the model is meant to be so large.",
    details: { uri, found: total, maximum },
  });
}

/** A file whose bytes are not those that its manifest announces. */
export function otherFile(
  url: URL,
  expected: FileHashes[string],
  found: { readonly bytes: number; readonly sha256: string },
): EngineError {
  return new EngineError(
    "MODEL_FILE_MISMATCH",
    `${url.href} has ${found.bytes} bytes with the SHA-256 ${found.sha256}; its manifest says ${expected.bytes} and ${expected.sha256}.`,
    {
      remedy: "Pull again, or from another place: this one serves other files than it promises.",
      details: { url: url.href, expected, found },
    },
  );
}
