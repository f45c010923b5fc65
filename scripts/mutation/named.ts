import { type Range, type Source, lineOf } from "./syntax.ts";

/** A rule that the contracts must keep, and a way to break it. */
export interface NamedMutant {
  /** What the broken contract does: "a result is final before its window is over". */
  readonly name: string;
  /** Below contracts/, such as `jobs/JobEscrow.sol`. */
  readonly file: string;
  /** Text that stands in the file once: an expression, or one or more statements. Blanks count as any white space. */
  readonly original: string;
  /** Another text that stands there once: the original is the first behind it, and may stand elsewhere too. */
  readonly after?: string;
  /** What stands there instead. */
  readonly mutated: string;
  /** Test files that must notice, relative to test/; patterns. */
  readonly tests: readonly string[];
  /** Only tests in whose title this stands are run, to save time. */
  readonly title?: string;
}

/** The mutants of one file, which these tests must notice where no others are given. */
export function inFile(
  file: string,
  tests: readonly string[],
  table: readonly (Omit<NamedMutant, "file" | "tests"> & Partial<Pick<NamedMutant, "tests">>)[],
): NamedMutant[] {
  return table.map((mutant) => ({ file, tests, ...mutant }));
}

/**
 * Finds a named mutant's place.
 *
 * @throws Error if its file is not there, or its text is not there exactly once
 */
export function locate(mutant: NamedMutant, sources: readonly Source[]): { source: Source; range: Range } {
  const source = sources.find(({ path }) => path === `contracts/${mutant.file}`);
  if (source === undefined) throw new Error(`"${mutant.name}": there is no contracts/${mutant.file}`);
  const text = source.bytes.toString();
  const problem = (wanted: string, found: string) =>
    new Error(`"${mutant.name}": ${source.path} ${found}: ${JSON.stringify(wanted)}`);
  const once = (wanted: string, from: number) => {
    const [first, second] = [...text.matchAll(patternOf(wanted))].filter(({ index }) => index >= from);
    if (first === undefined) throw problem(wanted, "does not contain");
    const line = second && lineOf(source, Buffer.byteLength(text.slice(0, second.index)));
    if (line !== undefined && from === 0) {
      throw problem(wanted, `contains more than once, again in line ${line}`);
    }
    return first;
  };
  const from = mutant.after === undefined ? 0 : once(mutant.after, 0).index;
  const { index, 0: found } = once(mutant.original, from);
  const start = Buffer.byteLength(text.slice(0, index));
  return { source, range: { start, end: start + Buffer.byteLength(found) } };
}

/** Any white space stands for any other. */
function patternOf(wanted: string): RegExp {
  const words = wanted.trim().split(/\s+/);
  return new RegExp(words.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")).join("\\s+"), "g");
}
