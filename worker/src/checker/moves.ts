import { AthanorError } from "@athanor/sdk/protocol";
import type { CheckerTransaction } from "@athanor/sdk/checkers";
import { keccak256, toUtf8Bytes } from "ethers";
import type { EventFields } from "../log/event-log.ts";
import type { CheckerContext } from "./context.ts";
import type { RoundView } from "./duty.ts";

/** Refusals of what somebody else has done meanwhile, or of what is no more to be done: nobody's failure. */
const overtaken = new Set([
  "AlreadyCommitted",
  "AlreadyDrawn",
  "AlreadyScored",
  "BlockNotThere",
  "EnrolledAlready",
  "ExamsInactive",
  "NoExam",
  "NoFault",
  "NoRoundPending",
  "NotBad",
  "NotEnrolled",
  "NotMeasurable",
  "NoPayToClaim",
  "NothingToExamine",
  "RoundPending",
  "SharesStanding",
  "StillExamined",
  "StillMeasurable",
]);

/**
 * Makes a move, logs and counts it.
 *
 * @param move its name: the method of the SDK
 * @returns whether it was made; false when somebody else was faster, or there is nothing to be done
 */
export async function makeMove(
  { log, metrics }: CheckerContext,
  move: string,
  about: EventFields,
  send: () => Promise<CheckerTransaction>,
): Promise<boolean> {
  try {
    const { transactionHash, gas } = await send();
    log.emit("info", "checker.move", { move, ...about, transactionHash, gas });
    metrics.noteMove(move, gas);
    return true;
  } catch (error) {
    if (!(error instanceof AthanorError) || !overtaken.has(error.code)) throw error;
    log.emit("debug", "checker.overtaken", { move, ...about, code: error.code });
    return false;
  }
}

/** Says what cannot be done any more, and what that costs: once, restarts included. */
export function noteMissed(
  { log, metrics, storage }: CheckerContext,
  epoch: number,
  what: string,
  fields: EventFields & { readonly message: string },
): void {
  if (!storage.note(`missed ${what} ${epoch}`, epoch)) return;
  metrics.noteMissed(what);
  log.emit("error", "checker.missed", { epoch, what, ...fields });
}

/**
 * Whether it is this checker's turn to do what any checker may: each begins at a moment of its own in a part of the epoch, so that not all of
 * them pay for the same thing at once. Whoever comes later finds it done.
 *
 * @param from where the part begins, of the epoch, from 0 to 1
 * @param until where the last one begins
 */
export function isTurn(
  { checker, checkers }: Pick<CheckerContext, "checker" | "checkers">,
  { epoch, now, startOf }: RoundView,
  what: string,
  [from, until]: readonly [from: number, until: number],
): boolean {
  const hash = keccak256(toUtf8Bytes(`${checker} ${epoch} ${what}`));
  const fraction = Number(BigInt.asUintN(32, BigInt(hash))) / 2 ** 32;
  return now >= startOf(epoch) + (from + fraction * (until - from)) * checkers.epochLength;
}

/** All that times within an epoch follow from, seconds. */
export interface EpochLength {
  readonly checkers: { readonly epochLength: number };
}

/** Before the end of an epoch, seconds: a transaction that is sent later may be mined in the next one. */
export function lastMoment({ checkers }: EpochLength): number {
  return Math.max(90, Math.floor(checkers.epochLength / 50));
}
