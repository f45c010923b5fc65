import type { LogLevel } from "../config/schema.ts";
import type { EventFields, EventLog, EventName } from "../log/event-log.ts";

export interface RecordedEvent {
  readonly level: LogLevel;
  readonly event: EventName;
  readonly fields: EventFields;
}

/** A log that tests read. */
export interface RecordingLog extends EventLog {
  readonly events: RecordedEvent[];
  /** Events with a name, of one job if one is given. */
  of(event: EventName, jobId?: string): EventFields[];
}

let newest: RecordingLog | undefined;

/** The log that was opened last. */
export function newestLog(): RecordingLog | undefined {
  return newest;
}

export function recordingLog(): RecordingLog {
  const events: RecordedEvent[] = [];
  newest = {
    events,
    emit: (level, event, fields = {}) => void events.push({ level, event, fields }),
    of: (name, jobId) =>
      events
        .filter(({ event, fields }) => event === name && (jobId === undefined || fields["jobId"] === jobId))
        .map(({ fields }) => fields),
  };
  return newest;
}
