import { ZeroAddress, ZeroHash } from "ethers";
import type { ClientContext } from "../client/context.ts";
import { mapLimited } from "../internal/map-limited.ts";
import { logReaderOf, readLogs } from "../protocol/read-logs.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { readScore, type ProviderScore } from "../protocol/scores.ts";
import type { CheckerContracts } from "./contracts.ts";
import type {
  AttestationView,
  BeaconRound,
  CheckerRules,
  CheckerView,
  EnrolledProvider,
  EpochPay,
} from "./types.ts";

/** Requests to the node under way at a time. */
const PARALLEL_READS = 8;
/** Blocks read again, in case they were reorganised since the last scan. */
const RESCANNED_BLOCKS = 64;

export async function readRules({ checkers }: CheckerContracts, epoch: number): Promise<CheckerRules> {
  const found = (await checkers.parametersAt(epoch)) as unknown as {
    toObject(): Record<string, bigint> & { stake: bigint };
  };
  const { stake, ...others } = found.toObject();
  const numbers = Object.entries(others).map(([name, value]) => [name, Number(value)] as const);
  return { stake, ...Object.fromEntries(numbers) } as CheckerRules;
}

export async function readChecker(
  { checkers }: CheckerContracts,
  checker: string,
): Promise<CheckerView | undefined> {
  const { operator, locked, lastEpoch, held } = await checkers.checkerOf(checker);
  if (operator === ZeroAddress) return undefined;
  return { checker, operator, locked, lastEpoch: Number(lastEpoch), held: Number(held) };
}

/** The checker whose operator key this is. */
export async function readOwner(
  { checkers }: CheckerContracts,
  operator: string,
): Promise<string | undefined> {
  try {
    return await checkers.ownerOf(operator);
  } catch (error) {
    if (toAthanorError(error).code !== "NotCheckerOperator") throw error;
    return undefined;
  }
}

export async function readScores(
  { reader, contracts }: ClientContext,
  providers: readonly string[],
): Promise<ProviderScore[]> {
  const scores = await mapLimited(providers, PARALLEL_READS, (provider) =>
    readScore(reader.runner, contracts.deployment, provider),
  );
  return scores.filter((score) => score !== undefined);
}

/** Providers that were ever enrolled, as far as blocks were read. */
export interface EnrolmentScan {
  readonly providers: Set<string>;
  scannedTo: number;
}

export async function readEnrolled(
  { reader, contracts }: ClientContext,
  { qualityReports }: CheckerContracts,
  scan: EnrolmentScan,
  signal: AbortSignal | undefined,
): Promise<EnrolledProvider[]> {
  const known = qualityReports.interface;
  const from = Math.max(contracts.deployment.startBlock ?? 0, scan.scannedTo + 1 - RESCANNED_BLOCKS);
  const until = await reader.blockNumber(signal);
  const address = await qualityReports.getAddress();
  const filter = { address, topics: [known.getEvent("Enrolled").topicHash] };
  for (const log of await readLogs(logReaderOf(qualityReports), filter, from, until, { signal })) {
    scan.providers.add(String(known.parseLog(log)!.args["provider"]));
  }
  scan.scannedTo = until;
  const found = await mapLimited([...scan.providers], PARALLEL_READS, async (provider) => {
    const { enrolled, since, until } = await qualityReports.enrolmentOf(provider);
    if (!enrolled) return undefined;
    return { provider, since: Number(since), until: until === 0n ? undefined : Number(until) };
  });
  return found
    .filter((enrolment) => enrolment !== undefined)
    .sort((one, other) => (BigInt(one.provider) < BigInt(other.provider) ? -1 : 1));
}

/** Whether a provider is measured in an epoch, as `QualityReports.isMeasured`. */
export function isMeasured({ since, until }: EnrolledProvider, epoch: number): boolean {
  return since < epoch && (until === undefined || epoch < until);
}

export async function readPay(
  { checkerPay }: CheckerContracts,
  { epoch, token, checker }: { readonly epoch: number; readonly token: string; readonly checker: string },
  claimableAt: number,
): Promise<EpochPay> {
  const [pot, shares, totalShares, claimed] = await Promise.all([
    checkerPay.potOf(epoch, token),
    checkerPay.sharesOf(epoch, checker),
    checkerPay.totalShares(epoch),
    checkerPay.isClaimed(epoch, token, checker),
  ]);
  const amount = claimed || shares === 0n ? 0n : (pot * shares) / totalShares;
  return { pot, shares, totalShares, amount, claimed, claimableAt };
}

export async function readAttestation(
  { resultAudits }: CheckerContracts,
  jobId: string,
  checker: string,
): Promise<AttestationView | undefined> {
  const { positionsRoot, penalty, epoch, counted, closed } = await resultAudits.attestationOf(jobId, checker);
  if (positionsRoot === ZeroHash) return undefined;
  return { positionsRoot, penalty, epoch: Number(epoch), counted, closed };
}

export async function readRound(
  { drawBeacon }: CheckerContracts,
  round: bigint,
): Promise<BeaconRound | undefined> {
  const { value, requestedAt, blockNumber } = await drawBeacon.roundOf(round);
  if (requestedAt === 0n) return undefined;
  return {
    round,
    value: value === ZeroHash ? undefined : value,
    requestedAt: Number(requestedAt),
    blockNumber: Number(blockNumber),
  };
}

/** The first round that was requested in a second or later: rounds are requested in the order of their numbers. */
export async function readFirstRoundSince(
  contracts: CheckerContracts,
  timestamp: number,
): Promise<BeaconRound | undefined> {
  let [low, high] = [1n, await contracts.drawBeacon.latest()];
  let found: BeaconRound | undefined;
  // INVARIANT: every round below `low` was requested before, every round above `high` was not.
  while (low <= high) {
    const middle = (low + high) / 2n;
    const round = await readRound(contracts, middle);
    if (round === undefined || round.requestedAt < timestamp) low = middle + 1n;
    else [found, high] = [round, middle - 1n];
  }
  return found;
}
