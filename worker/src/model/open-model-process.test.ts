import { expect } from "chai";
import { rm, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { writeManifest } from "@athanor/engine/node";
import { expectError } from "../testing/expect-error.ts";
import { modelProcess, temporaryFolder, writeTinyModel, type TemporaryFolder } from "../testing/model.ts";
import { keepOpen } from "./keep-open.ts";
import { measureSpeed } from "./measure-speed.ts";
import { ModelError, openModelProcess } from "./open-model-process.ts";
import { requireRoot } from "./require-root.ts";
import type { ModelRunner, RunRequest } from "./runner.ts";

describe("openModelProcess", function () {
  this.timeout(30_000);
  let folder: TemporaryFolder;
  let path: string;
  let runner: ModelRunner;

  before(async () => {
    folder = await temporaryFolder();
    path = await writeTinyModel(join(folder.path, "model"), { context: 512 });
    runner = await openModelProcess(modelProcess, path);
  });
  after(async () => {
    await runner.close();
    await folder.remove();
  });

  const request = (changes: Partial<RunRequest> = {}): RunRequest => ({
    ...{
      prompt: [5, 6, 7],
      prefix: [],
      generation: { maxTokens: 24 },
      signal: new AbortController().signal,
      onToken: () => undefined,
    },
    ...changes,
  });

  async function codeOf(action: Promise<unknown>): Promise<string> {
    const error = await action.then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).to.be.instanceOf(ModelError);
    return (error as ModelError).code;
  }

  it("generates in another process, telling each token", async () => {
    const told: number[] = [];
    const output = await runner.run(request({ onToken: (token) => told.push(token) }));
    expect(output).to.deep.equal(told);
    expect(output.length).to.be.within(1, 24);
  });

  it("continues a prefix to the same output, wherever it was cut", async () => {
    const whole = await runner.run(request());
    for (let cut = 0; cut <= whole.length; cut += 5) {
      expect(await runner.run(request({ prefix: whole.slice(0, cut) })), `cut at ${cut}`).to.deep.equal(
        whole,
      );
    }
    expect(await runner.run(request({ prefix: whole })), "already complete").to.deep.equal(whole);
  });

  it("continues a sampled prefix to the same output, with its penalty, minimum and stop sequences", async () => {
    const sampled = {
      ...{ maxTokens: 40, minTokens: 24, temperature: 1_200, topK: 30, repetitionPenalty: 1_300, seed: 11n },
    };
    const free = await runner.run(request({ generation: sampled }));
    expect(free.length, "beyond the minimum").to.be.greaterThan(30);
    const generation = { ...sampled, stopSequences: [free.slice(4, 6), free.slice(27, 30)] };
    const whole = await runner.run(request({ generation }));
    expect(whole, "until the second sequence").to.deep.equal(free.slice(0, 30));
    for (let cut = 0; cut <= whole.length; cut++) {
      const found = await runner.run(request({ generation, prefix: whole.slice(0, cut) }));
      expect(found, `cut at ${cut}`).to.deep.equal(whole);
    }
  });

  it("takes a prefix that ends with a stop token for complete", async () => {
    expect(await runner.run(request({ prefix: [9, 2] }))).to.deep.equal([9, 2]);
  });

  it("leaves this process free while it generates", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await runner.run(request({ generation: { maxTokens: 400 } }));
    clearInterval(timer);
    expect(turns, "turns of this process's event loop").to.be.greaterThan(3);
  });

  it("runs several at once without mixing them up", async () => {
    const prompts = [[5], [6, 7], [8, 9, 10]];
    const alone = [];
    for (const prompt of prompts) alone.push(await runner.run(request({ prompt })));
    const together = await Promise.all(prompts.map((prompt) => runner.run(request({ prompt }))));
    expect(together).to.deep.equal(alone);
  });

  it("stops when asked to, before and during a run", async () => {
    const controller = new AbortController();
    const running = runner.run(
      request({
        generation: { maxTokens: 400 },
        signal: controller.signal,
        onToken: () => controller.abort(),
      }),
    );
    expect(await codeOf(running)).to.equal("ABORTED");
    expect(await codeOf(runner.run(request({ signal: controller.signal })))).to.equal("ABORTED");
  });

  it("refuses hostile requests with the engine's errors, and goes on", async () => {
    expect(await codeOf(runner.run(request({ prompt: [48] })))).to.equal("TOKEN_OUT_OF_VOCABULARY");
    expect(await codeOf(runner.run(request({ prompt: [] })))).to.equal("PROMPT_EMPTY");
    expect(await codeOf(runner.run(request({ generation: { maxTokens: 510 } })))).to.equal(
      "CONTEXT_EXCEEDED",
    );
    expect(await runner.run(request())).to.not.deep.equal([]);
  });

  it("measures speed", async () => {
    const { positionsPerSecond, tokensPerSecond } = await measureSpeed(runner);
    expect(positionsPerSecond).to.be.greaterThan(0);
    expect(tokensPerSecond).to.be.greaterThan(0);
  });

  it("refuses a folder without a model, a truncated one, and one that its manifest does not know", async () => {
    expect(await codeOf(openModelProcess(modelProcess, join(folder.path, "nothing")))).to.equal(
      "CHECKPOINT_FILE_MISSING",
    );
    const broken = await writeTinyModel(join(folder.path, "broken"));
    await truncate(join(broken, "model.safetensors"), 2_000);
    expect(await codeOf(openModelProcess(modelProcess, broken))).to.match(/^SAFETENSORS_/);
    const changed = await writeTinyModel(join(folder.path, "changed"));
    await writeManifest(changed);
    await writeTinyModel(changed, { seed: 2 });
    expect(await codeOf(openModelProcess(modelProcess, changed))).to.equal("MODEL_ROOT_MISMATCH");
    await rm(join(changed, "athanor.json"));
    const other = await openModelProcess(modelProcess, changed);
    await expectError(
      () => requireRoot({ path: changed, root: runner.commitment.modelRoot }, other.commitment),
      "MODEL_ROOT_MISMATCH",
      other.commitment.modelRoot,
      runner.commitment.modelRoot,
    );
    await other.close();
  });

  it("fails its runs when the process dies; the next run has a new one", async () => {
    // A process that answers nothing and ends at the first request.
    const dying = join(folder.path, "dying.mjs");
    await writeFile(
      dying,
      `process.on("message", () => process.exit(1));
       process.send({ kind: "loaded", commitment: {}, loadTime: 0, computes: {} });`,
    );
    let opened = 0;
    const kept = await keepOpen(() =>
      opened++ === 0
        ? openModelProcess(new URL(`file://${dying}`), path)
        : openModelProcess(modelProcess, path),
    );
    await expectError(() => kept.run(request()), "MODEL_PROCESS_FAILED", path);
    expect(await kept.run(request())).to.deep.equal(await runner.run(request()));
    expect(opened).to.equal(2);
    await kept.close();
  });
});
