import { expect } from "chai";
import { join } from "node:path";
import { gpuForTest } from "../../../engine/src/testing/gpu.ts";
import { parseConfig } from "../config/load.ts";
import { checkModels } from "../check/models.ts";
import {
  losingModelProcess,
  modelProcess,
  temporaryFolder,
  writeTinyModel,
  type TemporaryFolder,
} from "../testing/model.ts";
import { recordingLog } from "../testing/recording-log.ts";
import { openLogged } from "./open-logged.ts";
import { ModelError, openModelProcess } from "./open-model-process.ts";
import type { ModelRunner, RunRequest } from "./runner.ts";

describe("a model on a graphics card", function () {
  // A graphics card in software takes its time to compile kernels.
  this.timeout(300_000);
  const { VK_DRIVER_FILES } = process.env;
  const closers: (() => void | Promise<void>)[] = [];
  let folder: TemporaryFolder;
  let path: string;
  let onCard: ModelRunner;
  let onProcessor: ModelRunner;

  before(async function () {
    const { report } = await gpuForTest(this);
    // Only software must be there, for what is refused to be the same on every machine.
    const driver = process.env["VK_ADD_DRIVER_FILES"];
    if (!report.software || driver === undefined) return this.skip();
    process.env["VK_DRIVER_FILES"] = driver;
    closers.push(() => {
      if (VK_DRIVER_FILES === undefined) delete process.env["VK_DRIVER_FILES"];
      else process.env["VK_DRIVER_FILES"] = VK_DRIVER_FILES;
    });
    folder = await temporaryFolder();
    closers.unshift(() => folder.remove());
    path = await writeTinyModel(join(folder.path, "model"), { context: 96 });
    onCard = await openModelProcess(modelProcess, path, { compute: "software-gpu", maxSequences: 2 });
    closers.unshift(() => onCard.close());
    onProcessor = await openModelProcess(modelProcess, path, { compute: "auto" });
    closers.unshift(() => onProcessor.close());
  });
  after(async () => {
    for (const close of closers) await close();
  });

  const request = (changes: Partial<RunRequest> = {}): RunRequest => ({
    ...{
      prompt: [5, 6, 7],
      prefix: [],
      generation: { maxTokens: 24, minTokens: 20 },
      signal: new AbortController().signal,
      onToken: () => undefined,
    },
    ...changes,
  });

  async function failureOf(action: Promise<unknown>): Promise<ModelError> {
    const error = await action.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(ModelError);
    return error as ModelError;
  }

  it("says what computes, and takes software only where it is asked for", async () => {
    expect(onCard.computes).to.deep.include({ by: "gpu", software: true });
    if (onCard.computes.by === "gpu") {
      expect(onCard.computes.memoryBytes).to.be.greaterThan(0);
      expect(onCard.computes.maxBufferSize).to.be.greaterThan(0);
    }
    expect(onProcessor.computes).to.deep.include({ by: "cpu" });
    if (onProcessor.computes.by === "cpu") expect(onProcessor.computes.because).to.contain("is software");
    const { code, message } = await failureOf(openModelProcess(modelProcess, path, { compute: "gpu" }));
    expect(code).to.equal("GPU_UNAVAILABLE");
    expect(message).to.contain("is software");
  });

  it("yields the processor's tokens, several at once, telling each", async () => {
    const sampled = { maxTokens: 24, temperature: 1_200, topP: 9_000, repetitionPenalty: 1_300, seed: 11n };
    const requests = [{}, { generation: sampled }, { prompt: [8, 9, 10, 11] }];
    const expected = [];
    for (const changes of requests) expected.push(await onProcessor.run(request(changes)));
    const told: number[][] = requests.map(() => []);
    const found = await Promise.all(
      requests.map((changes, index) =>
        onCard.run(request({ ...changes, onToken: (token) => told[index]!.push(token) })),
      ),
    );
    expect(found).to.deep.equal(expected);
    expect(told).to.deep.equal(expected);
  });

  it("continues what was stored before a crash to the same output", async () => {
    const sampled = { maxTokens: 20, minTokens: 16, temperature: 1_200, topK: 30, seed: 3n };
    const free = await onProcessor.run(request({ generation: sampled }));
    const generation = { ...sampled, stopSequences: [free.slice(4, 6), free.slice(16, 18)] };
    const whole = await onProcessor.run(request({ generation }));
    for (const cut of [1, 5, 15, 17, whole.length]) {
      const found = await onCard.run(request({ generation, prefix: whole.slice(0, cut) }));
      expect(found, `cut at ${cut}`).to.deep.equal(whole);
    }
  });

  it("stops when asked to, refuses hostile requests, and goes on", async () => {
    const controller = new AbortController();
    const generation = { maxTokens: 80, minTokens: 80 };
    const { signal } = controller;
    const running = onCard.run(request({ generation, signal, onToken: () => controller.abort() }));
    expect((await failureOf(running)).code).to.equal("ABORTED");
    expect((await failureOf(onCard.run(request({ prompt: [48] })))).code).to.equal("TOKEN_OUT_OF_VOCABULARY");
    const long = onCard.run(request({ generation: { maxTokens: 95 } }));
    expect((await failureOf(long)).code).to.equal("CONTEXT_EXCEEDED");
    expect(await onCard.run(request())).to.deep.equal(await onProcessor.run(request()));
  });

  it("ends in the middle of its work", async () => {
    const other = await openModelProcess(modelProcess, path, { compute: "software-gpu" });
    let closed: Promise<void> | undefined;
    const generation = { maxTokens: 80, minTokens: 80 };
    const error = await other
      .run(request({ generation, onToken: () => void (closed ??= other.close()) }))
      .catch((thrown: unknown) => thrown);
    await closed;
    expect(error).to.include({ code: "MODEL_PROCESS_FAILED" });
  });

  it("says that its device is lost, and finishes the answer on the processor", async () => {
    const log = recordingLog();
    const lost = await openLogged(path, log, (onDeviceLost) =>
      openModelProcess(losingModelProcess, path, { compute: "software-gpu", onDeviceLost }),
    );
    try {
      expect(log.events.map(({ event }) => event)).to.deep.equal(["model.computes"]);
      expect(await lost.run(request())).to.deep.equal(await onProcessor.run(request()));
      expect(log.events.map(({ level, event }) => `${level} ${event}`)).to.deep.equal([
        "info model.computes",
        "warn gpu.lost",
      ]);
      const [{ message, ...where }] = log.of("gpu.lost") as [{ message: string }];
      expect(where).to.deep.equal({ path });
      expect(message).to.match(/The processor goes on\.$/);
      expect(await lost.run(request()), "afterwards").to.deep.equal(await onProcessor.run(request()));
      expect(log.of("gpu.lost")).to.have.length(1);
    } finally {
      await lost.close();
    }
  });

  it("is checked before serving, with its adapter and memory, or why the processor computes", async () => {
    const check = async (compute: "auto" | "software-gpu" | "cpu") => {
      const address = `"0x${"00".repeat(20)}"`;
      const text = `
chain: { rpcUrl: "http://127.0.0.1:1", chainId: 31337 }
keys: { operatorKeystore: operator.json }
provider: { owner: ${address} }
hardware: [{ class: cpu, count: 1 }]
models: [{ path: model, offers: [{ token: ATH, inputCents: "2.5", outputCents: "5" }] }]
compute: ${compute}
`;
      const config = parseConfig(text, join(folder.path, "provider.yaml"));
      const open = (model: string) => openModelProcess(modelProcess, model, { compute: config.compute });
      const { results } = await checkModels(config, undefined, open);
      return results.find(({ name }) => name === "compute")!;
    };
    const card = await check("software-gpu");
    expect(card.status).to.equal("warning");
    expect(card.detail).to.match(
      /: google swiftshader.*; the model takes \d+ MiB, buffers of up to [\d,]+ MiB/,
    );
    const fallenBack = await check("auto");
    expect(fallenBack.status).to.equal("warning");
    expect(fallenBack.detail).to.contain("on the processor: The only adapter");
    expect(await check("cpu")).to.include({ status: "ok" });
  });
});
