import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { generate, Tokenizer, type Model } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { referenceExecutor, traceRequest } from "@athanor/engine/trace";
import type { Page } from "playwright-core";
import { bundlePage, servePage, type PageServer } from "./serve.ts";
import { findChromium, startChromium, type Browser } from "./testing/chromium.ts";

const FOLDER = fileURLToPath(new URL("../../../models/bard", import.meta.url));
const PROMPT = "ROMEO:\n";
const MAX_TOKENS = 12;
const chromium = findChromium();

describe("the page in engine/examples/browser", () => {
  let model: Model;
  let expected: { text: string; tokens: string; traceRoot: string };

  before(async () => {
    model = await loadModel(FOLDER);
    const tokenizer = Tokenizer.fromJson(model.tokenizerJson, model.tokenizerConfigJson);
    const request = { prompt: tokenizer.encode(PROMPT), maxTokens: MAX_TOKENS };
    const { tokens } = await generate(model, { ...request, executor: "reference" });
    const { traceRoot } = await traceRequest(model, request, { executor: referenceExecutor });
    expected = { text: tokenizer.decode(tokens), tokens: tokens.join(" "), traceRoot };
  });

  it("is bundled for browsers into one script that imports nothing", async () => {
    const { code, imports } = await bundlePage();
    expect(imports).to.deep.equal([]);
    expect(code).to.contain("MODEL_ROOT_MISMATCH");
  });

  (chromium === undefined ? describe.skip : describe)("in Chromium", () => {
    let browser: Browser;
    const servers: PageServer[] = [];
    const serve = async (isolated: boolean) => {
      const server = await servePage({ model: FOLDER, isolated });
      servers.push(server);
      return server.url;
    };
    before(async () => {
      browser = await startChromium(chromium!);
    });
    after(async () => {
      await browser.close();
      await Promise.all(servers.map((server) => server.close()));
    });

    for (const [isolated, threads] of [
      [false, 1],
      [true, 1],
      [true, 2],
    ] as const) {
      const how = `${isolated ? "isolated" : "not isolated"} from other origins, ${threads} thread${threads > 1 ? "s" : ""}`;
      it(`generates the reference's tokens with the same trace root (${how})`, async () => {
        const page = await browser.open(`${await serve(isolated)}?threads=${threads}`);
        expect(await page.evaluate("crossOriginIsolated")).to.equal(isolated);
        expect(await answerOf(page)).to.deep.equal(expected);
        expect(await page.textContent("#model-root")).to.equal(model.commitment.modelRoot);
        await page.close();
      });
    }

    it("generates them on a graphics card, where the trace is hashed, too", async function () {
      this.timeout(600_000);
      const page = await browser.open(`${await serve(false)}?gpu`);
      if (!(await page.evaluate("navigator.gpu?.requestAdapter().then(Boolean)"))) return this.skip();
      expect(await answerOf(page)).to.deep.equal(expected);
      expect(await page.textContent("#executor")).to.match(/^WebGPU, /);
      await page.close();
    });

    it("says what threads need where it is not isolated", async () => {
      const page = await browser.open(`${await serve(false)}?threads=2`);
      await page.waitForSelector("#status:text-matches('^INVALID_ARGUMENT.*Cross-Origin-Opener-Policy')");
      await page.close();
    });

    it("says where there is no model", async () => {
      const page = await browser.open(`${await serve(false)}?model=nowhere`);
      await page.waitForSelector("#status:text-matches('^MODEL_FETCH_FAILED.*nowhere/athanor.json.*404')");
      await page.close();
    });

    it("refuses a model with another root than it was told", async () => {
      const other = `0x${"12".repeat(32)}`;
      const page = await browser.open(`${await serve(false)}?root=${other}`);
      await page.waitForSelector(`#status:text-matches("^MODEL_ROOT_MISMATCH.*${other}")`);
      await page.close();
    });
  });
});

/** Fills the form in, as a reader would, and waits for the answer. */
async function answerOf(page: Page): Promise<{ text: string; tokens: string; traceRoot: string }> {
  await page.waitForSelector("button:enabled");
  await page.fill("textarea", PROMPT);
  await page.fill("input", String(MAX_TOKENS));
  await page.click("button");
  // Ready, or refused: not what it says while it works.
  await page.waitForSelector("button:enabled");
  expect(await page.textContent("#status")).to.equal("Ready");
  const read = async (id: string) => (await page.textContent(`#${id}`)) ?? "";
  return { text: await read("text"), tokens: await read("tokens"), traceRoot: await read("trace-root") };
}
