import { expect } from "chai";
import { EngineError } from "../../errors.ts";
import { importModel } from "../../import/import-model.ts";
import type { Model } from "../../model.ts";
import { openGpu } from "../../node.ts";
import { generate } from "../../run/generate.ts";
import { gpuForTest } from "../../testing/gpu.ts";
import { generateRandom } from "../../testing/random.ts";
import { randomShape } from "../../testing/random-shape.ts";
import { tinySource } from "../../testing/tiny-checkpoint.ts";
import { traceLayout } from "../../trace/layout.ts";
import { referenceExecutor, type Executor } from "../../trace/request.ts";
import { openTiles, operatorTiles, traceRequest } from "../../trace/trace.ts";
import { requestGpuDevice } from "../device.ts";
import { createGpuExecutor, type GpuExecutor } from "../executor.ts";

const MODELS = process.env.ATHANOR_AUDIT ? 48 : 3;

/** An executor on the GPU for traces, and how many sections left the device. */
function tracing(executor: GpuExecutor): { executor: Executor; readBack: Set<string> } {
  const readBack = new Set<string>();
  return {
    executor: (model, { observer, ...options }) =>
      generate(model, {
        ...options,
        executor,
        observer: (observation) => {
          readBack.add(observation.name);
          observer?.(observation);
        },
      }),
    readBack,
  };
}

async function expectSameTraces(
  model: Model,
  prompt: number[],
  gpu: GpuExecutor,
  seed: number,
): Promise<void> {
  const random = generateRandom(seed);
  const temperature = seed % 2 === 0 ? 0 : 900;
  const request = { prompt, maxTokens: 5, temperature, seed: BigInt(seed) };
  const { executor, readBack } = tracing(gpu);
  const expected = await traceRequest(model, request, { executor: referenceExecutor });
  const [found, { tokens }] = await Promise.all([
    traceRequest(model, request, { executor }),
    generate(model, { ...request, executor: gpu }),
  ]);
  expect(found).to.deep.equal(expected);
  expect(tokens, "of a request beside it").to.deep.equal(expected.tokens);
  // A greedy choice shows three small sections; they are hashed where traces are.
  expect([...readBack], "operators that were read back").to.deep.equal(
    temperature === 0 ? ["output.token"] : [],
  );

  const { operators } = traceLayout(model.program);
  const positions = prompt.length + expected.tokens.length - 1;
  const addresses = Array.from({ length: 4 }, () => {
    const operator = Math.floor(random() * operators.length);
    const tile = Math.floor(random() * operators[operator]!.tiles);
    return { position: Math.floor(random() * positions), operator, tile };
  });
  const opened = await openTiles(model, request, addresses, { executor });
  expect(opened).to.deep.equal(await openTiles(model, request, addresses, { executor: referenceExecutor }));
  const [first] = addresses;
  expect(await operatorTiles(model, request, first!, { executor })).to.deep.equal(
    await operatorTiles(model, request, first!),
  );
}

describe("traces that are hashed on a GPU", () => {
  for (let seed = 1; seed <= MODELS; seed++) {
    it(`have the reference's roots and openings: random model ${seed}`, async function () {
      const gpu = await gpuForTest(this);
      const random = generateRandom(7000 + seed);
      const model = await importModel(tinySource(randomShape(seed)));
      const { contextLength, vocabularySize } = model.header;
      const length = 1 + Math.floor(random() * (contextLength - 6));
      const prompt = Array.from({ length }, () => Math.floor(random() * vocabularySize));
      const executor = await createGpuExecutor(model, {
        open: () => Promise.resolve(gpu),
        maxRows: 1 + Math.floor(random() * 18),
      });
      await expectSameTraces(model, prompt, executor, seed);
      executor.close();
    });
  }

  it("are whole when the device is lost in the middle and the processor goes on", async function () {
    await gpuForTest(this);
    const model = await importModel(tinySource(randomShape(2)));
    const opened: GPUDevice[] = [];
    const messages: string[] = [];
    const executor = await createGpuExecutor(model, {
      open: async () => {
        if (opened.length > 0) throw new EngineError("GPU_UNAVAILABLE", "No device.", { remedy: "None." });
        const gpu = await requestGpuDevice(await openGpu());
        opened.push(gpu.device);
        return gpu;
      },
      maxRows: 4,
      onDeviceLost: (message) => messages.push(message),
    });
    const request = { prompt: [1, 2, 3, 4, 5, 6, 7], maxTokens: 4 };
    let taken = 0;
    const losing: Executor = (of, { roots, ...options }) =>
      generate(of, {
        ...options,
        executor,
        roots: {
          takes: (position, operator) => roots!.takes(position, operator),
          root(position, operator, root) {
            roots!.root(position, operator, root);
            if (position === 4) opened[0]!.destroy();
            taken++;
          },
        },
      });
    const expected = await traceRequest(model, request, { executor: referenceExecutor });
    expect(await traceRequest(model, request, { executor: losing })).to.deep.equal(expected);
    const always = model.program.operators.filter(({ phase }) => phase === "always").length;
    expect(taken)
      .to.be.greaterThan(3 * always)
      .and.lessThan(10 * model.program.operators.length);
    expect(messages).to.have.length(1);
    executor.close();
  });
});
