// The mutants that are tried, and what came of them.
import { globSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { root } from "../launch/paths.mjs";
import { buildMutants } from "./build.ts";
import { type CampaignOptions, type Verdict, tryAll } from "./campaign.ts";
import { folderOf } from "./folder.ts";
import { mistakesIn } from "./generate.ts";
import { type NamedMutant, locate } from "./named.ts";
import { type Range, type Source, lineOf, textOf } from "./syntax.ts";

/** A mutant with its tests. */
export interface Fault {
  readonly name: string;
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly range: Range;
  readonly original: string;
  readonly mutated: string;
  /** Absolute paths. */
  readonly tests: readonly string[];
  /** What stands in the titles of the tests to run; all if empty. */
  readonly title: string;
}

export type Result = Pick<Fault, "name" | "file" | "line" | "original" | "mutated"> & Verdict;

/** Which tests must notice a mistake in which contracts: the first entry with its path or a folder above it. */
const testsOf: readonly (readonly [path: string, tests: readonly string[]])[] = [
  ["contracts/jobs", ["jobs/**", "attacks/**"]],
  ["contracts/types", ["jobs/**"]],
  ["contracts/libraries", ["libraries/**", "jobs/**"]],
  ["contracts/registry/ProgramRegistry.sol", ["registry/ProgramRegistry*.test.ts"]],
  ["contracts/registry", ["registry/{Model,Provider}Registry*.test.ts", "attacks/**"]],
  ["contracts/staking", ["staking/**", "attacks/**", "jobs/**"]],
  ["contracts/dispute", ["dispute/**"]],
  [
    "contracts/verifier",
    ["verifier/steps.test.ts", "verifier/operators.test.ts", "verifier/StepVerifier*.test.ts"],
  ],
];

/**
 * The faults of a table of named mutants.
 *
 * @throws Error if a mutant's text is not in its file exactly once, or there are no tests for it
 */
export function namedFaults(table: readonly NamedMutant[], sources: readonly Source[]): Fault[] {
  return table.map((mutant) => {
    const { source, range } = locate(mutant, sources);
    return { ...mutant, ...at(source, range), tests: testFiles(mutant.tests), title: mutant.title ?? "" };
  });
}

/** One fault for every mistake that can be built into the contracts. */
export function generatedFaults(sources: readonly Source[]): Fault[] {
  return sources.flatMap((source) => {
    const entry = testsOf.find(([folder]) => `${source.path}/`.startsWith(`${folder}/`));
    if (entry === undefined) return [];
    const tests = testFiles(entry[1]);
    return mistakesIn(source).map(({ range, mutated, what }) => {
      return { name: what, mutated, ...at(source, range), tests, title: "" };
    });
  });
}

/** Two processes, and three minutes before a fault counts as noticed because tests do not end. */
const usual: CampaignOptions = { processes: Math.min(2, availableParallelism()), longest: 180_000 };

/** Builds the faults into the contracts and tries every one. */
export async function tryFaults(
  campaign: string,
  sources: readonly Source[],
  faults: readonly Fault[],
  onResult?: (result: Result) => void,
): Promise<Result[]> {
  const folder = folderOf(campaign);
  const numbered = faults.map((fault, index) => ({ ...fault, number: index + 1 }));
  buildMutants(folder, sources, numbered);
  const resultOf = (verdict: Verdict): Result => {
    const { name, file, line, original, mutated } = numbered[verdict.number - 1]!;
    return { name, file, line, original, mutated, ...verdict };
  };
  const verdicts = await tryAll(
    folder,
    numbered.map(({ number, tests, title }) => ({ number, files: tests, title })),
    { ...usual, onVerdict: (verdict) => onResult?.(resultOf(verdict)) },
  );
  return verdicts.map(resultOf);
}

function at(source: Source, range: Range): Pick<Fault, "file" | "line" | "range" | "original"> {
  return {
    file: source.path,
    line: lineOf(source, range.start),
    range,
    original: textOf(source, range),
  };
}

/** Test files below test/, in the order of the patterns; without those of gas, of which contracts with mutants take more. */
function testFiles(patterns: readonly string[]): string[] {
  return patterns.flatMap((pattern) => {
    const files = globSync(pattern.endsWith(".ts") ? pattern : `${pattern}/*.test.ts`, {
      cwd: join(root, "test"),
      exclude: ["**/gas.test.ts"],
    });
    if (files.length === 0) throw new Error(`there are no test files test/${pattern}`);
    return files.sort().map((file) => join(root, "test", file));
  });
}
