import type { GenerationParameters } from "@athanor/engine/commitments";
import { referenceExecutor, type Executor } from "@athanor/engine/trace";
import { expect } from "chai";
import { locateTile, traceLayout } from "../../../engine/src/trace/layout.ts";
import { AthanorError } from "../errors/athanor-error.ts";
import { decodeJobState } from "../protocol/job-state.ts";
import { PROMPT, startDisputeWorld, type DisputeWorld } from "../testing/dispute-world.ts";
import type { Disputes } from "./disputes.ts";
import type { ChallengeOutcome } from "./types.ts";

const SAMPLED: GenerationParameters = { maxTokens: 8, temperature: 1_500 };

/** What a provider computes with instead of what was asked for, and the part of the trace that convicts it. */
interface Lie {
  readonly asked: GenerationParameters;
  readonly used: Partial<GenerationParameters>;
  readonly operator: "sample" | "stop";
  readonly section: RegExp;
}

const lies: Readonly<Record<string, Lie>> = {
  "wrong seed": { asked: SAMPLED, used: { seed: 1_000n }, operator: "sample", section: /^draw$/ },
  "wrong temperature": {
    ...{ asked: SAMPLED, used: { temperature: 700 } },
    ...{ operator: "sample", section: /^weights$/ },
  },
  "wrong cut-off, top-k": {
    ...{ asked: { ...SAMPLED, topK: 2 }, used: { topK: 0 } },
    ...{ operator: "sample", section: /^threshold\d+$/ },
  },
  "wrong cut-off, top-p": {
    ...{ asked: { ...SAMPLED, topP: 3_000 }, used: { topP: 0 } },
    ...{ operator: "sample", section: /^target$/ },
  },
  "wrong penalty": {
    ...{ asked: { ...SAMPLED, repetitionPenalty: 1_500 }, used: { repetitionPenalty: 0 } },
    ...{ operator: "sample", section: /^(winners|best|weights)$/ },
  },
  "ignored stop sequence": {
    // Any two tokens that the answer without it has in its middle; filled in below.
    ...{ asked: SAMPLED, used: { stopSequences: [] } },
    ...{ operator: "stop", section: /^output$/ },
  },
  "ignored minimum": {
    ...{ asked: { ...SAMPLED, minTokens: 8 }, used: { minTokens: 0 } },
    ...{ operator: "sample", section: /^winners$|^weights$/ },
  },
};

describe("disputes about sampled answers", () => {
  let world: DisputeWorld;
  let challenger: Disputes;

  before(async () => (world = await startDisputeWorld()));
  beforeEach(async () => {
    await world.restore();
    challenger = await world.party(world.chain.accounts.stranger);
  });
  after(() => world.chain.close());

  const tokensOf = async (parameters: GenerationParameters) =>
    (await referenceExecutor(world.model, { prompt: PROMPT, ...parameters })).tokens;

  /** A provider that computes with other parameters than those of the request, all the way. */
  const lying =
    (used: Partial<GenerationParameters>): Executor =>
    (model, options) =>
      referenceExecutor(model, { ...options, ...used });

  /** The lie with the first seed for which it changes the answer. */
  async function effective({ asked, used }: Lie): Promise<{ asked: GenerationParameters; answer: number[] }> {
    for (let seed = 1n; seed < 100n; seed++) {
      let request = { ...asked, seed };
      if (used.stopSequences) {
        const free = await tokensOf(request);
        if (free.length < 6) continue;
        request = { ...request, stopSequences: [free.slice(2, 4)] };
      }
      const answer = await tokensOf({ ...request, ...used });
      if (answer.join() !== (await tokensOf(request)).join()) return { asked: request, answer };
    }
    throw new Error("This lie changes no answer.");
  }

  async function fight(id: string, provider: Disputes): Promise<ChallengeOutcome> {
    const ended = new AbortController();
    const defend = async () => {
      while (!ended.signal.aborted) {
        const failure = await provider.defend(id, { signal: ended.signal }).then(
          () => undefined,
          (error: unknown) => error,
        );
        // A liar that the chain would convict has nothing left to say; anything else it tries again, as a watchtower does.
        if (failure instanceof AthanorError && failure.code === "StepUnexpected") return;
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    };
    const defence = defend();
    const outcome = await challenger.challenge(id);
    ended.abort();
    await defence;
    return outcome;
  }

  for (const [name, lie] of Object.entries(lies)) {
    it(`convict ${name}`, async () => {
      const { asked, answer } = await effective(lie);
      const id = await world.submitted(answer, asked);
      expect((await challenger.verify(id)).expected, "what was asked for").to.deep.equal(
        await tokensOf(asked),
      );
      const provider = await world.party(world.chain.accounts.operator, { executor: lying(lie.used) });
      const outcome = await fight(id, provider);
      if (outcome.status !== "won" || !outcome.proven) throw new Error(`${outcome.status} without a proof`);
      const { part, operator, tile } = outcome.proven;
      expect(part, "a part of the trace").to.equal(0);
      const { section } = locateTile(traceLayout(world.model.program).operators[operator]!, tile);
      expect(world.model.program.operators[operator]!.kind).to.equal(lie.operator);
      expect(section.name).to.match(lie.section);
      expect(decodeJobState(await world.chain.contracts.jobEscrow.jobState(id)).status).to.equal("Refunded");
    });
  }

  it("repel a challenger that computed with another seed, cut-off or penalty", async () => {
    const asked = { ...SAMPLED, topK: 4, topP: 9_000, repetitionPenalty: 1_200, minTokens: 3, seed: 5n };
    const id = await world.submitted(await tokensOf(asked), asked);
    expect((await challenger.verify(id)).honest).to.equal(true);
    const provider = await world.party(world.chain.accounts.operator);
    const used = { seed: 6n, topK: 0, topP: 0, repetitionPenalty: 0 };
    const liar = await world.party(world.chain.accounts.stranger, { executor: lying(used) });
    const stop = new AbortController();
    const attack = liar.challenge(id, { signal: stop.signal }).catch((error: unknown) => error);
    let outcome = await provider.defend(id);
    while (outcome.repelled.length === 0) {
      await new Promise((resolve) => setTimeout(resolve, 15));
      outcome = await provider.defend(id);
    }
    stop.abort();
    await attack;
    expect(outcome).to.deep.include({ jobId: id, convicted: false });
    expect(await liar.challenge(id)).to.include({ status: "lost", byTimeout: false });
    expect(decodeJobState(await world.chain.contracts.jobEscrow.jobState(id)).status).to.equal("Submitted");
  });
});
