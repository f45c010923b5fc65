import { fileURLToPath } from "node:url";
import { expect } from "chai";
import { importModel } from "../import/import-model.ts";
import { assembleModel, type Model } from "../model.ts";
import { loadModel } from "../node.ts";
import type { OperatorKind } from "../program/program.ts";
import { createSession } from "../run/session.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { expectSameRun, recordRun } from "../testing/record-run.ts";
import { tinySource } from "../testing/tiny-checkpoint.ts";
import { generate } from "../run/generate.ts";
import { traceRequest } from "../trace/trace.ts";
import { createFastExecutor, type FastExecutorOptions } from "./executor.ts";

describe("the fast executor", () => {
  it("computes reductions of several chunks as the reference does", async () => {
    const shape = { hidden: 1100, feedForward: 4200, layers: 1, vocabulary: 1100, context: 300 };
    const model = await importModel(tinySource(shape));
    const parts = [[1, 2, 3, 4, 5, 6, 7], [8]];
    const expected = recordRun((observer) => createSession(model, { observer }), parts);
    const executor = createFastExecutor(model);
    expectSameRun(
      recordRun((observer) => executor.createSession({ observer }), parts),
      expected,
      "chunks",
    );
  });

  it("attends to hundreds of positions as the reference does", async () => {
    const model = await importModel(tinySource({ context: 530, layers: 1 }));
    const tokens = Array.from({ length: 530 }, (_, index) => (7 * index * index + index) % 48);
    const parts = [tokens.slice(0, 255), tokens.slice(255, 258), tokens.slice(258)];
    const expected = recordRun((observer) => createSession(model, { observer }), parts);
    const executor = createFastExecutor(model);
    expectSameRun(
      recordRun((observer) => executor.createSession({ observer }), parts),
      expected,
      "positions",
    );
  });

  it("keeps the whole of a table that rotation shares with a gate, whatever its capacity", async () => {
    const model = await sharedTableModel();
    const parts = [[1, 2, 3], [4]];
    const executor = createFastExecutor(model);
    expectSameRun(
      recordRun((observer) => executor.createSession({ observer, capacity: 4 }), parts),
      recordRun((observer) => createSession(model, { observer }), parts),
      "capacity 4",
    );
  });

  it("gives the same bits with two threads and after they have ended", async () => {
    const model = await importModel(tinySource({ hidden: 260, feedForward: 515, vocabulary: 300 }));
    const parts = [[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19], [20], [21, 22]];
    const expected = recordRun((observer) => createSession(model, { observer }), parts);
    const executor = createFastExecutor(model, { threads: 2 });
    for (const round of ["first", "second"]) {
      expectSameRun(
        recordRun((observer) => executor.createSession({ observer }), parts),
        expected,
        round,
      );
      // Gives the other thread time to begin.
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    executor.close();
    expectSameRun(
      recordRun((observer) => executor.createSession({ observer }), parts),
      expected,
      "closed",
    );
  });

  it("makes one session after another while threads look for work", async () => {
    const executor = createFastExecutor(await importModel(tinySource()), { threads: 4, sharedWork: 1 });
    const expected = createSession(executor.model).run([1, 2, 3, 4]);
    for (let round = 0; round < 100; round++) {
      expect(executor.createSession({ capacity: 8 }).run([1, 2, 3, 4]), `${round}`).to.deep.equal(expected);
      // Now and then the threads hear of sessions that are gone.
      if (round % 10 === 0) await new Promise(setImmediate);
    }
    executor.close();
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
      expect(free.memoryFor(4000), "memory of whole blocks").to.be.greaterThan(budget);
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

  it("holds no more than 64 MiB of intermediates for an observer", async () => {
    const executor = createFastExecutor(await importModel(tinySource({ context: 60_000, layers: 3 })));
    const observer = () => undefined;
    // 3 layers of scores and weights, 4 heads each, int32: 5.8 MB a position, and a little more.
    const observed = executor.createSession({ capacity: 100, observer });
    expect(observed.blockSize).to.equal(11);
    expect(executor.createSession({ capacity: 100 }).blockSize).to.equal(32);
    expect(observed.run([1, 2, 3])).to.deep.equal(createSession(executor.model).run([1, 2, 3]));
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
    const expected = recordRun((observer) => createSession(model, { observer }), parts);
    const executor = createFastExecutor(model, { threads: 2 });
    expectSameRun(
      recordRun((observer) => executor.createSession({ observer }), parts),
      expected,
      "bard",
    );
    executor.close();
  });
});

/** A model of which rotation reads the table of its gate, and not one of its own. */
async function sharedTableModel(): Promise<Model> {
  const model = await importModel(tinySource({ context: 1024, headSize: 2, layers: 1 }));
  const { program } = model;
  const tableOf = (kind: OperatorKind) =>
    program.operators.find((operator) => operator.kind === kind)!.tensors[0]!;
  const [rotary, sigmoid] = [tableOf("rotate"), tableOf("gate")];
  const moved = (tensor: number) => {
    const shared = tensor === rotary ? sigmoid : tensor;
    return shared > rotary ? shared - 1 : shared;
  };
  const operators = program.operators.map((operator) => ({
    ...operator,
    tensors: operator.tensors.map(moved),
  }));
  return assembleModel({
    ...model,
    program: { ...program, operators, tensors: program.tensors.toSpliced(rotary, 1) },
    tensors: model.tensors.toSpliced(rotary, 1),
    tokenizerBytes: new Uint8Array(),
  });
}
