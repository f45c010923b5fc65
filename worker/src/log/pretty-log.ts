import { logLevels, type LogLevel } from "../config/schema.ts";
import type { EventFields, EventLog, EventName } from "./event-log.ts";
import type { Scrub } from "./scrub.ts";

const colours: Readonly<Record<LogLevel, string>> = { debug: "90", info: "32", warn: "33", error: "31" };
const secretFields = /password|privateKey|mnemonic|secret|signingKey|^raw$/i;

/** The same events for people at a terminal: time, event, its fields; long hexadecimal numbers shortened. */
export function openPrettyLog(level: LogLevel, write: (line: string) => void, scrub: Scrub): EventLog {
  return {
    emit(eventLevel: LogLevel, event: EventName, fields: EventFields = {}): void {
      if (logLevels.indexOf(eventLevel) < logLevels.indexOf(level)) return;
      const time = new Date().toTimeString().slice(0, 8);
      const shown = Object.entries(fields)
        .filter(([, value]) => value !== undefined && value !== null && value !== "")
        .map(([name, value]) => `${name} ${secretFields.test(name) ? "[hidden]" : text(value)}`)
        .join("  ");
      write(
        scrub(
          `\u001b[90m${time}\u001b[0m \u001b[${colours[eventLevel]}m${event.padEnd(16)}\u001b[0m ${shown}\n`,
        ),
      );
    },
  };
}

function text(value: unknown): string {
  if (typeof value === "string") return value.replaceAll(/0x([0-9a-fA-F]{6})[0-9a-fA-F]{54,}/g, "0x$1…");
  if (typeof value === "bigint" || typeof value === "number" || typeof value === "boolean") {
    return value.toString();
  }
  return JSON.stringify(value, (name, part: unknown) => {
    if (secretFields.test(name)) return "[hidden]";
    return typeof part === "bigint" ? part.toString() : part;
  });
}
