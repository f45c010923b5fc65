import { expect } from "chai";
import type { HDNodeWallet } from "ethers";
import { AthanorError } from "../errors/athanor-error.ts";
import type { Fault } from "../../../engine/src/testing/faulty-executor.ts";
import { traceLayout } from "../../../engine/src/trace/layout.ts";
import { decodeJobState } from "../protocol/job-state.ts";
import { MAX_TOKENS, PROMPT, startDisputeWorld, type DisputeWorld } from "../testing/dispute-world.ts";
import { rejection } from "../testing/rejection.ts";
import type { Disputes } from "./disputes.ts";
import type { ChallengeOutcome, MoveMade } from "./types.ts";

type Won = Extract<ChallengeOutcome, { status: "won" }>;

describe("disputes on chain", () => {
  let world: DisputeWorld;
  let stranger: HDNodeWallet;
  let challenger: Disputes;
  let defender: Disputes;
  let moves: MoveMade[];
  const onMove = (move: MoveMade) => moves.push(move);

  before(async () => {
    world = await startDisputeWorld();
    stranger = world.chain.accounts.stranger;
  });
  beforeEach(async () => {
    await world.restore();
    moves = [];
    challenger = await world.party(stranger);
    defender = await world.party(world.chain.accounts.operator);
  });
  after(() => world.chain.close());

  const flipped = () => world.answer.map((token, index) => (index === 1 ? (token + 1) % 12 : token));
  const statusOf = async (id: string) =>
    decodeJobState(await world.chain.contracts.jobEscrow.jobState(id)).status;

  /** As a watchtower does: defends whenever there is a challenge. Returns why it ended. */
  async function keepDefending(provider: Disputes, id: string, signal: AbortSignal): Promise<unknown> {
    while (!signal.aborted) {
      try {
        await provider.defend(id, { onMove, signal });
      } catch (error) {
        return error;
      }
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    return undefined;
  }

  /** Both sides at once; the provider's may fail, as a liar's does when nothing is left to say. */
  async function fight(id: string, provider: Disputes, other = challenger) {
    const ended = new AbortController();
    const defence = keepDefending(provider, id, ended.signal);
    const outcome = await other.challenge(id, { onMove });
    ended.abort();
    return { outcome, defence: await defence };
  }

  /** The provider lets time pass until a signal. */
  async function passTime(until: Promise<unknown>): Promise<void> {
    const over = new AbortController();
    void until.finally(() => over.abort());
    while (!over.signal.aborted) {
      await world.chain.advance(4_000);
      await new Promise((resolve) => setTimeout(resolve, 30));
    }
  }

  function faultAt(kind: string, changes: Partial<Fault> = {}): Fault {
    const operator = world.model.program.operators.findIndex((each) => each.kind === kind);
    const change = (value: number | bigint) =>
      typeof value === "bigint" ? value + 9_999n : kind === "sample" ? (value + 1) % 12 : value ^ 4_095;
    return { position: PROMPT.length - 1, operator, section: "output", element: 0, change, ...changes };
  }

  /** One logit so large that another token comes out. */
  function convincing(): Fault {
    const { operators } = world.model.program;
    const operator = operators.find(({ kind }) => kind === "sample")!.inputs[0]!;
    return { ...faultAt("linear"), operator, element: (world.answer[0]! + 1) % 12, change: () => 2 ** 30 };
  }

  it("tell an honest result from a wrong one, and challenge no honest one", async () => {
    const honest = await world.submitted(world.answer);
    const verification = await challenger.verify(honest);
    expect(verification).to.deep.equal({
      jobId: honest,
      honest: true,
      submitted: world.answer,
      expected: world.answer,
    });
    const before = await world.chain.provider.getBalance(stranger.address);
    expect(await challenger.challenge(honest)).to.deep.equal({ status: "honest", verification });
    expect(await world.chain.provider.getBalance(stranger.address)).to.equal(before);
    const wrong = await challenger.verify(await world.submitted(flipped()));
    expect([wrong.honest, wrong.firstDifference]).to.deep.equal([false, 1]);
  });

  it("recompute the root that the provider's own trace has, of right answers and of wrong ones", async () => {
    const honest = await world.submitted(world.answer);
    const { positionsRoot, ...verification } = await challenger.recompute(honest);
    expect(verification).to.deep.equal(await challenger.verify(honest));
    const wrong = await world.submitted(flipped());
    expect(await challenger.recompute(wrong)).to.include({
      ...{ honest: false, firstDifference: 1, positionsRoot },
    });
    await fight(wrong, defender);
    expect((await world.chain.contracts.disputeGame.resultOf(wrong)).positionsRoot).to.equal(positionsRoot);
    const aborted = await rejection(challenger.recompute(honest, { signal: AbortSignal.abort() }));
    expect(aborted.code).to.equal("Aborted");
  });

  it("convict a flipped token over a right trace, and bring bond and reward home", async () => {
    const id = await world.submitted(flipped());
    const other = await world.submitted(world.answer);
    const { ath } = world.chain.contracts;
    const before = await ath.balanceOf(stranger.address);
    const { outcome } = await fight(id, defender);
    const won = outcome as Won;
    expect(won.status).to.equal("won");
    expect(won.proven).to.deep.equal({ part: 1, position: 0, operator: 0, tile: 0, element: 1 });
    expect(won.byTimeout).to.equal(false);
    expect((await ath.balanceOf(stranger.address)) - before).to.equal(won.reward);
    expect(won.reward > 0n).to.equal(true);
    expect(moves.map(({ kind }) => kind)).to.deep.equal([
      ...["commit", "open", "postTrace", "disputeOutput", "step", "reclaim", "refund"],
    ]);
    expect(moves.map(({ at }) => at?.stage)).to.deep.equal([
      ...[undefined, undefined, undefined, "Root", "Named", undefined, undefined],
    ]);
    expect([await statusOf(id), await statusOf(other)]).to.deep.equal(["Refunded", "Submitted"]);
    expect((await world.chain.contracts.vault.stakeOf(world.chain.accounts.owner.address)).jailed).to.equal(
      true,
    );
  });

  for (const kind of ["embed", "normalize", "linear", "scores", "mix", "sample", "stop"]) {
    it(`convict one wrong element of ${kind}, with everything after it computed from it`, async () => {
      const fault = faultAt(kind, kind === "stop" ? { change: (value) => 1 - Number(value) } : {});
      const liar = await world.faulty(fault);
      // Whatever the fault makes of the output: a wrong first token is in it.
      const id = await world.submitted(kind === "stop" ? world.answer.slice(0, 1) : flipped());
      const { outcome } = await fight(id, liar);
      const won = outcome as Won;
      expect(won.status).to.equal("won");
      expect(won.proven).to.include({ part: 0, position: fault.position, operator: fault.operator });
      expect(moves.filter(({ kind: made }) => made === "narrow").length).to.be.greaterThan(1);
    });
  }

  it("convict bytes where nothing should be", async () => {
    const { model, answer } = world;
    const operator = model.program.operators.length - 1;
    const beyond = PROMPT.length + MAX_TOKENS + 2;
    const choice = model.program.operators.findIndex(({ kind }) => kind === "sample");
    const { sections } = traceLayout(model.program).operators[choice]!;
    const weights = sections.find(({ name }) => name === "weights")!.firstTile;
    for (const leaf of [
      { position: beyond, operator, tile: 0 },
      { position: 30 },
      // A position of the prompt, and a draw where the request is greedy.
      { position: 2, operator, tile: 0 },
      { position: PROMPT.length - 1, operator: choice, tile: weights },
    ]) {
      await world.restore();
      const id = await world.submitted(flipped());
      const liar = await world.altered(leaf, Uint8Array.of(0, 0, 0, 1));
      const { outcome } = await fight(id, liar);
      expect((outcome as Won).proven).to.include({ part: 0, ...leaf });
    }
    expect(answer).to.not.deep.equal(flipped());
  });

  it("convict who is silent, from the start and later", async () => {
    const id = await world.submitted(flipped());
    let opened: (() => void) | undefined;
    const isOpen = new Promise<void>((resolve) => (opened = resolve));
    const alone = challenger.challenge(id, {
      onMove: (move) => {
        onMove(move);
        if (move.kind === "open") opened!();
      },
    });
    await isOpen;
    await Promise.all([alone, passTime(alone)]);
    expect(await alone).to.include({ status: "won", byTimeout: true });
    expect(moves.map(({ kind }) => kind)).to.include("timeout");

    await world.restore();
    const second = await world.submitted(flipped());
    const liar = await world.faulty(faultAt("linear"));
    const ended = new AbortController();
    const onReveal = ({ kind }: MoveMade) => {
      if (kind === "reveal") ended.abort();
    };
    const challenge = challenger.challenge(second, { onMove });
    // It posts its trace once there is a challenge, shows one node, and is never seen again.
    while (!ended.signal.aborted) {
      await liar.defend(second, { signal: ended.signal, onMove: onReveal }).catch(() => undefined);
      await new Promise((resolve) => setTimeout(resolve, 15));
    }
    await Promise.all([challenge, passTime(challenge)]);
    expect(await challenge).to.include({ status: "won", byTimeout: true });
  });

  it("repel who challenges a right answer, with either of the provider's keys", async () => {
    for (const [index, fault] of [convincing(), faultAt("sample")].entries()) {
      await world.restore();
      moves = [];
      const id = await world.submitted(world.answer);
      const griefer = await world.party(stranger, { executor: world.executorWith(fault) });
      const { credit } = world.chain.contracts.disputeGame;
      const before = await credit(world.chain.accounts.owner.address);
      const stop = new AbortController();
      const attack = griefer.challenge(id, { onMove, signal: stop.signal }).catch((error: unknown) => error);
      const provider = index === 0 ? defender : await world.party(world.watchtower);
      let outcome = await provider.defend(id, { onMove });
      while (outcome.repelled.length === 0) {
        await new Promise((resolve) => setTimeout(resolve, 15));
        outcome = await provider.defend(id, { onMove });
      }
      stop.abort();
      await attack;
      expect(outcome).to.deep.include({ jobId: id, convicted: false });
      expect(outcome.repelled).to.have.length(1);
      expect(moves.filter(({ by }) => by === "defender").at(-1)!.kind).to.equal("step");
      // What its moves did not cost of half the bond is the provider's.
      expect((await credit(world.chain.accounts.owner.address)) > before).to.equal(true);
      expect(await griefer.challenge(id)).to.include({ status: "lost", byTimeout: false });
      expect(await statusOf(id)).to.equal("Submitted");
    }
  });

  it("repel who challenges and then says nothing", async () => {
    const id = await world.submitted(world.answer);
    const griefer = await world.party(stranger, { executor: world.executorWith(convincing()) });
    const stop = new AbortController();
    await griefer
      .challenge(id, { signal: stop.signal, onMove: ({ kind }) => kind === "open" && stop.abort() })
      .catch(() => undefined);
    const defence = defender.defend(id, { onMove });
    const [outcome] = await Promise.all([defence, passTime(defence)]);
    expect(outcome.repelled).to.have.length(1);
    expect(moves.map(({ kind }) => kind)).to.deep.equal(["postTrace", "timeout"]);
    expect(await griefer.challenge(id)).to.include({ status: "lost", byTimeout: true });
  });

  it("go on from chain state alone when both sides crash after every single move", async () => {
    const id = await world.submitted(flipped());
    const fault = faultAt("mix");
    const made: string[] = [];
    /** A program that ends with its first move; another one, which knows nothing, follows it. */
    const once = async (
      play: (options: { signal: AbortSignal; onMove: (move: MoveMade) => void }) => Promise<unknown>,
    ) => {
      const crash = new AbortController();
      const onMove = (move: MoveMade) => {
        made.push(move.kind);
        crash.abort();
      };
      try {
        return await play({ signal: crash.signal, onMove });
      } catch (error) {
        if (error instanceof AthanorError && error.code === "Aborted") return undefined;
        throw error;
      }
    };
    let outcome: ChallengeOutcome | undefined;
    const provider = (async () => {
      while (outcome === undefined) {
        const liar = await world.faulty(fault);
        await once((options) => liar.defend(id, options)).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    })();
    while (outcome === undefined) {
      const again = await world.party(stranger);
      outcome = (await once((options) => again.challenge(id, options))) as ChallengeOutcome | undefined;
    }
    await provider;
    expect(outcome).to.include({ status: "won", byTimeout: false });
    expect((outcome as Won).proven).to.include({ position: fault.position, operator: fault.operator });
    // Nobody did anything twice.
    for (const kind of ["commit", "open", "postTrace", "nameElement", "step", "reclaim", "refund"]) {
      expect(
        made.filter((each) => each === kind),
        kind,
      ).to.have.length(1);
    }
    // The verdict stays what it was, whoever asks again.
    expect(await challenger.challenge(id)).to.deep.equal(outcome);
  });

  it("make a move again that a reorganisation undid", async () => {
    const id = await world.submitted(flipped());
    const liar = await world.faulty(faultAt("linear"));
    let before = await world.chain.rpc("evm_snapshot");
    const undone = new Set<string>();
    const stop = new AbortController();
    const defence = (async () => {
      while (!stop.signal.aborted) {
        await liar.defend(id, { onMove, signal: stop.signal }).catch(() => undefined);
        await new Promise((resolve) => setTimeout(resolve, 15));
      }
    })();
    const pending: Promise<unknown>[] = [];
    const outcome = await challenger.challenge(id, {
      onMove: (move) => {
        moves.push(move);
        const { kind } = move;
        const undo = ["commit", "narrow", "nameElement"].includes(kind) && !undone.has(kind);
        undone.add(kind);
        pending.push(
          (async () => {
            if (undo) await world.chain.rpc("evm_revert", [before]);
            before = await world.chain.rpc("evm_snapshot");
          })(),
        );
      },
    });
    stop.abort();
    await Promise.all([defence, ...pending]);
    expect(outcome.status).to.equal("won");
    expect(moves.filter(({ kind }) => kind === "commit")).to.have.length(2);
  });

  it("refuse before anything is sent: a model that is not here, a bond above the limit, a window that is over", async () => {
    const id = await world.submitted(flipped());
    const without = await world.party(stranger, { model: () => undefined });
    expect((await rejection(without.verify(id))).code).to.equal("ModelUnavailable");
    const cheap = await rejection(challenger.challenge(id, { maximumBond: 5n }));
    expect(cheap.code).to.equal("BondAboveLimit");
    expect(cheap.values["maximumBond"]).to.equal(5n);
    await world.chain.advance(4_000);
    expect((await rejection(challenger.challenge(id))).code).to.equal("ChallengeTooLate");
    const sent = await world.chain.provider.getTransactionCount(stranger.address);
    expect(sent).to.equal(0);
  });
});
