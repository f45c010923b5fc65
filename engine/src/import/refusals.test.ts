import { expectRefusal } from "../testing/expect-error.ts";
import { withHeader } from "../testing/safetensors-writer.ts";
import {
  filesOf,
  memorySource,
  tinyCheckpoint,
  tinySource,
  type TinyCheckpoint,
} from "../testing/tiny-checkpoint.ts";
import { importModel } from "./import-model.ts";

const WEIGHTS = "model.safetensors";
const DOWN = "model.layers.1.mlp.down_proj.weight";

function importing(change: (checkpoint: TinyCheckpoint) => void) {
  return () => {
    const checkpoint = tinyCheckpoint();
    change(checkpoint);
    return importModel(memorySource(filesOf(checkpoint)));
  };
}

function importingFiles(change: (files: Map<string, Uint8Array>) => void, shards = 1) {
  return () => {
    const files = filesOf(tinyCheckpoint(), { shards });
    change(files);
    return importModel(memorySource(files));
  };
}

/** Rewrites the header of the weights file, whose entries `change` may edit. */
function importingHeader(
  change: (header: Record<string, { shape: number[]; dtype: string; data_offsets: number[] }>) => void,
) {
  return importingFiles((files) => {
    const bytes = files.get(WEIGHTS)!;
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length))) as Parameters<
      typeof change
    >[0];
    change(header);
    files.set(WEIGHTS, withHeader(header, bytes.subarray(8 + length)));
  });
}

describe("importModel refuses a config.json", () => {
  const unsupported: [string, unknown][] = [
    ["architectures", ["Gemma2ForCausalLM"]],
    ["hidden_activation", "gelu_pytorch_tanh"],
    ["architectures", ["toString"]],
    ["architectures", undefined],
    ["model_type", "qwen2"],
    ["hidden_act", "gelu"],
    ["rope_scaling", { rope_type: "linear", factor: 8 }],
    ["rope_parameters", { rope_type: "yarn", rope_theta: 10000 }],
    ["attention_bias", true],
    ["mlp_bias", true],
    ["sliding_window", 95],
    ["quantization_config", { quant_method: "gptq" }],
    ["layer_types", ["full_attention", "sliding_attention"]],
  ];
  for (const [field, value] of unsupported) {
    it(`whose ${field} is ${JSON.stringify(value)}, which is not supported`, () =>
      expectRefusal(
        importing(({ config }) => (config[field] = value)),
        "CONFIG_FIELD_UNSUPPORTED",
        field,
        typeof value === "object" && value && "rope_type" in value
          ? (value.rope_type as string)
          : JSON.stringify(value),
      ));
  }

  const invalid: [string, unknown][] = [
    ["hidden_size", 0],
    ["hidden_size", "16"],
    ["num_hidden_layers", 1.5],
    ["num_key_value_heads", 3],
    ["head_dim", 7],
    ["vocab_size", -1],
    ["max_position_embeddings", 131072],
    ["rms_norm_eps", "tiny"],
    ["rope_theta", 0],
    ["tie_word_embeddings", "yes"],
  ];
  for (const [field, value] of invalid) {
    it(`whose ${field} is ${JSON.stringify(value)}`, () =>
      expectRefusal(
        importing(({ config }) => (config[field] = value)),
        "CONFIG_FIELD_INVALID",
        field,
        String(value),
      ));
  }

  const llama3 = {
    rope_type: "llama3",
    factor: 8,
    low_freq_factor: 1,
    high_freq_factor: 4,
    original_max_position_embeddings: 32,
  };
  const scalings: [string, Record<string, unknown>][] = [
    ["rope_scaling.factor", { ...llama3, factor: 0.5 }],
    ["rope_scaling.low_freq_factor", { ...llama3, low_freq_factor: undefined }],
    ["rope_scaling.high_freq_factor", { ...llama3, high_freq_factor: 1 }],
    ["rope_scaling.original_max_position_embeddings", { ...llama3, original_max_position_embeddings: "32" }],
  ];
  for (const [field, value] of scalings) {
    it(`whose ${field} is not usable`, () =>
      expectRefusal(
        importing(({ config }) => (config.rope_scaling = value)),
        "CONFIG_FIELD_INVALID",
        field,
      ));
  }

  it("whose rotary scaling has a field nobody knows", () =>
    expectRefusal(
      importing(({ config }) => (config.rope_scaling = { ...llama3, beta_fast: 32 })),
      "CONFIG_FIELD_UNSUPPORTED",
      "rope_scaling.beta_fast",
      "32",
    ));

  it("of a Mistral model whose window is the one that Hugging Face takes when none is named", () =>
    expectRefusal(
      () => {
        const checkpoint = tinyCheckpoint({ family: "Mistral", context: 5000 });
        delete checkpoint.config.sliding_window;
        return importModel(memorySource(filesOf(checkpoint)));
      },
      "CONFIG_FIELD_UNSUPPORTED",
      "sliding_window",
      "4096",
      "5000",
    ));

  it("of a Qwen2 model that uses a window shorter than its context", () =>
    expectRefusal(
      () => {
        const checkpoint = tinyCheckpoint({ family: "Qwen2" });
        Object.assign(checkpoint.config, { sliding_window: 50, use_sliding_window: true });
        return importModel(memorySource(filesOf(checkpoint)));
      },
      "CONFIG_FIELD_UNSUPPORTED",
      "sliding_window",
      "50",
    ));

  it("that is not JSON", () =>
    expectRefusal(
      importingFiles((files) => files.set("config.json", new TextEncoder().encode("{"))),
      "JSON_INVALID",
      "config.json",
    ));

  it("whose end token is outside the vocabulary", () =>
    expectRefusal(
      importing(({ generation }) => (generation.eos_token_id = 48)),
      "CONFIG_FIELD_INVALID",
      "eos_token_id",
      "48",
    ));

  it("for a context longer than the model's", () =>
    expectRefusal(() => importModel(tinySource(), { contextLength: 97 }), "INVALID_ARGUMENT", "97", "96"));
});

