import { connectCheckers } from "@athanor/sdk/checkers";
import { AthanorError } from "@athanor/sdk/protocol";
import type { Chain } from "../chain/chain.ts";
import type { Hindrance } from "./new-work.ts";

/** Epochs of which medians are shown. */
const SHOWN = 8;
/** After it began, reports of an epoch are revealed in the next one, and scored in the one after. */
const SCORED_AFTER = 2;
/** Epochs without a judged exam after which anyone ends the wait: docs/checkers.md, section 6. */
const LONGEST_WAIT = 6;

/** Three measures: basis points, milliseconds, and multiply-adds a second as decimal digits. */
export interface Measures {
  readonly uptime: number;
  readonly latency: number;
  readonly throughput: string;
}

/** What checkers found in one epoch. */
export interface EpochMedians extends Measures {
  readonly epoch: number;
  /** Checkers that reported; of them, those near the medians. */
  readonly reports: number;
  readonly near: number;
  /** Whether it was an exam of the hardware, whose throughput is no part of the score. */
  readonly exam: boolean;
}

export interface ExamStatus {
  /** Whether exams are held in this epoch. */
  readonly active: boolean;
  /** Whether the provider takes no work until it passes. */
  readonly pending: boolean;
  /** The epoch in which the wait began; null if there is none. */
  readonly since: number | null;
  /** Multiply-adds a second, decimal digits: what is claimed today, and the most that it passed with. */
  readonly claim: string;
  readonly passed: string;
  /** What must be measured of the claim, basis points. */
  readonly tolerance: number;
  /** Whether anyone can have it wait for an exam now: it claims more than it passed with, and did not serve before exams began. */
  readonly enterable: boolean;
  /** The last epoch whose exam was judged; null if none was. */
  readonly judged: number | null;
  /** The epoch of the next exam that is certain; null if none is. */
  readonly next: number | null;
  /** From this epoch on anyone can end a wait in which no exam is judged; null if there is none. */
  readonly liftedFrom: number | null;
}

/** What checkers found of a provider, and what follows from it. docs/checkers.md. */
export interface QualityStatus {
  /** The current epoch. */
  readonly epoch: number;
  /** Epoch after which it is measured; null if it is not. */
  readonly measuredSince: number | null;
  /** Null before the first scored epoch. */
  readonly score: (Measures & { readonly epoch: number }) | null;
  /** Scored epochs of the last ones, the newest first. */
  readonly recent: readonly EpochMedians[];
  /** Scored epochs in a row with an uptime below the floor, and with how many the provider is announced to the quality court. */
  readonly badEpochs: number;
  readonly announcedAt: number;
  /** Basis points. */
  readonly uptimeFloor: number;
  readonly exam: ExamStatus;
}

/** Null where the deployment has no checkers. */
export async function readQuality(
  { contracts: { deployment, providerRegistry }, provider: rpc }: Chain,
  owner: string,
): Promise<QualityStatus | null> {
  const contracts = await connectCheckers(rpc, deployment).catch((error: unknown) => {
    if (error instanceof AthanorError && error.code === "CheckersUnavailable") return null;
    throw error;
  });
  if (contracts === null) return null;
  const { checkers, qualityReports, hardwareExams } = contracts;
  const epoch = Number(await checkers.currentEpoch());
  const [rules, enrolment, score, active, pending, standing, startedIn, claim] = await Promise.all([
    checkers.parametersAt(epoch),
    qualityReports.enrolmentOf(owner),
    qualityReports.scoreOf(owner),
    hardwareExams.isActive(),
    hardwareExams.isPending(owner),
    hardwareExams.standingOf(owner),
    hardwareExams.startedIn(),
    providerRegistry.throughputOf(owner),
  ]);
  const last = epoch - SCORED_AFTER;
  const epochs = Array.from({ length: Math.max(0, Math.min(SHOWN, last + 1)) }, (_, index) => last - index);
  const recent = await Promise.all(
    epochs.map(async (of) => {
      const medians = await qualityReports.mediansOf(of, owner);
      if (medians.reports === 0n) return [];
      const exam = await hardwareExams.isExamined(of, owner);
      const counts = { reports: Number(medians.reports), near: Number(medians.near) };
      return [{ epoch: of, ...counts, exam, ...measuresOf(medians) }];
    }),
  );
  const [since, judged] = [Number(standing.since), Number(standing.judged)];
  // The first exam of all begins them.
  const begun = startedIn || BigInt(epoch);
  const served = enrolment.enrolled && enrolment.since < begun && judged === 0;
  const isMeasured = enrolment.enrolled && (enrolment.until === 0n || BigInt(epoch) < enrolment.until);
  return {
    epoch,
    measuredSince: isMeasured ? Number(enrolment.since) : null,
    score: score.epoch === 0n ? null : { ...measuresOf(score), epoch: Number(score.epoch) },
    recent: recent.flat(),
    badEpochs: Number(score.badEpochs),
    announcedAt: Number(rules.floorEpochs),
    uptimeFloor: Number(rules.uptimeFloor),
    exam: {
      active,
      pending,
      since: pending ? since : null,
      claim: String(claim),
      passed: String(standing.passed),
      tolerance: Number(rules.examTolerance),
      enterable: active && !pending && !served && claim > standing.passed,
      judged: judged === 0 ? null : judged,
      next: pending ? Math.max(epoch, since + 1) : null,
      liftedFrom: pending ? Math.max(since, judged) + LONGEST_WAIT + 1 : null,
    },
  };
}

