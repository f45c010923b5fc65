import { expect } from "chai";
import fc from "fast-check";
import { EngineError } from "../../errors.ts";
import { compare } from "../../reference-float/compare.ts";
import { loadFloatLlama } from "../../reference-float/float-llama.ts";
import { expectRefusal } from "../../testing/expect-error.ts";
import { ggufFiles, type GgufParts } from "../../testing/gguf-checkpoint.ts";
import { encodeElements, encodeGguf } from "../../testing/gguf-writer.ts";
import { filesOf, memorySource, tinyCheckpoint, type TinyCheckpoint } from "../../testing/tiny-checkpoint.ts";
import { importModel } from "../import-model.ts";
import { readTensor } from "../stored-tensor.ts";
import { readGguf } from "./read-gguf.ts";

const FILE = "model.gguf";

/** All values such that F32, F16 and BF16 hold them exactly. */
function rounded(checkpoint: TinyCheckpoint): TinyCheckpoint {
  for (const { values } of checkpoint.tensors.values()) {
    const bits = new Uint32Array(Float32Array.from(values, (value) => Math.sign(value) / 64 + value).buffer);
    const cut = new Float32Array(bits.map((value) => (value & 0xffff0000) >>> 0).buffer);
    values.forEach((_, index) => (values[index] = cut[index]!));
  }
  return checkpoint;
}

async function rootOf(files: ReadonlyMap<string, Uint8Array>): Promise<string> {
  return (await importModel(memorySource(files))).commitment.modelRoot;
}

/** A header of one tensor "t" of F32 [4] whose parts `change` may replace. */
function headerOf(change: (bytes: DataView) => void): Uint8Array {
  const values = Float64Array.of(1, 2, 3, 4);
  const bytes = encodeGguf({
    metadata: new Map(),
    tensors: new Map([["t", { type: "F32", shape: [4], values }]]),
  });
  change(new DataView(bytes.buffer));
  return bytes;
}
/** Where the parts of that header lie. */
const AT = {
  version: 4,
  tensors: 8,
  keys: 16,
  nameLength: 24,
  dimensions: 33,
  size: 37,
  type: 45,
  offset: 49,
};

describe("a GGUF file", function () {
  this.timeout(60_000);

  for (const family of ["Llama", "Mistral", "Qwen2", "Qwen3", "Gemma"] as const) {
    for (const type of ["F32", "F16", "BF16"] as const) {
      it(`of a ${family} in ${type} is the same model as the safetensors, to the same root`, async () => {
        const checkpoint = rounded(tinyCheckpoint({ family, tied: type === "F16", keyValueHeads: 2 }));
        expect(await rootOf(ggufFiles(checkpoint, type))).to.equal(
          await rootOf(filesOf(checkpoint, { type })),
        );
      });
    }
  }

  it("keeps the function that its own numbers have", async () => {
    const source = memorySource(ggufFiles(tinyCheckpoint(), "F32"));
    const model = await importModel(source);
    const { meanKl } = compare(await loadFloatLlama(source), model, [[5, 9, 30, 4, 17, 22, 8, 11, 40, 3]]);
    expect(meanKl).to.be.lessThan(1e-3);
  });

  it("in Q8_0 is the model whose weights the blocks stand for, and these are near the original ones", async () => {
    const shape = { hidden: 32, heads: 4, keyValueHeads: 2, headSize: 8, feedForward: 64 };
    const checkpoint = tinyCheckpoint(shape);
    const files = ggufFiles(checkpoint, "Q8_0");
    const original = [...checkpoint.tensors.entries()];
    const stored = tinyCheckpoint(shape);
    for (const [name, { shape: dimensions, values }] of original) {
      if (dimensions.length === 1) continue;
      const bytes = encodeElements("Q8_0", values);
      const tensor = { name, file: FILE, type: "Q8_0", shape: dimensions, start: 0, end: bytes.length };
      const read = await readTensor(memorySource(new Map([[FILE, bytes]])), tensor);
      stored.tensors.get(name)!.values.set(read);
      for (let start = 0; start < values.length; start += 32) {
        const block = values.subarray(start, start + 32);
        const largest = block.reduce((maximum, value) => Math.max(maximum, Math.abs(value)), 0);
        // Half a step, and the scale's own rounding to 11 bits.
        const allowed = largest * (0.5 / 127 + 2 ** -10);
        block.forEach((value, at) => expect(Math.abs(value - read[start + at]!)).to.be.at.most(allowed));
      }
    }
    expect(await rootOf(files)).to.equal(await rootOf(filesOf(stored)));
  });

  it("with divisors of the rotary frequencies is the Llama 3 whose scaling they are", async () => {
    const scaling = {
      rope_type: "llama3",
      factor: 32,
      low_freq_factor: 1,
      high_freq_factor: 4,
      original_max_position_embeddings: 8192,
    };
    const checkpoint = tinyCheckpoint({ headSize: 16, hidden: 64 });
    Object.assign(checkpoint.config, { rope_theta: 500000 });
    const plain = await rootOf(ggufFiles(checkpoint, "F32"));
    checkpoint.config.rope_scaling = scaling;
    const root = await rootOf(ggufFiles(checkpoint, "F32"));
    expect(root).to.equal(await rootOf(filesOf(checkpoint)));
    expect(root).to.not.equal(plain);
    const ones = ggufFiles(checkpoint, "F32", ({ tensors }) => {
      tensors.get("rope_freqs.weight")!.values.fill(1);
    });
    expect(await rootOf(ones), "divisors of 1").to.equal(plain);
    await expectRefusal(
      () =>
        importModel(
          memorySource(
            ggufFiles(checkpoint, "F32", ({ tensors }) => {
              tensors.get("rope_freqs.weight")!.values[5]! *= 0.9;
            }),
          ),
        ),
      "CONFIG_FIELD_UNSUPPORTED",
      "rope_freqs.weight[5]",
    );
  });

  it("gives the tokens that end an answer", async () => {
    const files = ggufFiles(tinyCheckpoint(), "F32", ({ metadata }) => {
      metadata.set("tokenizer.ggml.eot_token_id", ["u32", 7]);
    });
    expect((await importModel(memorySource(files))).header.stopTokens).to.deep.equal([2, 7]);
    files.set("generation_config.json", new TextEncoder().encode('{"eos_token_id":9}'));
    expect((await importModel(memorySource(files))).header.stopTokens).to.deep.equal([9]);
  });

  it("takes any alignment, and padding or none at its end", async () => {
    const checkpoint = tinyCheckpoint();
    const root = await rootOf(filesOf(checkpoint));
    const files = ggufFiles(checkpoint, "F32");
    for (const alignment of [8, 64, 4096]) {
      const aligned = ggufFiles(checkpoint, "F32", ({ metadata }) => {
        metadata.set("general.alignment", ["u32", alignment]);
      });
      const parts: { value?: GgufParts } = {};
      ggufFiles(checkpoint, "F32", (made) => (parts.value = made));
      parts.value!.metadata.set("general.alignment", ["u32", alignment]);
      aligned.set(FILE, encodeGguf({ ...parts.value!, alignment }));
      expect(await rootOf(aligned), String(alignment)).to.equal(root);
    }
    files.set(FILE, files.get(FILE)!.subarray(0, -16));
    await expectRefusal(() => rootOf(files), "GGUF_TRUNCATED", "model.gguf");
  });
});

