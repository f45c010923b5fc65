import { keccak256, toUtf8Bytes } from "ethers";

const BEGIN = 256;
const END = 257;

/** Ids are below this: 256 bytes, the beginning of a text and its end. */
export const BYTE_VOCABULARY = 258;

/** A tokenizer.json whose tokens are bytes: small, and every text has an encoding that tests can foresee. */
export function byteTokenizerJson(): string {
  const vocabulary: Record<string, number> = {};
  // The byte-level alphabet of GPT-2: printable bytes stand for themselves, the others for code points from 256 on.
  let next = 256;
  for (let byte = 0; byte < 256; byte++) {
    const printable =
      (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || (byte >= 174 && byte <= 255);
    vocabulary[String.fromCharCode(printable ? byte : next++)] = byte;
  }
  const special = (id: number, content: string) => ({
    id,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  });
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  return JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: [special(BEGIN, "<begin>"), special(END, "<end>")],
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: {
      type: "TemplateProcessing",
      single: [{ SpecialToken: { id: "<begin>", type_id: 0 } }, { Sequence: { id: "A", type_id: 0 } }],
      pair: [{ Sequence: { id: "A", type_id: 0 } }, { Sequence: { id: "B", type_id: 1 } }],
      special_tokens: { "<begin>": { id: "<begin>", ids: [BEGIN], tokens: ["<begin>"] } },
    },
    decoder: byteLevel,
    model: {
      type: "BPE",
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: { ...vocabulary, "<begin>": BEGIN, "<end>": END },
      merges: [],
    },
  });
}

/** What the tokenizer makes of a text. */
export function byteTokens(text: string): number[] {
  return [BEGIN, ...toUtf8Bytes(text)];
}

/** A model's answer: the bytes of the text and the token that ends it. */
export function answerTokens(text: string): number[] {
  return [...toUtf8Bytes(text), END];
}

export function byteTokenizerHash(): string {
  return keccak256(toUtf8Bytes(byteTokenizerJson()));
}