function measuresOf(found: {
  readonly uptime: bigint;
  readonly latency: bigint;
  readonly throughput: bigint;
}): Measures {
  return {
    uptime: Number(found.uptime),
    latency: Number(found.latency),
    throughput: String(found.throughput * 1_000_000n),
  };
}

/** Uptime in per cent, at most two digits behind the point. */
export const percent = (basisPoints: number): string => `${basisPoints / 100} %`;

/** Multiply-adds a second in billions, three digits or as many as stand before the point. */
export function billions(throughput: string): string {
  const value = Number(throughput) / 1e9;
  const digits = Math.max(3, String(Math.floor(value)).length);
  return `${value.toLocaleString("en", { maximumSignificantDigits: digits })} billion multiply-adds/s`;
}

/**
 * What checkers found and what to do about it, in whole sentences; empty where there is nothing to do.
 *
 * @param endpoint of the registered profile; empty if there is none
 */
export function qualityHintsOf(found: QualityStatus, endpoint: string): Hindrance[] {
  const hints: Hindrance[] = [];
  const { exam, epoch, badEpochs, announcedAt, uptimeFloor } = found;
  const claimed = billions(exam.claim);
  if (exam.pending) {
    hints.push({
      what:
        `The provider waits for an exam of its hardware since epoch ${exam.since}: it gets no new work until checkers measure ` +
        `${percent(exam.tolerance)} of the ${claimed} that it claims.${lastExam(found)}`,
      remedy: exam.active
        ? `The next exam is in epoch ${exam.next}, and is judged two epochs later. Keep the daemon running${endpoint === "" ? ", and give it an endpoint: without one nobody can examine it" : ""}. If the hardware is slower than that, lower the claim: correct hardware and run: athanor provider register --config FILE`
        : "No exams are held in this epoch, so anyone can end the wait with HardwareExams.lift.",
    });
  } else if (exam.enterable) {
    hints.push({
      what: `The hardware claims ${claimed}, more than the ${billions(exam.passed)} that it passed an exam with, and exams are held.`,
      remedy:
        "Anyone can have it examined, and a new provider gets no work until it passes. Measure it before: athanor provider check --config FILE",
    });
  }
  if (badEpochs > 0) {
    hints.push({
      what:
        `Checkers found an uptime below ${percent(uptimeFloor)} in ${badEpochs === 1 ? "the last scored epoch" : `${badEpochs} scored epochs in a row`}` +
        `${badEpochs < announcedAt ? `; with ${announcedAt} anyone can announce the provider to the quality court` : ", so anyone can announce the provider to the quality court"}.`,
      remedy: "Look into the daemon's log for refused and failed requests, of now and of those epochs.",
    });
  }
  if (found.measuredSince !== null && found.score !== null && epoch > found.score.epoch + SHOWN) {
    hints.push({
      what: `Checkers scored the provider in epoch ${found.score.epoch} last; this is epoch ${epoch}.`,
      remedy: "Too few reported since. There is nothing to do.",
    });
  }
  return hints;
}

function lastExam({ recent, exam: { judged, claim } }: QualityStatus): string {
  const found = recent.find(({ epoch }) => epoch === judged);
  if (judged === null || found === undefined) return "";
  const part = Math.floor((Number(found.throughput) / Number(claim)) * 10_000);
  return ` The last one, of epoch ${judged}, measured ${billions(found.throughput)}, ${percent(part)} of today's claim.`;
}
