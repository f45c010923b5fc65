import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statSync } from "node:fs";
import { join, relative } from "node:path";

/** @param {string | Buffer} content
 * @returns {string} SHA-256, hexadecimal */
export function hashOf(content) {
  return createHash("sha256").update(content).digest("hex");
}

/**
 * One hash over the names and contents of files. Times do not count: a checkout or a copy changes them at will.
 * @param {string} root names are taken relative to it
 * @param {string[]} paths files and folders; absent ones count as such
 * @param {(path: string) => boolean} counts whether a file (or folder) counts, by its relative path with slashes
 * @returns {string} SHA-256, hexadecimal
 */
export function hashOfFiles(root, paths, counts = () => true) {
  const hash = createHash("sha256");
  for (const file of paths
    .flatMap((path) => filesUnder(join(root, path), (full) => counts(nameOf(root, full))))
    .sort()) {
    hash.update(`${nameOf(root, file)}\0${hashOf(readFileSync(file))}\n`);
  }
  return hash.digest("hex");
}

/** @param {string} path
 * @param {(full: string) => boolean} counts
 * @returns {string[]} */
function filesUnder(path, counts) {
  if (!existsSync(path) || !counts(path)) return [];
  if (!statSync(path).isDirectory()) return [path];
  return readdirSync(path).flatMap((name) => filesUnder(join(path, name), counts));
}

/** @param {string} root
 * @param {string} full */
function nameOf(root, full) {
  return relative(root, full).split("\\").join("/");
}
