import { expect } from "chai";
import type { GpuDevice } from "../gpu/device.ts";
import type { SectionValues } from "../operators/definition.ts";
import { PAGE } from "../operators/page.ts";
import { decodeArray, decodeCase, type VectorCase, type VectorFile } from "./operator-vectors.ts";
import { runFastOperator } from "./run-fast-operator.ts";
import { runGpuOperator } from "./run-gpu-operator.ts";
import { runOperator, type OperatorRun } from "./run-operator.ts";

/** Runs in Node.js and in browsers; throws where an executor computes something else than a file says. */
export type Replay = (file: VectorFile) => Promise<void>;

type Execute = (
  run: OperatorRun,
  index: number,
) => Record<string, SectionValues> | Promise<Record<string, SectionValues>>;

export const replayReference: Replay = (file) => replay(file, (run) => runOperator(file.kind, run).sections);

export const replayFast: Replay = (file) => replay(file, (run) => runFastOperator(file.kind, run));

export function replayGpu(gpu: GpuDevice): Replay {
  // One row, a few, and more than a block: other kernels for products.
  const rows = gpu.report.subgroups ? [1, 2, 3, 7, 9, 34] : [1, 2, 3, 4, 5, 7];
  return (file) =>
    replay(
      file,
      (run, index) => runGpuOperator(gpu, file.kind, run, rows[index % rows.length]),
      (values, { position }) => (file.kind === "page" ? withoutLaterColumns(values, position) : values),
    );
}

async function replay(
  file: VectorFile,
  execute: Execute,
  expectedOf: (values: SectionValues, vector: VectorCase) => SectionValues = (values) => values,
): Promise<void> {
  let replayed = 0;
  for (const [index, vector] of file.cases.entries()) {
    const sections = await execute(decodeCase(file, vector), index);
    expect(Object.keys(sections), vector.name).to.deep.equal(Object.keys(vector.sections));
    for (const [name, expected] of Object.entries(vector.sections)) {
      const values = expectedOf(decodeArray(expected) as SectionValues, vector);
      expect(sections[name], `${vector.name}: ${name}`).to.deep.equal(values);
    }
    replayed++;
  }
  expect(replayed).to.equal(file.cases.length).and.to.be.greaterThan(0);
}

/**
 * A page's values after its position are zero in every trace. The cache may have an earlier user's there, so what the page
 * before had there is not taken over.
 */
function withoutLaterColumns(values: SectionValues, position: number): SectionValues {
  return (values as Int16Array).map((value, index) => (index % PAGE > position % PAGE ? 0 : value));
}
