import { gpuForTest } from "../testing/gpu.ts";
import { expectGpuZoo } from "../testing/zoo.ts";

const MODELS = process.env.ATHANOR_AUDIT ? 96 : 8;

describe(`a zoo of ${MODELS} random models on a GPU`, function () {
  // Software takes its time to compile kernels.
  this.timeout(300_000);
  for (let seed = 1; seed <= MODELS; seed++) {
    it(`number ${seed} has the reference's intermediates, tokens and trace root`, async function () {
      await expectGpuZoo(seed, await gpuForTest(this));
    });
  }
});
