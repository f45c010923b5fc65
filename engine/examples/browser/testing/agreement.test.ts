import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { Page } from "playwright-core";
import type { Hex } from "../../../src/commitments/hash.ts";
import type { VectorFile } from "../../../src/testing/operator-vectors.ts";
import { commitmentVectors, operatorVectors } from "../../../src/testing/vector-files.ts";
import { fastZoo, gpuZoo, referenceZoo } from "../../../src/testing/zoo.ts";
import { servePage, type PageServer } from "../serve.ts";
import type { Checks } from "./agreement-page.ts";
import { findChromium, startChromium, type Browser } from "./chromium.ts";

declare global {
  /** In the page. */
  var checks: Checks;
}

const SCRIPT = fileURLToPath(new URL("agreement-page.ts", import.meta.url));
const FOLDER = fileURLToPath(new URL("../../../../models/bard", import.meta.url));
const ON_PROCESSOR = process.env.ATHANOR_AUDIT ? 96 : 24;
/** Fewer: kernels are compiled anew for each model, and that is slow in software. */
const ON_GPU = process.env.ATHANOR_AUDIT ? 24 : 8;
const EXECUTORS = ["reference", "WebAssembly", "WebGPU", "WebGPU without subgroups"] as const;
const chromium = findChromium();

/** What the engine's tests hold the executors to in Node.js, and the roots that the reference has there. */
(chromium === undefined ? describe.skip : describe)("a browser (Chromium) agrees with Node.js", function () {
  this.timeout(600_000);
  let browser: Browser;
  let server: PageServer;
  let page: Page;
  before(async () => {
    browser = await startChromium(chromium!);
    // Isolated: threads share memory.
    server = await servePage({ script: SCRIPT, model: FOLDER, isolated: true });
    page = await browser.open(server.url);
    await page.waitForFunction("globalThis.checks !== undefined");
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  const has = async (executor: keyof Checks["vectors"]) =>
    !executor.startsWith("WebGPU") || page.evaluate(() => checks.hasGpu());
  const replay = (executor: keyof Checks["vectors"], file: VectorFile) =>
    page.evaluate(([name, vectors]) => checks.vectors[name](vectors), [executor, file] as const);

  it("on the vectors of the commitments", async () => {
    await page.evaluate((vectors) => {
      checks.commitments(vectors);
    }, commitmentVectors);
  });

  for (const executor of EXECUTORS) {
    for (const file of operatorVectors) {
      // Only products look different.
      if (executor === "WebGPU without subgroups" && file.kind !== "linear") continue;
      it(`on the vectors of ${file.kind}, in every section of the trace (${executor})`, async function () {
        if (!(await has(executor))) return this.skip();
        await replay(executor, file);
      });
    }

    it(`and says which vector does not fit (${executor})`, async function () {
      if (!(await has(executor))) return this.skip();
      const file = operatorVectors.find(({ kind }) => kind === "linear")!;
      const last = file.cases.at(-1)!;
      const output = last.sections["output"]!;
      const data = `${output.data.slice(0, -1)}${output.data.endsWith("0") ? "1" : "0"}` as const;
      const sections = { ...last.sections, output: { ...output, data: data as Hex } };
      const cases = [...file.cases.slice(0, -1), { ...last, sections }];
      const refusal = await replay(executor, { ...file, cases }).catch((error: unknown) => error);
      expect(refusal).to.be.instanceOf(Error);
      expect((refusal as Error).message).to.contain(`${last.name}: output: expected Int32Array`);
    });
  }

  for (let seed = 1; seed <= ON_PROCESSOR; seed++) {
    it(`on every intermediate and the trace root of random model ${seed} (WebAssembly)`, async () => {
      const found = await page.evaluate((which) => checks.zoo.WebAssembly(which), seed);
      const { model, request } = await fastZoo(seed);
      expect(found).to.deep.equal(await referenceZoo(model, request));
    });
  }

  for (let seed = 1; seed <= ON_GPU; seed++) {
    it(`on every intermediate and the trace root of random model ${seed} (WebGPU)`, async function () {
      if (!(await has("WebGPU"))) return this.skip();
      const found = await page.evaluate((which) => checks.zoo.WebGPU(which), seed);
      const { model, request } = await gpuZoo(seed);
      expect(found).to.deep.equal(await referenceZoo(model, request));
    });
  }
});
