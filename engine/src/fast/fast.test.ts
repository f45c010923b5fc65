import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { importModel } from "../import/import-model.ts";
import type { Model } from "../model.ts";
import { loadModel } from "../node.ts";
import { createSession, type Observation, type Session } from "../run/session.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { generateRandom } from "../testing/random.ts";
import { tinySource, type TinyShape } from "../testing/tiny-checkpoint.ts";
import { generate } from "../run/generate.ts";
import { traceRequest } from "../trace/trace.ts";
import { createFastExecutor, type FastExecutorOptions } from "./executor.ts";

/** Runs `parts` one after another and returns every intermediate, and the logits after each part. */
function traced(
  make: (observer: (observation: Observation) => void) => Session,
  parts: readonly (readonly number[])[],
) {
  const seen: Observation[] = [];
  const session = make((observation) => seen.push(observation));
  const logits = parts.map((part) => session.run(part));
  return { seen, logits };
}

function expectSame(
  found: ReturnType<typeof traced>,
  expected: ReturnType<typeof traced>,
  what: string,
): void {
  expect(found.seen.length, what).to.equal(expected.seen.length);
  for (const [index, observation] of expected.seen.entries()) {
    const other = found.seen[index]!;
    const where = `${what}: position ${observation.position}, ${observation.name} ${observation.section}`;
    expect(
      [other.position, other.operator, other.name, other.section, other.values.constructor],
      where,
    ).to.deep.equal([
      observation.position,
      observation.operator,
      observation.name,
      observation.section,
      observation.values.constructor,
    ]);
    if (!sameElements(other.values, observation.values)) {
      expect(other.values, where).to.deep.equal(observation.values);
    }
  }
  expect(found.logits, what).to.deep.equal(expected.logits);
}

/** chai compares arrays of thousands slowly. */
function sameElements(left: Observation["values"], right: Observation["values"]): boolean {
  const bytes = (values: Observation["values"]) =>
    Buffer.from(values.buffer, values.byteOffset, values.byteLength);
  return bytes(left).equals(bytes(right));
}

/** A shape of the zoo: odd sizes, every ratio of heads, tied and untied heads. */
function randomShape(seed: number): Partial<TinyShape> {
  const random = generateRandom(seed);
  const between = (low: number, high: number) => low + Math.floor(random() * (high - low + 1));
  const keyValueHeads = between(1, 3);
  return {
    seed,
    vocabulary: between(20, 90),
    context: between(40, 70),
    hidden: between(3, 70),
    feedForward: between(1, 90),
    layers: between(1, 3),
    heads: keyValueHeads * between(1, 3),
    keyValueHeads,
    headSize: 2 * between(1, 12),
    tied: random() < 0.5,
  };
}

/** Cuts tokens into parts of random lengths. */
function cut(tokens: readonly number[], random: () => number): number[][] {
  const parts: number[][] = [];
  for (let start = 0; start < tokens.length;) {
    const end = start + 1 + Math.floor(random() * 20);
    parts.push(tokens.slice(start, end));
    start = end;
  }
  return parts;
}

