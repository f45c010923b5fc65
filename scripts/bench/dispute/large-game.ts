import { type ContractTransactionResponse } from "ethers";
import {
  encodeGeneration,
  encodeStopSequences,
  encodeTokens,
  tokensRoot,
} from "../../../engine/src/commitments.ts";
import { toHex } from "../../../engine/src/commitments/hash.ts";
import { TREES } from "../../../engine/src/dispute/tree.ts";
import { readJobs } from "../../../sdk/src/protocol/read-jobs.ts";
import { revealLevels } from "../../../sdk/src/disputes/descent.ts";
import type { LargeStep } from "../../../test/support/step/large-steps.ts";
import type { Evidence } from "../../../test/support/step/evidence.ts";
import type { Arena } from "./arena.ts";

/** One transaction of a dispute. */
export interface MeasuredMove {
  readonly kind: string;
  readonly by: "challenger" | "provider";
  /** Gas of the whole transaction. */
  readonly gas: number;
  readonly calldataBytes: number;
}

export interface PlayedGame {
  readonly moves: readonly MeasuredMove[];
  /** Reveals of the trace, the posted root's included. */
  readonly rounds: number;
  readonly convicted: boolean;
}

const ONE = 10n ** 18n;
/** The token of every prompt and answer: its id is not zero in any byte but the first. */
const TOKEN = 0x0001_0101;

/**
 * A whole dispute about one element of a model of any size, from the commitment to the verdict, every move the dearest: nothing was revealed
 * before, the provider shows the tile and somebody else sends the step. The trace exists as far as the moves show it.
 */
export async function playLargeGame(arena: Arena, step: LargeStep): Promise<PlayedGame> {
  const { evidence, address } = step;
  const { promptCount, outputCount } = evidence.shape;
  const tokens = (count: number) => new Array<number>(count).fill(TOKEN);
  evidence.putTokens("prompt", tokens(promptCount));
  evidence.putTokens("output", tokens(outputCount));
  const { terms, output } = await openJob(arena, evidence);

  const { challenger, operator } = arena;
  const moves: MeasuredMove[] = [];
  const move = async (
    kind: string,
    by: "challenger" | "provider",
    send: () => Promise<ContractTransactionResponse>,
  ) => {
    const transaction = await send();
    const receipt = await transaction.wait();
    moves.push({
      ...{ kind, by, gas: Number(receipt!.gasUsed) },
      calldataBytes: (transaction.data.length - 2) / 2,
    });
  };
  const attack = arena.as(challenger).disputeGame;
  const defence = arena.as(operator).disputeGame;
  const jobId = await arena.as(challenger).jobEscrow.jobIdOf(terms);
  const salt = jobId;
  const id = await attack.challengeIdOf(challenger.address, jobId, salt);
  const value = await attack.bondOf(terms);
  await move("commit", "challenger", () => attack.commit(id, { value }));
  await move("open", "challenger", () => attack.open(terms, output, salt));

  const { layout } = evidence;
  const trees = [
    { tree: TREES.positions, depth: layout.positionDepth, leaf: address.position },
    { tree: TREES.operators, depth: layout.operatorDepth, leaf: address.operator },
    { tree: TREES.tiles, depth: layout.operators[address.operator]!.depth, leaf: address.tile },
  ];
  let rounds = 0;
  for (const { tree, depth, leaf } of trees) {
    for (let level = depth; level > 0;) {
      const below = level - revealLevels(level);
      const first = Math.floor(leaf / 2 ** level) * 2 ** (level - below);
      const children = Array.from({ length: 2 ** (level - below) }, (_, offset) =>
        toHex(evidence.node(tree, address, below, first + offset)),
      );
      if (rounds++ === 0) await move("postTrace", "provider", () => defence.postTrace(id, children));
      else await move("reveal", "provider", () => defence.reveal(id, children));
      const child = Math.floor(leaf / 2 ** below);
      const siblings = Array.from({ length: level - below }, (_, up) =>
        toHex(evidence.node(tree, address, below + up, Math.floor(child / 2 ** up) ^ 1)),
      );
      const node = children[child - first]!;
      await move("narrow", "challenger", () => attack.narrow(id, child - first, node, siblings));
      level = below;
    }
  }
  const tile = evidence.tile(address)!;
  await move("revealTile", "provider", () => defence.revealTile(id, tile));
  const leaf = toHex(evidence.leaf(address));
  await move("nameElement", "challenger", () => attack.nameElement(id, leaf, address.element));
  const witness = evidence.witness(address);
  await move("step", "challenger", () => attack.step(id, evidence.claim, witness));
  const rewarded = await attack.convictionOf(arena.owner.address);
  return { moves, rounds, convicted: BigInt(rewarded) !== 0n };
}

/** Registers the evidence's model, and has a job about it answered. */
async function openJob(arena: Arena, evidence: Evidence) {
  const { client, owner, operator } = arena;
  const as = (player: typeof owner) => arena.as(player);
  const { promptCount, outputCount } = evidence.shape;
  await (await as(owner).modelRegistry.register(evidence.model, "")).wait();
  const { ath } = arena.deployment;
  await (
    await as(owner).providerRegistry.setOffer(evidence.modelRoot, ath, 250_000_000n, 250_000_000n)
  ).wait();
  const created = await as(client).jobEscrow.create({
    ...{ provider: owner.address, modelRoot: evidence.modelRoot, token: ath },
    generation: encodeGeneration(evidence.shape),
    ...{ maxCost: 10n * ONE, maxInputPrice: 100n * ONE, maxOutputPrice: 100n * ONE },
    ...{ submitDeadline: (await arena.now()) + 3600, seed: 0, salt: 1 },
    promptTokens: encodeTokens(new Array<number>(promptCount).fill(TOKEN)),
    stopSequences: encodeStopSequences(evidence.shape.stopSequences ?? []),
  });
  const block = (await created.wait())!.blockNumber;
  const [job] = await readJobs(as(client), {}, block, block);
  const tokens = new Array<number>(outputCount).fill(TOKEN);
  await (await as(operator).jobEscrow.submit(job!.terms, encodeTokens(tokens))).wait();
  return { terms: job!.terms, output: { count: outputCount, tokensRoot: tokensRoot(tokens) } };
}
