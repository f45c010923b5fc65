import { readFile } from "node:fs/promises";
import { expect } from "chai";
import fc from "fast-check";
import { Tokenizer } from "../../tokenizer.ts";
import { expectRefusal } from "../../testing/expect-error.ts";
import { encodeGguf, type TypedValue } from "../../testing/gguf-writer.ts";
import { memorySource } from "../../testing/tiny-checkpoint.ts";
import { Metadata } from "./metadata.ts";
import { readGguf } from "./read-gguf.ts";
import { tokenizerConfigOf, tokenizerOf } from "./tokenizer.ts";

type Entries = Record<string, TypedValue>;

async function metadataOf(entries: Entries, architecture = "llama"): Promise<Metadata> {
  const metadata = new Map<string, TypedValue>([["general.architecture", ["string", architecture]]]);
  for (const [key, value] of Object.entries(entries)) metadata.set(`tokenizer.${key}`, value);
  const bytes = encodeGguf({ metadata, tensors: new Map() });
  return new Metadata(await readGguf(memorySource(new Map([["model.gguf", bytes]])), "model.gguf"));
}

async function tokenizer(entries: Entries): Promise<Tokenizer> {
  const metadata = await metadataOf(entries);
  return Tokenizer.fromJson(tokenizerOf(metadata), tokenizerConfigOf(metadata));
}

/** A byte-level tokenizer of single characters and a few merges. */
function byteLevel(pre: string, merges: readonly string[]): Entries {
  const characters = Array.from("ĠĊabcdefghijklmnopqrstuvwxyzEL'0123456789.,!");
  const tokens = ["<|bos|>", "<tool>", ...characters, ...merges.map((merge) => merge.replace(" ", ""))];
  return {
    "ggml.model": ["string", "gpt2"],
    "ggml.pre": ["string", pre],
    "ggml.tokens": ["string", tokens],
    "ggml.token_type": ["i32", tokens.map((_, id) => (id === 0 ? 3 : id === 1 ? 4 : 1))],
    "ggml.merges": ["string", merges],
    "ggml.bos_token_id": ["u32", 0],
  };
}

/** SentencePiece: a few pieces, the later the worse, and all bytes. */
function sentencePiece(pieces: readonly string[]): Entries {
  const bytes = Array.from(
    { length: 256 },
    (_, byte) => `<0x${byte.toString(16).toUpperCase().padStart(2, "0")}>`,
  );
  const tokens = ["<unk>", "<s>", "</s>", ...bytes, ...pieces];
  const first = tokens.length - pieces.length;
  return {
    "ggml.model": ["string", "llama"],
    "ggml.tokens": ["string", tokens],
    "ggml.scores": ["f32", tokens.map((_, id) => (id < first ? 0 : first - id))],
    "ggml.token_type": ["i32", tokens.map((_, id) => (id === 0 ? 2 : id < 3 ? 3 : id < first ? 6 : 1))],
    "ggml.bos_token_id": ["u32", 1],
    "ggml.eos_token_id": ["u32", 2],
    "ggml.unknown_token_id": ["u32", 0],
  };
}

const PIECES = [
  "▁t",
  "he",
  "▁the",
  "▁a",
  "in",
  "▁in",
  "th",
  "ing",
  "en",
  "▁",
  ...Array.from("abdeghintö"),
  "ta",
];

/** SentencePiece's algorithm in its plainest form: the best pair that stands side by side is merged, leftmost first. */
function encodePieces(entries: Entries, text: string): number[] {
  const tokens = entries["ggml.tokens"]![1] as string[];
  const scores = entries["ggml.scores"]![1] as number[];
  const parts = Array.from(`▁${text.replaceAll(" ", "▁")}`);
  for (;;) {
    let best = -1;
    for (let at = 0; at + 1 < parts.length; at++) {
      const id = tokens.indexOf(parts[at]! + parts[at + 1]!);
      const bestId = best < 0 ? -1 : tokens.indexOf(parts[best]! + parts[best + 1]!);
      if (id >= 0 && (best < 0 || scores[id]! > scores[bestId]!)) best = at;
    }
    if (best < 0) break;
    parts.splice(best, 2, parts[best]! + parts[best + 1]!);
  }
  return parts.flatMap((part) => {
    const id = tokens.indexOf(part);
    return id >= 0 ? [id] : [...new TextEncoder().encode(part)].map((byte) => 3 + byte);
  });
}

