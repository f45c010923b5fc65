/*
 * Writes vectors/operators: what every executor has to compute for every operator, section by section of the trace.
 * Usage: node engine/scripts/generate-operator-vectors.ts [--check] — with --check, fails if a file is stale.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { OPERATORS } from "../src/operators/index.ts";
import type { OperatorKind } from "../src/program/program.ts";
import {
  encodeArray,
  encodeTensor,
  encodeValue,
  type VectorCase,
  type VectorTensor,
} from "../src/testing/operator-vectors.ts";
import { runOperator } from "../src/testing/run-operator.ts";
import { CASES } from "./operator-vectors/cases.ts";
import type { NamedRun } from "./operator-vectors/values.ts";

const FOLDER = fileURLToPath(new URL("../vectors/operators/", import.meta.url));
const PAGE = 32;

function fileOf(kind: OperatorKind): string {
  const tensors: string[] = [];
  const cases = CASES[kind]().map((run) => {
    const indices = (run.tensors ?? []).map((tensor) => {
      const line = JSON.stringify(encodeTensor(tensor) satisfies VectorTensor);
      return tensors.includes(line) ? tensors.indexOf(line) : tensors.push(line) - 1;
    });
    return JSON.stringify(caseOf(kind, run, indices));
  });
  // One case a line.
  const list = (lines: readonly string[]) =>
    lines.length === 0 ? "[]" : `[\n    ${lines.join(",\n    ")}\n  ]`;
  const { opcode } = OPERATORS[kind];
  return `{\n  "kind": "${kind}",\n  "opcode": ${opcode},\n  "tensors": ${list(tensors)},\n  "cases": ${list(cases)}\n}\n`;
}

function caseOf(kind: OperatorKind, run: NamedRun, tensors: readonly number[]): VectorCase {
  const { name, constants = [], position = 0, token = 0, generated = 1, startOffset = 0, previous } = run;
  const { seed = 0n, ...parameters } = run.parameters ?? { maxTokens: 1 };
  const { sections } = runOperator(kind, { ...run, generated, parameters: { ...parameters, seed } });
  const history = (run.history ?? []).filter((_, index) => kind !== "mix" || index % PAGE === 0);
  return {
    name,
    constants,
    position,
    token,
    generated,
    parameters: seed === 0n ? parameters : { ...parameters, seed: seed.toString() },
    startOffset,
    inputs: (run.inputs ?? []).map(encodeValue),
    history: history.map(encodeValue),
    ...(previous && { previous: encodeValue(previous) }),
    tensors,
    sections: Object.fromEntries(
      Object.entries(sections).map(([section, values]) => [section, encodeArray(values)]),
    ),
  };
}

const stale: string[] = [];
await mkdir(FOLDER, { recursive: true });
for (const kind of Object.keys(OPERATORS) as OperatorKind[]) {
  const file = `${FOLDER}${kind}.json`;
  const text = fileOf(kind);
  if (!process.argv.includes("--check")) await writeFile(file, text);
  else if ((await readFile(file, "utf8").catch(() => "")) !== text) stale.push(`${kind}.json`);
}
if (stale.length > 0) {
  console.error(
    `engine/vectors/operators is stale: ${stale.join(", ")}. Run: node engine/scripts/generate-operator-vectors.ts`,
  );
  process.exit(1);
}
