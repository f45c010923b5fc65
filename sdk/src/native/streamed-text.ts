import type { GenerationParameters } from "@athanor/engine/commitments";
import { textOf } from "../client/generation.ts";
import type { Tokenizer } from "../models/tokenizer.ts";

/** The text of an answer as it arrives: what was given out once stays as it is, so parts that may still change wait. */
export class StreamedText {
  readonly #tokenizer: Tokenizer;
  readonly #generation: GenerationParameters;
  readonly #stops: readonly string[];
  #given = "";

  constructor(tokenizer: Tokenizer, generation: GenerationParameters) {
    this.#tokenizer = tokenizer;
    this.#generation = generation;
    this.#stops = (generation.stopSequences ?? []).map((sequence) => tokenizer.decode(sequence));
  }

  /**
   * What is new in the text of these tokens, all of the answer so far.
   *
   * @param isEnd whether no more follow
   */
  next(tokens: readonly number[], isEnd: boolean): string {
    const text = textOf(this.#tokenizer, tokens, this.#generation);
    const certain = isEnd ? text : text.slice(0, text.length - this.#uncertain(text));
    if (!certain.startsWith(this.#given)) return "";
    const part = certain.slice(this.#given.length);
    this.#given = certain;
    return part;
  }

  /** Characters at the end that may become others: parts of a character, and the beginning of a stop sequence. */
  #uncertain(text: string): number {
    let most = text.endsWith("\ufffd") ? 1 : 0;
    for (const stop of this.#stops) {
      for (let length = Math.min(stop.length - 1, text.length); length > most; length--) {
        if (stop.startsWith(text.slice(text.length - length))) most = length;
      }
    }
    return most;
  }
}
