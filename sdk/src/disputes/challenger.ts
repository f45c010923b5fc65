import { tokensRoot, toHex } from "@athanor/engine/commitments";
import { RevealedNodes } from "@athanor/engine/dispute";
import { locateTile } from "@athanor/engine/trace";
import { sameAddress } from "../client/context.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { decodeJobState } from "../protocol/job-state.ts";
import type { DisputeContext } from "./context.ts";
import { nodeAt } from "./descent.ts";
import { firstDifference, resultStateOf, type Dispute, type Presenting } from "./dispute.ts";
import type { Move } from "./moves.ts";
import type { ChallengeState } from "./state.ts";
import { stepMove } from "./step.ts";

/** Seconds that a receipt must have left: a challenge of it takes three transactions until it is open. */
const OPENING_TIME = 120;

/** A dispute from the side of who doubts the result. */
export interface Challenge extends Dispute {
  readonly salt: string;
  readonly maximumBond: bigint | undefined;
}

/** The challenger's next move until there is a verdict; undefined while there is nothing to do. */
export async function challengerMove(
  context: DisputeContext,
  challenge: Challenge,
  state: ChallengeState,
): Promise<Move | undefined> {
  if (state.status === "None") return commit(context, challenge, state);
  if (state.status === "Committed") {
    return (await makeOpenable(context, challenge, state)) ?? open(challenge, state);
  }
  const { side, deadline } = state.turn!;
  // Whoever's clock it is: an ended game is better than one that nobody ends.
  if (state.time > deadline) return { kind: "timeout", args: [state.id], state };
  if (state.stage === "Named") return stepMove(context, challenge, state, false);
  if (state.stage === "Tile") return nameElement(context, challenge, state, side === "Challenger");
  if (side === "Provider") return undefined;
  const own = await challenge.own.tree.commitment();
  if (state.stage === "Root" && own.positionsRoot === state.positionsRoot) {
    const element = firstDifference(challenge.answer, own.tokens);
    if (element === undefined) throw nothingWrong(challenge, state);
    return { kind: "disputeOutput", args: [state.id, state.positionsRoot, element], state };
  }
  return narrow(context, challenge, state);
}

async function commit(context: DisputeContext, challenge: Challenge, state: ChallengeState): Promise<Move> {
  const { contracts } = context;
  const { job, submitted, maximumBond, presenting } = challenge;
  const delegating = await showDelegation(context, challenge, state);
  if (delegating) return delegating;
  const { finalizableAt } = submitted;
  const packed = await resultStateOf(context, challenge);
  if (presenting && decodeJobState(packed).status === "None") {
    await refuseUnpresentable(context, presenting);
  } else if (decodeJobState(packed).status !== "Submitted") {
    throw athanorError("JobNotSubmitted", { id: job.id, state: packed });
  }
  const needed = presenting ? OPENING_TIME : 0;
  if (state.time + needed >= finalizableAt) {
    throw athanorError("ChallengeTooLate", { id: job.id, finalizableAt });
  }
  const bond = await contracts.disputeGame.bondOf(job.terms);
  if (maximumBond !== undefined && bond > maximumBond) {
    throw athanorError("BondAboveLimit", { id: job.id, bond, maximumBond });
  }
  return { kind: "commit", args: [state.id], value: bond, state };
}

/** What could not be presented is found out before there is a bond: it would burn. */
async function refuseUnpresentable(
  { contracts, account }: DisputeContext,
  { args }: Presenting,
): Promise<void> {
  await contracts.receiptResults.present.staticCall(...args, { from: account });
}

/** Makes a receipt the result that is challenged, unless somebody did. */
async function makeOpenable(
  context: DisputeContext,
  challenge: Challenge,
  state: ChallengeState,
): Promise<Move | undefined> {
  const { presenting, job } = challenge;
  if (!presenting) return undefined;
  const { disputeGame } = context.contracts;
  const { status } = decodeJobState(await resultStateOf(context, challenge));
  if (status === "None") return { kind: "present", args: presenting.args, state };
  const [required, { bond }] = await Promise.all([
    disputeGame.bondOf(job.terms),
    disputeGame.challengeOf(state.id),
  ]);
  // The rules of the second of signing count, which the game tells once the receipt is presented. A bond that is too small would burn, all of it.
  if (bond >= required || state.convicted) return undefined;
  return { kind: "commit", args: [state.id], value: required - bond, state };
}

