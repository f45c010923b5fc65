import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { EngineError } from "./errors.ts";

/** Text to token ids and back, as tokenizer.json says. */
export class Tokenizer {
  /** One more than the largest token id. */
  readonly vocabularySize: number;
  readonly #tokenizer: HuggingFaceTokenizer;

  private constructor(tokenizer: HuggingFaceTokenizer) {
    this.#tokenizer = tokenizer;
    const ids = [...tokenizer.get_vocab(true).values()];
    this.vocabularySize = ids.reduce((largest, id) => Math.max(largest, id), -1) + 1;
  }

  /**
   * @param tokenizerJson tokenizer.json, parsed.
   * @param tokenizerConfigJson tokenizer_config.json, parsed.
   * @throws EngineError `TOKENIZER_INVALID`.
   */
  static fromJson(tokenizerJson: object, tokenizerConfigJson?: object): Tokenizer {
    try {
      return new Tokenizer(new HuggingFaceTokenizer(tokenizerJson, tokenizerConfigJson ?? {}));
    } catch (cause) {
      throw new EngineError(
        "TOKENIZER_INVALID",
        `tokenizer.json cannot be used: ${(cause as Error).message}.`,
        {
          remedy: "Use a tokenizer.json written by Hugging Face's tokenizers library.",
          cause,
        },
      );
    }
  }

  /** Token ids of a text, with the special tokens that the file puts around a text (a beginning token, say). */
  encode(text: string): number[] {
    return this.#tokenizer.encode(text).ids;
  }

  /** Text of token ids, special tokens left out. Bytes that are not UTF-8 become U+FFFD. */
  decode(ids: readonly number[]): string {
    return ids.length === 0 ? "" : this.#tokenizer.decode([...ids], { skip_special_tokens: true });
  }
}
