import { EngineError } from "../../errors.ts";
import type { JsonObject } from "../checkpoint.ts";
import { invalid, unsupported } from "../config-fields.ts";
import { mergesOfScores } from "./merges-of-scores.ts";
import { shown, type Metadata } from "./metadata.ts";

/** Types of tokens. */
const [NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE] = [1, 2, 3, 4, 5, 6] as const;
/** Those that are found in a text before it is cut. */
const ADDED: readonly number[] = [UNKNOWN, CONTROL, USER_DEFINED];

/** SentencePiece makes none of more than 16 characters unless it is told to; merging one takes the square of its length. */
const LONGEST_PIECE = 512;

/** How text is cut before pairs are merged, by the name that llama.cpp gives to it. */
interface PreTokenizer {
  readonly steps: readonly JsonObject[];
  readonly normalizer: JsonObject | null;
  /** A piece that is a token is not merged from its bytes. */
  readonly ignoreMerges: boolean;
  /** A text begins with the beginning token unless the file says otherwise. */
  readonly addsBeginning: boolean;
}

const CONTRACTIONS = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
const REST = "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
const WORDS = `${CONTRACTIONS}|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+`;
const BYTE_LEVEL = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true };
const PLAIN = { normalizer: null, ignoreMerges: false, addsBeginning: false };

function splitting(pattern: string): JsonObject[] {
  const split = { type: "Split", pattern: { Regex: pattern }, behavior: "Isolated", invert: false };
  return [split, { ...BYTE_LEVEL, use_regex: false }];
}

const LLAMA3: PreTokenizer = {
  steps: splitting(`${WORDS}|\\p{N}{1,3}${REST}`),
  normalizer: null,
  ignoreMerges: true,
  addsBeginning: true,
};
const PRE_TOKENIZERS: Readonly<Record<string, PreTokenizer>> = {
  "gpt-2": { ...PLAIN, steps: [{ ...BYTE_LEVEL, use_regex: true }] },
  "llama-bpe": LLAMA3,
  "llama-v3": LLAMA3,
  llama3: LLAMA3,
  qwen2: { ...PLAIN, steps: splitting(`${WORDS}|\\p{N}${REST}`), normalizer: { type: "NFC" } },
  smollm: {
    ...PLAIN,
    steps: [
      { type: "Digits", individual_digits: true },
      { ...BYTE_LEVEL, use_regex: true },
    ],
  },
};

/** Tokens of a file with what is said about each of them. */
interface Vocabulary {
  readonly tokens: readonly string[];
  readonly types: readonly number[];
}

/**
 * tokenizer.json from a file's metadata: byte-level pairs ("gpt2") with their merges, and
 * SentencePiece's pairs ("llama") with merges from their scores, as Hugging Face's converter makes them.
 *
 * @throws EngineError `TOKENIZER_NOT_CONVERTIBLE` where only the original tokenizer.json would give the same tokens;
 * `CONFIG_FIELD_INVALID`, `CONFIG_FIELD_UNSUPPORTED` naming the key.
 */
export function tokenizerOf(metadata: Metadata): JsonObject {
  const model = metadata.text("tokenizer.ggml.model");
  // Gemma's has a character that is a byte, too, and stands in merges as itself.
  const architecture = metadata.text("general.architecture");
  if (architecture === "gemma") throw notConvertible(metadata, "general.architecture", architecture);
  if (model !== "gpt2" && model !== "llama") throw notConvertible(metadata, "tokenizer.ggml.model", model);
  const vocabulary = readVocabulary(metadata);
  const made = model === "gpt2" ? byteLevel(metadata, vocabulary) : sentencePiece(metadata, vocabulary);
  const { tokens, types } = vocabulary;
  const added = [...tokens.entries()]
    .filter(([id]) => ADDED.includes(types[id]!))
    .map(([id, content]) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: types[id] !== USER_DEFINED,
    }));
  const { addsBeginning, ...parts } = made;
  return {
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: added,
    ...parts,
    post_processor: postProcessor(metadata, tokens, addsBeginning),
  };
}

