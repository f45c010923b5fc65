import type { ContractTransactionReceipt, ContractTransactionResponse } from "ethers";
import type { DisputeGame } from "../../sdk/src/generated/contracts/DisputeGame.ts";
import { claimOf, CountingTrace, HONEST_TOKENS, honestTile, type Lies } from "./counting.ts";
import {
  createJob,
  ethers,
  freshSystem,
  networkHelpers,
  type OpenJob,
  type Output,
  type RequestOverrides,
  type Signer,
  submitResult,
  type System,
  time,
} from "./system.ts";

export const STATUS = ["None", "Committed", "Live", "Lost", "Won", "Returned", "Burned"] as const;
export const STAGE = ["Root", "Descent", "Tile", "Named"] as const;

/** The protocol with a dispute game that the counting machine judges. */
export interface Arena extends System {
  readonly game: DisputeGame;
}

/** A result, and the trace that its provider computed. */
export interface Result {
  readonly job: OpenJob;
  readonly output: Output;
  readonly tokens: readonly number[];
  readonly trace: CountingTrace;
}

/** A challenge of a result, and the trace that its challenger computed. */
export interface Dispute {
  readonly id: string;
  readonly salt: string;
  readonly challenger: Signer;
  readonly result: Result;
  readonly own: CountingTrace;
}

export const HONEST = new CountingTrace();

/** A fresh system in which the counting machine stands in for the step verifier. */
export async function freshArena(): Promise<Arena> {
  const system = await freshSystem();
  const { game } = system;
  const machine = await ethers.deployContract("CountingMachine");
  await networkHelpers.setCode(await game.verifier(), (await machine.getDeployedCode())!);
  return system;
}

/** A result of the system's provider: honest, or with these lies in its trace, or with these tokens. */
export async function resultWith(
  arena: Arena,
  lies: Lies = {},
  tokens: readonly number[] = HONEST_TOKENS,
  overrides: RequestOverrides = {},
): Promise<Result> {
  const job = await createJob(arena, overrides);
  const output = await submitResult(arena, job, tokens);
  return { job, output, tokens, trace: new CountingTrace(lies) };
}

/** Commits; `open` opens a second later. */
export async function commit(
  { game }: Arena,
  result: Result,
  challenger: Signer,
  { own = HONEST, bond }: { own?: CountingTrace; bond?: bigint } = {},
): Promise<Dispute> {
  const salt = ethers.hexlify(ethers.randomBytes(32));
  const id = await game.challengeIdOf(challenger, result.job.id, salt);
  const value = bond ?? (await game.bondOf(result.job.job));
  await game.connect(challenger).commit(id, { value });
  return { id, salt, challenger, result, own };
}

export function open({ game }: Arena, dispute: Dispute): Promise<ContractTransactionResponse> {
  const { job, output } = dispute.result;
  return game.connect(dispute.challenger).open(job.job, output, dispute.salt);
}

/** Commits and opens. */
export async function challenge(
  arena: Arena,
  result: Result,
  challenger: Signer,
  own: CountingTrace = HONEST,
): Promise<Dispute> {
  const dispute = await commit(arena, result, challenger, { own });
  await open(arena, dispute);
  return dispute;
}

/** The parameters in force, to change and set again. */
export async function parametersOf({ game }: Pick<Arena, "game">) {
  const found = await game.parameters();
  return {
    clock: found.clock,
    grace: found.grace,
    openPeriod: found.openPeriod,
    stressGasPrice: found.stressGasPrice,
    tracePricePerSecond: found.tracePricePerSecond,
    priceMultiple: found.priceMultiple,
    minimumReward: found.minimumReward,
    athPerCoin: found.athPerCoin,
  };
}

/** Where a challenge stands, in words and numbers. */
export async function stateOf({ game }: Arena, id: string) {
  const found = await game.challengeOf(id);
  const [part, position, operator, tile, element] = found.target;
  return {
    status: STATUS[Number(found.status)]!,
    stage: STAGE[Number(found.stage)]!,
    node: found.node,
    tree: Number(found.tree),
    level: Number(found.level),
    at: {
      part: Number(part),
      position: Number(position),
      operator: Number(operator),
      tile: Number(tile),
      element: Number(element),
    },
    providerClock: found.providerClock,
    challengerClock: found.challengerClock,
    bond: found.bond,
    spent: found.spent,
    reserved: found.reserved,
    movedAt: found.movedAt,
  };
}

export type State = Awaited<ReturnType<typeof stateOf>>;

export const levelsOf = (level: number): number =>
  level === 0 ? 0 : Math.ceil(level / Math.ceil(level / 6));

const indexOf = ({ tree, at }: State) => [at.position, at.operator, at.tile][tree]!;

/** The next move of the defence, from the provider's own trace. */
export async function defend(
  arena: Arena,
  { id, result }: Dispute,
  sender: Signer = arena.operator,
): Promise<ContractTransactionResponse> {
  const game = arena.game.connect(sender);
  const state = await stateOf(arena, id);
  const { tree, at, level } = state;
  if (state.stage === "Root" || state.stage === "Descent") {
    const children = result.trace.descendants(tree, at, level, indexOf(state), levelsOf(level));
    return state.stage === "Root" ? game.postTrace(id, children) : game.reveal(id, children);
  }
  if (state.stage === "Tile") return game.revealTile(id, result.trace.tile(at)!);
  return step(arena, { id, result }, sender);
}

