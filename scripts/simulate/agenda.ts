/** Something that goes on through the day: it does something, and yields the second in which it goes on. */
export type Course = AsyncGenerator<number, void, void>;

/** Everything that goes on, one thing at a time, in the order of its seconds; of the same second in the order of arrival. */
export class Agenda {
  readonly #entries: { time: number; number: number; course: Course }[] = [];
  readonly #clock: { time: number };
  #numbers = 0;

  /** @param clock is set to the second before each thing that goes on, so that a transaction of it is in that second at the earliest */
  constructor(clock: { time: number }) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#entries.length === 0;
  }

  /** The second of what is next; nothing is next at the end of time. */
  get nextTime(): number {
    return this.#entries[0]?.time ?? Infinity;
  }

  add(time: number, course: Course): void {
    const entry = { time, number: this.#numbers++, course };
    let [low, high] = [0, this.#entries.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#entries[middle]!.time <= time) low = middle + 1;
      else high = middle;
    }
    this.#entries.splice(low, 0, entry);
  }

  /** Goes through everything until a second. */
  async runUntil(time: number): Promise<void> {
    while (!this.isEmpty && this.nextTime <= time) {
      const { course, time: due } = this.#entries.shift()!;
      this.#clock.time = Math.max(this.#clock.time, due - 1);
      const next = await course.next();
      if (next.done !== true) this.add(next.value, course);
    }
  }
}
