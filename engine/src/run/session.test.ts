import { expect } from "chai";
import { importModel } from "../import/import-model.ts";
import type { Model } from "../model.ts";
import type { Section, SectionType } from "../operators/definition.ts";
import { OPERATORS } from "../operators/index.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { tinySource, type TinyShape } from "../testing/tiny-checkpoint.ts";
import { createSession, type Observation } from "./session.ts";

const ARRAY_TYPES: Readonly<Record<SectionType, string>> = {
  int16: "Int16Array",
  int32: "Int32Array",
  uint32: "Uint32Array",
  int64: "BigInt64Array",
};

function tokensOf(count: number): number[] {
  return Array.from({ length: count }, (_, index) => (5 * index * index + 1) % 48);
}

describe("createSession", () => {
  let model: Model;
  before(async () => (model = await importModel(tinySource())));

  it("gives the same logits however a sequence is cut", () => {
    const tokens = tokensOf(70);
    const whole = createSession(model).run(tokens);
    for (const cut of [1, 31, 32, 33, 69]) {
      const session = createSession(model);
      session.run(tokens.slice(0, cut));
      expect(session.run(tokens.slice(cut)), `cut at ${cut}`).to.deep.equal(whole);
      expect(session.length).to.equal(70);
    }
  });

  it("does not compute logits of prompt positions, and they change nothing", () => {
    const tokens = tokensOf(40);
    const every = createSession(model);
    const results = tokens.map((token) => every.advance(token, { generating: true })!.logits);
    const last = createSession(model);
    for (const token of tokens.slice(0, -1)) {
      expect(last.advance(token, { generating: false })).to.equal(undefined);
    }
    expect(last.advance(tokens.at(-1)!, { generating: true })!.logits).to.deep.equal(results.at(-1));
  });

  it("keeps sessions of one model apart", () => {
    const [left, right] = [createSession(model), createSession(model)];
    left.run(tokensOf(10));
    expect(right.run([3, 4])).to.deep.equal(createSession(model).run([3, 4]));
  });

  it("refuses bad tokens and full contexts, and stays usable", async () => {
    const session = createSession(model);
    session.run([1]);
    for (const token of [48, -1, 1.5, NaN]) {
      await expectRefusal(() => session.run([1, token]), "TOKEN_OUT_OF_VOCABULARY", String(token), "48");
    }
    await expectRefusal(() => session.run([]), "PROMPT_EMPTY");
    await expectRefusal(() => session.run(tokensOf(96)), "CONTEXT_EXCEEDED", "97", "96");
    expect(session.length).to.equal(1);
    expect(session.run([2])).to.deep.equal(createSession(model).run([1, 2]));
  });
});

describe("an observer", () => {
  const shapes: Record<string, Partial<TinyShape>> = {
    "a tiny model": {},
    "a model whose reductions have several chunks": {
      hidden: 1100,
      feedForward: 4200,
      layers: 1,
      vocabulary: 1100,
      context: 300,
    },
  };
  const cases = Object.entries(shapes).flatMap(([name, shape]) =>
    [0, 900].map((temperature) => [name, shape, temperature] as const),
  );
  for (const [name, shape, temperature] of cases) {
    const how = temperature === 0 ? "greedily" : "with a temperature";
    it(`sees of ${name}, ${how}, every section that there is, in order, with its type and size`, async () => {
      const model = await importModel(tinySource(shape));
      const seen: Observation[] = [];
      const session = createSession(model, { observer: (observation) => seen.push(observation) });
      session.prefill([1, 2]);
      session.advance(3, { generating: true, parameters: { maxTokens: 1, temperature } });
      for (const position of [0, 1, 2]) {
        const expected = model.program.operators.flatMap((operator, index) =>
          operator.phase === "generating" && position < 2
            ? []
            : OPERATORS[operator.kind]
                .sections(operator, model.program)
                .filter(({ sampled }) => !sampled || temperature > 0)
                .map((section) => ({ index, operator, section })),
        );
        const observed = seen.filter((observation) => observation.position === position);
        expect(observed.map(({ operator, section }) => [operator, section])).to.deep.equal(
          expected.map(({ index, section }) => [index, section.name]),
        );
        expected.forEach(({ operator, section }, at) => {
          const { values, name: label } = observed[at]!;
          expect(values.constructor.name, `${label} ${section.name}`).to.equal(ARRAY_TYPES[section.type]);
          expect(values.length, `${label} ${section.name}`).to.equal(
            activeLength(section, operator.kind, position),
          );
        });
      }
    });
  }

  it("does not change the result", async () => {
    const model = await importModel(tinySource());
    const watched = createSession(model, { observer: () => undefined }).run(tokensOf(40));
    expect(watched).to.deep.equal(createSession(model).run(tokensOf(40)));
  });
});

/** Elements that a position fills: of sections over positions, one element a position or a chunk of 256. */
function activeLength(section: Section, kind: string, position: number): number {
  const overPositions = kind === "scores" || (kind === "softmax" && section.name === "output");
  if (overPositions) return section.groups * (position + 1);
  const overChunks =
    (kind === "softmax" && section.name === "maxima") ||
    (kind === "mix" && section.name.startsWith("partial"));
  return section.groups * (overChunks ? Math.ceil((position + 1) / 256) : section.size);
}
