import { importModel, type Model } from "@athanor/engine";
import { inputRoot, toHex } from "@athanor/engine/commitments";
import { claimOf, createTraceTree, RevealedNodes } from "@athanor/engine/dispute";
import { referenceExecutor, traceRequest } from "@athanor/engine/trace";
import { expect } from "chai";
import fc from "fast-check";
import { alteredTree, type Leaf } from "../../../engine/src/testing/altered-tree.ts";
import { faultyExecutor, type Fault } from "../../../engine/src/testing/faulty-executor.ts";
import { modelShapes } from "../../../engine/src/testing/model-shapes.ts";
import { generateRandom } from "../../../engine/src/testing/random.ts";
import { randomGeneration } from "../../../engine/src/testing/random-generation.ts";
import { tinySource } from "../../../engine/src/testing/tiny-checkpoint.ts";
import { AthanorError } from "../errors/athanor-error.ts";
import { PaperGame } from "../testing/paper-game.ts";
import { challengerMove, type Challenge } from "./challenger.ts";
import type { DisputeContext } from "./context.ts";
import { defenderMove } from "./defender.ts";
import { nodeAt } from "./descent.ts";
import type { Dispute } from "./dispute.ts";
import type { Executor, TraceRequest, TraceTree } from "./engine.ts";
import type { Move } from "./moves.ts";
import type { ChallengeState } from "./state.ts";

const RUNS = process.env["ATHANOR_AUDIT"] ? 300 : 12;

/** What one side holds to be the computation. */
interface View {
  readonly tree: TraceTree;
  readonly executor?: Executor;
}

interface Match {
  readonly model: Model;
  readonly request: TraceRequest;
  readonly submitted: readonly number[];
  readonly provider: View;
  readonly challenger: View;
}

type Player = (context: DisputeContext, state: ChallengeState) => Promise<Move | undefined>;

/** Plays a challenge to its verdict. Who has nothing to say on its turn loses, as it would by the clock. */
async function playOut(match: Match, changes: { challenger?: Player } = {}) {
  const { model, request, submitted } = match;
  const disputeOf = (tree: TraceTree) => {
    const { prompt, ...generation } = request;
    const terms = { modelRoot: model.commitment.modelRoot, inputRoot: inputRoot({ prompt, ...generation }) };
    const job = { id: `0x${"01".repeat(32)}`, terms, promptTokens: prompt, generation };
    const own = { model, request, tree };
    const result = { tokens: submitted, position: { block: 0 } };
    return { job, submitted: result, answer: submitted, own } as unknown as Dispute;
  };
  const { positionsRoot: _, ...claim } = claimOf(model, request, {
    ...(await match.challenger.tree.commitment()),
    tokens: submitted,
    complete: true,
  });
  const game = new PaperGame(disputeOf(match.provider.tree), claim);
  const doubts = disputeOf(match.challenger.tree) as Challenge;
  const withExecutor = (view: View) => ({
    ...game.context,
    options: view.executor ? { executor: view.executor } : {},
  });
  const players = {
    Challenger: () =>
      changes.challenger?.(game.context, game.state) ??
      challengerMove(withExecutor(match.challenger) as DisputeContext, doubts, game.state),
    Provider: () =>
      defenderMove(
        withExecutor(match.provider) as DisputeContext,
        disputeOf(match.provider.tree),
        game.state,
      ),
  };
  while (game.verdict === undefined) {
    const { side } = game.state.turn!;
    // The challenger may move first in every turn: it names and proves without waiting.
    const move = (await unless(players.Challenger)) ?? (await unless(players.Provider));
    if (move === undefined) {
      game.verdict = side === "Provider" ? "Won" : "Lost";
      break;
    }
    game.make(move);
    expect(game.moves.length, "moves").to.be.lessThan(40);
  }
  return { verdict: game.verdict, at: game.state.at, moves: game.moves };
}

/** A player that cannot make its case is silent. */
async function unless(player: () => Promise<Move | undefined>): Promise<Move | undefined> {
  try {
    return await player();
  } catch (error) {
    const code = (error as { code?: unknown }).code;
    if (error instanceof AthanorError && ["StepUnexpected", "NothingWrong"].includes(error.code)) {
      return undefined;
    }
    if (code === "WITNESS_INVALID" || code === "INVALID_ARGUMENT") return undefined;
    throw error;
  }
}

