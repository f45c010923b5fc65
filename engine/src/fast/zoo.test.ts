import { expectFastZoo } from "../testing/zoo.ts";

const MODELS = process.env.ATHANOR_AUDIT ? 96 : 24;

describe(`a zoo of ${MODELS} random models`, () => {
  for (let seed = 1; seed <= MODELS; seed++) {
    it(`number ${seed} has the reference's intermediates, tokens and trace root, on ${1 + (seed % 2)} thread(s)`, () =>
      expectFastZoo(seed));
  }
});
