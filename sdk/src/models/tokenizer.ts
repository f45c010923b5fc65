/** Text to token ids and back. */
export interface Tokenizer {
  /** Includes the token that begins a text, where the model has one. */
  encode(text: string): number[];
  /** Leaves special tokens out. */
  decode(tokens: readonly number[]): string;
}
