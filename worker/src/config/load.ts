import { readFile } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { LineCounter, parseDocument } from "yaml";
import type { z } from "zod";
import { WorkerError } from "../errors.ts";
import { placeIssues, type ConfigIssue } from "./issues.ts";
import {
  challengerSchema,
  checkerSchema,
  configSchema,
  type ChallengerConfig,
  type CheckerConfig,
  type Config,
} from "./schema.ts";
import { refuseSecrets } from "./secrets.ts";

/**
 * Reads a configuration file; paths in it are relative to the file.
 *
 * @throws WorkerError CONFIG_UNREADABLE, CONFIG_INVALID (with file, line, column, field, found and expected of everything
 * that is wrong), CONFIG_PLAINTEXT_KEY
 */
export async function loadConfig(file: string): Promise<Config> {
  return parseConfig(await readText(file), file);
}

/** As `loadConfig`, for the file of a challenger. */
export async function loadChallengerConfig(file: string): Promise<ChallengerConfig> {
  return parseChallengerConfig(await readText(file), file);
}

/** As `loadConfig`, for the file of a checker. */
export async function loadCheckerConfig(file: string): Promise<CheckerConfig> {
  return parseCheckerConfig(await readText(file), file);
}

async function readText(file: string): Promise<string> {
  try {
    return await readFile(file, "utf8");
  } catch (cause) {
    throw new WorkerError("CONFIG_UNREADABLE", `The configuration file ${file} cannot be read.`, {
      remedy:
        "Name an existing file with --config FILE; docs/providers.md shows one to start from, docs/checkers-guide.md a checker's.",
      details: { file },
      cause,
    });
  }
}

/** Parses the text of a configuration file. See `loadConfig` for its errors. */
export function parseConfig(text: string, file: string): Config {
  return withAbsolutePaths(parse(configSchema, text, file), dirname(resolve(file)));
}

/** Parses the text of a challenger's configuration file. See `loadConfig` for its errors. */
export function parseChallengerConfig(text: string, file: string): ChallengerConfig {
  const config = parse(challengerSchema, text, file);
  const folder = dirname(resolve(file));
  const optional = (path: string | null) => (path === null ? null : resolve(folder, path));
  return {
    ...config,
    keys: {
      challengerKeystore: resolve(folder, config.keys.challengerKeystore),
      encryptionKeystore: optional(config.keys.encryptionKeystore),
    },
    challenger: { ...config.challenger, delegations: optional(config.challenger.delegations) },
    models: config.models.map((model) => ({ ...model, path: resolve(folder, model.path) })),
  };
}

/** Parses the text of a checker's configuration file. See `loadConfig` for its errors. */
export function parseCheckerConfig(text: string, file: string): CheckerConfig {
  const config = parse(checkerSchema, text, file);
  const folder = dirname(resolve(file));
  const { operatorKeystore, ownerKeystore, buyerKeystores } = config.keys;
  return {
    ...config,
    keys: {
      operatorKeystore: resolve(folder, operatorKeystore),
      ownerKeystore: ownerKeystore === null ? null : resolve(folder, ownerKeystore),
      buyerKeystores: buyerKeystores.map((path) => resolve(folder, path)),
    },
    checker: { ...config.checker, prompts: config.checker.prompts.map((path) => resolve(folder, path)) },
    models: config.models.map((model) => ({ ...model, path: resolve(folder, model.path) })),
    storage: resolve(folder, config.storage),
  };
}

function parse<Schema extends z.ZodType>(schema: Schema, text: string, file: string): z.output<Schema> {
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
  const result = schema.safeParse(document.toJS() ?? {});
  if (!result.success) throw invalid(file, placeIssues(result.error, schema, document, lines));
  return result.data;
}

function invalid(file: string, issues: readonly ConfigIssue[]): WorkerError {
  const sorted = [...issues].sort((a, b) => a.line - b.line || a.column - b.column);
  const text = sorted.map(
    ({ line, column, field, problem }) => `${file}:${line}:${column}: ${field}: ${problem}`,
  );
  return new WorkerError("CONFIG_INVALID", text.join("\n"), {
    remedy:
      "Correct the lines named; docs/providers.md describes every field, docs/checkers-guide.md those of a checker.",
    details: { file, issues: sorted },
  });
}

function withAbsolutePaths(config: Config, folder: string): Config {
  const { operatorKeystore, ownerKeystore, watchtowerKeystore, receiptKeystore, encryptionKeystore } =
    config.keys;
  const optional = (path: string | null) => (path === null ? null : resolve(folder, path));
  return {
    ...config,
    keys: {
      operatorKeystore: resolve(folder, operatorKeystore),
      ownerKeystore: optional(ownerKeystore),
      watchtowerKeystore: optional(watchtowerKeystore),
      receiptKeystore: optional(receiptKeystore),
      encryptionKeystore: optional(encryptionKeystore),
      previousEncryptionKeystores: config.keys.previousEncryptionKeystores.map(({ path, until }) => ({
        path: resolve(folder, path),
        until,
      })),
    },
    channels: config.channels && {
      ...config.channels,
      certificate: optional(config.channels.certificate),
      key: optional(config.channels.key),
    },
    models: config.models.map((model) => ({ ...model, path: resolve(folder, model.path) })),
    contents: { ...config.contents, folder: resolve(folder, config.contents.folder) },
    storage: resolve(folder, config.storage),
  };
}