/** Has the named element executed, with openings from the provider's trace. */
export async function step(
  arena: Arena,
  { id, result }: Pick<Dispute, "id" | "result">,
  sender: Signer,
  gasLimit?: bigint,
): Promise<ContractTransactionResponse> {
  const { at } = await stateOf(arena, id);
  const witness =
    at.part === 1 ? result.trace.outputWitness(result.tokens, at.element) : result.trace.witness(at);
  const claim = claimOf(result.job.job, result.tokens, result.trace.root);
  return arena.game.connect(sender).step(id, claim, witness, gasLimit === undefined ? {} : { gasLimit });
}

/** The challenger's next move: to the first difference between its trace and the provider's; undefined where it sees none. */
export async function attack(
  arena: Arena,
  dispute: Dispute,
): Promise<ContractTransactionResponse | undefined> {
  const state = await stateOf(arena, dispute.id);
  const { at } = state;
  if (state.stage === "Root" || state.stage === "Descent") {
    const { trace } = dispute.result;
    const levels = levelsOf(state.level);
    const of = (from: CountingTrace) => from.descendants(state.tree, at, state.level, indexOf(state), levels);
    const theirs = of(trace);
    const own = of(dispute.own);
    const index = theirs.findIndex((hash, number) => hash !== own[number]);
    if (index < 0) return state.stage === "Root" ? disputeAnswer(arena, dispute) : undefined;
    return narrowTo(arena, dispute, index);
  }
  if (state.stage !== "Tile") return undefined;
  const own = honestOr(dispute.own, at);
  const theirs = dispute.result.trace.tile(at)!;
  const element = [0, 1, 2, 3].find((number) => word(theirs, number) !== word(own, number));
  return arena.game.connect(dispute.challenger).nameElement(dispute.id, state.node, element ?? 0);
}

/** Goes on to a descendant, right or wrong. */
export async function narrowTo(
  arena: Arena,
  dispute: Dispute,
  index: number,
  sender: Signer = dispute.challenger,
): Promise<ContractTransactionResponse> {
  const { node, siblings } = await narrowing(arena, dispute, index);
  return arena.game.connect(sender).narrow(dispute.id, index, node, siblings);
}

/** The arguments of `narrow` that lead to a descendant of the current node of the provider's trace. */
export async function narrowing(arena: Arena, { id, result }: Dispute, index: number) {
  const state = await stateOf(arena, id);
  const levels = levelsOf(state.level);
  const row = (below: number) =>
    result.trace.descendants(state.tree, state.at, state.level, indexOf(state), below);
  return {
    node: row(levels)[index]!,
    siblings: Array.from({ length: levels }, (_, level) => row(levels - level)[(index >> level) ^ 1]!),
  };
}

/** Both sides move in turn, as well as they can, until the challenge is decided or the challenger sees no difference. */
export async function play(arena: Arena, dispute: Dispute): Promise<ContractTransactionReceipt[]> {
  const receipts: ContractTransactionReceipt[] = [];
  for (;;) {
    const state = await stateOf(arena, dispute.id);
    const isOver = (await arena.game.convictionOf(arena.provider)) !== ethers.ZeroHash;
    if (state.status !== "Live" || isOver) return receipts;
    const { side } = await arena.game.turnOf(dispute.id);
    const sent = side === 0n ? await defend(arena, dispute) : await attack(arena, dispute);
    if (sent === undefined) return receipts;
    receipts.push((await sent.wait())!);
  }
}

/** Plays until the challenge has come to a stage, or cannot go on. */
export async function playUntil(arena: Arena, dispute: Dispute, stage: State["stage"]): Promise<void> {
  while ((await stateOf(arena, dispute.id)).stage !== stage) {
    const { side } = await arena.game.turnOf(dispute.id);
    const sent = side === 0n ? await defend(arena, dispute) : await attack(arena, dispute);
    if (sent === undefined) throw new Error(`the challenger sees no difference before stage ${stage}`);
  }
}

/** Moves the clock past the deadline of whoever's turn it is. */
export async function passDeadline({ game }: Arena, { id }: Dispute): Promise<void> {
  const { deadline } = await game.turnOf(id);
  if (BigInt(await time.latest()) <= deadline) await time.increaseTo(deadline + 1n);
}

function disputeAnswer({ game }: Arena, { id, challenger, result }: Dispute) {
  const first = HONEST_TOKENS.findIndex((token, index) => result.tokens[index] !== token);
  const element = first < 0 ? result.tokens.length : Math.min(first, result.tokens.length);
  return game.connect(challenger).disputeOutput(id, result.trace.root, element);
}

const word = (tile: string, element: number) => tile.slice(2 + 8 * element, 10 + 8 * element);

function honestOr(own: CountingTrace, at: State["at"]): string {
  return own.tile(at) ?? honestTile(at) ?? "0x";
}
