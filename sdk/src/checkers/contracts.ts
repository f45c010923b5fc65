import { ZeroAddress, type ContractRunner } from "ethers";
import { validateAddress } from "../client/arguments.ts";
import { sameAddress } from "../client/context.ts";
import { athanorError } from "../errors/athanor-error.ts";
import {
  askedEvidenceFragments,
  checkerPayFragments,
  checkersFragments,
  drawBeaconFragments,
  hardwareExamsFragments,
  qualityReportsFragments,
  resultAuditsFragments,
} from "../generated/checking-fragments.ts";
import type { AskedEvidence } from "../generated/contracts/AskedEvidence.ts";
import type { CheckerPay } from "../generated/contracts/CheckerPay.ts";
import type { Checkers } from "../generated/contracts/Checkers.ts";
import type { DrawBeacon } from "../generated/contracts/DrawBeacon.ts";
import type { HardwareExams } from "../generated/contracts/HardwareExams.ts";
import type { QualityReports } from "../generated/contracts/QualityReports.ts";
import type { ResultAudits } from "../generated/contracts/ResultAudits.ts";
import { contractAt } from "../protocol/connect-contracts.ts";
import type { Deployment } from "../protocol/deployment.ts";
import { addCheckingErrors } from "./errors.ts";

/** The contracts of checkers, typed. */
export interface CheckerContracts {
  readonly checkers: Checkers;
  readonly drawBeacon: DrawBeacon;
  readonly askedEvidence: AskedEvidence;
  readonly qualityReports: QualityReports;
  readonly checkerPay: CheckerPay;
  readonly resultAudits: ResultAudits;
  readonly hardwareExams: HardwareExams;
}

/**
 * The contracts of a deployment's checkers: two of them are named, which name the others.
 *
 * @param runner reads the chain
 * @throws AthanorError `CheckersUnavailable` when the deployment does not have all of them, `DeploymentInconsistent` when they do not belong together
 */
export async function connectCheckers(
  runner: ContractRunner,
  deployment: Deployment,
): Promise<CheckerContracts> {
  addCheckingErrors();
  const reportsAt = addressOf(deployment, "qualityReports");
  const auditsAt = addressOf(deployment, "resultAudits");
  const qualityReports = contractAt(reportsAt, qualityReportsFragments, runner) as QualityReports;
  const resultAudits = contractAt(auditsAt, resultAuditsFragments, runner) as ResultAudits;
  const [checkersAt, payAt, askedAt, examsAt, checkersOfAudits] = await Promise.all([
    qualityReports.checkers(),
    qualityReports.pay(),
    qualityReports.asked(),
    qualityReports.exams(),
    resultAudits.checkers(),
  ]);
  if (examsAt === ZeroAddress) throw athanorError("CheckersUnavailable", { contract: "hardwareExams" });
  const checkers = contractAt(checkersAt, checkersFragments, runner) as Checkers;
  const [beaconAt, vault, areReportsTask, areAuditsTask] = await Promise.all([
    checkers.beacon(),
    checkers.vault(),
    checkers.isTask(reportsAt),
    checkers.isTask(auditsAt),
  ]);
  const belongs = {
    qualityReports: areReportsTask && sameAddress(vault, deployment.vault),
    resultAudits: areAuditsTask && sameAddress(checkersOfAudits, checkersAt),
  };
  for (const [contract, fits] of Object.entries(belongs)) {
    const address = deployment[contract as keyof typeof belongs];
    if (!fits) throw athanorError("DeploymentInconsistent", { contract, address, vault: deployment.vault });
  }
  return {
    checkers,
    qualityReports,
    resultAudits,
    drawBeacon: contractAt(beaconAt, drawBeaconFragments, runner) as DrawBeacon,
    checkerPay: contractAt(payAt, checkerPayFragments, runner) as CheckerPay,
    askedEvidence: contractAt(askedAt, askedEvidenceFragments, runner) as AskedEvidence,
    hardwareExams: contractAt(examsAt, hardwareExamsFragments, runner) as HardwareExams,
  };
}

function addressOf(deployment: Deployment, contract: "qualityReports" | "resultAudits"): string {
  const address = deployment[contract];
  if (address === undefined) throw athanorError("CheckersUnavailable", { contract });
  validateAddress(`deployment.${contract}`, address);
  return address;
}