describe("importModel refuses files", () => {
  for (const file of ["config.json", "tokenizer.json", WEIGHTS]) {
    it(`without ${file}`, () =>
      expectRefusal(
        importingFiles((files) => files.delete(file)),
        "CHECKPOINT_FILE_MISSING",
        file,
      ));
  }

  it("without one of the shards", () =>
    expectRefusal(
      importingFiles((files) => files.delete("model-2-of-3.safetensors"), 3),
      "CHECKPOINT_FILE_MISSING",
      "model-2-of-3.safetensors",
    ));

  it("whose index lists a tensor that its shard does not hold", () =>
    expectRefusal(
      importingFiles((files) => {
        const name = "model.safetensors.index.json";
        const index = JSON.parse(new TextDecoder().decode(files.get(name))) as {
          weight_map: Record<string, string>;
        };
        index.weight_map["model.extra"] = "model-1-of-3.safetensors";
        files.set(name, new TextEncoder().encode(JSON.stringify(index)));
      }, 3),
      "TENSOR_MISSING",
      "model.extra",
    ));

  it("cut off in the weights", () =>
    expectRefusal(
      importingFiles((files) => files.set(WEIGHTS, files.get(WEIGHTS)!.slice(0, -4))),
      "SAFETENSORS_TRUNCATED",
      WEIGHTS,
    ));

  it("cut off in the header", () =>
    expectRefusal(
      importingFiles((files) => files.set(WEIGHTS, files.get(WEIGHTS)!.slice(0, 100))),
      "SAFETENSORS_TRUNCATED",
      WEIGHTS,
    ));

  it("with bytes after the weights", () =>
    expectRefusal(
      importingFiles((files) => files.set(WEIGHTS, Uint8Array.of(...files.get(WEIGHTS)!, 0, 0))),
      "SAFETENSORS_HEADER_INVALID",
      "2 bytes at its end",
    ));

  it("whose header claims an absurd length", () =>
    expectRefusal(
      importingFiles((files) => files.get(WEIGHTS)!.fill(255, 0, 8)),
      "SAFETENSORS_HEADER_INVALID",
      "18446744073709551615",
    ));

  it("whose header is not JSON", () =>
    expectRefusal(
      importingFiles((files) => files.get(WEIGHTS)!.fill(32, 8, 9)),
      "JSON_INVALID",
      WEIGHTS,
    ));

  it("whose tensors overlap", () =>
    expectRefusal(
      importingHeader((header) => {
        const { data_offsets: offsets } = header[DOWN]!;
        offsets[0]! -= 4;
        offsets[1]! -= 4;
      }),
      "SAFETENSORS_HEADER_INVALID",
      "overlaps",
    ));

  it("whose tensor has another size than its offsets", () =>
    expectRefusal(
      importingHeader((header) => (header[DOWN]!.shape = [16, 23])),
      "SAFETENSORS_HEADER_INVALID",
      DOWN,
      "1472",
      "1536",
    ));

  it("whose tensor has no shape", () =>
    expectRefusal(
      importingHeader((header) => (header[DOWN]!.shape = undefined as unknown as number[])),
      "SAFETENSORS_HEADER_INVALID",
      DOWN,
    ));
});

