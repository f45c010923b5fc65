import { existsSync, statSync } from "node:fs";
import { InvalidArgumentError } from "commander";

/** Parses a positive whole number given on a command line. */
export function positiveInteger(text: string): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value) || value === 0) {
    throw new InvalidArgumentError("It must be a whole number above zero.");
  }
  return value;
}

/** Parses a decimal number given on a command line. */
export function decimalNumber(text: string): number {
  if (!/^\d+(\.\d+)?$/.test(text)) throw new InvalidArgumentError("It must be a number, such as 0.7.");
  return Number(text);
}

/** Checks that a command line names a folder that exists. */
export function existingFolder(path: string): string {
  if (!existsSync(path) || !statSync(path).isDirectory()) {
    throw new InvalidArgumentError("There is no such folder.");
  }
  return path;
}

/** Checks that a command line names a file that exists. */
export function existingFile(path: string): string {
  if (!existsSync(path) || !statSync(path).isFile()) throw new InvalidArgumentError("There is no such file.");
  return path;
}