describe("the tokenizer of a GGUF file", () => {
  it("gives the ids of the bundled model's tokenizer.json", async () => {
    const folder = new URL("../../../../models/bard/", import.meta.url);
    const json = JSON.parse(await readFile(new URL("tokenizer.json", folder), "utf8")) as {
      model: { vocab: Record<string, number>; merges: (string | string[])[] };
    };
    const tokens: string[] = [];
    for (const [token, id] of Object.entries(json.model.vocab)) tokens[id] = token;
    const merges = json.model.merges.map((merge) => (typeof merge === "string" ? merge : merge.join(" ")));
    const converted = await tokenizer({
      "ggml.model": ["string", "gpt2"],
      "ggml.pre": ["string", "gpt-2"],
      "ggml.tokens": ["string", tokens],
      "ggml.token_type": ["i32", tokens.map((_, id) => (id === 0 ? 3 : 1))],
      "ggml.merges": ["string", merges],
      "ggml.bos_token_id": ["u32", 0],
      "ggml.add_bos_token": ["bool", true],
    });
    const original = Tokenizer.fromJson(json, { clean_up_tokenization_spaces: false });
    const text = await readFile(new URL("../../../../docs/engine.md", import.meta.url), "utf8");
    const ids = original.encode(text);
    expect(converted.encode(text)).to.deep.equal(ids);
    expect(converted.decode(ids)).to.equal(text);
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (any) => {
        expect(converted.encode(any)).to.deep.equal(original.encode(any));
      }),
    );
  });

  it("cuts text as its pre-tokenizer does before it merges", async () => {
    const merges = ["1 2", "12 3", "a b", "Ġ ab", "' L", "'L L", ". Ċ", "Ġ Ġ"];
    const pieces = async (pre: string, text: string) => {
      const entries = byteLevel(pre, merges);
      const ids = (await tokenizer(entries)).encode(text);
      return ids.map((id) => (entries["ggml.tokens"]![1] as string[])[id]);
    };
    const bos = "<|bos|>";
    expect(await pieces("llama-bpe", "ab 12312")).to.deep.equal([bos, "ab", "Ġ", "123", "12"]);
    expect(await pieces("qwen2", "ab 12312")).to.deep.equal(["ab", "Ġ", "1", "2", "3", "1", "2"]);
    expect(await pieces("gpt-2", "ab 12312")).to.deep.equal(["ab", "Ġ", "123", "12"]);
    expect(await pieces("smollm", "ab 12")).to.deep.equal(["ab", "Ġ", "1", "2"]);
    // Contractions count in capitals, too; a line's end belongs to the signs before it.
    expect(await pieces("qwen2", "E'LL.\nab")).to.deep.equal(["E", "'LL", ".Ċ", "ab"]);
    expect(await pieces("gpt-2", "E'LL.\nab")).to.deep.equal(["E", "'", "L", "L", ".", "Ċ", "ab"]);
    expect(await pieces("llama-bpe", "a   ab")).to.deep.equal([bos, "a", "ĠĠ", "Ġab"]);
    expect(await pieces("qwen2", "ab<tool>ab")).to.deep.equal(["ab", "<tool>", "ab"]);
  });

  it("gives SentencePiece's ids, from the scores of its pieces", async () => {
    const entries = sentencePiece(PIECES);
    const converted = await tokenizer(entries);
    const text = fc.string({
      unit: fc.constantFrom(...Array.from("the ngaidbö☃\n")),
      minLength: 1,
      maxLength: 40,
    });
    fc.assert(
      fc.property(text, (any) => {
        const ids = converted.encode(any);
        expect(ids).to.deep.equal([1, ...encodePieces(entries, any)]);
        expect(converted.decode(ids)).to.equal(any);
      }),
    );
    const plain = await tokenizer({ ...entries, "ggml.add_space_prefix": ["bool", false] });
    expect(plain.decode(plain.encode("the in"))).to.equal("the in");
    expect(plain.encode("a")).to.deep.equal([1, (entries["ggml.tokens"]![1] as string[]).indexOf("a")]);
    expect(
      (await tokenizer({ ...entries, "ggml.add_eos_token": ["bool", true] })).encode("a").at(-1),
    ).to.equal(2);
  });

  it("leaves out what only fills the vocabulary up", async () => {
    const entries = byteLevel("qwen2", ["a b"]);
    const [tokens, types] = [
      entries["ggml.tokens"]![1] as string[],
      entries["ggml.token_type"]![1] as number[],
    ];
    const filled = await tokenizer({
      ...entries,
      "ggml.tokens": ["string", [...tokens, "[PAD1]", "[PAD2]"]],
      "ggml.token_type": ["i32", [...types, 5, 5]],
    });
    expect(filled.vocabularySize).to.equal(tokens.length);
  });

  it("comes with its chat templates and special tokens", async () => {
    const template = "{{ bos_token }}{% for message in messages %}{{ message.content }}{% endfor %}";
    const entries = byteLevel("qwen2", []);
    const one = await tokenizer({ ...entries, chat_template: ["string", template] });
    const plain = (await tokenizer(entries)).encode("abc");
    expect(await one.applyChatTemplate([{ role: "user", content: "abc" }])).to.deep.equal([0, ...plain]);
    const several = await tokenizer({
      ...entries,
      chat_template: ["string", template],
      chat_templates: ["string", ["tool"]],
      "chat_template.tool": ["string", "a"],
    });
    expect(await several.applyChatTemplate([], { template: "tool" })).to.have.length(1);
    expect(await several.applyChatTemplate([])).to.deep.equal([0]);
  });

  const refusals: [string, Entries, string, string][] = [
    ["another model", { "ggml.model": ["string", "bert"] }, "TOKENIZER_NOT_CONVERTIBLE", '"bert"'],
    ["no model", {}, "TOKENIZER_NOT_CONVERTIBLE", "tokenizer.ggml.model is null"],
    [
      "an unknown way of cutting text",
      { ...byteLevel("qwen2", []), "ggml.pre": ["string", "toString"] },
      "TOKENIZER_NOT_CONVERTIBLE",
      "tokenizer.ggml.pre",
    ],
    [
      "a table of character replacements",
      { ...sentencePiece(PIECES), "ggml.precompiled_charsmap": ["u8", [1, 2]] },
      "TOKENIZER_NOT_CONVERTIBLE",
      "precompiled_charsmap",
    ],
    ["no tokens", { "ggml.model": ["string", "gpt2"] }, "CONFIG_FIELD_INVALID", "tokenizer.ggml.tokens"],
    [
      "a token twice",
      {
        ...byteLevel("qwen2", []),
        "ggml.tokens": ["string", ["a", "a"]],
        "ggml.token_type": ["i32", [1, 1]],
      },
      "CONFIG_FIELD_INVALID",
      "tokenizer.ggml.tokens[1]",
    ],
    [
      "fewer types than tokens",
      { ...byteLevel("qwen2", []), "ggml.token_type": ["i32", [1]] },
      "CONFIG_FIELD_INVALID",
      "the length of tokenizer.ggml.token_type",
    ],
    [
      "a type that is none",
      { ...byteLevel("qwen2", []), "ggml.tokens": ["string", ["a"]], "ggml.token_type": ["i32", [9]] },
      "CONFIG_FIELD_INVALID",
      "tokenizer.ggml.token_type[0] is 9",
    ],
    [
      "a merge of tokens that it does not have",
      { ...byteLevel("qwen2", []), "ggml.merges": ["string", ["a b"]] },
      "CONFIG_FIELD_INVALID",
      "tokenizer.ggml.merges[0]",
    ],
    [
      "a score that is no number",
      { ...sentencePiece(["a"]), "ggml.scores": ["f32", Array.from({ length: 260 }, () => NaN)] },
      "CONFIG_FIELD_INVALID",
      'tokenizer.ggml.scores[0] is "NaN"',
    ],
    [
      "a piece that would take too long to merge",
      sentencePiece(["a".repeat(513)]),
      "CONFIG_FIELD_INVALID",
      "a token of 513 characters",
    ],
    [
      "a text that is as long as a file where a flag belongs",
      { ...byteLevel("qwen2", []), "ggml.add_bos_token": ["string", "a".repeat(10_000)] },
      "CONFIG_FIELD_INVALID",
      `"${"a".repeat(64)}…".`,
    ],
    [
      "a beginning token that it does not have",
      { ...byteLevel("qwen2", []), "ggml.bos_token_id": ["u32", 999] },
      "CONFIG_FIELD_INVALID",
      "tokenizer.ggml.bos_token_id is 999",
    ],
  ];
  it("is refused for a Gemma, whose tabulator is a byte and stands in merges", async () => {
    const metadata = await metadataOf(sentencePiece(PIECES), "gemma");
    await expectRefusal(() => tokenizerOf(metadata), "TOKENIZER_NOT_CONVERTIBLE", "general.architecture");
  });

  for (const [name, entries, code, text] of refusals) {
    it(`is refused with ${name}`, () =>
      expectRefusal(() => tokenizer(entries), code as "CONFIG_FIELD_INVALID", "model.gguf", text));
  }
});
