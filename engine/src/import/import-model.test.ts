import { expect } from "chai";
import { compare } from "../reference-float/compare.ts";
import { loadFloatLlama } from "../reference-float/float-llama.ts";
import { generateRandom } from "../testing/random.ts";
import {
  filesOf,
  memorySource,
  tinyCheckpoint,
  tinySource,
  TINY,
  type TinyShape,
} from "../testing/tiny-checkpoint.ts";
import { importModel } from "./import-model.ts";

/** Random tokens, the same for every run. */
function tokensOf(count: number, vocabulary: number): number[] {
  const random = generateRandom(99);
  return Array.from({ length: count }, () => Math.floor(random() * vocabulary));
}

async function accuracyOf(source: ReturnType<typeof tinySource>) {
  const model = await importModel(source);
  const { contextLength, vocabularySize } = model.header;
  return compare(await loadFloatLlama(source), model, [tokensOf(contextLength, vocabularySize)]);
}

const ZOO: Record<string, Partial<TinyShape>> = {
  "a tied head": {},
  "an untied head": { tied: false },
  "one head for keys and values": { keyValueHeads: 1, heads: 6 },
  "as many key heads as query heads": { keyValueHeads: 4 },
  "a head size that is not width / heads": { hidden: 20, heads: 2, headSize: 16 },
  "a context of several chunks of positions": { context: 600, layers: 1 },
  "a feed-forward width of several chunks": { feedForward: 4200, layers: 1, context: 24 },
  "a width of several reduction chunks": { hidden: 1030, layers: 1, context: 24, tied: false },
  "a vocabulary of several chunks": { vocabulary: 2100, layers: 1, context: 40 },
};

const LLAMA3 = {
  rope_type: "llama3",
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 32,
};

describe("importModel", () => {
  for (const family of ["Llama", "Mistral", "Qwen2", "Qwen3", "Gemma"] as const) {
    for (const type of ["F32", "F16", "BF16"] as const) {
      for (const tied of [true, false]) {
        const name = `${family} in ${type} with ${tied ? "a tied" : "an untied"} head`;
        it(`keeps the function of a random ${name}`, async () => {
          const checkpoint = tinyCheckpoint({ family, tied, keyValueHeads: tied ? 1 : 2 });
          const source = memorySource(filesOf(checkpoint, { type, shards: tied ? 2 : 1 }));
          const { meanKl, perplexity } = await accuracyOf(source);
          expect(meanKl, "mean KL").to.be.lessThan(1e-3);
          expect(Math.abs(perplexity.integer / perplexity.float - 1), "perplexity").to.be.lessThan(1e-2);
        });
      }
    }
  }

  it("keeps the function of a model whose rotary frequencies are scaled, in both ways of writing it", async () => {
    const roots = await Promise.all(
      [
        (config: Record<string, unknown>) => (config.rope_scaling = LLAMA3),
        (config: Record<string, unknown>) => {
          delete config.rope_theta;
          config.rope_parameters = { ...LLAMA3, rope_theta: 10000 };
        },
        () => undefined,
      ].map(async (change) => {
        const checkpoint = tinyCheckpoint({ headSize: 16, hidden: 64 });
        change(checkpoint.config);
        const source = memorySource(filesOf(checkpoint));
        expect((await accuracyOf(source)).meanKl).to.be.lessThan(1e-3);
        return (await importModel(source)).commitment.modelRoot;
      }),
    );
    expect(roots[0]).to.equal(roots[1]);
    expect(roots[0]).to.not.equal(roots[2]);
  });

  it("accepts a window that Qwen2 states but does not use", async () => {
    const checkpoint = tinyCheckpoint({ family: "Qwen2" });
    Object.assign(checkpoint.config, { sliding_window: 50, use_sliding_window: false });
    const model = await importModel(memorySource(filesOf(checkpoint)));
    expect(model.header.architecture).to.equal("Qwen2ForCausalLM");
  });

  it("reports what it has read", async () => {
    const seen: [number, number][] = [];
    const model = await importModel(tinySource({ tied: false }), {
      onProgress: (done, total) => seen.push([done, total]),
    });
    expect(seen.at(-1)).to.deep.equal([model.header.parameters, model.header.parameters]);
    expect(seen.map(([done]) => done)).to.deep.equal(seen.map(([done]) => done).sort((a, b) => a - b));
  });

  for (const [name, changes] of Object.entries(ZOO)) {
    it(`keeps the function of a random model with ${name}`, async () => {
      const { meanKl, perplexity, tokens } = await accuracyOf(tinySource(changes));
      expect(tokens).to.be.greaterThan(0);
      // Random weights are harder than trained ones: errors of all layers arrive at flat logits unattenuated.
      expect(meanKl, "mean KL").to.be.lessThan(1e-3);
      expect(Math.abs(perplexity.integer / perplexity.float - 1), "perplexity").to.be.lessThan(1e-2);
    });
  }

  it("reads F32, F16 and BF16, in one file or in shards, to the same model", async () => {
    const checkpoint = tinyCheckpoint();
    // Values that all three types hold exactly.
    for (const { values } of checkpoint.tensors.values()) {
      values.forEach((value, index) => (values[index] = Math.round(value * 64) / 64 || 1 / 64));
    }
    const roots = new Set<string>();
    for (const type of ["F32", "F16", "BF16"] as const) {
      for (const shards of [1, 3]) {
        const model = await importModel(memorySource(filesOf(checkpoint, { type, shards })));
        roots.add(model.commitment.modelRoot);
      }
    }
    expect([...roots]).to.have.length(1);
  });

  it("is deterministic, and every weight counts towards the root", async () => {
    const root = async (change: (values: Float64Array) => void) => {
      const checkpoint = tinyCheckpoint();
      change(checkpoint.tensors.get("model.layers.1.mlp.down_proj.weight")!.values);
      return (await importModel(memorySource(filesOf(checkpoint)))).commitment.modelRoot;
    };
    const original = await root(() => undefined);
    expect(await root(() => undefined)).to.equal(original);
    expect(await root((values) => (values[5]! += 0.05))).to.not.equal(original);
  });

  it("computes work as the multiply-adds of all matrices", async () => {
    const { hidden, feedForward, heads, keyValueHeads, headSize, layers, vocabulary } = TINY;
    const attention = 2 * heads * headSize * hidden + 2 * keyValueHeads * headSize * hidden;
    const expected = layers * (attention + 3 * hidden * feedForward) + vocabulary * hidden;
    const model = await importModel(tinySource());
    expect(model.commitment.workPerPosition).to.equal(BigInt(expected));
  });

  it("takes a shorter context than the model was trained for", async () => {
    const model = await importModel(tinySource(), { contextLength: 17 });
    expect(model.commitment.contextLength).to.equal(17);
  });

  it("keeps a list of stop tokens, sorted and without repetitions", async () => {
    const checkpoint = tinyCheckpoint();
    checkpoint.generation.eos_token_id = [9, 2, 9];
    expect((await importModel(memorySource(filesOf(checkpoint)))).header.stopTokens).to.deep.equal([2, 9]);
  });
});
