import { expect } from "chai";
import { createFastExecutor } from "../fast/executor.ts";
import { importModel } from "../import/import-model.ts";
import type { Model } from "../model.ts";
import { generate } from "../run/generate.ts";
import type { Observation } from "../run/session.ts";
import { expectRefusal } from "../testing/expect-error.ts";
import { copied, naiveOperatorRoot, naiveTraceRoot } from "../testing/naive-trace.ts";
import { filesOf, memorySource, tinyCheckpoint, tinySource } from "../testing/tiny-checkpoint.ts";
import { locateTile, traceLayout, type TraceAddress } from "./layout.ts";
import { referenceExecutor, type Executor, type TraceRequest } from "./request.ts";
import { openTiles, operatorTiles, traceRequest } from "./trace.ts";
import { verifyOpening } from "./verify.ts";

const PROMPT = [5, 6, 7, 8, 9];

describe("traces", () => {
  let model: Model;
  const request = { prompt: PROMPT, maxTokens: 4 };
  before(async () => {
    // Context lengths that are no power of two, more than one page, no stop token.
    const checkpoint = tinyCheckpoint({ context: 37 });
    delete checkpoint.generation.eos_token_id;
    model = await importModel(memorySource(filesOf(checkpoint)));
  });

  const everything = async (options: TraceRequest, of = model) => {
    const observations: Observation[] = [];
    const observer = (observation: Observation) => observations.push(copied(observation));
    const generation = await generate(of, { ...options, observer, executor: "reference" });
    return { observations, generation };
  };

  it("have the root of the specification's list of leaves", async () => {
    for (const options of [
      { maxTokens: 1 },
      { maxTokens: 4 },
      { maxTokens: 4, temperature: 900, topK: 9, topP: 9000, repetitionPenalty: 1200, seed: 4n },
    ]) {
      const { observations, generation } = await everything({ ...options, prompt: PROMPT });
      const { traceRoot, tokens, complete } = await traceRequest(model, { ...options, prompt: PROMPT });
      expect(traceRoot).to.equal(naiveTraceRoot(model, observations, generation, true));
      expect(tokens).to.deep.equal(generation.tokens);
      expect(complete).to.equal(true);
    }
  });

  it("have it in a context of several tiles, of which the later ones are filled in part or not at all", async () => {
    const shape = {
      context: 520,
      hidden: 4,
      feedForward: 4,
      layers: 1,
      heads: 1,
      keyValueHeads: 1,
      headSize: 2,
    };
    const long = await importModel(tinySource({ ...shape, vocabulary: 8 }));
    const prompt = Array.from({ length: 258 }, (_, index) => 3 + (index % 5));
    const { observations, generation } = await everything({ prompt, maxTokens: 1 }, long);
    const { traceRoot } = await traceRequest(long, { prompt, maxTokens: 1 });
    expect(traceRoot).to.equal(naiveTraceRoot(long, observations, generation, true));
  });

  it("are the same from an executor that computes blocks, whatever their length", async () => {
    const inBlocks =
      (length: number): Executor =>
      async (of, options) => {
        const { observations, generation } = await everything(
          { prompt: [...options.prompt], maxTokens: options.maxTokens },
          of,
        );
        const block = ({ position }: Observation) => Math.floor(position / length);
        observations.sort(
          (a, b) => block(a) - block(b) || a.operator - b.operator || b.position - a.position,
        );
        for (const observation of observations) options.observer?.(observation);
        return generation;
      };
    const { traceRoot } = await traceRequest(model, request);
    for (const length of [1, 2, 3, 5, 100]) {
      const blocks = await traceRequest(model, request, { executor: inBlocks(length) });
      expect(blocks.traceRoot, `blocks of ${length}`).to.equal(traceRoot);
    }
  });

  it("are the same from the reference and from the fast executor", async () => {
    const prompt = Array.from({ length: 30 }, (_, index) => index % 48);
    const reference = await traceRequest(model, { prompt, maxTokens: 7 }, { executor: referenceExecutor });
    const executor = createFastExecutor(model, { threads: 1 });
    const fast = await traceRequest(
      model,
      { prompt, maxTokens: 7 },
      { executor: (of, options) => generate(of, { ...options, executor }) },
    );
    expect(fast).to.deep.equal(reference);
  });

  it("are the same from an executor that hashes operators itself, and open all the same", async () => {
    let [taken, shown] = [0, 0];
    const hashing: Executor = async (of, { roots, observer, ...options }) => {
      const sections = new Map<string, Observation[]>();
      const generation = await referenceExecutor(of, {
        ...options,
        observer: (observation) => {
          const at = `${observation.position} ${observation.operator}`;
          sections.set(at, [...(sections.get(at) ?? []), copied(observation)]);
        },
      });
      for (const observations of sections.values()) {
        const { position, operator } = observations[0]!;
        if (roots!.takes(position, operator)) {
          const valuesOf = (name: string) => observations.find(({ section }) => section === name)?.values;
          roots!.root(position, operator, naiveOperatorRoot(of.program, operator, valuesOf));
          taken++;
        } else {
          for (const observation of observations) observer!(observation);
          shown++;
        }
      }
      return generation;
    };
    const expected = await traceRequest(model, request);
    expect(await traceRequest(model, request, { executor: hashing })).to.deep.equal(expected);
    expect(shown).to.equal(0);
    const addresses = [
      { position: 2, operator: 3, tile: 0 },
      { position: 7, operator: 0, tile: 0 },
      { position: 30, operator: 3, tile: 0 },
    ];
    const { commitment, openings } = await openTiles(model, request, addresses, { executor: hashing });
    expect(commitment).to.deep.equal(expected);
    expect(openings).to.deep.equal((await openTiles(model, request, addresses)).openings);
    expect(shown).to.equal(2);
    const tiles = await operatorTiles(model, request, addresses[0]!, { executor: hashing });
    expect(tiles).to.deep.equal(await operatorTiles(model, request, addresses[0]!));
    expect(shown).to.equal(3);
    expect(taken).to.be.greaterThan(100);
  });

  it("refuse roots where sections are shown or wanted, and roots that come twice", async () => {
    const at = { position: 2, operator: 3 };
    const giving =
      (times: number): Executor =>
      (of, { roots, ...options }) => {
        for (let time = 0; time < times; time++) roots!.root(at.position, at.operator, new Uint8Array(32));
        return referenceExecutor(of, options);
      };
    const refused = (times: number, addresses: TraceAddress[] = []) =>
      expectRefusal(
        () => openTiles(model, request, addresses, { executor: giving(times) }),
        "INVALID_ARGUMENT",
        "operator 3",
        "position 2",
      );
    await refused(1);
    await refused(2);
    await refused(1, [{ ...at, tile: 0 }]);
  });

  it("open at every address of some positions, and every opening verifies", async () => {
    const layout = traceLayout(model.program);
    const addresses: TraceAddress[] = [];
    for (const position of [0, 4, 7, 8, 36]) {
      layout.operators.forEach(({ tiles }, operator) => {
        for (const tile of new Set([0, Math.floor(tiles / 2), tiles - 1])) {
          addresses.push({ position, operator, tile });
        }
      });
    }
    const { commitment, openings } = await openTiles(model, request, addresses);
    expect(commitment).to.deep.equal(await traceRequest(model, request));
    expect(openings).to.have.length(addresses.length);
    openings.forEach((opening, index) => {
      const { position, operator } = opening;
      expect({ position, operator, tile: opening.tile }).to.deep.equal(addresses[index]);
      expect(verifyOpening(model.program, commitment, opening), `${position} ${operator}`).to.equal(true);
      const { phase } = model.program.operators[operator]!;
      const { sampled } = locateTile(layout.operators[operator]!, opening.tile).section;
      const runs = position < 8 && (phase === "always" || position >= PROMPT.length - 1) && !sampled;
      expect(opening.data !== undefined, `data at ${position} ${operator} ${opening.tile}`).to.equal(runs);
    });
  });

  it("refuse an opening of which anything was changed", async () => {
    const operator = model.program.operators.findIndex(({ kind }) => kind === "mix");
    const { commitment, openings } = await openTiles(model, request, [
      { position: 5, operator, tile: 3 },
      { position: 20, operator, tile: 3 },
    ]);
    const verify = (change: object, which = 0) =>
      verifyOpening(model.program, commitment, { ...openings[which]!, ...change });
    expect([verify({}), verify({}, 1)], "unchanged").to.deep.equal([true, true]);
    const { data, path } = openings[0]!;
    data!.forEach((value, at) => {
      expect(verify({ data: data!.with(at, value ^ 1) }), `byte ${at}`).to.equal(false);
    });
    path.forEach((sibling, at) => {
      expect(verify({ path: path.with(at, sibling.with(31, sibling[31]! ^ 1)) }), `sibling ${at}`).to.equal(
        false,
      );
    });
    expect(verify({ path: path.slice(1) }), "short path").to.equal(false);
    expect(verify({ path: [...path, path[0]!] }), "long path").to.equal(false);
    expect(verify({ data: data!.slice(1) }), "short data").to.equal(false);
    expect(verify({ data: undefined }), "PAD where there is data").to.equal(false);
    expect(verify({ data }, 1), "data where there is PAD").to.equal(false);
    for (const change of [{ position: 6 }, { operator: operator - 1 }, { tile: 2 }]) {
      expect(verify(change), JSON.stringify(change)).to.equal(false);
    }
    const other = { ...commitment, outputRoot: commitment.positionsRoot };
    expect(verifyOpening(model.program, other, openings[0]!), "another output").to.equal(false);
    await expectRefusal(() => verify({ operator: 999 }), "INVALID_ARGUMENT", "operator 999");
  });

  it("list every tile of an operator without replaying what follows", async () => {
    const operator = model.program.operators.findIndex(({ kind }) => kind === "scores");
    let shown = 0;
    // Position by position: an executor of blocks finishes its block.
    const executor: Executor = (of, options) =>
      generate(of, {
        ...options,
        executor: "reference",
        observer: (observation) => {
          shown = Math.max(shown, observation.position);
          options.observer?.(observation);
        },
      });
    const tiles = await operatorTiles(model, request, { position: 2, operator }, { executor });
    const { observations } = await everything(request);
    const scores = observations.find((o) => o.position === 2 && o.operator === operator)!.values;
    expect(tiles).to.have.length(4);
    tiles.forEach(({ data }, head) => {
      const view = new DataView(data!.buffer);
      const elements = Array.from({ length: 37 }, (_, index) => view.getInt32(4 * index));
      expect(elements).to.deep.equal([
        ...scores.subarray(3 * head, 3 * head + 3),
        ...new Array<number>(34).fill(0),
      ]);
    });
    expect(shown, "last position computed").to.equal(2);
    const later = await operatorTiles(model, request, { position: 30, operator });
    expect(later.map(({ data }) => data)).to.deep.equal(new Array(4).fill(undefined));
  });

  for (const [how, choice] of Object.entries({
    greedy: {},
    sampled: { temperature: 3000, repetitionPenalty: 1500, seed: 6n },
  })) {
    it(`of a ${how} continuation have the values of the whole request at the same positions`, async () => {
      const request = { ...choice, prompt: PROMPT, maxTokens: 6 };
      const whole = await traceRequest(model, request);
      for (const startOffset of [1, 3, 5]) {
        const continued = {
          ...choice,
          prompt: [...PROMPT, ...whole.tokens.slice(0, startOffset)],
          maxTokens: 6 - startOffset,
          startOffset,
        };
        const { operators } = traceLayout(model.program);
        const addresses = operators.flatMap(({ tiles }, operator) =>
          Array.from({ length: tiles }, (_, tile) => ({ position: 10 - 1, operator, tile })),
        );
        const { commitment, openings } = await openTiles(model, continued, addresses);
        expect(commitment.tokens).to.deep.equal(whole.tokens.slice(startOffset));
        const original = await openTiles(model, request, addresses);
        expect(openings.map(({ data }) => data)).to.deep.equal(original.openings.map(({ data }) => data));
      }
    });
  }

  it("of a cut answer end where it was cut", async () => {
    const cut = await traceRequest(model, { ...request, outputLimit: 2 });
    const short = await traceRequest(model, { ...request, maxTokens: 2 });
    expect(cut.tokens).to.deep.equal(short.tokens);
    expect([cut.complete, short.complete]).to.deep.equal([false, true]);
    expect(cut.positionsRoot).to.equal(short.positionsRoot);
    expect(cut.outputRoot).to.not.equal(short.outputRoot);
  });

  it("end with a stop token, complete below the maximum", async () => {
    const free = await traceRequest(model, { prompt: PROMPT, maxTokens: 6 });
    const checkpoint = tinyCheckpoint({ context: 37 });
    checkpoint.generation.eos_token_id = free.tokens[2]!;
    const stopping = await importModel(memorySource(filesOf(checkpoint)));
    const { complete, tokens } = await traceRequest(stopping, { prompt: PROMPT, maxTokens: 6 });
    expect(tokens).to.deep.equal(free.tokens.slice(0, free.tokens.indexOf(free.tokens[2]!) + 1));
    expect(complete).to.equal(true);
  });

  it("refuse requests, addresses and executors that cannot be", async () => {
    for (const [change, fragment] of [
      [{ startOffset: 5 }, "startOffset 5"],
      [{ startOffset: -1 }, "startOffset -1"],
      [{ startOffset: 0.5 }, "startOffset 0.5"],
      [{ outputLimit: 5 }, "outputLimit 5"],
      [{ outputLimit: 0 }, "outputLimit 0"],
    ] as const) {
      await expectRefusal(() => traceRequest(model, { ...request, ...change }), "INVALID_ARGUMENT", fragment);
    }
    await expectRefusal(() => traceRequest(model, { ...request, prompt: [] }), "PROMPT_EMPTY");
    await expectRefusal(() => traceRequest(model, { ...request, maxTokens: 33 }), "CONTEXT_EXCEEDED");
    const open = (address: Partial<TraceAddress>) =>
      openTiles(model, request, [{ position: 0, operator: 0, tile: 0, ...address }]);
    await expectRefusal(() => open({ position: 37 }), "INVALID_ARGUMENT", "position 37", "37");
    await expectRefusal(() => open({ operator: -1 }), "INVALID_ARGUMENT", "operator -1");
    await expectRefusal(() => open({ tile: 1 }), "INVALID_ARGUMENT", "tile 1");
    const showing =
      (keep: (observation: Observation) => boolean): Executor =>
      (of, options) =>
        generate(of, { ...options, observer: (o) => keep(o) && options.observer?.(o) });
    await expectRefusal(
      () => traceRequest(model, request, { executor: showing(({ section }) => section !== "exponents") }),
      "INVALID_ARGUMENT",
      "expected exponents",
    );
    await expectRefusal(
      () => traceRequest(model, request, { executor: showing(({ position }) => position !== 3) }),
      "INVALID_ARGUMENT",
      "3 whole positions instead of 8",
    );
  });

  it("can be aborted", () =>
    expectRefusal(
      () => traceRequest(model, request, { signal: AbortSignal.abort() }),
      "ABORTED",
      "0 tokens",
    ));
});
