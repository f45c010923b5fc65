import { gpuForTest } from "../testing/gpu.ts";
import { replayGpu } from "../testing/replay-vectors.ts";
import { operatorVectors } from "../testing/vector-files.ts";

describe("the operators' vectors on a GPU", function () {
  // Software takes its time to compile kernels.
  this.timeout(300_000);
  for (const subgroups of [true, false]) {
    const variant = subgroups ? "where threads add within subgroups" : "where they do not";
    for (const file of operatorVectors) {
      // Only products look different.
      if (!subgroups && file.kind !== "linear") continue;
      it(`${file.kind}, ${variant}, computes what they say, in every section of the trace`, async function () {
        const gpu = await gpuForTest(this, { subgroups });
        await replayGpu(gpu)(file);
      });
    }
  }
});
