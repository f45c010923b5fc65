import { findOffers } from "../../market/offers.ts";
import { readProviderState } from "../../market/provider-state.ts";
import type { CheckerContext } from "../context.ts";
import { inTurn, type Duty, type RoundView } from "../duty.ts";
import { isTurn, makeMove } from "../moves.ts";
import { measuredProviders } from "../own.ts";

/** Looks for providers that come and go, in an epoch. */
const SCANS = 24;

/** Scores what was reported on, announces whoever was below the floor for too long, and has providers that come and go enrolled and retired. */
export function scoresDuty(context: CheckerContext): Duty {
  const { checkers } = context;
  const { qualityReports } = checkers.contracts;
  const scored = new Set<string>();
  let nextScan = 0;

  async function score(view: RoundView): Promise<void> {
    const epoch = view.epoch - 2;
    if (epoch < 1) return;
    for (const provider of await measuredProviders(view, epoch)) {
      const key = `${epoch} ${provider}`;
      if (scored.has(key) || !isTurn(context, view, `score ${provider}`, [0, 0.5])) continue;
      const { quorum } = await view.rulesOf(epoch);
      const [{ reports }, count] = await Promise.all([
        qualityReports.mediansOf(epoch, provider),
        qualityReports.reportCount(epoch, provider),
      ]);
      if (reports === 0n && count >= BigInt(quorum)) {
        await makeMove(context, "score", { epoch, provider }, () => checkers.score(provider));
      }
      scored.add(key);
      await announce(view, provider);
    }
  }

  async function announce({ epoch, rulesOf }: RoundView, provider: string): Promise<void> {
    const { badEpochs = 0 } = (await checkers.scoreOf(provider)) ?? {};
    const { floorEpochs } = await rulesOf(epoch);
    if (badEpochs < floorEpochs) return;
    await makeMove(context, "announce", { provider, badEpochs }, () => checkers.announce(provider));
  }

  async function follow(view: RoundView): Promise<void> {
    if (view.now < nextScan) return;
    const enrolled = await view.enrolled();
    const current = new Map(enrolled.map((one) => [one.provider, one]));
    const offering = new Set((await findOffers(context.chain, {})).map(({ provider }) => provider));
    for (const provider of new Set([...offering, ...current.keys()])) {
      const one = current.get(provider);
      const isEnrolled = one !== undefined && one.until === undefined;
      // The contract says exactly; this keeps from asking it for nothing.
      const state = await readProviderState(context.chain, provider);
      const isServing = state.registered && state.offerCount > 0 && !state.convicted && !state.resting;
      if (isEnrolled === isServing) continue;
      if (!isTurn(context, view, `follow ${provider}`, [0, 0.5])) continue;
      if (isEnrolled) await makeMove(context, "retire", { provider }, () => checkers.retire(provider));
      else await makeMove(context, "enroll", { provider }, () => checkers.enroll(provider));
    }
    nextScan = view.now + checkers.epochLength / SCANS;
  }

  return {
    name: "scores",
    advance: (view) =>
      inTurn(
        () => score(view),
        () => follow(view),
      ),
  };
}
