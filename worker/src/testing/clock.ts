import { systemClock, type Clock } from "../clock.ts";

/** The machine's clock, moved forward at will. Sleeps take real time. */
export interface MovableClock extends Clock {
  skip(milliseconds: number): void;
}

export function movableClock(): MovableClock {
  let offset = 0;
  return {
    now: () => Date.now() + offset,
    sleep: systemClock.sleep,
    skip: (milliseconds) => (offset += milliseconds),
  };
}
