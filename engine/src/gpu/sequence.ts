import { EngineError } from "../errors.ts";
import type { Model } from "../model.ts";
import { randomAt } from "../operators/sampling.ts";
import { endOf, type Generation, type GenerateOptions } from "../run/generate.ts";
import { PAGE_POSITIONS } from "./kernels/kernel.ts";
import type { Outcome } from "./machine.ts";
import type { Published } from "./pages.ts";
import type { Row } from "./rows.ts";

export type GpuRequest = Omit<GenerateOptions, "executor">;

/** A sequence's place on a device. */
export interface Residence {
  readonly slot: number;
  readonly pages: readonly number[];
  /** The tokens that were known when it came: the prompt, and what was generated on a device that was lost. */
  readonly given: readonly number[];
  /** Positions that are computed or under way. */
  computed: number;
  /** Pages that others may share. */
  published: Published;
}

/** One request, from its arrival to its answer. */
export class Sequence {
  readonly request: GpuRequest;
  readonly tokens: number[] = [];
  /** Where it is, while it is on a device. */
  residence: Residence | undefined;
  ended = false;
  readonly answer: Promise<Generation>;
  #resolve!: (generation: Generation) => void;
  #reject!: (error: unknown) => void;
  /** What it will answer, where that is known: all of its positions can be computed in blocks then. */
  readonly #answered: readonly number[] | undefined;
  /** Positions that the observer has seen. */
  #shown = 0;

  /** @param answered the tokens that it is known to yield */
  constructor(request: GpuRequest, answered?: readonly number[]) {
    this.request = request;
    this.#answered = answered;
    this.answer = new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  /** All tokens that are known. */
  get known(): number[] {
    return [...this.request.prompt, ...this.tokens];
  }

  /** Tokens of its positions, as far as they are known. */
  get given(): number[] {
    return this.#answered ? [...this.request.prompt, ...this.#answered.slice(0, -1)] : this.known;
  }

  /** Positions that the longest answer takes: its last token is not computed any more. */
  get positions(): number {
    const { prompt, maxTokens, outputLimit = maxTokens } = this.request;
    return prompt.length + outputLimit - 1;
  }

  /** Pages that it may come to need. */
  get pages(): number {
    return Math.ceil(this.positions / PAGE_POSITIONS);
  }

  /** Whether its next position yields an output token. */
  get generates(): boolean {
    const { given, computed } = this.residence!;
    return computed >= given.length - 1 && computed < this.positions;
  }

  /** Its next rows, at most `limit`, the one that yields a token included if it is reached. */
  rows(limit: number): Row[] {
    const { slot, given, computed } = this.residence!;
    const { prompt, temperature = 0, seed = 0n } = this.request;
    const end = Math.min(computed + limit, this.positions, Math.max(given.length, computed + 1));
    const firstGenerating = (this.#answered ? prompt.length : given.length) - 1;
    const rows: Row[] = [];
    for (let position = computed; position < end; position++) {
      const generating = position >= firstGenerating;
      const random = generating && temperature > 0 ? randomAt(seed, position) : undefined;
      rows.push({ slot, position, generating, generated: position - prompt.length + 2, random });
    }
    this.residence!.computed = end;
    return rows;
  }

  /** Takes a token; true when it is the last one. */
  settle({ token, stop }: Outcome): boolean {
    this.tokens.push(token);
    this.request.onToken?.(token, this.tokens.length - 1);
    return stop;
  }

  /** Shows a position, once even when it is computed again. */
  observe: NonNullable<GpuRequest["observer"]> = (observation) => {
    if (observation.position < this.#shown) return;
    this.request.observer!(observation);
  };

  /** The same for an operator's root. */
  takeRoot(position: number, operator: number, root: Uint8Array): void {
    if (position >= this.#shown) this.request.roots!.root(position, operator, root);
  }

  /** Positions before this one have been shown. */
  shownTo(position: number): void {
    this.#shown = Math.max(this.#shown, position);
  }

  end(model: Model): void {
    this.ended = true;
    this.#resolve({ tokens: this.tokens, stopped: endOf(model, this.request, this.tokens) ?? "max-tokens" });
  }

  fail(error: unknown): void {
    this.ended = true;
    this.#reject(error);
  }
}

export function aborted({ tokens }: Sequence, cause: unknown): EngineError {
  return new EngineError("ABORTED", `Generation was aborted after ${tokens.length} tokens.`, {
    remedy: "Start it again when it is wanted.",
    details: { tokens: [...tokens] },
    cause,
  });
}