describe("importModel refuses tensors", () => {
  it("of another type", () =>
    expectRefusal(
      importingHeader((header) => (header[DOWN]!.dtype = "I32")),
      "TENSOR_TYPE_UNSUPPORTED",
      DOWN,
      "I32",
    ));

  for (const value of [NaN, Infinity, -Infinity]) {
    it(`that hold ${value}`, () =>
      expectRefusal(
        importing(({ tensors }) => (tensors.get(DOWN)!.values[77] = value)),
        "TENSOR_NOT_FINITE",
        DOWN,
        String(value),
        "77",
      ));
  }

  it("whose shape disagrees with config.json", () =>
    expectRefusal(
      importing(({ config }) => (config.intermediate_size = 25)),
      "TENSOR_SHAPE_MISMATCH",
      "mlp.gate_proj.weight",
      "[24, 16]",
      "[25, 16]",
    ));

  it("of which one is missing", () =>
    expectRefusal(
      importing(({ tensors }) => tensors.delete(DOWN)),
      "TENSOR_MISSING",
      DOWN,
    ));

  it("of which one is mislabelled", () =>
    expectRefusal(
      importing(({ tensors }) => {
        tensors.set("model.layers.1.mlp.down.weight", tensors.get(DOWN)!);
        tensors.delete(DOWN);
      }),
      "TENSOR_MISSING",
      DOWN,
    ));

  it("that a Llama model does not have", () =>
    expectRefusal(
      importing(({ tensors }) =>
        tensors.set("model.layers.0.self_attn.q_proj.bias", { shape: [24], values: new Float64Array(24) }),
      ),
      "TENSOR_UNEXPECTED",
      "q_proj.bias",
    ));

  it("of which a bias is missing", () =>
    expectRefusal(
      () => {
        const checkpoint = tinyCheckpoint({ family: "Qwen2" });
        checkpoint.tensors.delete("model.layers.1.self_attn.k_proj.bias");
        return importModel(memorySource(filesOf(checkpoint)));
      },
      "TENSOR_MISSING",
      "model.layers.1.self_attn.k_proj.bias",
    ));

  it("for an untied head that is missing", () =>
    expectRefusal(
      importing(({ config }) => (config.tie_word_embeddings = false)),
      "TENSOR_MISSING",
      "lm_head.weight",
    ));
});

describe("importModel refuses a tokenizer", () => {
  it("with more tokens than the model", () =>
    expectRefusal(
      importing(({ tokenizer }) => (tokenizer.model.vocab.zz = 48)),
      "TOKENIZER_VOCABULARY_MISMATCH",
      "48",
    ));

  it("of a kind that no library can read", () =>
    expectRefusal(
      importing(({ tokenizer }) => (tokenizer.model.type = "Abacus")),
      "TOKENIZER_INVALID",
      "Abacus",
    ));

  it("whose token id is not a whole number", () =>
    expectRefusal(
      importing(({ tokenizer }) => (tokenizer.model.vocab.a = 1.5)),
      "TOKENIZER_INVALID",
      "1.5",
    ));

  it("without a model", () =>
    expectRefusal(
      importing((checkpoint) => delete (checkpoint.tokenizer as Record<string, unknown>).model),
      "TOKENIZER_INVALID",
      "model",
    ));
});