function readVocabulary(metadata: Metadata): Vocabulary {
  const tokens = metadata.texts("tokenizer.ggml.tokens");
  if (!tokens || tokens.length === 0) {
    throw invalid("tokenizer.ggml.tokens", null, "a list of texts", metadata.file);
  }
  const types = metadata.numbers("tokenizer.ggml.token_type") ?? tokens.map(() => NORMAL);
  checkLength(metadata, "tokenizer.ggml.token_type", types, tokens);
  const seen = new Set<string>();
  for (const [id, token] of tokens.entries()) {
    const key = `tokenizer.ggml.tokens[${id}]`;
    if (seen.has(token)) throw invalid(key, shown(token), "a token that no other id has", metadata.file);
    seen.add(token);
    if (![NORMAL, ...ADDED, UNUSED, BYTE].includes(types[id]!)) {
      throw invalid(`tokenizer.ggml.token_type[${id}]`, types[id], "a type from 1 to 6", metadata.file);
    }
  }
  return { tokens, types };
}

/** Text to id; what only fills the vocabulary up is not part of it. */
function idsOf({ tokens, types }: Vocabulary): Record<string, number> {
  const entries = [...tokens.entries()].filter(([id]) => types[id] !== UNUSED);
  return Object.fromEntries(entries.map(([id, token]) => [token, id]));
}

function byteLevel(metadata: Metadata, vocabulary: Vocabulary) {
  const name = metadata.text("tokenizer.ggml.pre");
  if (name === undefined || !Object.hasOwn(PRE_TOKENIZERS, name)) {
    throw notConvertible(metadata, "tokenizer.ggml.pre", name);
  }
  const { steps, normalizer, ignoreMerges, addsBeginning } = PRE_TOKENIZERS[name]!;
  const vocab = idsOf(vocabulary);
  const key = "tokenizer.ggml.merges";
  const merges = (metadata.texts(key) ?? []).map((merge, index) => {
    const pair = merge.split(" ");
    const known = pair.length === 2 && [...pair, pair.join("")].every((part) => Object.hasOwn(vocab, part));
    if (!known) {
      throw invalid(`${key}[${index}]`, shown(merge), "two tokens that make a third", metadata.file);
    }
    return pair;
  });
  return {
    normalizer,
    pre_tokenizer: { type: "Sequence", pretokenizers: steps },
    decoder: BYTE_LEVEL,
    model: { type: "BPE", byte_fallback: false, ignore_merges: ignoreMerges, vocab, merges },
    addsBeginning,
  };
}

function sentencePiece(metadata: Metadata, vocabulary: Vocabulary) {
  for (const key of ["tokenizer.ggml.precompiled_charsmap", "tokenizer.ggml.remove_extra_whitespaces"]) {
    const value = metadata.get(key);
    if (value !== undefined && value !== false) throw notConvertible(metadata, key, "set");
  }
  const { tokens, types } = vocabulary;
  const key = "tokenizer.ggml.scores";
  const scores = metadata.numbers(key);
  if (!scores) throw invalid(key, null, "a list of numbers", metadata.file);
  checkLength(metadata, key, scores, tokens);
  const wrong = scores.findIndex((score) => !Number.isFinite(score));
  if (wrong >= 0) throw invalid(`${key}[${wrong}]`, String(scores[wrong]), "a finite number", metadata.file);
  const long = tokens.findIndex((token) => token.length > LONGEST_PIECE);
  if (long >= 0) {
    const found = `a token of ${tokens[long]!.length} characters`;
    throw invalid(`tokenizer.ggml.tokens[${long}]`, found, `at most ${LONGEST_PIECE}`, metadata.file);
  }
  const prefix = metadata.flag("tokenizer.ggml.add_space_prefix", true);
  const unknown = metadata.number("tokenizer.ggml.unknown_token_id") ?? types.indexOf(UNKNOWN);
  const replaceSpaces = { type: "Replace", pattern: { String: " " }, content: "▁" };
  return {
    normalizer: {
      type: "Sequence",
      normalizers: [...(prefix ? [{ type: "Prepend", prepend: "▁" }] : []), replaceSpaces],
    },
    pre_tokenizer: null,
    decoder: {
      type: "Sequence",
      decoders: [
        { type: "Replace", pattern: { String: "▁" }, content: " " },
        { type: "ByteFallback" },
        { type: "Fuse" },
        ...(prefix ? [{ type: "Strip", content: " ", start: 1, stop: 0 }] : []),
      ],
    },
    model: {
      type: "BPE",
      unk_token: tokens[unknown] ?? null,
      fuse_unk: true,
      byte_fallback: types.includes(BYTE),
      vocab: idsOf(vocabulary),
      merges: mergesOfScores(
        tokens.filter((_, id) => types[id] !== UNUSED),
        scores.filter((_, id) => types[id] !== UNUSED),
      ),
    },
    addsBeginning: true,
  };
}