describe("the fast executor", () => {
  it("computes every intermediate of 24 random models as the reference does, in any blocks", async () => {
    for (let seed = 1; seed <= 24; seed++) {
      const model = await importModel(tinySource(randomShape(seed)));
      const random = generateRandom(1000 + seed);
      const { contextLength, vocabularySize } = model.header;
      const tokens = Array.from({ length: contextLength }, () => Math.floor(random() * vocabularySize));
      const parts = cut(tokens, random);
      const expected = traced((observer) => createSession(model, { observer }), parts);
      expect(expected.seen.length).to.be.greaterThan(0);
      const blockSize = 1 + Math.floor(random() * 18);
      // Some shards hold a few rows only.
      const executor = createFastExecutor(model, { blockSize, shardSize: seed % 2 === 0 ? 16384 : 2 ** 30 });
      expectSame(
        traced((observer) => executor.createSession({ observer }), parts),
        expected,
        `seed ${seed}, blocks of ${blockSize}`,
      );
    }
  });

  it("computes reductions of several chunks as the reference does", async () => {
    const shape = { hidden: 1100, feedForward: 4200, layers: 1, vocabulary: 1100, context: 300 };
    const model = await importModel(tinySource(shape));
    const parts = [[1, 2, 3, 4, 5, 6, 7], [8]];
    const expected = traced((observer) => createSession(model, { observer }), parts);
    const executor = createFastExecutor(model);
    expectSame(
      traced((observer) => executor.createSession({ observer }), parts),
      expected,
      "chunks",
    );
  });

  it("attends to hundreds of positions as the reference does", async () => {
    const model = await importModel(tinySource({ context: 530, layers: 1 }));
    const tokens = Array.from({ length: 530 }, (_, index) => (7 * index * index + index) % 48);
    const parts = [tokens.slice(0, 255), tokens.slice(255, 258), tokens.slice(258)];
    const expected = traced((observer) => createSession(model, { observer }), parts);
    const executor = createFastExecutor(model);
    expectSame(
      traced((observer) => executor.createSession({ observer }), parts),
      expected,
      "positions",
    );
  });

  it("gives the same bits with two threads and after they have ended", async () => {
    const model = await importModel(tinySource({ hidden: 260, feedForward: 515, vocabulary: 300 }));
    const parts = [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19], [20], [21, 22]];
    const expected = traced((observer) => createSession(model, { observer }), parts);
    const executor = createFastExecutor(model, { threads: 2 });
    for (const round of ["first", "second"]) {
      expectSame(
        traced((observer) => executor.createSession({ observer }), parts),
        expected,
        round,
      );
      // Gives the other thread time to begin.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    executor.close();
    expectSame(
      traced((observer) => executor.createSession({ observer }), parts),
      expected,
      "closed",
    );
  });

  it("keeps sessions of one model apart", async () => {
    const executor = createFastExecutor(await importModel(tinySource()));
    const [left, right] = [executor.createSession(), executor.createSession()];
    left.run([9, 8, 7, 6]);
    expect(right.run([3, 4])).to.deep.equal(createSession(executor.model).run([3, 4]));
    expect(left.run([5])).to.deep.equal(createSession(executor.model).run([9, 8, 7, 6, 5]));
  });

  it("refuses bad tokens and full sessions, and stays usable", async () => {
    const executor = createFastExecutor(await importModel(tinySource()));
    const session = executor.createSession({ capacity: 3 });
    session.run([1]);
    await expectRefusal(() => session.run([1, 48]), "TOKEN_OUT_OF_VOCABULARY", "48");
    await expectRefusal(() => session.run([]), "PROMPT_EMPTY");
    await expectRefusal(() => session.run([1, 2, 3]), "CONTEXT_EXCEEDED", "4", "3");
    expect(session.length).to.equal(1);
    expect(session.run([2])).to.deep.equal(createSession(executor.model).run([1, 2]));
  });

  describe("with a memory budget", () => {
    let model: Model;
    before(async () => (model = await importModel(tinySource({ context: 4000 }))));

    it("takes smaller blocks rather than more memory, and gives the same bits", () => {
      const free = createFastExecutor(model);
      const least = createFastExecutor(model, { blockSize: 1 });
      const budget = least.memoryFor(4000);
      expect(free.memoryFor(4000), "memory of blocks of 16").to.be.greaterThan(budget);
      const executor = createFastExecutor(model, { memoryBudget: budget });
      expect(executor.blockSize).to.equal(1);
      expect(executor.createSession().run([1, 2, 3])).to.deep.equal(free.createSession().run([1, 2, 3]));
    });

    it("refuses a session that does not fit, and still makes a shorter one", async () => {
      const memoryBudget = createFastExecutor(model, { blockSize: 1 }).memoryFor(500);
      const executor = createFastExecutor(model, { memoryBudget });
      await expectRefusal(
        () => executor.createSession(),
        "MEMORY_BUDGET_TOO_SMALL",
        String(memoryBudget),
        "4000",
      );
      expect(executor.createSession({ capacity: 500 }).run([1])).to.have.length(48);
    });

    it("refuses weights that do not fit, and options that mean nothing", async () => {
      const bad: [FastExecutorOptions, string, string][] = [
        [{ memoryBudget: 70000 }, "MEMORY_BUDGET_TOO_SMALL", "70000"],
        [{ memoryBudget: NaN }, "INVALID_ARGUMENT", "memoryBudget"],
        [{ threads: 0 }, "INVALID_ARGUMENT", "threads"],
        [{ blockSize: 1.5 }, "INVALID_ARGUMENT", "blockSize"],
      ];
      for (const [options, code, value] of bad) {
        await expectRefusal(() => createFastExecutor(model, options), code as never, value);
      }
    });
  });

  it("generates the reference's tokens, and yields the reference's trace root", async () => {
    const model = await importModel(tinySource({ seed: 5 }));
    const request = { prompt: Array.from({ length: 40 }, (_, index) => index), maxTokens: 30 };
    const executor = createFastExecutor(model, { blockSize: 7 });
    const expected = await generate(model, { ...request, executor: "reference" });
    expect(expected.tokens.length).to.be.greaterThan(0);
    expect(await generate(model, { ...request, executor })).to.deep.equal(expected);
    expect(await generate(model, request), "the default").to.deep.equal(expected);
    const roots = await Promise.all([
      traceRequest(model, request),
      traceRequest(model, request, {
        executor: (of, options) => generate(of, { ...options, executor }),
      }),
    ]);
    expect(roots[1]).to.deep.equal(roots[0]);
  });

  it("is aborted between two blocks of a prompt", async () => {
    const model = await importModel(tinySource());
    const controller = new AbortController();
    const executor = createFastExecutor(model, { blockSize: 8 });
    const positions = new Set<number>();
    const run = generate(model, {
      executor,
      prompt: Array.from({ length: 60 }, () => 3),
      maxTokens: 2,
      signal: controller.signal,
      observer({ position }) {
        positions.add(position);
        if (position === 9) controller.abort(new Error("enough"));
      },
    });
    await expectRefusal(() => run, "ABORTED", "0 tokens");
    expect([...positions], "computed").to.deep.equal(Array.from({ length: 16 }, (_, index) => index));
  });

  it("refuses to generate with the executor of another model", async () => {
    const model = await importModel(tinySource());
    const executor = createFastExecutor(await importModel(tinySource({ seed: 2 })));
    await expectRefusal(
      () => generate(model, { prompt: [1], maxTokens: 1, executor }),
      "INVALID_ARGUMENT",
      "another model",
    );
  });

  it("computes the bundled model as the reference does", async () => {
    const model = await loadModel(fileURLToPath(new URL("../../../models/bard", import.meta.url)));
    const tokens = Array.from({ length: 70 }, (_, index) => (31 * index * index + 3) % 1024);
    const parts = [tokens.slice(0, 33), tokens.slice(33, 68), [tokens[68]!], [tokens[69]!]];
    const expected = traced((observer) => createSession(model, { observer }), parts);
    const executor = createFastExecutor(model, { threads: 2 });
    expectSame(
      traced((observer) => executor.createSession({ observer }), parts),
      expected,
      "bard",
    );
    executor.close();
  });
});
