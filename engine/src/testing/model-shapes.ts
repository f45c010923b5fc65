import fc from "fast-check";

/** Shapes of whole models, small but uneven: more than one chunk of everything is left to the operators' vectors. */
export const modelShapes = fc
  .record({
    seed: fc.integer({ min: 1, max: 2 ** 31 }),
    vocabulary: fc.integer({ min: 8, max: 80 }),
    context: fc.integer({ min: 8, max: 70 }),
    hidden: fc.integer({ min: 1, max: 20 }),
    feedForward: fc.integer({ min: 1, max: 24 }),
    layers: fc.integer({ min: 1, max: 3 }),
    keyValueHeads: fc.integer({ min: 1, max: 3 }),
    queriesPerHead: fc.integer({ min: 1, max: 3 }),
    halfHead: fc.integer({ min: 1, max: 4 }),
    tied: fc.boolean(),
  })
  .map(({ queriesPerHead, halfHead, ...shape }) => ({
    ...shape,
    heads: shape.keyValueHeads * queriesPerHead,
    headSize: 2 * halfHead,
  }));
