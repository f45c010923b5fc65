import { buildModule } from "@nomicfoundation/hardhat-ignition/modules";
import { REPORTER } from "../roles.ts";
import athanor from "./Athanor.ts";

/**
 * The checkers: who measures providers, recomputes results and times hardware, and what that pays. docs/checkers.md specifies them.
 *
 * Parameters, besides those of the module Athanor; shares are ten-thousandths:
 * - epochLength: seconds, at least the inclusion delay
 * - checkerStake: ATH units
 * - missingShare, omissionShare, auditShare: of that stake, lost for a fault
 * - expectedCheckers, quorum: drawn per provider on average; reports that count at least
 * - expectedAuditors, auditRate, auditShares: drawn per audited result; part of the public results; pay of an attestation in reports
 * - tolerance, uptimeTolerance: how far from the median a report is paid
 * - uptimeFloor, floorEpochs, penaltyShare: what is announced to the quality court, and when
 * - requests: answered ones that a report of full uptime shows at least
 * - examTolerance, examRate, minimumCheckers: exams of hardware, from so many commitments on; never with 1,000,000
 */
export default buildModule("Checkers", (m) => {
  const contracts = m.useModule(athanor);
  const { accessManager, vault, providerRegistry, channelEscrow, jobEscrow, disputeGame } = contracts;

  const drawBeacon = m.contract("DrawBeacon");
  const checkers = m.contract("Checkers", [
    accessManager,
    vault,
    drawBeacon,
    m.getParameter("sequencerFeed", "0x0000000000000000000000000000000000000000"),
    m.getParameter("epochLength", 86_400),
    m.getParameter("inclusionDelay", 0),
    {
      stake: m.getParameter("checkerStake", 10_000n * 10n ** 18n),
      missingShare: m.getParameter("missingShare", 200),
      omissionShare: m.getParameter("omissionShare", 100),
      auditShare: m.getParameter("auditShare", 400),
      expectedCheckers: m.getParameter("expectedCheckers", 9),
      quorum: m.getParameter("quorum", 5),
      expectedAuditors: m.getParameter("expectedAuditors", 4),
      auditRate: m.getParameter("auditRate", 200),
      auditShares: m.getParameter("auditShares", 1),
      tolerance: m.getParameter("tolerance", 5_000),
      uptimeTolerance: m.getParameter("uptimeTolerance", 900),
      uptimeFloor: m.getParameter("uptimeFloor", 9_000),
      floorEpochs: m.getParameter("floorEpochs", 3),
      penaltyShare: m.getParameter("penaltyShare", 1_000),
      examTolerance: m.getParameter("examTolerance", 8_000),
      examRate: m.getParameter("examRate", 500),
      minimumCheckers: m.getParameter("minimumCheckers", 32),
      requests: m.getParameter("requests", 10),
    },
  ]);
  const checkerPay = m.contract("CheckerPay", [checkers, contracts.feeDistributor]);
  const askedEvidence = m.contract("AskedEvidence", [checkers, channelEscrow, jobEscrow]);
  const qualityReports = m.contract("QualityReports", [
    accessManager,
    checkers,
    checkerPay,
    providerRegistry,
    contracts.qualityCourt,
    askedEvidence,
  ]);
  const resultAudits = m.contract("ResultAudits", [checkers, checkerPay, jobEscrow, disputeGame]);
  const hardwareExams = m.contract("HardwareExams", [checkers, qualityReports, providerRegistry]);

  m.call(vault, "addModule", [checkers], { id: "addCheckers", after: [athanor] });
  m.call(checkers, "setTasks", [[qualityReports, resultAudits]]);
  m.call(qualityReports, "setExams", [hardwareExams]);
  m.call(providerRegistry, "setHardwareExams", [hardwareExams]);
  m.call(contracts.feeDistributor, "setCheckers", [checkerPay]);
  m.call(accessManager, "grantRole", [REPORTER, qualityReports, 0], {
    id: "letReportsAnnounce",
    after: [athanor],
  });

  return {
    ...contracts,
    drawBeacon,
    checkers,
    checkerPay,
    askedEvidence,
    qualityReports,
    resultAudits,
    hardwareExams,
  };
});
