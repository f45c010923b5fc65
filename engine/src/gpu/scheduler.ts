import type { Model } from "../model.ts";
import type { Machine, Outcome } from "./machine.ts";
import { PAGE_POSITIONS } from "./kernels/kernel.ts";
import { PagePool } from "./pages.ts";
import type { Row } from "./rows.ts";
import type { Sequence } from "./sequence.ts";

/** Steps that the device has before the first one's tokens are waited for: the next step does not need them. */
const DEPTH = 2;

/** A step under way, and the sequences of its generating rows. */
interface Flight {
  readonly outcomes: Promise<Outcome[]>;
  readonly generating: readonly Sequence[];
}

/**
 * Which positions a machine computes next. Sequences join and leave between steps; a step has the next position of each
 * that generates, and as much of prompts as there is room for.
 */
export class Scheduler {
  readonly #model: Model;
  readonly #machine: Machine;
  readonly #pool: PagePool;
  readonly #slots: number[];
  readonly #sequences = new Set<Sequence>();
  readonly #flights: Flight[] = [];
  /** Positions that the machine was given. */
  computed = 0;

  constructor(model: Model, machine: Machine) {
    this.#model = model;
    this.#machine = machine;
    const { pages, slots, rows } = machine.size;
    this.#pool = new PagePool(pages);
    this.#slots = Array.from({ length: Math.min(slots, rows) }, (_, slot) => slot).reverse();
  }

  get sequences(): Iterable<Sequence> {
    return this.#sequences;
  }

  get idle(): boolean {
    return this.#sequences.size === 0 && this.#flights.length === 0;
  }

  /**
   * Takes sequences in their order while there are places, and pages for the longest answer of each, so that none has to be
   * stopped half-way.
   */
  admit(waiting: Sequence[]): void {
    for (;;) {
      const [sequence] = waiting;
      if (!sequence || this.#slots.length === 0) return;
      const { given } = sequence;
      // The last position yields a token and is computed in any case; all of them are if somebody watches.
      const sharable = sequence.request.observer ? 0 : Math.floor((given.length - 1) / PAGE_POSITIONS);
      const { pages: found, shared } = this.#pool.share(given, sharable);
      const own = this.#pool.take(sequence.pages - found.length);
      if (!own) {
        this.#pool.release(found);
        return;
      }
      waiting.shift();
      const slot = this.#slots.pop()!;
      const pages = [...found, ...own];
      const computed = found.length * PAGE_POSITIONS;
      sequence.residence = { slot, pages, given, computed, published: shared };
      this.#sequences.add(sequence);
      this.#machine.setSequence(slot, pages, given, sequence.request);
    }
  }

  /** Gives the device a step, if there is one, and waits for an earlier one when it has enough. */
  async advance(): Promise<void> {
    await this.#observedSteps();
    const started = this.#step();
    if (started) this.#flights.push(started);
    if (started && this.#flights.length < DEPTH) return;
    const flight = this.#flights.shift();
    if (!flight) return;
    const outcomes = await flight.outcomes;
    flight.generating.forEach((sequence, index) => this.#settle(sequence, outcomes[index]!));
  }

  /** Forgets a sequence. What the device still computes of it is finished before its pages are written again. */
  remove(sequence: Sequence): void {
    const { residence } = sequence;
    if (!this.#sequences.delete(sequence) || !residence) return;
    this.#pool.release(residence.pages);
    this.#slots.push(residence.slot);
    sequence.residence = undefined;
  }

  /** All sequences, taken from the device. */
  evacuate(): Sequence[] {
    const sequences = [...this.#sequences];
    for (const sequence of sequences) sequence.residence = undefined;
    this.#sequences.clear();
    this.#flights.length = 0;
    return sequences;
  }

  #step(): Flight | undefined {
    const ready = [...this.#sequences].filter(({ request }) => !request.observer);
    const { rows: limit } = this.#machine.size;
    const rows: Row[] = [];
    const generating = new Map<Row, Sequence>();
    const add = (sequence: Sequence, most: number) => {
      for (const row of sequence.rows(most)) {
        rows.push(row);
        if (row.generating) generating.set(row, sequence);
      }
    };
    for (const sequence of ready.filter(({ generates }) => generates)) add(sequence, 1);
    for (const sequence of ready) {
      const { computed, given } = sequence.residence!;
      if (computed >= given.length || rows.length >= limit) continue;
      add(sequence, limit - rows.length);
      this.#publish(sequence, given);
    }
    if (rows.length === 0) return undefined;
    const ordered = inOrder(rows);
    this.computed += rows.length;
    const outcomes = this.#machine.run(ordered);
    // Whether it failed is asked when its turn comes.
    outcomes.catch(() => undefined);
    return {
      outcomes,
      generating: ordered.filter((row) => row.generating).map((row) => generating.get(row)!),
    };
  }

  /** A step of its own for each sequence that somebody watches. */
  async #observedSteps(): Promise<void> {
    const watched = [...this.#sequences].filter(({ request }) => request.observer);
    if (watched.length === 0) return;
    for (const sequence of watched) {
      const { roots } = sequence.request;
      const limit = await this.#machine.observedRows(roots !== undefined);
      if (!sequence.residence || sequence.residence.computed >= sequence.positions) continue;
      const rows = inOrder(sequence.rows(limit));
      this.computed += rows.length;
      const outcomes = await this.#machine.runObserved(
        rows,
        (observation) => {
          if (!sequence.ended) sequence.observe(observation);
        },
        roots && {
          takes: (position, operator) => roots.takes(position, operator),
          root(position, operator, root) {
            if (!sequence.ended) sequence.takeRoot(position, operator, root);
          },
        },
      );
      sequence.shownTo(Math.max(...rows.map(({ position }) => position)) + 1);
      for (const [index, outcome] of outcomes.entries()) {
        // After a device was lost, positions are computed again whose tokens are settled.
        if (rows[index]!.generated > sequence.tokens.length) this.#settle(sequence, outcome);
      }
    }
  }

  #settle(sequence: Sequence, outcome: Outcome): void {
    // Steps that were under way when it ended computed too much.
    if (sequence.ended) return;
    const last = sequence.settle(outcome);
    // Whoever heard of the token may have aborted.
    if (!last || !sequence.residence) return;
    this.#publish(sequence, sequence.known);
    this.remove(sequence);
    sequence.end(this.#model);
  }

  /** Lets others share what is computed of known tokens. */
  #publish({ residence }: Sequence, known: readonly number[]): void {
    const { computed, pages, published } = residence!;
    const count = Math.floor(Math.min(computed, known.length) / PAGE_POSITIONS);
    residence!.published = this.#pool.publish(known, pages, count, published);
  }
}

/** Rows that yield tokens first. */
function inOrder(rows: readonly Row[]): Row[] {
  return [...rows.filter(({ generating }) => generating), ...rows.filter(({ generating }) => !generating)];
}
