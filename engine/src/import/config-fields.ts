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

export function unsupported(field: string, value: unknown, supported: string): EngineError {
  return new EngineError("CONFIG_FIELD_UNSUPPORTED", `config.json: ${field} is ${JSON.stringify(value)}.`, {
    remedy: `Supported: ${supported}.`,
    details: { field, value },
  });
}

export function invalid(field: string, value: unknown, expected: string): EngineError {
  return new EngineError("CONFIG_FIELD_INVALID", `config.json: ${field} is ${JSON.stringify(value)}.`, {
    remedy: `Expected ${expected}.`,
    details: { field, value },
  });
}
