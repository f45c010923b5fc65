import { isMap, isScalar, visit, type Document } from "yaml";
import { WorkerError } from "../errors.ts";
import type { LineCounter } from "yaml";

const keyPattern = /^(0x)?[0-9a-fA-F]{64}$/;
const secretField =
  /^(.*private.?key|mnemonic|seed.?phrase|password|passphrase|secret|(secret.?)?access.?key(.?id)?|(access|bearer).?token)$/i;
/** Fields whose values look like keys and are public. */
const publicFields: ReadonlySet<string> = new Set(["root"]);

/**
 * Refuses a configuration with a key or a password in it. The value never appears in the error.
 *
 * @throws WorkerError CONFIG_PLAINTEXT_KEY
 */
export function refuseSecrets(document: Document, file: string, lines: LineCounter): void {
  visit(document, {
    Pair(_, pair) {
      if (!isScalar(pair.key)) return;
      const field = String(pair.key.value);
      const value = isScalar(pair.value) ? String(pair.value.value) : "";
      const isSecret = looksLikeKey(value) && !publicFields.has(field);
      if (!isSecret && !(secretField.test(field) && !isMap(pair.value))) return;
      const { line, col } = lines.linePos(pair.key.range?.[0] ?? 0);
      throw new WorkerError(
        "CONFIG_PLAINTEXT_KEY",
        `${file}:${line}:${col}: ${field}: this is, or is meant to be, a secret in plain text. ` +
          "A configuration is copied, backed up and sent to others; whoever reads it owns the account.",
        {
          remedy:
            "Remove it from the file, and treat the key as stolen if the file ever left this machine. " +
            'Put keys into encrypted files with "athanor key create" or "athanor key import", and name the files under keys. ' +
            "What lets the worker in elsewhere comes from the environment.",
          details: { file, line, column: col, field },
        },
      );
    },
  });
}

/** 32 bytes in hexadecimal, or a BIP-39 phrase of 12 to 24 words. */
function looksLikeKey(value: string): boolean {
  if (keyPattern.test(value)) return true;
  const words = value.trim().split(/\s+/);
  return [12, 15, 18, 21, 24].includes(words.length) && words.every((word) => /^[a-z]{3,8}$/.test(word));
}
