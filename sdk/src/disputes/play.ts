import type { AthanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { isTransient } from "../errors/transport-error.ts";
import { sleep, throwIfAborted } from "../internal/abort.ts";
import type { DisputeContext } from "./context.ts";
import type { PlayOptions } from "./types.ts";

/** What a player does next: something, nothing yet, or nothing any more. */
export type Next<Outcome> =
  { readonly act: () => Promise<void> } | { readonly wait: true } | { readonly outcome: Outcome };

/** Refusals in a row, with a new look at the chain before each, after which a player gives up. */
const MOST_REFUSALS = 8;

/** Somebody else was faster, the chain was reorganised or is a block behind: looking again tells. */
const resolvedByLooking = new Set([
  "AlreadyConvicted",
  "AlreadyPresented",
  "AlreadyRevealed",
  "ChallengeExists",
  "JobNotSubmitted",
  "NonceConflict",
  "NotConvicted",
  "NothingToWithdraw",
  "NotLive",
  "NotRevealed",
  "NotTooLate",
  "OpeningOutOfTime",
  "RpcInvalidResponse",
  "TooLate",
  "TraceAlreadyPosted",
  "TraceNotPosted",
  "TransactionFailed",
  "TransactionNotMined",
  "TransactionReplaced",
  "TransactionUncertain",
  "UnexpectedNode",
  "UnknownChallenge",
  "UnknownReceipt",
  "WrongStage",
]);

/**
 * Looks at the chain and does what is next, again and again until there is an outcome. Nothing is remembered from one look to the
 * next, so a program that stopped anywhere goes on where it was. Outages of the node are waited out.
 *
 * @throws AthanorError what no further look resolves
 */
export async function play<Outcome>(
  { reader }: DisputeContext,
  { signal }: PlayOptions,
  look: () => Promise<Next<Outcome>>,
): Promise<Outcome> {
  for (let refusals = 0; ;) {
    throwIfAborted(signal);
    try {
      const next = await look();
      if ("outcome" in next) return next.outcome;
      if ("act" in next) {
        await next.act();
        refusals = 0;
        continue;
      }
    } catch (error) {
      const failure = toAthanorError(error);
      const mayResolve =
        resolvedByLooking.has(failure.code) && (isEarly(failure) || ++refusals < MOST_REFUSALS);
      const again = isTransient(failure) || mayResolve;
      if (!again) throw failure;
    }
    await sleep(reader.options.pollInterval, signal);
  }
}

/** A commitment is opened in a later block than its own, which comes by itself. */
function isEarly({ code, values }: AthanorError): boolean {
  const { timestamp, earliest } = values as { timestamp?: bigint; earliest?: bigint };
  return code === "OpeningOutOfTime" && timestamp! < earliest!;
}
