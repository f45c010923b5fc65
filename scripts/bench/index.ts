import { Option } from "commander";
import { existingFile, existingFolder, positiveInteger } from "../lib/arguments.ts";
import { type AccuracyOptions } from "./accuracy.ts";
import { type ListedBenchmark, listed } from "./benchmark.ts";
import { type DisputeBenchOptions } from "./dispute.ts";
import { type TraceBenchOptions } from "./trace.ts";
import { type EconomicsOptions } from "./economics.ts";
import { type EngineOptions } from "./engine.ts";
import { benchProgram, exitCodeAfter, type Streams } from "./program.ts";

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
    new Option("--tokens <number>", "how many tokens of the text (default: 2048)").argParser(positiveInteger),
    new Option("--seed <number>", "seed of the sampled text (default: 1)").argParser(positiveInteger),
  ],
  async run(options: AccuracyOptions) {
    return (await import("./accuracy.ts")).benchAccuracy(options);
  },
  async table(result) {
    return (await import("./accuracy.ts")).accuracyTable(result);
  },
});

const channels = listed({
  name: "channels",
  summary: "vouchers and receipts a second, whole requests, and the tree of 100,000 receipts",
  options: [],
  async run() {
    return (await import("./channels.ts")).benchChannels();
  },
  async table(result) {
    return (await import("./channels.ts")).channelsTable(result);
  },
});

const dispute = listed({
  name: "dispute",
  summary: "gas and calldata of whole disputes: the bundled model, and every operator at 8 B and 70 B shapes",
  options: [
    new Option(
      "--seed <number>",
      "of the place where the bundled model's answer is wrong (default: 1)",
    ).argParser(positiveInteger),
  ],
  async run(options: DisputeBenchOptions) {
    return (await import("./dispute.ts")).benchDispute(options);
  },
  async table(result) {
    return (await import("./dispute.ts")).disputeTable(result);
  },
});

const economics = listed({
  name: "economics",
  summary: "what honest and dishonest providers, checkers and delegators earn, in a seeded simulation",
  options: [
    new Option("--epochs <number>", "epochs of each run (default: 250)").argParser(positiveInteger),
    new Option("--runs <number>", "independent runs, two at least (default: 16)").argParser(positiveInteger),
    new Option("--seed <number>", "of everything that is drawn (default: 1)").argParser(positiveInteger),
    new Option(
      "--rules <set>",
      "the contracts' rules, or these and three that are not built (default: contracts)",
    ).choices(["contracts", "extended"]),
    new Option("--svg <folder>", "also write the plots there"),
  ],
  async run(options: EconomicsOptions) {
    return (await import("./economics.ts")).benchEconomics(options);
  },
  async table(result) {
    return (await import("./economics.ts")).economicsTable(result);
  },
});

const engine = listed({
  name: "engine",
  summary: "the fast executor's speed beside llama.cpp's, which it fetches, and the graphics card's",
  options: [
    new Option("--large", "also a model of a billion parameters (takes 4 GB of memory)"),
    new Option("--threads <number>", "threads of both (default: all that the machine has)").argParser(
      positiveInteger,
    ),
  ],
  async run(options: EngineOptions) {
    return (await import("./engine.ts")).benchEngine(options);
  },
  async table(result) {
    return (await import("./engine.ts")).engineTable(result);
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

const trace = listed({
  name: "trace",
  summary: "time and memory of the trace root of one answer",
  options: [
    new Option("--model <folder>", "Hugging Face checkpoint (default: the bundled model)").argParser(
      existingFolder,
    ),
    new Option("--tokens <number>", "how many tokens to answer with (default: 256)").argParser(
      positiveInteger,
    ),
  ],
  async run(options: TraceBenchOptions) {
    return (await import("./trace.ts")).benchTrace(options);
  },
  async table(result) {
    return (await import("./trace.ts")).traceTable(result);
  },
});

const benchmarks: readonly ListedBenchmark[] = [accuracy, channels, dispute, economics, engine, gas, trace];

const streams: Streams = {
  out: (text) => process.stdout.write(text),
  progress: (text) => process.stderr.write(text),
};
try {
  await benchProgram(benchmarks, streams).parseAsync();
} catch (error) {
  process.exitCode = exitCodeAfter(error, streams);
}
