import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { importModel } from "../import/import-model.ts";
import type { Model } from "../model.ts";
import { loadModel, openGpu } from "../node.ts";
import { generate } from "../run/generate.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { gpuForTest } from "../testing/gpu.ts";
import { expectSameRequest, recordRequest } from "../testing/record-request.ts";
import { tinyCheckpoint, filesOf, memorySource, tinySource } from "../testing/tiny-checkpoint.ts";
import type { Executor } from "../trace/request.ts";
import { traceRequest } from "../trace/trace.ts";
import { requestGpuDevice, type GpuDevice } from "./device.ts";
import { createGpuExecutor, type GpuExecutor, type GpuExecutorOptions } from "./executor.ts";

function tokensOf(count: number, from = 1): number[] {
  return Array.from({ length: count }, (_, index) => (7 * index * index + from * index + from) % 48);
}

const tracedBy =
  (executor: GpuExecutor): Executor =>
  (model, options) =>
    generate(model, { ...options, executor });

describe("the GPU executor", function () {
  // Software takes its time to compile kernels for a new device.
  this.timeout(300_000);
  let gpu: GpuDevice;
  /** Never stops before its maximum. */
  let model: Model;
  before(async function () {
    gpu = await gpuForTest(this);
    const checkpoint = tinyCheckpoint({ context: 160 });
    delete checkpoint.generation.eos_token_id;
    model = await importModel(memorySource(filesOf(checkpoint)));
  });
  const executors: GpuExecutor[] = [];
  afterEach(() => {
    for (const executor of executors.splice(0)) executor.close();
  });
  async function open(options: Partial<GpuExecutorOptions> = {}, of = model): Promise<GpuExecutor> {
    const executor = await createGpuExecutor(of, {
      open: () => Promise.resolve(gpu),
      maxRows: 8,
      maxSequences: 4,
      ...options,
    });
    executors.push(executor);
    return executor;
  }
  const expected = (prompt: readonly number[], maxTokens: number) =>
    generate(model, { prompt, maxTokens, executor: "reference" });

  it("has the trace root of the bundled model", async () => {
    const bard = await loadModel(fileURLToPath(new URL("../../../models/bard", import.meta.url)));
    const request = { prompt: [500, 3, 77, 1002, 9], maxTokens: 2 };
    const executor = await open({}, bard);
    const root = await traceRequest(bard, request);
    expect(await traceRequest(bard, request, { executor: tracedBy(executor) })).to.deep.equal(root);
    const { tokens } = await generate(bard, { ...request, executor });
    expect(tokens).to.deep.equal(root.tokens);
  });

  it("has one trace root alone, among others, after a shared beginning and in other blocks", async () => {
    const request = { prompt: tokensOf(37), maxTokens: 4 };
    const root = await traceRequest(model, request);
    const executor = await open({ maxRows: 6 });
    const trace = (by: GpuExecutor) => traceRequest(model, request, { executor: tracedBy(by) });
    expect(await trace(executor), "alone").to.deep.equal(root);
    const others = [request.prompt.slice(0, 35), tokensOf(20, 3)];
    const [among, ...answers] = await Promise.all([
      trace(executor),
      ...others.map((prompt) => generate(model, { prompt, maxTokens: 3, executor })),
    ]);
    expect(among, "among others, one of which begins alike").to.deep.equal(root);
    for (const [index, answer] of answers.entries()) {
      expect(answer).to.deep.equal(await expected(others[index]!, 3));
    }
    const { tokens } = await generate(model, { ...request, executor });
    expect(tokens, "after a shared beginning").to.deep.equal(root.tokens);
    const wide = await open({ maxRows: 64 });
    expect(await trace(wide), "in one block").to.deep.equal(root);
    expect((await generate(model, { ...request, executor: wide })).tokens).to.deep.equal(root.tokens);
    const parameters = { temperature: 900, topK: 20, topP: 9000, repetitionPenalty: 1200, seed: 5n };
    const drawn = { ...request, ...parameters, maxTokens: 3, minTokens: 2, stopSequences: [[1, 2]] };
    expect(await traceRequest(model, drawn, { executor: tracedBy(wide) }), "with drawn tokens").to.deep.equal(
      await traceRequest(model, drawn),
    );
  });

  it("computes reductions of several chunks as the reference does", async () => {
    const shape = { hidden: 1100, feedForward: 4200, layers: 1, vocabulary: 1100, context: 40 };
    const large = await importModel(tinySource(shape));
    const request = { prompt: [1, 2, 3], maxTokens: 2 };
    const executor = await open({ maxRows: 3 }, large);
    const reference = await recordRequest(large, { ...request, executor: "reference" });
    expectSameRequest(await recordRequest(large, { ...request, executor }), reference, "chunks");
    expect(await generate(large, { ...request, executor })).to.deep.equal(reference.generation);
  });

  it("attends to hundreds of positions as the reference does", async () => {
    const long = await importModel(tinySource({ context: 300, layers: 1 }));
    const request = { prompt: tokensOf(270), maxTokens: 3 };
    const executor = await open({ maxRows: 32 }, long);
    const reference = await recordRequest(long, { ...request, executor: "reference" });
    expectSameRequest(await recordRequest(long, { ...request, executor }), reference, "positions");
    expect(await generate(long, { ...request, executor })).to.deep.equal(reference.generation);
  });

  it("splits matrices and dispatches where the device's limits are small", async () => {
    const limits = { maxStorageBufferBindingSize: 2 ** 16, maxComputeWorkgroupsPerDimension: 3 };
    const shape = { hidden: 96, feedForward: 200, vocabulary: 1500, context: 64, layers: 1 };
    const wide = await importModel(tinySource(shape));
    const small = await requestGpuDevice(await openGpu(), { limits });
    const request = { prompt: tokensOf(9), maxTokens: 3 };
    const executor = await open({ open: () => Promise.resolve(small), maxSequences: 1 }, wide);
    expect(executor.size.rows, "rows that fit into a binding").to.be.lessThan(8);
    const reference = await recordRequest(wide, { ...request, executor: "reference" });
    expectSameRequest(await recordRequest(wide, { ...request, executor }), reference, "limits");
    expect(await generate(wide, { ...request, executor })).to.deep.equal(reference.generation);
    await expectRefusal(
      () => open({ open: () => Promise.resolve(small), maxSequences: 20_000 }, wide),
      "MEMORY_BUDGET_TOO_SMALL",
      "65536",
    );
  });

  it("computes equal beginnings once", async () => {
    const executor = await open();
    const prompt = tokensOf(70);
    const first = await generate(model, { prompt, maxTokens: 3, executor });
    expect(executor.computed).to.equal(72);
    expect(await generate(model, { prompt, maxTokens: 3, executor })).to.deep.equal(first);
    // Two pages of 32 positions are there.
    expect(executor.computed).to.equal(72 + 8);
    const other = [...prompt.slice(0, 40), ...tokensOf(20, 5)];
    expect(await generate(model, { prompt: other, maxTokens: 2, executor })).to.deep.equal(
      await expected(other, 2),
    );
    expect(executor.computed).to.equal(72 + 8 + 29);
    // An answer is a beginning, too.
    const longer = [...prompt, ...first.tokens, ...tokensOf(30)];
    await generate(model, { prompt: longer, maxTokens: 1, executor });
    expect(executor.computed).to.equal(72 + 8 + 29 + 39);
    expect(first).to.deep.equal(await expected(prompt, 3));
  });

  it("lets requests wait while there are no pages for them, and refuses what never fits", async () => {
    const executor = await open({ pages: 3 });
    const prompts = [tokensOf(33, 1), tokensOf(33, 2), tokensOf(10, 3), tokensOf(33, 4), tokensOf(60, 5)];
    const answers = await Promise.all(
      prompts.map((prompt) => generate(model, { prompt, maxTokens: 5, executor })),
    );
    for (const [index, prompt] of prompts.entries()) {
      expect(answers[index], `request ${index}`).to.deep.equal(await expected(prompt, 5));
    }
    const refused = await expectRefusal(
      () => generate(model, { prompt: tokensOf(90), maxTokens: 8, executor }),
      "MEMORY_BUDGET_TOO_SMALL",
      "4 pages",
    );
    expect(refused.details).to.deep.equal({ needed: 4, pages: 3 });
  });

  it("drops a request that is aborted, and goes on with the others", async () => {
    const executor = await open();
    const controller = new AbortController();
    const reason = new Error("enough");
    const [error, answer] = await Promise.all([
      expectRefusal(
        () =>
          generate(model, {
            prompt: tokensOf(5),
            maxTokens: 50,
            executor,
            signal: controller.signal,
            onToken: (_, index) => {
              if (index === 1) controller.abort(reason);
            },
          }),
        "ABORTED",
        "after 2 tokens",
      ),
      generate(model, { prompt: tokensOf(9), maxTokens: 9, executor }),
    ]);
    expect(error.details.tokens).to.have.length(2);
    expect(error.cause).to.equal(reason);
    expect(answer).to.deep.equal(await expected(tokensOf(9), 9));
    await expectRefusal(
      () => generate(model, { prompt: [1], maxTokens: 1, executor, signal: AbortSignal.abort() }),
      "ABORTED",
      "0 tokens",
    );
  });

  it("ends what waits and runs when it is closed", async () => {
    const executor = await open({ maxSequences: 1 });
    const requests = [0, 1].map(() =>
      expectRefusal(() => generate(model, { prompt: [1], maxTokens: 90, executor }), "ABORTED"),
    );
    executor.close();
    await Promise.all(requests);
    await expectRefusal(() => generate(model, { prompt: [1], maxTokens: 1, executor }), "ABORTED");
  });

  describe("when the device is lost", () => {
    const request = { prompt: tokensOf(40), maxTokens: 6 };
    /** Opens a device of its own so often, and loses the first one after the second token. */
    async function losing(devices: number, options: Partial<GpuExecutorOptions> = {}) {
      const opened: GPUDevice[] = [];
      const messages: string[] = [];
      const executor = await open({
        open: async () => {
          const own = await requestGpuDevice(await openGpu(), { limits: {} });
          if (opened.length === devices) throw new Error("no more devices");
          opened.push(own.device);
          return own;
        },
        onDeviceLost: (message) => messages.push(message),
        maxRows: 2,
        ...options,
      });
      const onToken = (_: number, index: number) => {
        if (index === 1) opened[0]!.destroy();
      };
      return { executor, messages, opened, onToken };
    }

    it("goes on with a new one, computing again from the tokens", async () => {
      const { executor, messages, opened, onToken } = await losing(2);
      const beside = generate(model, { prompt: tokensOf(20), maxTokens: 12, executor });
      const { tokens } = await generate(model, { ...request, executor, onToken });
      expect({ tokens }).to.deep.include({ tokens: (await expected(request.prompt, 6)).tokens });
      expect(await beside).to.deep.equal(await expected(tokensOf(20), 12));
      expect(opened).to.have.length(2);
      expect(messages).to.have.length(1);
      expect(messages[0]).to.contain("A new device goes on.");
    });

    it("shows every intermediate once, though it computes some of them twice", async () => {
      const { executor, onToken } = await losing(2);
      const reference = await recordRequest(model, { ...request, executor: "reference" });
      const found = await recordRequest(model, { ...request, executor, onToken });
      expectSameRequest(found, reference, "after a loss");
    });

    it("goes on with the processor when there is no other one", async () => {
      const { executor, messages, onToken } = await losing(1);
      const answer = await generate(model, { ...request, executor, onToken });
      expect(answer).to.deep.equal(await expected(request.prompt, 6));
      expect(messages[0]).to.contain("The processor goes on.");
      expect(executor.report).to.equal(undefined);
      expect(await generate(model, { prompt: [3], maxTokens: 2, executor })).to.deep.equal(
        await expected([3], 2),
      );
    });

    it("says so when nobody shall go on", async () => {
      const { executor, onToken } = await losing(1, { failover: "none" });
      await expectRefusal(() => generate(model, { ...request, executor, onToken }), "GPU_UNAVAILABLE");
      await expectRefusal(() => generate(model, { ...request, executor }), "GPU_UNAVAILABLE");
    });
  });

  it("keeps to a memory budget, and says what is missing", async () => {
    const { memoryBytes } = await open({ pages: 20 });
    const executor = await open({ pages: 20, memoryBudget: memoryBytes });
    expect(executor.memoryBytes).to.equal(memoryBytes);
    await expectRefusal(
      () => open({ pages: 20, memoryBudget: memoryBytes - 1 }),
      "MEMORY_BUDGET_TOO_SMALL",
      String(memoryBytes - 1),
    );
    await expectRefusal(() => open({ memoryBudget: 1000 }), "MEMORY_BUDGET_TOO_SMALL", "1000");
  });

  it("refuses what cannot be", async () => {
    for (const name of ["maxSequences", "maxRows", "capacity", "pages", "memoryBudget"] as const) {
      await expectRefusal(() => open({ [name]: 0 }), "INVALID_ARGUMENT", `${name} is 0`);
    }
    const executor = await open({ capacity: 20 });
    await expectRefusal(
      () => generate(model, { prompt: tokensOf(18), maxTokens: 4, executor }),
      "CONTEXT_EXCEEDED",
      "21",
      "20",
    );
    const other = await importModel(tinySource({ seed: 5 }));
    await expectRefusal(() => generate(other, { prompt: [1], maxTokens: 1, executor }), "INVALID_ARGUMENT");
    if (gpu.report.software) {
      const webgpu = await openGpu();
      await expectRefusal(() => requestGpuDevice(webgpu, { software: false }), "GPU_UNAVAILABLE", "software");
    }
  });
});
