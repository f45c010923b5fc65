import { Command, CommanderError } from "commander";
import { type ListedBenchmark } from "./benchmark.ts";

/** Where the program writes: `out` gets the result and nothing else. */
export interface Streams {
  readonly out: (text: string) => void;
  readonly progress: (text: string) => void;
}

/**
 * Builds the command line of `npm run bench`: one command per benchmark, and without a command all of them with their
 * default options. With `--json` exactly one JSON document goes to `out`.
 */
export function benchProgram(benchmarks: readonly ListedBenchmark[], streams: Streams): Command {
  const program = new Command("npm run bench --");
  program
    .description("Measures Athanor. Without a command, every benchmark runs with its default options.")
    .option("--json", "print one JSON document instead of tables", false)
    .configureOutput({ writeOut: streams.out, writeErr: streams.progress })
    .exitOverride()
    .allowExcessArguments()
    .action(async ({ json }: { json: boolean }) => {
      const [unknown] = program.args;
      if (unknown !== undefined) {
        const known = benchmarks.map(({ name }) => name).join(", ");
        program.error(`error: there is no benchmark "${unknown}". Benchmarks: ${known}.`);
      }
      const results: Record<string, object> = {};
      for (const benchmark of benchmarks) {
        streams.progress(`bench: ${benchmark.name}: ${benchmark.summary}\n`);
        const { result, table } = await benchmark.run({});
        results[benchmark.name] = result;
        if (!json) streams.out(`${benchmark.name}\n\n${table}\n\n`);
      }
      if (json) streams.out(`${JSON.stringify(results, null, 2)}\n`);
    });

  for (const benchmark of benchmarks) {
    const command = program
      .command(benchmark.name)
      .description(benchmark.summary)
      .allowExcessArguments(false)
      .option("--json", "print one JSON document instead of a table", false);
    for (const option of benchmark.options) command.addOption(option);
    command.action(async ({ json, ...options }: { json: boolean }) => {
      // commander gives --json to the parent when it stands before the benchmark's name.
      const wantsJson = json || program.opts<{ json: boolean }>().json;
      const { result, table } = await benchmark.run(options);
      streams.out(wantsJson ? `${JSON.stringify(result, null, 2)}\n` : `${table}\n`);
    });
  }
  return program;
}

/**
 * The exit code after a failure. commander has already explained its own; an error that carries a code explains itself
 * and needs no stack; every other one is a defect and is thrown on.
 */
export function exitCodeAfter(error: unknown, { progress }: Streams): number {
  if (error instanceof CommanderError) return error.exitCode;
  if (error instanceof Error && "code" in error && typeof error.code === "string") {
    progress(`error: ${error.message}\n`);
    return 1;
  }
  throw error;
}
