import type { Buyer } from "./buyer.ts";
import type { Measurement, Target } from "./options.ts";

/**
 * Does what is due by now: for daemons that call it in every round until it says what was found.
 *
 * @returns undefined while there is more to ask; past the deadline, when nothing can be said for a reason of this side
 */
export async function measureDue(buyer: Buyer, target: Target): Promise<Measurement | undefined> {
  const { state } = await buyer.nextRequest(target);
  // An end that was reached with the last request is found by the next call, which sends none.
  return state === "done" || state === "stuck" ? buyer.measurementOf(target) : undefined;
}

/** Steps without a request that counts, one after another, after which it is of no use to try on. */
const MOST_IN_VAIN = 3;

/**
 * Asks all that is left to ask of a provider, one request after another and at once, and says what it shows. Resumable: what was asked before, also by a process that ended, counts.
 * Daemons, which have an epoch's time, call `nextRequest` of the buyer instead.
 *
 * @returns undefined when nothing can be said of the provider, for a reason of this side
 */
export async function measureProvider(buyer: Buyer, target: Target): Promise<Measurement | undefined> {
  let asked = -1;
  for (let inVain = 0; inVain < MOST_IN_VAIN;) {
    const step = await buyer.nextRequest(target, { atOnce: true });
    if (step.state === "done" || step.state === "stuck") break;
    const now = buyer.measurementOf(target)?.asked ?? 0;
    inVain = now > asked ? 0 : inVain + 1;
    asked = now;
  }
  return buyer.measurementOf(target);
}
