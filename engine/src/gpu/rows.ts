import { HEADER_WORDS, PAGE_POSITIONS, ROW_WORDS, TILE_POSITIONS } from "./kernels/kernel.ts";
import { REQUEST_FIELDS, REQUEST_WORDS, SEQUENCE_WORDS, SEQUENCES_AT } from "./kernels/text.ts";
import { samplingConstants } from "../operators/sampling.ts";
import type { InferenceRequest } from "../run/request.ts";
import type { StepSize } from "./launch.ts";

/** One position of one sequence in a step. */
export interface Row {
  /** Index of the sequence among those on the device. */
  readonly slot: number;
  readonly position: number;
  /** Whether it yields an output token. Such rows come first in a step. */
  readonly generating: boolean;
  /** Number of that token in the output, from 1 on. */
  readonly generated: number;
  /** What it is drawn with, in [0, 2^32); undefined in greedy requests. */
  readonly random: number | undefined;
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
    draws: rows.some(({ random }) => random !== undefined),
  };
}

/** The words before the pages. */
export function encodeRows(rows: readonly Row[], positions: number): Uint32Array<ArrayBuffer> {
  const { generating, tiles } = sizeOf(rows);
  const words = new Uint32Array(HEADER_WORDS + rows.length * ROW_WORDS);
  words.set([rows.length, generating, tiles]);
  rows.forEach(({ slot, position, generated, random = 0 }, index) => {
    const row = [position, slot, Math.max(0, generated), random, slot * tableWords(positions)];
    words.set(row, HEADER_WORDS + index * ROW_WORDS);
  });
  return words;
}

/** What kernels know of a request. */
export function encodeRequest(request: Omit<InferenceRequest, "prompt">): Uint32Array<ArrayBuffer> {
  const { maxTokens, outputLimit = maxTokens, minTokens = 0, startOffset = 0, stopSequences = [] } = request;
  const { greedy, ...constants } = samplingConstants(request);
  const fields: Record<(typeof REQUEST_FIELDS)[number], number> = {
    ...constants,
    greedy: greedy ? 1 : 0,
    maxTokens: Math.min(outputLimit, 0xffffffff),
    minTokens,
    startOffset,
    sequences: stopSequences.length,
  };
  const words = new Uint32Array(REQUEST_WORDS);
  words.set(REQUEST_FIELDS.map((field) => fields[field]));
  for (const [index, sequence] of stopSequences.entries()) {
    words.set([sequence.length, ...sequence], SEQUENCES_AT + index * SEQUENCE_WORDS);
  }
  return words;
}