/** The tokens around a text. */
function postProcessor(
  metadata: Metadata,
  tokens: readonly string[],
  addsBeginning: boolean,
): JsonObject | null {
  const around = (name: string, key: string, absent: boolean): string[] => {
    if (!metadata.flag(`tokenizer.ggml.${key}`, absent)) return [];
    const token = tokenOf(metadata, tokens, name);
    if (token !== undefined) return [token];
    throw unsupported(`tokenizer.ggml.${key}`, true, `false without ${name}_token_id`, metadata.file);
  };
  const before = around("bos", "add_bos_token", addsBeginning);
  const after = around("eos", "add_eos_token", false);
  if (before.length + after.length === 0) return null;
  const special = (token: string) => ({ SpecialToken: { id: token, type_id: 0 } });
  const text = (id: string) => [
    ...before.map(special),
    { Sequence: { id, type_id: 0 } },
    ...after.map(special),
  ];
  const entries = [...before, ...after].map((token) => [
    token,
    { id: token, ids: [tokens.indexOf(token)], tokens: [token] },
  ]);
  return {
    type: "TemplateProcessing",
    single: text("A"),
    pair: [...text("A"), ...text("B")],
    special_tokens: Object.fromEntries(entries) as JsonObject,
  };
}

/**
 * tokenizer_config.json from a file's metadata: special tokens and chat templates.
 *
 * @throws EngineError `CONFIG_FIELD_INVALID` naming the key.
 */
export function tokenizerConfigOf(metadata: Metadata): JsonObject {
  const tokens = metadata.texts("tokenizer.ggml.tokens");
  const special = { bos: "bos", eos: "eos", unk: "unknown", pad: "padding" };
  const named = Object.entries(special).flatMap(([field, name]) => {
    // A file whose tokenizer stands beside it may have none of its own.
    const token = tokens && tokenOf(metadata, tokens, name);
    return token === undefined ? [] : [[`${field}_token`, token] as const];
  });
  return {
    ...Object.fromEntries(named),
    clean_up_tokenization_spaces: false,
    ...chatTemplates(metadata),
  };
}

function chatTemplates(metadata: Metadata): JsonObject {
  const unnamed = metadata.text("tokenizer.chat_template");
  const names = metadata.texts("tokenizer.chat_templates") ?? [];
  const templates = names.map((name) => {
    const template = metadata.text(`tokenizer.chat_template.${name}`);
    if (template !== undefined) return { name, template };
    throw invalid(`tokenizer.chat_template.${name}`, null, "a template", metadata.file);
  });
  if (templates.length === 0) return unnamed === undefined ? {} : { chat_template: unnamed };
  return {
    chat_template: [...(unnamed === undefined ? [] : [{ name: "default", template: unnamed }]), ...templates],
  };
}

function tokenOf(metadata: Metadata, tokens: readonly string[], name: string): string | undefined {
  const key = `tokenizer.ggml.${name}_token_id`;
  const id = metadata.number(key);
  if (id === undefined) return undefined;
  const token = tokens[id];
  if (token === undefined) throw invalid(key, id, `an id below ${tokens.length}`, metadata.file);
  return token;
}

function checkLength(
  metadata: Metadata,
  key: string,
  values: readonly number[],
  tokens: readonly string[],
): void {
  if (values.length === tokens.length) return;
  throw invalid(`the length of ${key}`, values.length, `${tokens.length}, one for each token`, metadata.file);
}

function notConvertible(metadata: Metadata, key: string, value: unknown): EngineError {
  const { file } = metadata;
  return new EngineError(
    "TOKENIZER_NOT_CONVERTIBLE",
    `${file} keeps its tokenizer in a form that cannot be converted exactly: ${key} is ${JSON.stringify(shown(value) ?? null)}.`,
    {
      remedy: "Put the model's own tokenizer.json into the same folder.",
      details: { file, field: key, value: shown(value) },
    },
  );
}
