import { EngineError } from "../errors.ts";
import type { JsonObject } from "./checkpoint.ts";

/* Reading of single fields of config.json; every refusal names the field and its value. */

export function whole(
  config: JsonObject,
  field: string,
  minimum: number,
  maximum: number,
  absent?: number,
): number {
  const value = config[field] ?? absent;
  if (!Number.isSafeInteger(value) || (value as number) < minimum || (value as number) > maximum) {
    throw invalid(field, value, `a whole number from ${minimum} to ${maximum}`);
  }
  return value as number;
}

export function real(
  config: JsonObject,
  field: string,
  minimum: number,
  maximum: number,
  absent?: number,
): number {
  const value = config[field] ?? absent;
  if (typeof value !== "number" || !(value >= minimum && value <= maximum)) {
    throw invalid(field, value, `a number from ${minimum} to ${maximum}`);
  }
  return value;
}

export function flag(config: JsonObject, field: string, absent: boolean): boolean {
  const value = config[field] ?? absent;
  if (typeof value !== "boolean") throw invalid(field, value, "true or false");
  return value;
}

/** @param file where the field stands */
export function unsupported(
  field: string,
  value: unknown,
  supported: string,
  file = "config.json",
): EngineError {
  return fieldError("CONFIG_FIELD_UNSUPPORTED", file, field, value, `Supported: ${supported}.`);
}

/** @param file where the field stands */
export function invalid(field: string, value: unknown, expected: string, file = "config.json"): EngineError {
  return fieldError("CONFIG_FIELD_INVALID", file, field, value, `Expected ${expected}.`);
}

export function fieldError(
  code: "CONFIG_FIELD_UNSUPPORTED" | "CONFIG_FIELD_INVALID",
  file: string,
  field: string,
  value: unknown,
  remedy: string,
): EngineError {
  return new EngineError(code, `${file}: ${field} is ${JSON.stringify(value)}.`, {
    remedy,
    details: { field, value },
  });
}
