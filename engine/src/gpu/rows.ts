import { HEADER_WORDS, PAGE_POSITIONS, PREVIOUS_TOKEN, ROW_WORDS, TILE_POSITIONS } from "./kernels/kernel.ts";
import type { StepSize } from "./launch.ts";

/** One position of one sequence in a step. */
export interface Row {
  /** Index of the sequence among those on the device. */
  readonly slot: number;
  readonly position: number;
  /** Undefined: the token that the sequence's previous position chose, which only the device may know yet. */
  readonly token: number | undefined;
  /** Whether it yields an output token. Such rows come first in a step. */
  readonly generating: boolean;
  /** Number of that token in the output, from 1 on, and the request's maximum. */
  readonly generated: number;
  readonly maxTokens: number;
}

/** Words of what kernels see of a step: its size, its rows, and for each slot the pages of its sequence. */
export function rowsWords(capacity: number, slots: number, positions: number): number {
  return HEADER_WORDS + capacity * ROW_WORDS + slots * tableWords(positions);
}

/** Pages of a sequence of so many positions. */
export function tableWords(positions: number): number {
  return Math.ceil(positions / PAGE_POSITIONS);
}

/** Where a slot's pages stand, in words. */
export function tableAt(capacity: number, slot: number, positions: number): number {
  return HEADER_WORDS + capacity * ROW_WORDS + slot * tableWords(positions);
}

export function sizeOf(rows: readonly Row[]): StepSize {
  const last = rows.reduce((most, { position }) => Math.max(most, position), 0);
  return {
    rows: rows.length,
    generating: rows.filter(({ generating }) => generating).length,
    tiles: Math.floor(last / TILE_POSITIONS) + 1,
  };
}

/** The words before the pages. */
export function encodeRows(rows: readonly Row[], positions: number): Uint32Array<ArrayBuffer> {
  const { generating, tiles } = sizeOf(rows);
  const words = new Uint32Array(HEADER_WORDS + rows.length * ROW_WORDS);
  words.set([rows.length, generating, tiles]);
  rows.forEach(({ slot, position, token = PREVIOUS_TOKEN, generated, maxTokens }, index) => {
    const limit = Math.min(maxTokens, 0xffffffff);
    words.set(
      [position, token, slot, generated, limit, slot * tableWords(positions)],
      HEADER_WORDS + index * ROW_WORDS,
    );
  });
  return words;
}
