import { reportHashes, reportsTip, type QualityReport } from "@athanor/sdk/checkers";
import { type AthanorError, toAthanorError } from "@athanor/sdk/protocol";
import { ZeroHash } from "ethers";
import type { CheckerContext } from "../context.ts";
import { inTurn, type Duty, type RoundView } from "../duty.ts";
import { isNodeTrouble } from "../../errors.ts";
import { lastMoment, makeMove, noteMissed } from "../moves.ts";
import { ownProviders } from "../own.ts";
import { commitFrom } from "./measurements.ts";

/** Of a block's gas, what one transaction may take: more of them are mined sooner than one that fills a block. */
const PART_OF_BLOCK = 4n;

const changing = { CommitmentMismatch: true, NotAscending: true, WrongEpoch: true };

/** Commits to what was measured before the epoch ends, and reveals it in the next. */
export function reportsDuty(context: CheckerContext): Duty {
  return {
    name: "reports",
    advance: (view) =>
      inTurn(
        () => reveal(context, view),
        () => commit(context, view),
      ),
  };
}

async function commit(context: CheckerContext, view: RoundView): Promise<void> {
  const { checkers, checker, storage } = context;
  const { epoch, now } = view;
  const stored = storage.reportsOf(epoch);
  if (stored.length === 0) return;
  const tip = await checkers.contracts.qualityReports.tipOf(epoch, checker);
  if (tip === reportsTip(stored)) return;
  const drawn = await ownProviders(context, view, epoch);
  if (drawn === undefined) return;
  // Each commitment costs gas, so it is made when all is there, or it is time.
  if (stored.length < drawn.length && now < commitFrom(context, view)) return;
  const reports = await provable(context, epoch, stored);
  if (reports.length === 0 || tip === reportsTip(reports)) return;
  if (now >= view.startOf(epoch + 1) - lastMoment(context)) {
    return noteMissed(context, epoch, "commitment", {
      message: `it is too late in the epoch to commit to ${reports.length} reports`,
    });
  }
  const next = reportsTip(reports);
  storage.putCommitment(epoch, next, reports);
  await makeMove(context, "commitReports", { epoch, reports: reports.length }, () =>
    checkers.commitReports(next, { epoch }),
  );
}

/** Reports that the chain takes: one that it refuses would take all before it along. */
async function provable(
  context: CheckerContext,
  epoch: number,
  reports: readonly QualityReport[],
): Promise<QualityReport[]> {
  const { checkers, checker } = context;
  const { askedEvidence } = checkers.contracts;
  const { requests } = await checkers.rulesOf(epoch);
  const kept: QualityReport[] = [];
  for (const report of reports) {
    const { provider, uptime, evidence } = report;
    // Of a provider that answered nothing there is no evidence, and none is asked for.
    const examined = uptime > 0 && (await checkers.isExamined(epoch, provider));
    const shown = uptime > 0 ? await askedEvidence.countOf(epoch, checker, provider, examined, evidence) : 0n;
    if (uptime === 0 || shown * 10_000n >= BigInt(uptime * requests)) kept.push(report);
    else {
      noteMissed(context, epoch, `evidence ${provider}`, {
        provider,
        message: `the evidence shows ${shown} requests, too few for an uptime of ${uptime / 100} %; the report is left out`,
      });
    }
  }
  return kept;
}

async function reveal(context: CheckerContext, { settledEpoch }: RoundView): Promise<void> {
  const { checkers, checker, storage, signal } = context;
  const epoch = settledEpoch - 1;
  if (epoch < 1) return;
  const { contracts } = checkers;
  // Nobody is drawn by a secret that is not known.
  if (BigInt(await contracts.checkers.secretOf(epoch, checker)) === 0n) return;
  // Which commitment was mined, and how much of it is revealed, the chain says.
  for (let size: number | undefined; !signal.aborted;) {
    const tip = await contracts.qualityReports.tipOf(epoch, checker);
    if (tip === ZeroHash) return;
    // After a loss of the disk, what was measured again may be what was committed to before.
    const left = remaining([...storage.commitmentsOf(epoch), storage.reportsOf(epoch)], tip);
    if (left === undefined) {
      return noteMissed(context, epoch, "reports", {
        message: "the reports behind the commitment are not in this database; nobody can reveal them",
      });
    }
    const chunk = await fitting(context, epoch, left, size);
    if (chunk === undefined) return;
    const { previous, reports } = chunk;
    const isMade = await makeMove(
      context,
      "revealReports",
      { epoch, reports: reports.length, left: left.length - reports.length },
      () => checkers.revealReports(checker, previous, reports),
    );
    if (!isMade) return;
    size = reports.length;
  }
}

/** The reports that are not revealed yet: those of a stored commitment up to the one whose hash is the chain's. */
function remaining(commitments: readonly QualityReport[][], tip: string): QualityReport[] | undefined {
  for (const reports of commitments) {
    const index = reportHashes(reports).indexOf(tip);
    if (index > 0) return reports.slice(0, index);
  }
  return undefined;
}

/** The largest chunk of the last reports that a transaction takes. Undefined when the chain refuses even the last one by itself. */
async function fitting(
  context: CheckerContext,
  epoch: number,
  left: readonly QualityReport[],
  most = left.length,
): Promise<{ readonly previous: string; readonly reports: readonly QualityReport[] } | undefined> {
  const { chain, checkers, checker, operator } = context;
  const { qualityReports } = checkers.contracts;
  const hashes = reportHashes(left);
  const block = await chain.provider.getBlock("latest");
  const limit = block!.gasLimit / PART_OF_BLOCK;
  const to = await qualityReports.getAddress();
  for (let size = Math.min(most, left.length); ; size = Math.ceil(size / 2)) {
    const reports = left.slice(left.length - size);
    const previous = hashes[left.length - size]!;
    const chunk = reports.map((report) => ({ ...report }));
    const data = qualityReports.interface.encodeFunctionData("revealReports", [checker, previous, chunk]);
    try {
      const gas = await chain.provider.estimateGas({ from: operator.address, to, data });
      if (gas <= limit || size === 1) return { previous, reports };
    } catch (error) {
      const failure = toAthanorError(error);
      // Of the epoch or the reports' order: the next look sees what has changed meanwhile.
      if (isNodeTrouble(failure) || failure.code in changing) throw failure;
      if (size > 1) continue;
      noteRefused(context, epoch, left, failure);
      return undefined;
    }
  }
}

function noteRefused(
  context: CheckerContext,
  epoch: number,
  left: readonly QualityReport[],
  { code, message }: AthanorError,
): void {
  noteMissed(context, epoch, "reveal", {
    provider: left.at(-1)!.provider,
    message: `the chain refuses a report, and so the ${left.length - 1} before it (${code}): ${message}`,
  });
}
