import { ZeroHash, type ContractRunner } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import type { QualityCourt } from "../generated/contracts/QualityCourt.ts";
import { CaseStatus } from "../generated/enums.ts";
import { qualityCourtFragments } from "../generated/fragments.ts";
import { type AthanorContracts, contractAt } from "../protocol/connect-contracts.ts";
import { logReaderOf, readLogs, type ReadLogsOptions } from "../protocol/read-logs.ts";

/** Of a case that was announced. */
export type CaseStatusName = Exclude<keyof typeof CaseStatus, "None">;

/** Parameters of a case; seconds, and parts of 10,000. See `IQualityCourt.Parameters`. */
export interface CaseTerms {
  readonly appealPeriod: number;
  readonly decisionPeriod: number;
  readonly caseInterval: number;
  readonly suspension: number;
  readonly removalAfter: number;
  readonly harmedBasisPoints: number;
  readonly insuredBasisPoints: number;
  readonly discountBasisPoints: number;
}

/** A case of the quality court. Amounts in ATH units, times in seconds since 1970. */
export interface CaseView {
  readonly id: string;
  readonly provider: string;
  readonly status: CaseStatusName;
  /** Frozen when it was announced. */
  readonly amount: bigint;
  /** What is taken if nobody appeals: the amount less the discount. */
  readonly amountWithoutAppeal: bigint;
  /** Root over the harmed clients' shares; null if nobody was harmed. */
  readonly harmedRoot: string | null;
  /** Last second in which the provider can appeal. */
  readonly appealUntil: number;
  /** Last second in which an appeal can be decided. */
  readonly decideUntil: number;
  /** Last second in which harmed clients can claim; null before the penalty was executed. */
  readonly claimUntil: number | null;
  /** Set aside for the harmed clients. */
  readonly harmed: bigint;
  /** What is still there of it. */
  readonly unclaimed: bigint;
  readonly terms: CaseTerms;
}

/** How a provider stands before the court. */
export interface CourtStanding {
  readonly provider: string;
  /** Cases there ever were. */
  readonly cases: number;
  /** The one that is open; null if none is. */
  readonly open: CaseView | null;
  /** ATH units of the provider's stake that are frozen. */
  readonly frozen: bigint;
  /** From this second on another case can be announced. */
  readonly nextCaseAt: number;
  /** Penalties within the last 365 days. */
  readonly penalties: number;
  readonly suspended: boolean;
  /** From this second on `reinstate` ends the suspension; null if there is none, or none that ends. */
  readonly suspendedUntil: number | null;
  /** Suspended without an end: it can only leave. */
  readonly removed: boolean;
}

/** What was said for and against a penalty. */
export interface CaseReport {
  readonly reporter: string;
  readonly evidence: string;
  /** Of the provider's appeal; null if there was none. */
  readonly reasons: string | null;
}

/** The suspension that does not end. */
const FOR_EVER = 2n ** 40n - 1n;
const BASIS_POINTS = 10_000n;

/** The quality court of a deployment, whose address its provider registry knows: `providerRegistry.penaltyCourt()`. */
export function connectCourt(runner: ContractRunner | null, address: string): QualityCourt {
  return contractAt(address, qualityCourtFragments, runner) as QualityCourt;
}

/** The quality court of these contracts, connected as they are. */
export async function courtOf({ providerRegistry }: AthanorContracts): Promise<QualityCourt> {
  return connectCourt(providerRegistry.runner, await providerRegistry.penaltyCourt());
}

/** A case. @throws AthanorError `UnknownCase` */
export async function readCase(court: QualityCourt, caseId: string): Promise<CaseView> {
  const found = await court.caseOf(caseId);
  const status = (Object.keys(CaseStatus) as (keyof typeof CaseStatus)[]).find(
    (name) => BigInt(CaseStatus[name]) === found.status,
  );
  if (status === undefined || status === "None") throw athanorError("UnknownCase", { caseId });
  const { amount, terms } = found;
  return {
    id: caseId,
    provider: found.provider,
    status,
    amount,
    amountWithoutAppeal: amount - (amount * terms.discountBasisPoints) / BASIS_POINTS,
    harmedRoot: found.harmedRoot === ZeroHash ? null : found.harmedRoot,
    appealUntil: Number(found.appealUntil),
    decideUntil: Number(found.decideUntil),
    claimUntil: found.claimUntil === 0n ? null : Number(found.claimUntil),
    harmed: found.harmed,
    unclaimed: found.unclaimed,
    terms: {
      appealPeriod: Number(terms.appealPeriod),
      decisionPeriod: Number(terms.decisionPeriod),
      caseInterval: Number(terms.caseInterval),
      suspension: Number(terms.suspension),
      removalAfter: Number(terms.removalAfter),
      harmedBasisPoints: Number(terms.harmedBasisPoints),
      insuredBasisPoints: Number(terms.insuredBasisPoints),
      discountBasisPoints: Number(terms.discountBasisPoints),
    },
  };
}

/** All cases that there ever were against a provider, oldest first. */
export async function readCases(court: QualityCourt, provider: string): Promise<CaseView[]> {
  const { cases } = await court.standingOf(provider);
  return Promise.all(
    Array.from({ length: Number(cases) }, async (_, index) =>
      readCase(court, await court.caseIdOf(provider, index + 1)),
    ),
  );
}

/** How a provider stands before the court. */
export async function readStanding(contracts: AthanorContracts, provider: string): Promise<CourtStanding> {
  const court = await courtOf(contracts);
  const [found, frozen] = await Promise.all([
    court.standingOf(provider),
    contracts.providerRegistry.frozenStakeOf(provider),
  ]);
  const { cases, open, suspendedUntil } = found;
  const removed = suspendedUntil === FOR_EVER;
  return {
    provider,
    cases: Number(cases),
    open: open ? await readCase(court, await court.caseIdOf(provider, cases)) : null,
    frozen,
    nextCaseAt: Number(found.nextCaseAt),
    penalties: Number(found.penalties),
    suspended: suspendedUntil !== 0n,
    suspendedUntil: suspendedUntil === 0n || removed ? null : Number(suspendedUntil),
    removed,
  };
}

/** What the events of a case say: the evidence, and the reasons of an appeal. @throws AthanorError `UnknownCase` */
export async function readReport(
  court: QualityCourt,
  caseId: string,
  blocks: { readonly fromBlock: number; readonly toBlock: number },
  options: ReadLogsOptions = {},
): Promise<CaseReport> {
  const { interface: abi } = court;
  const topics = [[abi.getEvent("CaseAnnounced").topicHash, abi.getEvent("CaseAppealed").topicHash], caseId];
  const address = await court.getAddress();
  const logs = await readLogs(
    logReaderOf(court),
    { address, topics },
    blocks.fromBlock,
    blocks.toBlock,
    options,
  );
  const events = logs.map((log) => abi.parseLog(log)!);
  const announced = events.find(({ name }) => name === "CaseAnnounced");
  if (!announced) throw athanorError("UnknownCase", { caseId });
  const appealed = events.find(({ name }) => name === "CaseAppealed");
  return {
    reporter: announced.args["reporter"] as string,
    evidence: announced.args["evidence"] as string,
    reasons: appealed ? (appealed.args["reasons"] as string) : null,
  };
}