const requests = fc.record({
  words: fc.array(fc.nat(), { minLength: 1, maxLength: 12 }),
  maxTokens: fc.integer({ min: 1, max: 4 }),
  /** Which generation parameters; none: greedy. */
  choice: fc.option(fc.nat(), { nil: undefined }),
});

const faults = fc.record({
  position: fc.nat(),
  operator: fc.nat(),
  section: fc.nat(),
  element: fc.nat(),
  by: fc.integer({ min: 1, max: 5_000 }),
});

type Pick = typeof requests extends fc.Arbitrary<infer Value> ? Value : never;
type FaultPick = typeof faults extends fc.Arbitrary<infer Value> ? Value : never;

async function prepare(shape: { vocabulary: number; context: number }, { words, maxTokens, choice }: Pick) {
  const model = await importModel(tinySource(shape));
  const prompt = words.slice(0, shape.context - maxTokens).map((word) => word % shape.vocabulary);
  const parameters =
    choice === undefined
      ? { maxTokens }
      : randomGeneration(generateRandom(choice), shape.vocabulary, maxTokens);
  const request = { prompt, ...parameters };
  const tree = createTraceTree(model, request);
  return { model, request, tree, tokens: (await tree.commitment()).tokens };
}

/** A fault somewhere in what this request computes. */
async function faultIn(model: Model, request: TraceRequest, pick: FaultPick): Promise<Executor> {
  const seen: { position: number; operator: number; section: string; length: number }[] = [];
  await referenceExecutor(model, {
    ...request,
    observer: ({ position, operator, section, values }) =>
      seen.push({ position, operator, section, length: values.length }),
  });
  const { position, operator, section, length } =
    seen[(pick.position * 7_919 + pick.operator) % seen.length]!;
  const { kind } = model.program.operators[operator]!;
  const vocabulary = model.header.vocabularySize;
  const change = {
    ...{ position, operator, section, element: pick.element % length },
    change: (value: number | bigint) => {
      if (typeof value === "bigint") return value + BigInt(pick.by);
      // A token stays one, a flag, too; all else only has to fit.
      if (kind === "sample") return (value + 1 + (pick.by % (vocabulary - 1))) % vocabulary;
      if (kind === "stop") return 1 - value;
      return value ^ (1 << (pick.by % 12));
    },
  } satisfies Fault;
  return faultyExecutor(change, referenceExecutor);
}

