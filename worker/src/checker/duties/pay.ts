import type { CheckerContext } from "../context.ts";
import { inTurn, type Duty, type RoundView } from "../duty.ts";
import { isTurn, makeMove } from "../moves.ts";

/** Epochs after which what an epoch pays can be claimed. */
const SETTLED_AFTER = 3;
/** Epochs before that at which a restarted checker looks for pay that it has not claimed. */
const LOOK_BACK = 30;

/** Has the fees' part of the checkers collected, and claims this one's pay for its owner. */
export function payDuty(context: CheckerContext): Duty {
  const { checkers, checker, tokens, log, metrics } = context;
  const { checkerPay } = checkers.contracts;
  const collected = new Set<string>();
  const settled = new Set<string>();

  async function collect(view: RoundView): Promise<void> {
    for (const token of tokens) {
      const key = `${view.epoch} ${token}`;
      // Late in the epoch, so that once is enough for most of what comes in.
      if (collected.has(key) || !isTurn(context, view, `collect ${token}`, [0.6, 0.9])) continue;
      if ((await checkerPay.collect.staticCall(token)) > 0n) {
        await makeMove(context, "collect", { epoch: view.epoch, token }, () => checkers.collect(token));
      }
      collected.add(key);
    }
  }

  async function claim(view: RoundView): Promise<void> {
    const last = view.epoch - SETTLED_AFTER;
    for (let epoch = Math.max(0, last - LOOK_BACK); epoch <= last; epoch++) {
      for (const token of tokens) {
        const key = `${epoch} ${token}`;
        if (settled.has(key) || !(await settle(view, epoch, token))) continue;
        settled.add(key);
      }
    }
  }

  /** @returns whether nothing is left to do */
  async function settle(view: RoundView, epoch: number, token: string): Promise<boolean> {
    const { amount, pot, totalShares } = await checkers.payOf({ epoch, token, checker });
    if (amount > 0n) {
      await makeMove(context, "claim", { epoch, token, amount }, async () => {
        const claimed = await checkers.claim({ epoch, token, checker });
        metrics.notePaid(token, claimed.amount);
        log.emit("info", "checker.paid", { epoch, token, amount: claimed.amount });
        return claimed;
      });
      // Looked at once more: until it is there for good, it may be undone.
      return false;
    } else if (totalShares === 0n && pot > 0n) {
      if (!isTurn(context, view, `roll over ${epoch} ${token}`, [0, 0.5])) return false;
      await makeMove(context, "rollOver", { epoch, token }, () => checkers.rollOver({ epoch, token }));
    }
    return true;
  }

  return {
    name: "pay",
    advance: (view) =>
      inTurn(
        () => claim(view),
        () => collect(view),
      ),
  };
}
