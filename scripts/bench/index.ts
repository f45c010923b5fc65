import { Option } from "commander";
import { existingFile, existingFolder, positiveInteger } from "../lib/arguments.ts";
import { type ListedBenchmark, listed } from "./benchmark.ts";
import { benchProgram, exitCodeOf } from "./program.ts";

const accuracy = listed({
  name: "accuracy",
  summary: "how close the integer engine comes to the same model in float64",
  options: [
    new Option("--model <folder>", "Hugging Face Llama checkpoint (default: the bundled model)").argParser(
      existingFolder,
    ),
    new Option(
      "--text <file>",
      "text to measure on (default: text that the model's float form samples)",
    ).argParser(existingFile),
    new Option("--tokens <number>", "how many tokens of the text").argParser(positiveInteger),
  ],
  async run(options: { model?: string; text?: string; tokens?: number }) {
    return (await import("./accuracy.ts")).benchAccuracy(options);
  },
  async table(result) {
    return (await import("./accuracy.ts")).accuracyTable(result);
  },
});

const gas = listed({
  name: "gas",
  summary: "what a job costs on chain, from a funded balance",
  options: [],
  async run() {
    return (await import("./gas.ts")).benchGas();
  },
  async table(result) {
    return (await import("./gas.ts")).gasTable(result);
  },
});

const benchmarks: readonly ListedBenchmark[] = [accuracy, gas];

try {
  await benchProgram(benchmarks, {
    out: (text) => process.stdout.write(text),
    progress: (text) => process.stderr.write(text),
  }).parseAsync();
} catch (error) {
  process.exitCode = exitCodeOf(error);
}
