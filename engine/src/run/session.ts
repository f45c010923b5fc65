import type { GenerationParameters } from "../commitments/generation.ts";
import { EngineError } from "../errors.ts";
import type { Model } from "../model.ts";
import { PAGE } from "../operators/page.ts";
import type { SectionValues, Step, Value } from "../operators/definition.ts";
import { OPERATORS } from "../operators/index.ts";
import type { Operator } from "../program/program.ts";
import type { RowTensor, TableTensor } from "../tensors/tensor.ts";

/** One array of the trace, as it arises. */
export interface Observation {
  readonly position: number;
  /** Index and name of the operator in the program. */
  readonly operator: number;
  readonly name: string;
  /** Name of the section among those that the operator's definition lists. */
  readonly section: string;
  /** [groups × active elements]; do not change it. */
  readonly values: SectionValues;
}

/** Takes the roots of operators from executors that hash what they compute where they compute it. */
export interface RootObserver {
  /** Whether the root of this operator's tiles at this position will do in place of its sections. */
  takes(position: number, operator: number): boolean;
  /** @param root 32 bytes */
  root(position: number, operator: number, root: Uint8Array): void;
}

export interface SessionOptions {
  /** Called with every intermediate of the computation, in program order. Slows it down. */
  readonly observer?: (observation: Observation) => void;
}

/** What a position is computed for. */
export interface PositionRequest {
  /** Whether the position yields an output token: operators of phase "generating" run. */
  readonly generating: boolean;
  /** Number of the output token that it yields, from 1 on. Default 1. */
  readonly generated?: number;
  /** How the token is chosen and where the output ends. Default: greedy, without a maximum. */
  readonly parameters?: GenerationParameters;
  /** Output tokens at the end of the prompt. Default 0. */
  readonly startOffset?: number;
}

/** What a generating position yields. */
export interface PositionResult {
  /** [vocabularySize] int32 with `header.logitFraction` fraction bits. */
  readonly logits: Int32Array;
  /** The chosen one. */
  readonly token: number;
  /** Whether the output ends with it. */
  readonly stop: boolean;
}

/** A sequence being computed, position by position, with the keys and values of those before. */
export interface Session {
  readonly model: Model;
  /** Number of positions computed so far. */
  readonly length: number;
  /** Prompt positions that `prefill` computes at once. */
  readonly blockSize: number;
  /**
   * Computes one position.
   *
   * @returns the result of a generating position, else undefined.
   * @throws EngineError `TOKEN_OUT_OF_VOCABULARY`, `CONTEXT_EXCEEDED`; the session is unchanged then.
   */
  advance(token: number, request: PositionRequest): PositionResult | undefined;
  /**
   * Computes positions that yield no output token, as `advance` does one by one.
   *
   * @throws EngineError `TOKEN_OUT_OF_VOCABULARY`, `CONTEXT_EXCEEDED`; the session is unchanged then.
   */
  prefill(tokens: readonly number[]): void;
  /** Computes the positions of `tokens` and returns the logits of the last one. @throws EngineError `PROMPT_EMPTY` also. */
  run(tokens: readonly number[]): Int32Array;
}

/** Of positions that are computed for their logits: greedy, without a maximum. */
const GREEDY: GenerationParameters = { maxTokens: Infinity };

export function withDefaults(request: PositionRequest): Required<PositionRequest> {
  return { generated: 1, parameters: GREEDY, startOffset: 0, ...request };
}

export function createSession(model: Model, options: SessionOptions = {}): Session {
  return new Interpreter(model, options.observer);
}

/** The reference executor: a loop over the program's operators. */
class Interpreter implements Session {
  readonly model: Model;
  length = 0;
  readonly blockSize = 1;
  readonly #observer: SessionOptions["observer"];
  /** Outputs of this position, by operator. */
  #outputs: (Value | undefined)[] = [];
  /** Outputs that later positions read, by operator: one a position, of pages only the fullest. */
  readonly #cache = new Map<number, Value[]>();

  constructor(model: Model, observer: SessionOptions["observer"]) {
    this.model = model;
    this.#observer = observer;
    for (const operator of model.program.operators) {
      const { historyInput } = OPERATORS[operator.kind];
      if (historyInput !== undefined) this.#cache.set(operator.inputs[historyInput]!, []);
    }
  }

