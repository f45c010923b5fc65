import { invalid } from "../config-fields.ts";
import type { GgufHeader, GgufValue } from "./read-gguf.ts";

/** The beginning of a value, for messages: lists and texts may be as long as the file. */
export function shown(value: unknown): unknown {
  if (typeof value === "string") return value.length > 64 ? `${value.slice(0, 64)}…` : value;
  if (Array.isArray(value)) return value.slice(0, 8).map(shown);
  return typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
}

/** Typed access to a GGUF file's metadata; every refusal names the file, the key and its value. */
export class Metadata {
  readonly file: string;
  readonly #values: GgufHeader["metadata"];

  constructor({ file, metadata }: GgufHeader) {
    this.file = file;
    this.#values = metadata;
  }

  get keys(): string[] {
    return [...this.#values.keys()];
  }

  get(key: string): GgufValue | undefined {
    return this.#values.get(key);
  }

  text(key: string): string | undefined {
    const value = this.get(key);
    if (value === undefined || typeof value === "string") return value;
    throw invalid(key, shown(value), "a text", this.file);
  }

  flag(key: string, absent: boolean): boolean {
    const value = this.get(key) ?? absent;
    if (typeof value === "boolean") return value;
    throw invalid(key, shown(value), "true or false", this.file);
  }

  number(key: string): number | undefined {
    const value = this.get(key);
    if (value === undefined || Number.isFinite(value)) return value as number | undefined;
    throw invalid(key, shown(value), "one finite number", this.file);
  }

  required(key: string): number {
    const value = this.number(key);
    if (value === undefined) throw invalid(key, null, "a number", this.file);
    return value;
  }

  texts(key: string): readonly string[] | undefined {
    return this.#array(key, "string", "texts") as readonly string[] | undefined;
  }

  numbers(key: string): readonly number[] | undefined {
    return this.#array(key, "number", "numbers") as readonly number[] | undefined;
  }

  #array(key: string, type: string, items: string): readonly unknown[] | undefined {
    const value = this.get(key);
    if (value === undefined) return undefined;
    if (typeof value !== "object") throw invalid(key, shown(value), `a list of ${items}`, this.file);
    const wrong = (value as readonly unknown[]).findIndex((item) => typeof item !== type);
    if (wrong >= 0) throw invalid(`${key}[${wrong}]`, shown(value[wrong]), `a list of ${items}`, this.file);
    return value;
  }
}
