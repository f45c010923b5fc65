// Longer than 400 lines: one class, a short method for each thing that can be read or sent.
import type { BaseContract, TransactionReceipt } from "ethers";
import { validateAddress, validateAmount, validateHash, validateWhole } from "../client/arguments.ts";
import { createContext, sameAddress, sendOptions, type ClientContext } from "../client/context.ts";
import { athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import type { AthanorContracts } from "../protocol/connect-contracts.ts";
import { readScore, type ProviderScore } from "../protocol/scores.ts";
import { sendTransaction } from "../transactions/send.ts";
import { connectCheckers, type CheckerContracts } from "./contracts.ts";
import {
  isMeasured,
  readAttestation,
  readChecker,
  readEnrolled,
  readFirstRoundSince,
  readOwner,
  readPay,
  readRound,
  readRules,
  readScores,
  type EnrolmentScan,
} from "./read.ts";
import { reportHashes } from "./reports.ts";
import type {
  AttestationReveal,
  AttestationView,
  BeaconRound,
  CallOptions,
  CheckerRules,
  CheckersOptions,
  CheckerTransaction,
  CheckerView,
  EnrolledProvider,
  EpochPay,
  EpochView,
  QualityReport,
} from "./types.ts";

const MAX_EPOCH = 2 ** 32 - 1;
/** Epochs after which pay is claimed. */
const SETTLED_AFTER = 3;

/** A commitment names its epoch, so that one which is mined too late binds to nothing. */
export interface CommitOptions extends CallOptions {
  /** The epoch that the commitment is made for. */
  readonly epoch: number;
}

/**
 * Checkers, who measure providers, recompute results and time hardware for pay: docs/checkers.md. Every method rejects with an `AthanorError`; what the contracts would
 * refuse is refused before it is sent. Epochs are numbers, ATH and token amounts units, hashes 0x and 64 hexadecimal digits.
 *
 * @example
 * const checkers = await Checkers.connect({ runner: provider });
 * for (const { provider, uptime, latency } of await checkers.scores()) console.log(provider, uptime / 100, "%", latency, "ms");
 */
export class Checkers {
  /** The contracts of checkers and all others, connected for reading. */
  readonly contracts: AthanorContracts & CheckerContracts;
  /** Seconds of an epoch. */
  readonly epochLength: number;
  readonly #context: ClientContext;
  readonly #genesis: number;
  readonly #scan: EnrolmentScan = { providers: new Set(), scannedTo: -1 };

  private constructor(context: ClientContext, own: CheckerContracts, genesis: number, epochLength: number) {
    this.#context = context;
    this.contracts = { ...context.contracts, ...own };
    this.#genesis = genesis;
    this.epochLength = epochLength;
  }

  /** @throws AthanorError as `AthanorClient.connect`, and `CheckersUnavailable` when the deployment has no checkers */
  static connect(options: CheckersOptions): Promise<Checkers> {
    return guard(async () => {
      const context = await createContext(options);
      const { reader, chainId } = context;
      const { deployment } = context.contracts;
      for (const contract of ["qualityReports", "resultAudits"] as const) {
        const address = deployment[contract];
        if (address === undefined) continue;
        const code = await reader.read("eth_getCode", () => reader.provider.getCode(address));
        if (code === "0x") throw athanorError("ContractsMissing", { contract, address, chainId });
      }
      const own = await connectCheckers(reader.runner, deployment);
      const [genesis, length] = await Promise.all([own.checkers.genesis(), own.checkers.epochLength()]);
      return new Checkers(context, own, Number(genesis), Number(length));
    });
  }

  /** The signer's account; undefined without a signer. */
  get account(): string | undefined {
    return this.#context.account;
  }

  get chainId(): bigint {
    return this.#context.chainId;
  }

  // ------------------------------------------------------------------------------------------------ epochs

  /** The epoch in which a transaction that is sent now would be mined. */
  currentEpoch({ signal }: CallOptions = {}): Promise<number> {
    return guard(async () => this.epochAt(await this.#context.reader.time(signal)));
  }

  /** The epoch of a second since 1970; 0 before the first began. */
  epochAt(seconds: number): number {
    return Math.max(0, Math.floor((seconds - this.#genesis) / this.epochLength));
  }

  /** First second of an epoch, since 1970. */
  startOf(epoch: number): number {
    return this.#genesis + epoch * this.epochLength;
  }

  readEpoch(epoch: number): Promise<EpochView> {
    return guard(async () => {
      validateEpoch(epoch);
      const { seed, committed, revealed } = await this.contracts.checkers.epochOf(epoch);
      return {
        epoch,
        startsAt: this.startOf(epoch),
        endsAt: this.startOf(epoch + 1),
        seed: BigInt(seed) === 0n ? undefined : seed,
        committed: Number(committed),
        revealed: Number(revealed),
      };
    });
  }

  /** The parameters of an epoch. Known for those in which something is decided, and for the one after the current. */
  rulesOf(epoch: number): Promise<CheckerRules> {
    return guard(async () => {
      validateEpoch(epoch);
      return readRules(this.contracts, epoch);
    });
  }

  // ------------------------------------------------------------------------------------------------ reading

  /** A checker by its owner account; undefined if it is none. */
  readChecker(checker: string): Promise<CheckerView | undefined> {
    return guard(async () => {
      validateAddress("checker", checker);
      return readChecker(this.contracts, checker);
    });
  }

  /** The owner account of the checker whose operator key this is; undefined if it is none's. */
  ownerOf(operator: string): Promise<string | undefined> {
    return guard(async () => {
      validateAddress("operator", operator);
      return readOwner(this.contracts, operator);
    });
  }

  /** A provider's score; undefined while it has none. */
  scoreOf(provider: string): Promise<ProviderScore | undefined> {
    return guard(async () => {
      validateAddress("provider", provider);
      return readScore(this.#context.reader.runner, this.contracts.deployment, provider);
    });
  }

  /**
   * Scores, of those providers that have any.
   *
   * @param providers by default all that are enrolled
   */
  scores(providers?: readonly string[], { signal }: CallOptions = {}): Promise<ProviderScore[]> {
    return guard(async () => {
      for (const provider of providers ?? []) validateAddress("provider", provider);
      const asked = providers ?? (await this.#enrolled(signal)).map(({ provider }) => provider);
      return readScores(this.#context, asked);
    });
  }

  /** All providers that are enrolled, or were retired last, by ascending address, as reports are sorted. */
  enrolled({ signal }: CallOptions = {}): Promise<EnrolledProvider[]> {
    return guard(() => this.#enrolled(signal));
  }

  /** The providers that are measured in an epoch, by ascending address. */
  measuredIn(epoch: number, { signal }: CallOptions = {}): Promise<string[]> {
    return guard(async () => {
      validateEpoch(epoch);
      const enrolled = await this.#enrolled(signal);
      return enrolled.filter((one) => isMeasured(one, epoch)).map(({ provider }) => provider);
    });
  }

  /** Whether a provider's hardware is examined in an epoch. */
  isExamined(epoch: number, provider: string): Promise<boolean> {
    return guard(async () => {
      validateEpoch(epoch);
      validateAddress("provider", provider);
      return this.contracts.hardwareExams.isExamined(epoch, provider);
    });
  }

  /** What an epoch pays a checker in a token. */
  payOf(part: {
    readonly epoch: number;
    readonly token: string;
    readonly checker: string;
  }): Promise<EpochPay> {
    return guard(async () => {
      validatePart(part);
      return readPay(this.contracts, part, this.startOf(part.epoch + SETTLED_AFTER));
    });
  }

  /** A revealed attestation of a checker; undefined if there is none. */
  attestationOf(jobId: string, checker: string): Promise<AttestationView | undefined> {
    return guard(async () => {
      validateHash("jobId", jobId);
      validateAddress("checker", checker);
      return readAttestation(this.contracts, jobId, checker);
    });
  }

  /** A round of the beacon, by default the latest; undefined if it was not requested. */
  readRound(round?: bigint): Promise<BeaconRound | undefined> {
    return guard(async () => {
      validateAmount("round", round ?? 0n, 256n);
      return readRound(this.contracts, round ?? (await this.contracts.drawBeacon.latest()));
    });
  }

  /** The round that decides what was waiting in a second since 1970: the first that was requested then or later, fixed or not; undefined if there is none. */
  firstRoundSince(seconds: number): Promise<BeaconRound | undefined> {
    return guard(async () => {
      validateWhole("seconds", seconds, 0, Number.MAX_SAFE_INTEGER);
      return readFirstRoundSince(this.contracts, seconds);
    });
  }

  // ------------------------------------------------------------------------------------- stakes and keys

  /**
   * Makes the signer a checker: locks the stake that the next epoch asks for, of what the account has staked in the vault. Lets the contract `Checkers` use the account's
   * stake first, if it may not yet.
   *
   * @throws AthanorError `AlreadyChecker`, `Convicted`, `InsufficientStake`, `InvalidOperator`
   */
  join(
    { operator }: { readonly operator: string },
    { signal }: CallOptions = {},
  ): Promise<CheckerTransaction> {
    return guard(async () => {
      validateAddress("operator", operator);
      const options = { ...sendOptions(this.#context, "join"), signal };
      const { checkers, vault } = this.contracts;
      const [to, account] = [await checkers.getAddress(), this.account!];
      return this.#context.sending.run(async () => {
        try {
          await checkers.join.staticCall(operator, { from: account });
        } catch (error) {
          if (toAthanorError(error).code !== "StakeModuleNotApproved") throw error;
          const { staked, locked } = await vault.stakeOf(account);
          const { stake: required } = await this.rulesOf((await this.currentEpoch()) + 1);
          const free = staked - locked;
          if (free < required) throw athanorError("InsufficientStake", { owner: account, free, required });
          const bit = await vault.moduleBit(to);
          const data = vault.interface.encodeFunctionData("approveStakeModules", [bit]);
          await sendTransaction({ to: this.contracts.deployment.vault, data }, options);
        }
        const data = checkers.interface.encodeFunctionData("join", [operator]);
        return reportOf(await sendTransaction({ to, data }, options));
      });
    });
  }

  /** Gives up checking, and frees the stake. @throws AthanorError `NotChecker`, `StillLiable` */
  resign(options: CallOptions = {}): Promise<CheckerTransaction> {
    return this.#send("checkers", "resign", [], options);
  }

  /** Replaces the signer's operator key. @throws AthanorError `NotChecker`, `InvalidOperator` */
  setOperator(operator: string, options: CallOptions = {}): Promise<CheckerTransaction> {
    return this.#send("checkers", "setOperator", [operator], options, { operator });
  }

  /** Locks what is missing to the stake that the next epoch asks for. @throws AthanorError `NotChecker`, `InsufficientStake` */
  topUp(options: CallOptions = {}): Promise<CheckerTransaction> {
    return this.#send("checkers", "topUp", [], options);
  }

  // ----------------------------------------------------------------------------------------------- the draw

  /**
   * Commits to a secret of the next epoch (`secretCommitment`); by the operator.
   *
   * @throws AthanorError `AlreadyCommitted`, `Convicted`, `NotCheckerOperator`, `StakeTooSmall`; `WrongEpoch`, also if it is mined too late
   */
  commitSecret(commitment: string, { epoch, signal }: CommitOptions): Promise<CheckerTransaction> {
    return guard(async () => {
      validateHash("commitment", commitment);
      validateEpoch(epoch);
      return this.#send("checkers", "commit", [epoch, commitment], { signal });
    });
  }

  /** Asks the beacon for a value: names the next block. @throws AthanorError `RoundPending` */
  requestRound(options: CallOptions = {}): Promise<CheckerTransaction & { readonly round: bigint }> {
    return guard(async () => {
      const receipt = await this.#call("drawBeacon", "request", [], options);
      const { round } = await this.#event(receipt, "drawBeacon", "RoundRequested");
      return { ...reportOf(receipt), round: round as bigint };
    });
  }

  /** Fixes the beacon's value when the named block is there. @throws AthanorError `NoRoundPending`, `BlockNotThere`, `BlockLost` */
  fixRound(
    options: CallOptions = {},
  ): Promise<CheckerTransaction & { readonly round: bigint; readonly value: string }> {
    return guard(async () => {
      const receipt = await this.#call("drawBeacon", "fix", [], options);
      const { round, value } = await this.#event(receipt, "drawBeacon", "RoundFixed");
      return { ...reportOf(receipt), round: round as bigint, value: value as string };
    });
  }

  /**
   * Draws the current epoch's seed, in its first half.
   *
   * @param round the first that was requested in this epoch (`firstRoundSince`), fixed
   * @throws AthanorError `AlreadyDrawn`, `DrawTooLate`, `WrongRound`
   */
  draw(round: bigint, options: CallOptions = {}): Promise<CheckerTransaction & { readonly seed: string }> {
    return guard(async () => {
      validateAmount("round", round, 256n);
      const receipt = await this.#call("checkers", "draw", [round], options);
      const { seed } = await this.#event(receipt, "checkers", "EpochDrawn");
      return { ...reportOf(receipt), seed: seed as string };
    });
  }

  /** Reveals a checker's secret of the epoch before the current one; by anyone. @throws AthanorError `SecretMismatch` */
  revealSecret(checker: string, secret: string, options: CallOptions = {}): Promise<CheckerTransaction> {
    return this.#send("checkers", "reveal", [checker, secret], options, { checker }, { secret });
  }

  /** Shows that a checker did not reveal its secret. @throws AthanorError `NoFault`, `WrongEpoch` */
  punishMissing(checker: string, epoch: number, options: CallOptions = {}): Promise<CheckerTransaction> {
    return guard(async () => {
      validateEpoch(epoch);
      return this.#send("checkers", "punishMissing", [checker, epoch], options, { checker });
    });
  }

  /** Shows a secret before it may be known: half of the penalty is the sender's. @throws AthanorError `SecretMismatch`, `WrongEpoch` */
  denounce(
    checker: string,
    epoch: number,
    secret: string,
    options: CallOptions = {},
  ): Promise<CheckerTransaction> {
    return guard(async () => {
      validateEpoch(epoch);
      return this.#send("checkers", "denounce", [checker, epoch, secret], options, { checker }, { secret });
    });
  }

  // ------------------------------------------------------------------------------------------------ quality

  /** Has a provider measured from the next epoch on. @throws AthanorError `EnrolledAlready`, `NotMeasurable` */
  enroll(provider: string, options: CallOptions = {}): Promise<CheckerTransaction> {
    return this.#send("qualityReports", "enroll", [provider], options, { provider });
  }

  /** Ends the measurement of a provider that clients cannot reach. @throws AthanorError `NotEnrolled`, `StillMeasurable` */
  retire(provider: string, options: CallOptions = {}): Promise<CheckerTransaction> {
    return this.#send("qualityReports", "retire", [provider], options, { provider });
  }

  /**
   * Commits to the reports of the current epoch (`reportsTip`), in the place of those committed to before; by the operator.
   *
   * @throws AthanorError `NotCheckerOperator`, `ZeroCommitment`; `WrongEpoch`, also if it is mined too late
   */
  commitReports(tip: string, { epoch, signal }: CommitOptions): Promise<CheckerTransaction> {
    return guard(async () => {
      validateHash("tip", tip);
      validateEpoch(epoch);
      return this.#send("qualityReports", "commitReports", [epoch, tip], { signal });
    });
  }

  /**
   * Reveals a chunk of a checker's reports of the epoch before the current one, the last chunk first (`reportChunks`); by anyone, after the secret.
   *
   * @throws AthanorError `CommitmentMismatch`, `InvalidEvidence`, `InvalidReport`, `NoReports`, `NotAscending`, `NotDrawn`, `TooFewRequests`
   */
  revealReports(
    checker: string,
    previous: string,
    reports: readonly QualityReport[],
    options: CallOptions = {},
  ): Promise<CheckerTransaction> {
    return guard(async () => {
      reportHashes(reports, previous);
      const chunk = reports.map((report) => ({ ...report }));
      return this.#send("qualityReports", "revealReports", [checker, previous, chunk], options, { checker });
    });
  }

  /** Scores a provider for the epoch before the last. @throws AthanorError `AlreadyScored`, `NoQuorum` */
  score(provider: string, options: CallOptions = {}): Promise<CheckerTransaction> {
    return this.#send("qualityReports", "score", [provider], options, { provider });
  }

  /** Announces a provider that was below the floor too often to the quality court. @throws AthanorError `NotBad` */
  announce(
    provider: string,
    options: CallOptions = {},
  ): Promise<CheckerTransaction & { readonly caseId: string }> {
    return guard(async () => {
      validateAddress("provider", provider);
      const receipt = await this.#call("qualityReports", "announce", [provider], options);
      const { caseId } = await this.#event(receipt, "qualityReports", "Announced");
      return { ...reportOf(receipt), caseId: caseId as string };
    });
  }

  /** Shows that a checker left out a provider for which it was drawn in the epoch before the last. @throws AthanorError `NoFault` */
  punishOmission(checker: string, provider: string, options: CallOptions = {}): Promise<CheckerTransaction> {
    const addresses = { checker, provider };
    return this.#send("qualityReports", "punishOmission", [checker, provider], options, addresses);
  }

  // ------------------------------------------------------------------------------------------------- audits

  /** Commits to an attestation (`attestationCommitment`); by the operator. @throws AthanorError `AlreadyAttested`, `NotCheckerOperator` */
  attest(commitment: string, options: CallOptions = {}): Promise<CheckerTransaction> {
    return this.#send("resultAudits", "attest", [commitment], options, {}, { commitment });
  }

  /**
   * Reveals an attestation, two epochs after that of its round; by anyone who knows the root.
   *
   * @throws AthanorError `AttestationMismatch`, `AttestedTooLate`, `NotAuditable`, `NotAudited`, `NotDrawnForResult`, `WrongEpoch`
   */
  revealAttestation(
    { job, round, checker, positionsRoot }: AttestationReveal,
    options: CallOptions = {},
  ): Promise<CheckerTransaction> {
    return guard(async () => {
      validateAmount("round", round, 256n);
      const args = [job, round, checker, positionsRoot];
      const hashes = { positionsRoot };
      return this.#send("resultAudits", "revealAttestation", args, options, { checker }, hashes);
    });
  }

  /** Pays an attestation that most agree with, three epochs after that of its round. @throws AthanorError `NothingToDo`, `WrongEpoch` */
  count(
    { jobId, round, checker }: { readonly jobId: string; readonly round: bigint; readonly checker: string },
    options: CallOptions = {},
  ): Promise<CheckerTransaction> {
    return guard(async () => {
      validateAmount("round", round, 256n);
      return this.#send("resultAudits", "count", [jobId, round, checker], options, { checker }, { jobId });
    });
  }

  /** Frees a checker of an attestation whose result is final. @throws AthanorError `NotFinal`, `NothingToDo`, `ProvenFalse` */
  close(jobId: string, checker: string, options: CallOptions = {}): Promise<CheckerTransaction> {
    return this.#send("resultAudits", "close", [jobId, checker], options, { checker }, { jobId });
  }

  /** Takes stake for an attestation that a step has proven false. @throws AthanorError `NothingToDo`, `NotProvenFalse` */
  punishAttestation(jobId: string, checker: string, options: CallOptions = {}): Promise<CheckerTransaction> {
    return this.#send("resultAudits", "punishAttestation", [jobId, checker], options, { checker }, { jobId });
  }

  // ---------------------------------------------------------------------------------------------------- pay

  /** Adds what came in of a token to the pot of the current epoch. @returns with the amount, token units */
  collect(
    token: string,
    options: CallOptions = {},
  ): Promise<CheckerTransaction & { readonly amount: bigint }> {
    return guard(async () => {
      validateAddress("token", token);
      const receipt = await this.#call("checkerPay", "collect", [token], options);
      const { amount } = await this.#event(receipt, "checkerPay", "Collected");
      return { ...reportOf(receipt), amount: amount as bigint };
    });
  }

  /**
   * Pays a checker's owner its part of an epoch, three epochs later or at any time after; by anyone.
   *
   * @returns with the amount, token units
   * @throws AthanorError `NoPayToClaim`, `WrongEpoch`
   */
  claim(
    part: { readonly epoch: number; readonly token: string; readonly checker: string },
    options: CallOptions = {},
  ): Promise<CheckerTransaction & { readonly amount: bigint }> {
    return guard(async () => {
      validatePart(part);
      const args = [part.epoch, part.token, part.checker];
      const receipt = await this.#call("checkerPay", "claim", args, options);
      const { amount } = await this.#event(receipt, "checkerPay", "PayClaimed");
      return { ...reportOf(receipt), amount: amount as bigint };
    });
  }

  /** Adds the pot of an epoch in which nobody earned a share to the current one. @throws AthanorError `NoPayToClaim`, `SharesStanding`, `WrongEpoch` */
  rollOver(
    { epoch, token }: { readonly epoch: number; readonly token: string },
    options: CallOptions = {},
  ): Promise<CheckerTransaction> {
    return guard(async () => {
      validateEpoch(epoch);
      return this.#send("checkerPay", "rollOver", [epoch, token], options, { token });
    });
  }

  // -------------------------------------------------------------------------------------------------- exams

  /** Has a provider wait for an exam of the hardware that it claims. @throws AthanorError `ExamsInactive`, `NothingToExamine` */
  enterExam(provider: string, options: CallOptions = {}): Promise<CheckerTransaction> {
    return this.#send("hardwareExams", "enter", [provider], options, { provider });
  }

  /** Judges an exam by the median of its epoch, when that is scored. @throws AthanorError `NoExam` */
  judgeExam(epoch: number, provider: string, options: CallOptions = {}): Promise<CheckerTransaction> {
    return guard(async () => {
      validateEpoch(epoch);
      return this.#send("hardwareExams", "judge", [epoch, provider], options, { provider });
    });
  }

  /** Ends the wait for an exam that nobody holds. @throws AthanorError `NothingToExamine`, `StillExamined` */
  liftExam(provider: string, options: CallOptions = {}): Promise<CheckerTransaction> {
    return this.#send("hardwareExams", "lift", [provider], options, { provider });
  }

  // ----------------------------------------------------------------------------------------------- internal

  #enrolled(signal: AbortSignal | undefined): Promise<EnrolledProvider[]> {
    return readEnrolled(this.#context, this.contracts, this.#scan, signal);
  }

  #send(
    contract: keyof CheckerContracts,
    name: string,
    args: readonly unknown[],
    options: CallOptions,
    addresses: Readonly<Record<string, string>> = {},
    hashes: Readonly<Record<string, string>> = {},
  ): Promise<CheckerTransaction> {
    return guard(async () => {
      for (const [argument, value] of Object.entries(addresses)) validateAddress(argument, value);
      for (const [argument, value] of Object.entries(hashes)) validateHash(argument, value);
      return reportOf(await this.#call(contract, name, args, options));
    });
  }

  async #call(
    contract: keyof CheckerContracts,
    name: string,
    args: readonly unknown[],
    { signal }: CallOptions,
  ): Promise<TransactionReceipt> {
    const options = { ...sendOptions(this.#context, name), signal };
    const called: BaseContract = this.contracts[contract];
    const data = called.interface.encodeFunctionData(name, args);
    const to = await called.getAddress();
    return this.#context.sending.run(() => sendTransaction({ to, data }, options));
  }

  /** Any other contract that a call reaches, a token say, can emit what looks the same. */
  async #event(
    { logs }: TransactionReceipt,
    contract: keyof CheckerContracts,
    name: string,
  ): Promise<Record<string, unknown>> {
    const emitter: BaseContract = this.contracts[contract];
    const at = await emitter.getAddress();
    const { topicHash } = emitter.interface.getEvent(name)!;
    const log = logs.find(({ address, topics }) => sameAddress(address, at) && topics[0] === topicHash)!;
    return emitter.interface.parseLog(log)!.args.toObject();
  }
}

function validateEpoch(epoch: number): void {
  validateWhole("epoch", epoch, 0, MAX_EPOCH);
}

function validatePart({
  epoch,
  token,
  checker,
}: {
  readonly epoch: number;
  readonly token: string;
  readonly checker: string;
}): void {
  validateEpoch(epoch);
  validateAddress("token", token);
  validateAddress("checker", checker);
}

function reportOf({ hash, blockNumber, gasUsed }: TransactionReceipt): CheckerTransaction {
  return { transactionHash: hash, block: blockNumber, gas: gasUsed };
}

/** Arguments are checked, and failures translated, wherever they come from. */
async function guard<Result>(action: () => Promise<Result>): Promise<Result> {
  try {
    return await action();
  } catch (error) {
    throw toAthanorError(error);
  }
}
