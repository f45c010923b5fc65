import { type Option } from "commander";

/**
 * One benchmark of `npm run bench`. Its measurements live in a module of its own (accuracy.ts, gas.ts), which is
 * loaded only when it runs.
 *
 * @typeParam Options what commander makes of `options`, by their camel-cased long names
 * @typeParam Result a JSON document; amounts of gas and tokens are numbers, units stand in the field's doc comment
 */
export interface Benchmark<Options extends object, Result extends object> {
  /** The word after `npm run bench --`. */
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option[];
  run(options: Options): Promise<Result>;
  /** The same result for people, as a table. */
  table(result: Result): Promise<string> | string;
}

/** A benchmark whose result knows how to print itself, so that different ones fit in one list. */
export interface ListedBenchmark {
  readonly name: string;
  readonly summary: string;
  readonly options: readonly Option[];
  run(options: object): Promise<Measured>;
}

export interface Measured {
  readonly result: object;
  readonly table: string;
}

/** Makes a benchmark fit for the list. Its options reach it as commander parsed them from its own `options`. */
export function listed<Options extends object, Result extends object>(
  benchmark: Benchmark<Options, Result>,
): ListedBenchmark {
  return {
    name: benchmark.name,
    summary: benchmark.summary,
    options: benchmark.options,
    async run(options) {
      const result = await benchmark.run(options as Options);
      return { result, table: await benchmark.table(result) };
    },
  };
}
