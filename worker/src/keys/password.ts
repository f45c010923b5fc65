import { readSync } from "node:fs";
import { WorkerError } from "../errors.ts";

/** Asks a person; not there when nobody can be asked. */
export interface SecretPrompt {
  /** Reads a line without showing it. */
  readonly ask: (question: string) => Promise<string>;
}

export interface PasswordSources {
  /** A file descriptor to read the password from, up to the first line break. */
  readonly descriptor?: number | undefined;
  /** The process's environment. The password is removed from it once read, so that no child inherits it. */
  readonly environment: Record<string, string | undefined>;
  readonly prompt?: SecretPrompt | undefined;
}

export const PASSWORD_VARIABLE = "ATHANOR_KEYSTORE_PASSWORD";

/**
 * The password of a keystore: from the file descriptor if one is given, else from the environment, else from a prompt.
 * There is no way to put it on the command line, where every user of the machine could read it.
 *
 * @throws WorkerError PASSWORD_MISSING
 */
export async function readPassword(question: string, sources: PasswordSources): Promise<string> {
  const { descriptor, environment, prompt } = sources;
  if (descriptor !== undefined) return readSecretFrom(descriptor);
  const fromEnvironment = environment[PASSWORD_VARIABLE];
  if (fromEnvironment !== undefined && fromEnvironment !== "") {
    delete environment[PASSWORD_VARIABLE];
    return fromEnvironment;
  }
  if (prompt !== undefined) return prompt.ask(question);
  throw new WorkerError("PASSWORD_MISSING", "There is no terminal to ask for the keystore's password.", {
    remedy: `Set ${PASSWORD_VARIABLE}, or pass --password-fd N and write the password to that file descriptor.`,
  });
}

/**
 * Reads one line from a file descriptor.
 *
 * @throws WorkerError PASSWORD_MISSING if it cannot be read or the line is empty
 */
export function readSecretFrom(descriptor: number): string {
  const bytes: number[] = [];
  const buffer = Buffer.alloc(1);
  try {
    // Byte by byte: what follows the line belongs to the next secret on the same descriptor.
    while (bytes.length < 4_096 && readSync(descriptor, buffer, 0, 1, null) === 1 && buffer[0] !== 0x0a) {
      bytes.push(buffer[0]!);
    }
  } catch (cause) {
    throw missing(descriptor, cause);
  }
  const secret = Buffer.from(bytes).toString("utf8").replace(/\r$/, "");
  if (secret === "") throw missing(descriptor);
  return secret;
}

function missing(descriptor: number, cause?: unknown): WorkerError {
  return new WorkerError("PASSWORD_MISSING", `File descriptor ${descriptor} gives no secret.`, {
    remedy: "Open it before the command, as in: athanor provider start --password-fd 3 3< password-pipe",
    details: { descriptor },
    cause,
  });
}