describe("actors on paper", () => {
  it("convict whoever computes one element otherwise, anywhere", () =>
    fc.assert(
      fc.asyncProperty(modelShapes, requests, faults, async (shape, picks, fault) => {
        const { model, request, tree } = await prepare(shape, picks);
        const executor = await faultIn(model, request, fault);
        const wrong = createTraceTree(model, request, { executor });
        const { tokens: submitted, positionsRoot } = await wrong.commitment();
        fc.pre(submitted.length <= request.maxTokens);
        expect(positionsRoot).to.not.equal((await traceRequest(model, request)).positionsRoot);
        const { verdict } = await playOut({
          ...{ model, request, submitted },
          provider: { tree: wrong, executor },
          challenger: { tree },
        });
        expect(verdict).to.equal("Won");
      }),
      { numRuns: RUNS },
    ));

  it("let nobody win against a right answer with a trace of their own", () =>
    fc.assert(
      fc.asyncProperty(modelShapes, requests, faults, async (shape, picks, fault) => {
        const { model, request, tree, tokens: submitted } = await prepare(shape, picks);
        const executor = await faultIn(model, request, fault);
        const wrong = createTraceTree(model, request, { executor });
        const { verdict } = await playOut({
          ...{ model, request, submitted },
          provider: { tree },
          challenger: { tree: wrong, executor },
        });
        expect(verdict).to.equal("Lost");
      }),
      { numRuns: RUNS },
    ));

  const outputs: [
    string,
    (tokens: readonly number[], vocabulary: number) => readonly number[] | undefined,
  ][] = [
    ["flips a token", ([first, ...rest], vocabulary) => [...rest, (first! + 1) % vocabulary]],
    [
      "swaps two tokens",
      ([first, second, ...rest]) =>
        second === undefined || first === second ? undefined : [second, first!, ...rest],
    ],
    ["stops early", (tokens) => (tokens.length > 1 ? tokens.slice(0, -1) : undefined)],
    ["goes on after the end", (tokens) => [...tokens, 3]],
    ["answers something else altogether", (_, vocabulary) => [vocabulary - 1, 0, vocabulary - 1]],
  ];
  for (const [name, change] of outputs) {
    it(`convict who ${name} over a right trace`, async () => {
      let convicted = 0;
      for (let seed = 1; seed <= 12 && convicted < 2; seed++) {
        const shape = { seed, vocabulary: 8, context: 96, tied: false };
        const { model, request, tree, tokens } = await prepare(shape, {
          words: [seed, 7, 3],
          maxTokens: 6,
          choice: undefined,
        });
        const submitted = change(tokens, 8);
        if (!submitted || submitted.length > request.maxTokens) continue;
        if (submitted.join() === tokens.join()) continue;
        const view = { tree };
        const { verdict, moves } = await playOut({
          ...{ model, request, submitted },
          ...{ provider: view, challenger: view },
        });
        expect(verdict).to.equal("Won");
        expect(moves).to.deep.equal(["postTrace", "disputeOutput", "step"]);
        convicted++;
      }
      expect(convicted, "games").to.be.greaterThan(0);
    });
  }

  it("convict who puts bytes where nothing is, in any leaf of any tree, or other bytes where something is", () =>
    fc.assert(
      fc.asyncProperty(
        modelShapes,
        requests,
        fc.tuple(fc.nat(), fc.nat(), fc.nat()),
        fc.constantFrom("tile", "operator", "position"),
        fc.option(fc.uint8Array({ maxLength: 40 }), { nil: undefined }),
        async (shape, picks, [first, second, third], kind, data) => {
          const { model, request, tree, tokens: submitted } = await prepare(shape, picks);
          const { layout } = tree;
          const beyond = (inside: number, depth: number, pick: number) =>
            2 ** depth > inside ? inside + (pick % (2 ** depth - inside)) : undefined;
          const filler = {
            position: beyond(layout.positions, layout.positionDepth, first),
            operator: beyond(layout.operators.length, layout.operatorDepth, second),
          };
          const [position, operator] = [first % layout.positions, second % layout.operators.length];
          let leaf: Leaf = { position, operator, tile: third % 2 ** layout.operators[operator]!.depth };
          if (kind === "position" && filler.position) leaf = { position: filler.position };
          if (kind === "operator" && filler.operator) leaf = { position, operator: filler.operator };
          const wrong = alteredTree(tree, leaf, data);
          const [{ positionsRoot }, own] = await Promise.all([wrong.commitment(), tree.commitment()]);
          fc.pre(positionsRoot !== own.positionsRoot);
          const { verdict, at } = await playOut({
            ...{ model, request, submitted },
            provider: { tree: wrong },
            challenger: { tree },
          });
          expect(verdict).to.equal("Won");
          expect(at).to.include(leaf);
        },
      ),
      { numRuns: 2 * RUNS },
    ));

  it("repel whoever walks at random through a right trace", () =>
    fc.assert(
      fc.asyncProperty(
        modelShapes,
        requests,
        fc.array(fc.nat(), { minLength: 24, maxLength: 24 }),
        async (shape, picks, choices) => {
          const { model, request, tree, tokens: submitted } = await prepare(shape, picks);
          const choose = (limit: number) => choices.pop()! % limit;
          const wanderer: Player = async (context, state) => {
            const { stage, turn, tree: number, level, at, node, positionsRoot } = state;
            if (turn!.side === "Provider") return undefined;
            if (stage === "Tile") return { kind: "nameElement", args: ["", node, choose(9)], state };
            if (stage === "Root" && choose(8) === 0) {
              return {
                kind: "disputeOutput",
                args: ["", positionsRoot, choose(submitted.length + 1)],
                state,
              };
            }
            const place =
              stage === "Root"
                ? { tree: 0, level: tree.layout.positionDepth, index: 0 }
                : nodeAt({ tree: number, level, at });
            const hash = stage === "Root" ? positionsRoot : node;
            const children = await context.reveals.children("", { node: place, hash }, false, 0);
            const levels = Math.log2(children.length);
            const known = new RevealedNodes();
            known.add(place, children);
            const index = choose(children.length);
            const chosen = {
              ...place,
              level: place.level - levels,
              index: place.index * 2 ** levels + index,
            };
            const siblings = known.siblings(chosen, levels).map((sibling) => toHex(sibling!));
            return { kind: "narrow", args: ["", index, toHex(children[index]!), siblings], state };
          };
          const { verdict } = await playOut(
            { ...{ model, request, submitted }, provider: { tree }, challenger: { tree } },
            { challenger: wanderer },
          );
          expect(verdict).to.equal("Lost");
        },
      ),
      { numRuns: 2 * RUNS },
    ));
});
