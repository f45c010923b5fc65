import type { GenerationParameters } from "@athanor/engine/commitments";
import { generate } from "@athanor/engine";
import { createTraceTree } from "@athanor/engine/dispute";
import { createGpuExecutor, type GpuExecutor } from "@athanor/engine/gpu";
import { referenceExecutor, type Executor } from "@athanor/engine/trace";
import { expect } from "chai";
import { alteredTree } from "../../../engine/src/testing/altered-tree.ts";
import { gpuForTest } from "../../../engine/src/testing/gpu.ts";
import { locateTile, traceLayout } from "../../../engine/src/trace/layout.ts";
import { AthanorError } from "../errors/athanor-error.ts";
import { decodeJobState } from "../protocol/job-state.ts";
import { PROMPT, startDisputeWorld, type DisputeWorld } from "../testing/dispute-world.ts";
import type { Disputes } from "./disputes.ts";

const ASKED: GenerationParameters = { maxTokens: 4, temperature: 1_500, topP: 9_000, seed: 5n };

describe("a GPU provider and a CPU challenger", function () {
  // A graphics card in software takes its time to compile kernels.
  this.timeout(300_000);
  let world: DisputeWorld;
  let gpu: GpuExecutor;
  let answer: readonly number[];
  /** Nothing where the tests are skipped. */
  const closers: (() => void | Promise<void>)[] = [];
  /** Computes on the card, and counts the positions that it computed. */
  const onCard: Executor = (model, options) => generate(model, { ...options, executor: gpu });

  before(async function () {
    const device = await gpuForTest(this);
    world = await startDisputeWorld();
    closers.push(() => world.chain.close());
    const size = { maxRows: 8, maxSequences: 2 };
    gpu = await createGpuExecutor(world.model, { open: () => Promise.resolve(device), ...size });
    closers.push(() => gpu.close());
    ({ tokens: answer } = await onCard(world.model, { prompt: PROMPT, ...ASKED }));
  });
  beforeEach(() => world.restore());
  after(async () => {
    for (const close of closers) await close();
  });

  const statusOf = async (id: string) =>
    decodeJobState(await world.chain.contracts.jobEscrow.jobState(id)).status;

  /** As a watchtower does: defends until a signal, a repelled challenge, or there is nothing left to say. */
  async function keepDefending(provider: Disputes, id: string, signal?: AbortSignal) {
    for (;;) {
      if (signal?.aborted) return undefined;
      try {
        const outcome = await provider.defend(id, signal ? { signal } : {});
        if (outcome.repelled.length > 0) return outcome;
      } catch (error) {
        const ended = error instanceof AthanorError && ["StepUnexpected", "Aborted"].includes(error.code);
        if (!ended) throw error;
        return undefined;
      }
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
  }

  it("acquits the provider that is challenged wrongly", async () => {
    const { accounts } = world.chain;
    const { tokens } = await referenceExecutor(world.model, { prompt: PROMPT, ...ASKED });
    expect(answer, "the same tokens on both").to.deep.equal(tokens);
    const id = await world.submitted(answer, ASKED);
    expect((await (await world.party(accounts.stranger)).verify(id)).honest).to.equal(true);
    const provider = await world.party(accounts.operator, { executor: onCard });
    const liar = await world.party(accounts.stranger, {
      executor: (model, options) => referenceExecutor(model, { ...options, seed: 6n, topP: 0 }),
    });
    const stop = new AbortController();
    const attack = liar.challenge(id, { signal: stop.signal }).catch((error: unknown) => error);
    const before = gpu.computed;
    const outcome = await keepDefending(provider, id);
    stop.abort();
    await attack;
    expect(gpu.report, "the card is still there").to.not.equal(undefined);
    expect(gpu.computed, "positions that the card computed for the defence").to.be.greaterThan(before);
    expect(outcome).to.deep.include({ jobId: id, convicted: false });
    expect(await liar.challenge(id)).to.include({ status: "lost", byTimeout: false });
    expect(await statusOf(id)).to.equal("Submitted");
  });

  for (const [kind, name] of [
    ["linear", "output"],
    ["sample", "weights"],
  ] as const) {
    it(`convicts the provider of the one element of ${kind} that it altered`, async () => {
      const { model, chain } = world;
      const layout = traceLayout(model.program);
      const operator = model.program.operators.findIndex((each) => each.kind === kind);
      const { firstTile } = layout.operators[operator]!.sections.find((each) => each.name === name)!;
      const leaf = { position: PROMPT.length, operator, tile: firstTile };
      const right = createTraceTree(model, { prompt: PROMPT, ...ASKED }, { executor: onCard });
      const tile = Uint8Array.from((await right.tile(leaf))!);
      tile[tile.length - 1]! ^= 1;
      const wrong = answer.map((token, index) => (index === 1 ? (token + 1) % 12 : token));
      const id = await world.submitted(wrong, ASKED);
      const provider = await world.party(chain.accounts.operator, {
        executor: onCard,
        traceTree: (its, request) =>
          alteredTree(createTraceTree(its, request, { executor: onCard }), leaf, tile),
      });
      const challenger = await world.party(chain.accounts.stranger);
      const ended = new AbortController();
      const defence = keepDefending(provider, id, ended.signal);
      const outcome = await challenger.challenge(id);
      ended.abort();
      await defence;
      if (outcome.status !== "won" || !outcome.proven) throw new Error(`${outcome.status} without a proof`);
      expect(outcome.proven).to.include({ part: 0, ...leaf });
      expect(locateTile(layout.operators[operator]!, outcome.proven.tile).section.name).to.equal(name);
      expect(await statusOf(id)).to.equal("Refunded");
    });
  }
});