  run(tokens: readonly number[]): Int32Array {
    const last = tokens.at(-1);
    if (last === undefined) throw promptEmpty();
    this.#check(tokens);
    this.prefill(tokens.slice(0, -1));
    return this.advance(last, { generating: true })!.logits;
  }

  prefill(tokens: readonly number[]): void {
    this.#check(tokens);
    for (const token of tokens) this.advance(token, { generating: false });
  }

  #check(tokens: readonly number[]): void {
    for (const token of tokens) checkToken(this.model, token);
    checkContext(this.model, this.length + tokens.length);
  }

  advance(token: number, request: PositionRequest): PositionResult | undefined {
    this.#check([token]);
    const { operators } = this.model.program;
    const previous = this.#outputs;
    this.#outputs = new Array<Value | undefined>(operators.length);
    for (const [index, operator] of operators.entries()) {
      if (operator.phase === "generating" && !request.generating) continue;
      const output = OPERATORS[operator.kind].execute(
        this.#step(index, operator, token, request, previous[index]),
      );
      this.#outputs[index] = output;
      this.#remember(index, output);
    }
    this.length++;
    return request.generating ? this.#result() : undefined;
  }

  #step(
    index: number,
    operator: Operator,
    token: number,
    request: PositionRequest,
    previous: Value | undefined,
  ): Step {
    const position = this.length;
    const { tensors } = this.model;
    const observer = this.#observer;
    return {
      operator,
      position,
      token,
      input: (input) => this.#outputs[operator.inputs[input]!]!,
      history: (input, at) => this.#recall(operator.inputs[input]!, at),
      previous: () => previous,
      rows: (tensor) => tensors[operator.tensors[tensor]!] as RowTensor,
      table: (tensor) => tensors[operator.tensors[tensor]!] as TableTensor,
      ...withDefaults(request),
      observe:
        observer &&
        ((section, values) => observer({ position, operator: index, name: operator.name, section, values })),
    };
  }

  #remember(index: number, output: Value): void {
    const values = this.#cache.get(index);
    if (values) values[this.#slot(index, this.length)] = output;
  }

  #recall(index: number, position: number): Value {
    return this.#cache.get(index)![this.#slot(index, position)]!;
  }

  #slot(index: number, position: number): number {
    return this.model.program.operators[index]!.kind === "page" ? Math.floor(position / PAGE) : position;
  }

  #result(): PositionResult {
    const { operators } = this.model.program;
    const choice = operators.findIndex(({ kind }) => kind === "sample");
    const flag = operators.findIndex(({ kind }) => kind === "stop");
    return {
      logits: this.#outputs[operators[choice]!.inputs[0]!]!.values as Int32Array,
      token: this.#outputs[choice]!.values[0]!,
      stop: this.#outputs[flag]!.values[0] === 1,
    };
  }
}

export function checkToken(model: Model, token: number): void {
  const { vocabularySize } = model.header;
  if (!Number.isInteger(token) || token < 0 || token >= vocabularySize) {
    throw new EngineError("TOKEN_OUT_OF_VOCABULARY", `Token ${token} is not in [0, ${vocabularySize}).`, {
      remedy: "Encode the text with this model's tokenizer.",
      details: { token, vocabularySize },
    });
  }
}

/** @param capacity of the session, where it is less than the model's context */
export function checkContext(model: Model, length: number, capacity = model.header.contextLength): void {
  const { contextLength } = model.header;
  if (length > capacity) {
    const whose = capacity === contextLength ? "the model's context" : "the session's capacity";
    throw new EngineError("CONTEXT_EXCEEDED", `${length} tokens do not fit into ${whose} of ${capacity}.`, {
      remedy: "Shorten the prompt or ask for fewer tokens.",
      details: { length, contextLength, capacity },
    });
  }
}

export function promptEmpty(): EngineError {
  return new EngineError("PROMPT_EMPTY", "The prompt has no tokens.", {
    remedy: "Pass at least one token, for instance the beginning-of-text token.",
  });
}
