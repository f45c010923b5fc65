import { pino } from "pino";
import type { LogLevel } from "../config/schema.ts";
import type { EventFields, EventLog, EventName } from "./event-log.ts";
import type { Scrub } from "./scrub.ts";

/** Fields whose values never reach a log, wherever they appear. */
const secretFields = ["password", "privateKey", "mnemonic", "secret", "signingKey", "raw"];

/**
 * A log of JSON lines: `{"level":"info","time":"2026-11-21T01:00:00.000Z","event":"job.seen",…}`, one event a line.
 *
 * @param write takes a whole line with its line break
 * @param scrub a second net below the redaction of fields: known secrets inside any text
 */
export function openPinoLog(level: LogLevel, write: (line: string) => void, scrub: Scrub): EventLog {
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: secretFields.flatMap((field) => [field, `*.${field}`]), censor: "[hidden]" },
    },
    { write: (line: string) => write(scrub(line)) },
  );
  return {
    emit(eventLevel: LogLevel, event: EventName, fields: EventFields = {}): void {
      logger[eventLevel]({ event, ...printable(fields) });
    },
  };
}

/** JSON has no big integers; amounts and gas are decimal text. */
function printable(fields: EventFields): EventFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === "bigint" ? value.toString() : value,
    ]),
  );
}
