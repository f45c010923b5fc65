import { AbiCoder, id as hashOfText, keccak256, MaxUint256 } from "ethers";
import { validateAddress, validateAmount, validateHash, validateWhole } from "../client/arguments.ts";

/** What checkers compute by themselves, exactly as the contracts do: docs/checkers.md. All of it throws `InvalidArgument` for what is out of range. */

const BASIS_POINTS = 10_000n;
const MAX_EPOCH = 2 ** 32 - 1;

interface Place {
  readonly chainId: bigint;
  /** Owner account of the checker. */
  readonly checker: string;
  readonly epoch: number;
}

/**
 * What a checker commits to before an epoch (section 3).
 *
 * @param secret.checkers address of the contract `Checkers`
 * @param secret.secret 32 random bytes
 */
export function secretCommitment({
  chainId,
  checkers,
  checker,
  epoch,
  secret,
}: Place & { readonly checkers: string; readonly secret: string }): string {
  validateAddress("checkers", checkers);
  validatePlace({ chainId, checker, epoch });
  validateHash("secret", secret);
  return hashOf(
    ["bytes32", "uint256", "address", "address", "uint32", "bytes32"],
    [hashOfText("Athanor.CheckerSecret"), chainId, checkers, checker, epoch, secret],
  );
}

/**
 * Below it a checker is drawn (section 3).
 *
 * @param committed commitments to the epoch
 * @param expected checkers that are drawn on average
 */
export function drawThreshold({
  committed,
  expected,
}: {
  readonly committed: number;
  readonly expected: number;
}): bigint {
  validateWhole("committed", committed, 0, MAX_EPOCH);
  validateWhole("expected", expected, 0, MAX_EPOCH);
  return committed <= expected ? MaxUint256 : (MaxUint256 / BigInt(committed)) * BigInt(expected);
}

/** Whether the checker with this secret is drawn for a subject: a provider's, or a result's. */
export function isDrawn({
  secret,
  seed,
  subject,
  threshold,
}: {
  readonly secret: string;
  readonly seed: string;
  readonly subject: bigint;
  readonly threshold: bigint;
}): boolean {
  validateHash("secret", secret);
  validateHash("seed", seed);
  validateAmount("subject", subject, 256n);
  validateAmount("threshold", threshold, 256n);
  return BigInt(hashOf(["bytes32", "bytes32", "uint256"], [secret, seed, subject])) < threshold;
}

/** A provider as the subject of a draw: its address as a number. */
export function providerSubject(provider: string): bigint {
  validateAddress("provider", provider);
  return BigInt(provider);
}

/** The salt of a channel in which a checker asks one provider in one epoch (section 4). */
export function channelSalt({
  checker,
  epoch,
  blinding,
}: {
  readonly checker: string;
  readonly epoch: number;
  readonly blinding: string;
}): bigint {
  validatePlace({ checker, epoch });
  validateHash("blinding", blinding);
  return lowestOf(hashOf(["address", "uint32", "bytes32"], [checker, epoch, blinding]));
}

/** The salt of the job with this index, from 0, of those with which a checker asks (section 4). */
export function jobSalt({
  checker,
  epoch,
  blinding,
  index,
}: {
  readonly checker: string;
  readonly epoch: number;
  readonly blinding: string;
  readonly index: number;
}): bigint {
  validatePlace({ checker, epoch });
  validateHash("blinding", blinding);
  validateWhole("index", index, 0, 63);
  const types = ["address", "uint32", "bytes32", "uint256"];
  return lowestOf(hashOf(types, [checker, epoch, blinding, index]));
}

/**
 * What receipts of an exam have in place of a channel's id (section 4).
 *
 * @param exam.asked address of the contract `AskedEvidence`
 */
export function examId({
  chainId,
  asked,
  checker,
  epoch,
  provider,
  blinding,
}: Place & { readonly asked: string; readonly provider: string; readonly blinding: string }): string {
  validateAddress("asked", asked);
  validatePlace({ chainId, checker, epoch });
  validateAddress("provider", provider);
  validateHash("blinding", blinding);
  return hashOf(
    ["bytes32", "uint256", "address", "address", "uint32", "address", "bytes32"],
    [hashOfText("Athanor.HardwareExam"), chainId, asked, checker, epoch, provider, blinding],
  );
}

/**
 * Whether an epoch is an exam of a provider at random (section 6), where exams are active. One that waits for an exam has one in any case.
 *
 * @param draw.examRate basis points
 */
export function isExamined({
  seed,
  provider,
  examRate,
}: {
  readonly seed: string;
  readonly provider: string;
  readonly examRate: number;
}): boolean {
  validateHash("seed", seed);
  validateAddress("provider", provider);
  return isBelow(hashOf(["bytes32", "address", "string"], [seed, provider, "exam"]), "examRate", examRate);
}

/**
 * A result as the subject of a draw (section 5).
 *
 * @param result.value that of the round which decided the result
 */
export function auditorSubject({ value, jobId }: { readonly value: string; readonly jobId: string }): bigint {
  validateHash("value", value);
  validateHash("jobId", jobId);
  return BigInt(hashOf(["bytes32", "bytes32", "string"], [value, jobId, "auditor"]));
}

/**
 * Whether a result is audited (section 5).
 *
 * @param result.value that of the first round which was requested in or after the second of submission
 * @param result.auditRate basis points
 */
export function isAudited({
  value,
  jobId,
  auditRate,
}: {
  readonly value: string;
  readonly jobId: string;
  readonly auditRate: number;
}): boolean {
  validateHash("value", value);
  validateHash("jobId", jobId);
  return isBelow(hashOf(["bytes32", "bytes32"], [value, jobId]), "auditRate", auditRate);
}

/**
 * What an auditor commits to (section 5).
 *
 * @param attestation.value that of the round which decided the result
 * @param attestation.positionsRoot root over the positions of the trace
 * @param attestation.secret the checker's of the epoch of that round
 */
export function attestationCommitment({
  value,
  jobId,
  checker,
  positionsRoot,
  secret,
}: {
  readonly value: string;
  readonly jobId: string;
  readonly checker: string;
  readonly positionsRoot: string;
  readonly secret: string;
}): string {
  validateAddress("checker", checker);
  for (const [name, hash] of Object.entries({ value, jobId, positionsRoot, secret })) {
    validateHash(name, hash);
  }
  return hashOf(
    ["bytes32", "bytes32", "bytes32", "address", "bytes32", "bytes32"],
    [hashOfText("Athanor.Attestation"), value, jobId, checker, positionsRoot, secret],
  );
}

function validatePlace({
  chainId = 0n,
  checker,
  epoch,
}: Partial<Pick<Place, "chainId">> & Omit<Place, "chainId">) {
  validateAmount("chainId", chainId, 256n);
  validateAddress("checker", checker);
  validateWhole("epoch", epoch, 0, MAX_EPOCH);
}

function hashOf(types: readonly string[], values: readonly unknown[]): string {
  return keccak256(AbiCoder.defaultAbiCoder().encode(types, values));
}

/** The lowest 64 bits of a hash. */
function lowestOf(hash: string): bigint {
  return BigInt.asUintN(64, BigInt(hash));
}

function isBelow(hash: string, name: string, share: number): boolean {
  validateWhole(name, share, 0, Number(BASIS_POINTS));
  return BigInt(hash) < BigInt(share) * (MaxUint256 / BASIS_POINTS);
}