describe("a GGUF file is refused", function () {
  this.timeout(60_000);

  const importing =
    (change: (parts: GgufParts) => void, type: "F32" | "Q8_0" = "F32", checkpoint = tinyCheckpoint()) =>
    () =>
      importModel(memorySource(ggufFiles(checkpoint, type, change)));

  const keys: [string, GgufParts["metadata"] extends Map<string, infer V> ? V : never, string][] = [
    ["general.architecture", ["string", "bert"], "CONFIG_FIELD_UNSUPPORTED"],
    ["general.architecture", ["string", "toString"], "CONFIG_FIELD_UNSUPPORTED"],
    ["general.architecture", ["u32", 5], "CONFIG_FIELD_INVALID"],
    ["general.type", ["string", "adapter"], "CONFIG_FIELD_UNSUPPORTED"],
    ["split.count", ["u32", 3], "CONFIG_FIELD_UNSUPPORTED"],
    ["llama.expert_count", ["u32", 8], "CONFIG_FIELD_UNSUPPORTED"],
    ["llama.rope.scaling.type", ["string", "yarn"], "CONFIG_FIELD_UNSUPPORTED"],
    ["llama.rope.dimension_count", ["u32", 4], "CONFIG_FIELD_UNSUPPORTED"],
    ["llama.attention.value_length", ["u32", 8], "CONFIG_FIELD_UNSUPPORTED"],
    ["llama.attention.sliding_window", ["u32", 50], "CONFIG_FIELD_UNSUPPORTED"],
    ["llama.attention.causal", ["bool", false], "CONFIG_FIELD_UNSUPPORTED"],
    ["llama.final_logit_softcapping", ["f32", 30], "CONFIG_FIELD_UNSUPPORTED"],
    ["llama.vocab_size", ["u32", 49], "CONFIG_FIELD_UNSUPPORTED"],
    ["llama.embedding_length", ["u32", 0], "CONFIG_FIELD_INVALID"],
    ["llama.block_count", ["string", "2"], "CONFIG_FIELD_INVALID"],
    ["llama.attention.head_count_kv", ["u32", [2, 2]], "CONFIG_FIELD_INVALID"],
    ["llama.attention.head_count_kv", ["u32", 3], "CONFIG_FIELD_INVALID"],
    ["llama.rope.freq_base", ["f32", 0], "CONFIG_FIELD_INVALID"],
    ["llama.attention.layer_norm_rms_epsilon", ["f32", NaN], "CONFIG_FIELD_INVALID"],
  ];
  for (const [key, value, code] of keys) {
    it(`whose ${key} is ${JSON.stringify(value[1])}`, () =>
      expectRefusal(
        importing(({ metadata }) => void metadata.set(key, value)),
        code as "CONFIG_FIELD_INVALID",
        FILE,
        key,
      ));
  }

  it("that lacks a key, a tensor, or has another one", async () => {
    const epsilon = "llama.attention.layer_norm_rms_epsilon";
    await expectRefusal(
      importing(({ metadata }) => void metadata.delete(epsilon)),
      "CONFIG_FIELD_INVALID",
      epsilon,
    );
    await expectRefusal(
      importing(({ tensors }) => void tensors.delete("blk.1.ffn_up.weight")),
      "TENSOR_MISSING",
      "blk.1.ffn_up.weight",
    );
    const extra = { type: "F32", shape: [2], values: new Float64Array(2) } as const;
    for (const name of ["blk.0.attn_q.bias", "blk.0.attn_q_norm.weight", "blk.2.attn_norm.weight", "lora"]) {
      const expected = name === "blk.2.attn_norm.weight" ? "model.layers.2.input_layernorm.weight" : "";
      await expectRefusal(
        importing(({ tensors }) => void tensors.set(name, extra)),
        "TENSOR_UNEXPECTED",
        expected,
      );
    }
    await expectRefusal(
      importing(({ tensors }) => void tensors.set("model.norm.weight", extra)),
      "GGUF_HEADER_INVALID",
      "twice",
    );
  });

  it("whose tensors have another shape, or numbers that are none", async () => {
    await expectRefusal(
      importing(({ tensors }) => {
        const tensor = tensors.get("blk.0.attn_q.weight")!;
        tensors.set("blk.0.attn_q.weight", { ...tensor, shape: [16, 24] });
      }),
      "TENSOR_SHAPE_MISMATCH",
      "blk.0.attn_q.weight",
      "[16, 24]",
    );
    await expectRefusal(
      importing(({ tensors }) => (tensors.get("blk.1.ffn_down.weight")!.values[3] = NaN)),
      "TENSOR_NOT_FINITE",
      "blk.1.ffn_down.weight",
    );
    await expectRefusal(
      importing(() => undefined, "Q8_0"),
      "GGUF_HEADER_INVALID",
      "inside a block of 32",
    );
  });

  it("in a folder with a second one, and passed over where there are safetensors", async () => {
    const files = ggufFiles(tinyCheckpoint(), "F32");
    files.set("other.gguf", files.get(FILE)!);
    await expectRefusal(() => rootOf(files), "CHECKPOINT_AMBIGUOUS", "model.gguf, other.gguf");
    const both = new Map([...filesOf(tinyCheckpoint()), ["broken.gguf", new Uint8Array(3)]]);
    expect(await rootOf(both)).to.equal(await rootOf(filesOf(tinyCheckpoint())));
  });

  const headers: [string, (view: DataView) => void, string, string][] = [
    ["other first bytes", (view) => view.setUint8(0, 0), "GGUF_HEADER_INVALID", "does not begin with GGUF"],
    ["version 1", (view) => view.setUint32(AT.version, 1, true), "GGUF_VERSION_UNSUPPORTED", "version 1"],
    ["big-endian numbers", (view) => view.setUint32(AT.version, 3), "GGUF_VERSION_UNSUPPORTED", "50331648"],
    [
      "more tensors than bytes",
      (view) => view.setBigUint64(AT.tensors, 2n ** 40n, true),
      "GGUF_HEADER_INVALID",
      "1099511627776 tensors",
    ],
    [
      "a count beyond 2^53",
      (view) => view.setBigUint64(AT.keys, 2n ** 63n, true),
      "GGUF_HEADER_INVALID",
      "9223372036854775808",
    ],
    [
      "a name longer than the file",
      (view) => view.setBigUint64(AT.nameLength, 10_000n, true),
      "GGUF_HEADER_INVALID",
      "10000",
    ],
    ["5 dimensions", (view) => view.setUint32(AT.dimensions, 5, true), "GGUF_HEADER_INVALID", "5 dimensions"],
    ["no elements", (view) => view.setBigUint64(AT.size, 0n, true), "GGUF_HEADER_INVALID", "empty"],
    [
      "a size that overflows",
      (view) => view.setBigUint64(AT.size, 2n ** 53n - 1n, true),
      "GGUF_TRUNCATED",
      "in tensor t",
    ],
    ["a tensor in Q4_K", (view) => view.setUint32(AT.type, 12, true), "TENSOR_TYPE_UNSUPPORTED", "Q4_K"],
    ["an unknown type", (view) => view.setUint32(AT.type, 99, true), "TENSOR_TYPE_UNSUPPORTED", "ggml 99"],
    [
      "an offset that is not aligned",
      (view) => view.setBigUint64(AT.offset, 4n, true),
      "GGUF_HEADER_INVALID",
      "not a multiple of 32",
    ],
    [
      "a gap before a tensor",
      (view) => view.setBigUint64(AT.offset, 32n, true),
      "GGUF_HEADER_INVALID",
      "32 bytes before tensor t belong to no tensor",
    ],
  ];
  for (const [name, change, code, text] of headers) {
    it(`with ${name}`, () =>
      expectRefusal(
        () => readGguf(memorySource(new Map([[FILE, headerOf(change)]])), FILE),
        code as "GGUF_TRUNCATED",
        text,
      ));
  }

  it("with tensors that overlap, names that repeat, keys that repeat, or bytes too many", async () => {
    const read = (bytes: Uint8Array) => () => readGguf(memorySource(new Map([[FILE, bytes]])), FILE);
    const tensor = { type: "F32", shape: [4], values: new Float64Array(4) } as const;
    const two = encodeGguf({
      metadata: new Map(),
      tensors: new Map([
        ["a", tensor],
        ["b", tensor],
      ]),
    });
    const entry = 8 + 1 + 4 + 8 + 4 + 8;
    const overlap = two.slice();
    new DataView(overlap.buffer).setBigUint64(24 + 2 * entry - 8, 0n, true);
    await expectRefusal(read(overlap), "GGUF_HEADER_INVALID", "overlaps");
    const repeated = two.slice();
    repeated[24 + entry + 8] = 0x61;
    await expectRefusal(read(repeated), "GGUF_HEADER_INVALID", "the tensor a twice");
    const longer = new Uint8Array(two.length + 1);
    longer.set(two);
    await expectRefusal(read(longer), "GGUF_HEADER_INVALID", "1 bytes at its end");
    const keys = encodeGguf({
      metadata: new Map([
        ["a", ["u32", 1]],
        ["b", ["u32", 1]],
      ]),
      tensors: new Map(),
    });
    keys[24 + 8 + 1 + 4 + 4 + 8] = 0x61;
    await expectRefusal(read(keys), "GGUF_HEADER_INVALID", "the key a twice");
    const odd = encodeGguf({ metadata: new Map([["general.alignment", ["u32", 3]]]), tensors: new Map() });
    await expectRefusal(read(odd), "GGUF_HEADER_INVALID", "general.alignment is 3");
  });

  it("with lists of more items than any vocabulary", async () => {
    const metadata = new Map([["a", ["u8", [0]]]] as const);
    const bytes = encodeGguf({ metadata, tensors: new Map() });
    new DataView(bytes.buffer).setBigUint64(24 + 8 + 1 + 4 + 4, 2n ** 23n + 1n, true);
    // A file that goes on behind what is here.
    const source = { ...memorySource(new Map([[FILE, bytes]])), size: () => Promise.resolve(2 ** 30) };
    await expectRefusal(
      () => readGguf(source, FILE),
      "GGUF_HEADER_INVALID",
      "more than 8388608 items, with a",
    );
  });

  it("whatever byte is changed or wherever it ends: by a typed error, or it is read", async () => {
    const files = ggufFiles(tinyCheckpoint({ layers: 1 }), "F32", ({ metadata }) => {
      metadata.set("list", ["string", ["a", "bc", ""]]);
      metadata.set("flags", ["bool", [true, false]]);
    });
    const whole = files.get(FILE)!;
    const { tensors } = await readGguf(memorySource(files), FILE);
    const headerBytes = Math.min(...tensors.map(({ start }) => start));
    const codeOf = async (read: () => Promise<unknown>) => {
      try {
        await read();
        return undefined;
      } catch (error) {
        expect(error, String(error)).to.be.instanceOf(EngineError);
        return (error as EngineError).code;
      }
    };
    const attempt = (bytes: Uint8Array) =>
      codeOf(() => readGguf(memorySource(new Map([[FILE, bytes]])), FILE));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: headerBytes - 1 }),
        fc.integer({ min: 0, max: 255 }),
        async (at, byte) => {
          const changed = whole.slice();
          changed[at] = byte;
          await attempt(changed);
          const cut = () => readGguf(memorySource(new Map([[FILE, whole.slice(0, at)]])), FILE);
          expect(["GGUF_TRUNCATED", "GGUF_HEADER_INVALID"]).to.include(await codeOf(cut));
        },
      ),
      { numRuns: process.env["ATHANOR_AUDIT"] ? 20_000 : 1_000 },
    );
  });
});