/**
 * Puts the client's delegation on chain where it is needed and not there yet: without it the challenge could not be opened, and
 * its bond would burn.
 *
 * @throws AthanorError `NotClientOrDelegate`
 */
async function showDelegation(
  { contracts, account, delegations }: DisputeContext,
  { job, presenting }: Challenge,
  state: ChallengeState,
): Promise<Move | undefined> {
  const { client } = job.terms;
  const about = presenting?.channel ?? job.id;
  if ((!job.hidden && !job.secret) || sameAddress(client, account)) return undefined;
  const [{ openPeriod }, until] = await Promise.all([
    contracts.disputeGame.parameters(),
    contracts.resultSources.delegatedUntil(client, about, account),
  ]);
  const needed = BigInt(state.time) + openPeriod;
  if (until >= needed) return undefined;
  const delegation = delegations.get(about);
  const fits =
    delegation?.work === about &&
    sameAddress(delegation.delegate, account) &&
    BigInt(delegation.expiry) >= needed;
  if (!fits) {
    throw athanorError("NotClientOrDelegate", { caller: account, client, work: about });
  }
  const { work, delegate, expiry, signature } = delegation;
  return { kind: "delegateChallenge", args: [client, work, delegate, expiry, signature], state };
}

function open({ job, submitted, salt }: Challenge, state: ChallengeState): Move {
  const output = { count: submitted.tokens.length, tokensRoot: tokensRoot(submitted.tokens) };
  return { kind: "open", args: [job.terms, output, salt], state };
}

/** On to the first of the current node's descendants that is not as this side computes it. */
async function narrow(context: DisputeContext, challenge: Challenge, state: ChallengeState): Promise<Move> {
  const { own, submitted } = challenge;
  const { layout } = own.tree;
  const isRoot = state.stage === "Root";
  const node = isRoot ? { tree: 0, level: layout.positionDepth, index: 0 } : nodeAt(state);
  const hash = isRoot ? state.positionsRoot : state.node;
  const children = await context.reveals.children(
    state.jobId,
    { node, hash },
    isRoot,
    submitted.position.block,
  );
  const levels = Math.log2(children.length);
  const mine = await own.tree.descendants(node, levels);
  const index = children.findIndex((child, at) => toHex(child) !== toHex(mine[at]!));
  if (index < 0) throw nothingWrong(challenge, state);
  const known = new RevealedNodes();
  known.add(node, children);
  const chosen = { ...node, level: node.level - levels, index: node.index * 2 ** levels + index };
  const siblings = known.siblings(chosen, levels).map((sibling) => toHex(sibling!));
  return { kind: "narrow", args: [state.id, index, toHex(children[index]!), siblings], state };
}

/** Names the first element of the tile that differs, once it is shown; at once where nothing should be. */
async function nameElement(
  context: DisputeContext,
  challenge: Challenge,
  state: ChallengeState,
  isShown: boolean,
): Promise<Move | undefined> {
  const { own, submitted } = challenge;
  const { position, operator, tile } = state.at;
  const mine = await own.tree.tile({ position, operator, tile });
  if (mine && !isShown) return undefined;
  const element = mine
    ? firstElement(
        mine,
        await context.reveals.tile(state.jobId, state.node, submitted.position.block),
        elementBytes(challenge, operator, tile),
      )
    : 0;
  return { kind: "nameElement", args: [state.id, state.node, element], state };
}

/** Of tiles of another length any element is wrong. */
function firstElement(mine: Uint8Array, shown: Uint8Array, bytes: number): number {
  if (mine.length !== shown.length) return 0;
  return Math.floor(mine.findIndex((byte, at) => byte !== shown[at]) / bytes);
}

const ELEMENT_BYTES = { int16: 2, int32: 4, uint32: 4, int64: 8 } as const;

function elementBytes({ own }: Challenge, operator: number, tile: number): number {
  const { section } = locateTile(own.tree.layout.operators[operator]!, tile);
  return ELEMENT_BYTES[section.type];
}

function nothingWrong({ job }: Challenge, { id }: ChallengeState): Error {
  return athanorError("NothingWrong", { challengeId: id, id: job.id });
}
