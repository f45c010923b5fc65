import { findOffers } from "../../market/offers.ts";
import type { CheckerContext } from "../context.ts";
import { inTurn, type Duty, type RoundView } from "../duty.ts";
import { isTurn, makeMove } from "../moves.ts";

/** Epochs after an exam in which it is judged: the scores of the first are made in the second. */
const JUDGED = [3, 2] as const;
/** Epochs without a judged exam after which a wait is ended. */
const LONGEST_WAIT = 6;
/** Looks for exams to judge and waits to end, and for providers that claim more than they passed with, in an epoch. */
const LOOKS = 240;
const SCANS = 24;

/**
 * Judges exams of hardware, what expires first before the rest; ends waits of providers that nobody examines; has whoever claims more than it passed with examined. All of it
 * is anybody's to do.
 */
export function examsDuty(context: CheckerContext): Duty {
  const { chain, checkers } = context;
  const { hardwareExams, providerRegistry, qualityReports } = checkers.contracts;
  let nextLook = 0;
  let nextScan = 0;

  async function judge(view: RoundView, ago: number): Promise<void> {
    const epoch = view.epoch - ago;
    if (epoch < 1) return;
    for (const { provider } of await view.enrolled()) {
      if (!isTurn(context, view, `judge ${epoch} ${provider}`, [0, 0.5])) continue;
      const [{ reports }, { judged }] = await Promise.all([
        qualityReports.mediansOf(epoch, provider),
        hardwareExams.standingOf(provider),
      ]);
      if (reports === 0n || BigInt(epoch) <= judged) continue;
      if (!(await hardwareExams.isExamined(epoch, provider))) continue;
      await makeMove(context, "judgeExam", { epoch, provider }, () => checkers.judgeExam(epoch, provider));
    }
  }

  async function lift(view: RoundView): Promise<void> {
    const isActive = await hardwareExams.isActive();
    for (const { provider } of await view.enrolled()) {
      if (!(await hardwareExams.isPending(provider))) continue;
      if (!isTurn(context, view, `lift ${provider}`, [0, 0.5])) continue;
      const { since, judged } = await hardwareExams.standingOf(provider);
      const last = Math.max(Number(since), Number(judged));
      if (isActive && view.epoch <= last + LONGEST_WAIT) continue;
      await makeMove(context, "liftExam", { provider }, () => checkers.liftExam(provider));
    }
  }

  /** Reads all offers there are, and so not in every round. */
  async function enter(view: RoundView): Promise<void> {
    if (view.now < nextScan || !(await hardwareExams.isActive())) return;
    // The first of all begins them.
    const startedIn = (await hardwareExams.startedIn()) || BigInt(view.epoch);
    const providers = new Set((await findOffers(chain, {})).map(({ provider }) => provider));
    for (const provider of providers) {
      if (!isTurn(context, view, `enter ${provider}`, [0, 0.25])) continue;
      const [claim, { passed, judged }, enrolment, isPending] = await Promise.all([
        providerRegistry.throughputOf(provider),
        hardwareExams.standingOf(provider),
        qualityReports.enrolmentOf(provider),
        hardwareExams.isPending(provider),
      ]);
      const served = enrolment.enrolled && enrolment.since < startedIn && judged === 0n;
      if (isPending || served || claim <= passed) continue;
      await makeMove(context, "enterExam", { provider, claim: claim.toString() }, () =>
        checkers.enterExam(provider),
      );
    }
    nextScan = view.now + checkers.epochLength / SCANS;
  }

  return {
    name: "exams",
    async advance(view) {
      await inTurn(
        async () => {
          if (view.now < nextLook) return;
          await inTurn(...JUDGED.map((ago) => () => judge(view, ago)), () => lift(view));
          nextLook = view.now + checkers.epochLength / LOOKS;
        },
        () => enter(view),
      );
    },
  };
}
