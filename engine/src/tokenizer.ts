import { Tokenizer as HuggingFaceTokenizer } from "@huggingface/tokenizers";
import { renderChat, type ChatMessage, type ChatOptions } from "./chat.ts";
import { EngineError } from "./errors.ts";

export type { ChatMessage, ChatOptions } from "./chat.ts";

/** Models that the library knows; it silently treats any other as one of them. */
const MODEL_TYPES: readonly unknown[] = ["BPE", "Unigram", "WordPiece", undefined];

/** Text to token ids and back, as tokenizer.json says. */
export class Tokenizer {
  /** One more than the largest token id. */
  readonly vocabularySize: number;
  readonly #tokenizer: HuggingFaceTokenizer;
  readonly #configuration: Readonly<Record<string, unknown>>;

  private constructor(tokenizer: HuggingFaceTokenizer, configuration: Readonly<Record<string, unknown>>) {
    this.#tokenizer = tokenizer;
    this.#configuration = configuration;
    const ids = [...tokenizer.get_vocab(true).values()];
    this.vocabularySize = ids.reduce((largest, id) => Math.max(largest, id), -1) + 1;
  }

  /**
   * @param tokenizerJson tokenizer.json, parsed.
   * @param tokenizerConfigJson tokenizer_config.json, parsed.
   * @throws EngineError `TOKENIZER_INVALID`.
   */
  static fromJson(tokenizerJson: object, tokenizerConfigJson?: object): Tokenizer {
    const { type, vocab } = (tokenizerJson as { model?: { type?: unknown; vocab?: object } }).model ?? {};
    if (!MODEL_TYPES.includes(type)) throw tokenizerInvalid(`its model is of type ${JSON.stringify(type)}`);
    if (!Array.isArray(vocab)) {
      for (const [token, id] of Object.entries(vocab ?? {}) as [string, unknown][]) {
        if (!Number.isSafeInteger(id) || (id as number) < 0) {
          throw tokenizerInvalid(`token ${JSON.stringify(token)} has the id ${JSON.stringify(id)}`);
        }
      }
    }
    let tokenizer: HuggingFaceTokenizer;
    try {
      tokenizer = new HuggingFaceTokenizer(tokenizerJson, tokenizerConfigJson ?? {});
    } catch (cause) {
      throw tokenizerInvalid((cause as Error).message, cause);
    }
    return new Tokenizer(tokenizer, { ...tokenizerConfigJson });
  }

  /**
   * Token ids of a text, with the special tokens that the file puts around a text (a beginning token, say).
   *
   * @throws EngineError `TEXT_INVALID` for half a surrogate pair, which has no UTF-8.
   */
  encode(text: string): number[] {
    requireWellFormed(text);
    return this.#tokenizer.encode(text).ids;
  }

  /**
   * Token ids of a conversation, written as the model's chat template says. The template places the special tokens itself.
   *
   * @throws EngineError `CHAT_TEMPLATE_MISSING`, `CHAT_TEMPLATE_FAILED`, `TEXT_INVALID`.
   *
   * @example
   * const prompt = await tokenizer.applyChatTemplate([{ role: "user", content: "Who are you?" }]);
   */
  async applyChatTemplate(messages: readonly ChatMessage[], options?: ChatOptions): Promise<number[]> {
    const text = await renderChat(this.#configuration, messages, options);
    requireWellFormed(text);
    return this.#tokenizer.encode(text, { add_special_tokens: false }).ids;
  }

  /** Text of token ids, special tokens left out. Bytes that are not UTF-8 become U+FFFD. */
  decode(ids: readonly number[]): string {
    return ids.length === 0 ? "" : this.#tokenizer.decode([...ids], { skip_special_tokens: true });
  }
}

/** What a text turns into would be that of another one. */
function requireWellFormed(text: string): void {
  const offset = text.search(/\p{Surrogate}/u);
  if (offset < 0) return;
  const found = `0x${text.charCodeAt(offset).toString(16)}`;
  throw new EngineError(
    "TEXT_INVALID",
    `The text is not Unicode: half a character (${found}) at ${offset}.`,
    {
      remedy: "Pass text that was decoded from whole UTF-8 characters.",
      details: { offset, expected: "a whole character", found },
    },
  );
}

function tokenizerInvalid(problem: string, cause?: unknown): EngineError {
  return new EngineError("TOKENIZER_INVALID", `tokenizer.json cannot be used: ${problem}.`, {
    remedy: "Use a tokenizer.json written by Hugging Face's tokenizers library.",
    cause,
  });
}
