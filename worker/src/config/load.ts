import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import { WorkerError } from "../errors.ts";
import { placeIssues, type ConfigIssue } from "./issues.ts";
import { configSchema, type Config } from "./schema.ts";
import { refuseSecrets } from "./secrets.ts";

/**
 * Reads a configuration file; paths in it are relative to the file.
 *
 * @throws WorkerError CONFIG_UNREADABLE, CONFIG_INVALID (with file, line, column, field, found and expected of everything
 * that is wrong), CONFIG_PLAINTEXT_KEY
 */
export async function loadConfig(file: string): Promise<Config> {
  let text: string;
  try {
    text = await readFile(file, "utf8");
  } catch (cause) {
    throw new WorkerError("CONFIG_UNREADABLE", `The configuration file ${file} cannot be read.`, {
      remedy: "Name an existing file with --config FILE; docs/providers.md shows one to start from.",
      details: { file },
      cause,
    });
  }
  return parseConfig(text, file);
}

/** Parses the text of a configuration file. See `loadConfig` for its errors. */
export function parseConfig(text: string, file: string): Config {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  if (document.errors.length > 0) {
    throw invalid(
      file,
      document.errors.map((error) => {
        const { line, col } = lines.linePos(error.pos[0]);
        return { line, column: col, field: "(syntax)", problem: error.message };
      }),
    );
  }
  refuseSecrets(document, file, lines);
  // An empty document is null; as a map without fields it gets the same errors as any other incomplete one.
  const result = configSchema.safeParse(document.toJS() ?? {});
  if (!result.success) throw invalid(file, placeIssues(result.error, configSchema, document, lines));
  return withAbsolutePaths(result.data, dirname(resolve(file)));
}

function invalid(file: string, issues: readonly ConfigIssue[]): WorkerError {
  const sorted = [...issues].sort((a, b) => a.line - b.line || a.column - b.column);
  const text = sorted.map(
    ({ line, column, field, problem }) => `${file}:${line}:${column}: ${field}: ${problem}`,
  );
  return new WorkerError("CONFIG_INVALID", text.join("\n"), {
    remedy: "Correct the lines named; docs/providers.md describes every field.",
    details: { file, issues: sorted },
  });
}

function withAbsolutePaths(config: Config, folder: string): Config {
  return {
    ...config,
    keys: {
      operatorKeystore: resolve(folder, config.keys.operatorKeystore),
      ownerKeystore: config.keys.ownerKeystore === null ? null : resolve(folder, config.keys.ownerKeystore),
    },
    models: config.models.map((model) => ({ ...model, path: resolve(folder, model.path) })),
    storage: resolve(folder, config.storage),
  };
}
