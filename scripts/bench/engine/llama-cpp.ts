import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { promisify } from "node:util";
import { writeRandomGguf } from "./gguf.ts";
import type { ModelShape } from "./random-model.ts";
import type { Runner } from "./speed.ts";

/** Built for this version's interface; several hundred megabytes, so never a dependency. */
const VERSION = "3.22.1";
const CACHE = fileURLToPath(new URL("../../../.athanor/bench/", import.meta.url));

/** The part of node-llama-cpp that is used here. */
interface LlamaModule {
  getLlama(options: { gpu: false; build: "never"; logLevel: "error" }): Promise<{
    loadModel(options: { modelPath: string }): Promise<{
      createContext(options: {
        contextSize: number;
        batchSize: number;
        threads: number;
      }): Promise<{ getSequence(): LlamaSequence; dispose(): Promise<void> }>;
      dispose(): Promise<void>;
    }>;
    dispose(): Promise<void>;
  }>;
}

interface LlamaSequence {
  evaluateWithoutGeneratingNewTokens(tokens: number[]): Promise<void>;
  evaluate(tokens: number[], options: { temperature: number }): AsyncGenerator<number, unknown, undefined>;
}

/** llama.cpp with random weights of the shape in Q8_0, by node-llama-cpp. */
export async function openLlamaCpp(shape: ModelShape, threads: number): Promise<Runner> {
  const library = await fetchLlamaCpp();
  const file = join(CACHE, "random.gguf");
  await writeRandomGguf(file, shape);
  const llama = await library.getLlama({ gpu: false, build: "never", logLevel: "error" });
  const model = await llama.loadModel({ modelPath: file });
  return {
    async measure({ prompt, maxTokens }) {
      const context = await model.createContext({ contextSize: shape.context, batchSize: 512, threads });
      const sequence = context.getSequence();
      await sequence.evaluateWithoutGeneratingNewTokens([5, 6, 7, 8]);
      const start = performance.now();
      await sequence.evaluateWithoutGeneratingNewTokens([...prompt]);
      const prefill = (prompt.length * 1000) / (performance.now() - start);
      let count = 0;
      let first = 0;
      for await (const _ of sequence.evaluate([9], { temperature: 0 })) {
        if (count === 0) first = performance.now();
        if (++count > maxTokens) break;
      }
      const decode = ((count - 1) * 1000) / (performance.now() - first);
      await context.dispose();
      return { prefill, decode };
    },
    async close() {
      await model.dispose();
      await llama.dispose();
      await rm(file, { force: true });
    },
  };
}

async function fetchLlamaCpp(): Promise<LlamaModule> {
  const folder = join(CACHE, `node-llama-cpp-${VERSION}`);
  const entry = join(folder, "node_modules", "node-llama-cpp", "dist", "index.js");
  if (!existsSync(entry)) {
    const part = `${folder}.part`;
    await rm(part, { recursive: true, force: true });
    await mkdir(part, { recursive: true });
    await writeFile(join(part, "package.json"), '{ "private": true }\n');
    // Of its many builds only the one for this processor, without a graphics card, is needed.
    const names = { linux: "linux", darwin: "mac", win32: "win" } as Record<string, string>;
    const build = `@node-llama-cpp/${names[process.platform] ?? process.platform}-${process.arch}`;
    const packages = [`node-llama-cpp@${VERSION}`, `${build}@${VERSION}`];
    process.stderr.write(`bench: fetching ${packages.join(" and ")}\n`);
    const flags = ["--omit=optional", "--ignore-scripts", "--no-audit", "--no-fund"];
    await promisify(execFile)("npm", ["install", ...flags, ...packages], { cwd: part });
    await rename(part, folder);
  }
  return (await import(pathToFileURL(entry).href)) as LlamaModule;
}
