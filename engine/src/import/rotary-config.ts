import type { FrequencyScaling } from "../tables/tables.ts";
import type { JsonObject } from "./checkpoint.ts";
import { invalid, real, unsupported, whole } from "./config-fields.ts";

interface RotaryConfig {
  readonly rotaryTheta: number;
  readonly rotaryScaling: FrequencyScaling | undefined;
}

/**
 * Base angle and scaling: `rope_theta` and `rope_scaling`, or `rope_parameters`, where newer configurations keep both.
 *
 * @throws EngineError `CONFIG_FIELD_UNSUPPORTED`, `CONFIG_FIELD_INVALID`.
 */
export function readRotary(config: JsonObject): RotaryConfig {
  const newer = section(config, "rope_parameters");
  const older = section(config, "rope_scaling");
  if (newer && older) throw unsupported("rope_scaling", older, "rope_scaling or rope_parameters, not both");
  const field = newer ? "rope_parameters" : "rope_scaling";
  const { rope_theta: theta, ...scaling } = newer ?? older ?? {};
  const rotaryTheta = real({ rope_theta: theta ?? config.rope_theta }, "rope_theta", 1, 1e12, 10000);
  return { rotaryTheta, rotaryScaling: readScaling(field, scaling) };
}

function section(config: JsonObject, field: string): JsonObject | undefined {
  const value = config[field];
  if (value === undefined || value === null) return undefined;
  if (typeof value !== "object" || Array.isArray(value)) throw invalid(field, value, "an object or null");
  return value as JsonObject;
}

function readScaling(field: string, scaling: JsonObject): FrequencyScaling | undefined {
  const { type, rope_type: kind = type ?? "default", ...fields } = scaling;
  if (kind !== "default" && kind !== "llama3") {
    throw unsupported(`${field}.rope_type`, kind, '"default" or "llama3"');
  }
  const known =
    kind === "llama3"
      ? ["factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"]
      : [];
  const unknown = Object.keys(fields).find((name) => !known.includes(name));
  if (unknown !== undefined) throw unsupported(`${field}.${unknown}`, fields[unknown], "nothing");
  if (kind === "default") return undefined;
  const named = Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [`${field}.${name}`, value]),
  );
  const factor = real(named, `${field}.factor`, 1, 1e6);
  const lowFrequency = real(named, `${field}.low_freq_factor`, 2 ** -20, 2 ** 20);
  const highFrequency = real(named, `${field}.high_freq_factor`, 2 ** -20, 2 ** 20);
  if (highFrequency <= lowFrequency) {
    throw invalid(`${field}.high_freq_factor`, highFrequency, `more than low_freq_factor ${lowFrequency}`);
  }
  const originalContext = whole(named, `${field}.original_max_position_embeddings`, 1, 2 ** 31);
  return { factor, lowFrequency, highFrequency, originalContext };
}
