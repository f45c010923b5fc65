import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect } from "chai";
import type { SectionValues } from "../operators/definition.ts";
import { PAGE } from "../operators/page.ts";
import { gpuForTest } from "../testing/gpu.ts";
import { decodeArray, decodeCase, type VectorFile } from "../testing/operator-vectors.ts";
import { runGpuOperator } from "../testing/run-gpu-operator.ts";

const FOLDER = fileURLToPath(new URL("../../vectors/operators/", import.meta.url));
const files = readdirSync(FOLDER).map(
  (name) => JSON.parse(readFileSync(FOLDER + name, "utf8")) as VectorFile,
);

/**
 * A page's values after its position are zero in every trace. The cache may have an earlier user's there, so what the page
 * before had there is not taken over.
 */
function withoutLaterColumns(values: SectionValues, position: number): SectionValues {
  return (values as Int16Array).map((value, index) => (index % PAGE > position % PAGE ? 0 : value));
}

describe("the operators' vectors on a GPU", function () {
  // Software takes its time to compile kernels.
  this.timeout(300_000);
  for (const subgroups of [true, false]) {
    const variant = subgroups ? "where threads add within subgroups" : "where they do not";
    for (const file of files) {
      // Only products look different.
      if (!subgroups && file.kind !== "linear") continue;
      it(`${file.kind}, ${variant}, computes what they say, in every section of the trace`, async function () {
        const gpu = await gpuForTest(this, { subgroups });
        for (const [index, vector] of file.cases.entries()) {
          // One row, a few, and more than a block: other kernels for products.
          const rows = (subgroups ? [1, 2, 3, 7, 9, 34] : [1, 2, 3, 4, 5, 7])[index % 6]!;
          const sections = await runGpuOperator(gpu, file.kind, decodeCase(file, vector), rows);
          expect(Object.keys(sections), vector.name).to.deep.equal(Object.keys(vector.sections));
          for (const [name, expected] of Object.entries(vector.sections)) {
            const values = decodeArray(expected) as SectionValues;
            expect(sections[name], `${vector.name} in ${rows} rows: ${name}`).to.deep.equal(
              file.kind === "page" ? withoutLaterColumns(values, vector.position) : values,
            );
          }
        }
      });
    }
  }
});
