import { expect } from "chai";
import { Option } from "commander";
import { positiveInteger } from "../lib/arguments.ts";
import { type ListedBenchmark, listed } from "./benchmark.ts";
import { benchProgram, exitCodeAfter, type Streams } from "./program.ts";

const squares = listed({
  name: "squares",
  summary: "the square of a number",
  options: [new Option("--tokens <number>", "the number").argParser(positiveInteger)],
  run: ({ tokens = 2 }: { tokens?: number }) => Promise.resolve({ tokens, square: tokens * tokens }),
  table: ({ square }) => `square ${square}`,
});
const constant = listed({
  name: "constant",
  summary: "one",
  options: [],
  run: () => Promise.resolve({ one: 1 }),
  table: ({ one }) => `one ${one}`,
});

async function bench(...args: string[]) {
  const benchmarks: readonly ListedBenchmark[] = [squares, constant];
  const written = { out: "", progress: "", exitCode: 0 };
  const streams: Streams = {
    out: (text) => (written.out += text),
    progress: (text) => (written.progress += text),
  };
  try {
    await benchProgram(benchmarks, streams).parseAsync(args, { from: "user" });
  } catch (error) {
    written.exitCode = exitCodeAfter(error, streams);
  }
  return written;
}

describe("npm run bench", () => {
  it("prints the table of one benchmark", async () => {
    expect((await bench("squares", "--tokens", "7")).out).to.equal("square 49\n");
  });

  it("prints one JSON document, wherever --json stands", async () => {
    for (const args of [
      ["squares", "--tokens", "7", "--json"],
      ["--json", "squares", "--tokens", "7"],
    ]) {
      const { out, progress } = await bench(...args);
      expect(JSON.parse(out), args.join(" ")).to.deep.equal({ tokens: 7, square: 49 });
      expect(progress, args.join(" ")).to.equal("");
    }
  });

  it("runs all of them without a command, in JSON as one document keyed by name", async () => {
    expect(JSON.parse((await bench("--json")).out)).to.deep.equal({
      squares: { tokens: 2, square: 4 },
      constant: { one: 1 },
    });
    expect((await bench()).out).to.equal("squares\n\nsquare 4\n\nconstant\n\none 1\n\n");
  });

  const refusals: [string[], string][] = [
    [["squares", "--tokens", "none"], "argument 'none' is invalid. It must be a whole number above zero."],
    [["squares", "--token", "7"], "unknown option '--token'"],
    [["squares", "7"], "too many arguments for 'squares'"],
    [["circles"], 'there is no benchmark "circles". Benchmarks: squares, constant.'],
    [["--verbose"], "unknown option '--verbose'"],
  ];
  for (const [args, message] of refusals) {
    it(`refuses "${args.join(" ")}" and writes nothing to standard output`, async () => {
      const { out, progress, exitCode } = await bench(...args);
      expect(progress).to.contain(message);
      expect(out).to.equal("");
      expect(exitCode).to.equal(1);
    });
  }

  it("prints the message of an error with a code, and throws on what is a defect", () => {
    let printed = "";
    const streams: Streams = { out: () => expect.fail(), progress: (text) => (printed += text) };
    const explained = Object.assign(new Error("model.safetensors has no lm_head."), {
      code: "MISSING_WEIGHT",
    });
    expect(exitCodeAfter(explained, streams)).to.equal(1);
    expect(printed).to.equal("error: model.safetensors has no lm_head.\n");
    expect(() => exitCodeAfter(new TypeError("not a function"), streams)).to.throw(
      TypeError,
      "not a function",
    );
  });
});
