import { connectCheckers, examId, type CheckerContracts } from "@athanor/sdk/checkers";
import { ZeroHash } from "ethers";
import type { Chain } from "../chain/chain.ts";
import type { Clock } from "../clock.ts";

/** Milliseconds for which "not examined" counts as known: the seed of an epoch, or a failed exam, can change it. */
const NO_LIFE = 5_000;

export interface ExamEpoch {
  readonly epoch: number;
  /** First second of the next epoch. */
  readonly endsAt: number;
}

/** What the chain says of a provider's exams. docs/checkers.md, section 6. */
export class ExamRules {
  private readonly contracts: CheckerContracts;
  private readonly chainId: bigint;
  private readonly asked: string;
  private readonly genesis: number;
  private readonly epochLength: number;
  private readonly provider: string;
  private readonly clock: Clock;
  private known: { readonly epoch: number; readonly isExamined: boolean; readonly at: number } | undefined;

  private constructor(
    contracts: CheckerContracts,
    fixed: {
      readonly chainId: bigint;
      readonly asked: string;
      readonly genesis: number;
      readonly epochLength: number;
      readonly provider: string;
    },
    clock: Clock,
  ) {
    this.contracts = contracts;
    this.chainId = fixed.chainId;
    this.asked = fixed.asked;
    this.genesis = fixed.genesis;
    this.epochLength = fixed.epochLength;
    this.provider = fixed.provider;
    this.clock = clock;
  }

  /** Undefined where the deployment has no checkers: nobody is examined there. */
  static async connect(
    { chainId, contracts: { deployment }, provider: rpc }: Chain,
    provider: string,
    clock: Clock,
  ): Promise<ExamRules | undefined> {
    if (deployment.qualityReports === undefined || deployment.resultAudits === undefined) return undefined;
    const contracts = await connectCheckers(rpc, deployment);
    const [asked, genesis, epochLength] = await Promise.all([
      contracts.askedEvidence.getAddress(),
      contracts.checkers.genesis(),
      contracts.checkers.epochLength(),
    ]);
    const times = { genesis: Number(genesis), epochLength: Number(epochLength) };
    return new ExamRules(contracts, { chainId, asked, ...times, provider }, clock);
  }

  /** @param seconds since 1970 */
  epochAt(seconds: number): ExamEpoch {
    const epoch = Math.max(0, Math.floor((seconds - this.genesis) / this.epochLength));
    return { epoch, endsAt: this.genesis + (epoch + 1) * this.epochLength };
  }

  /** What is in the place of a channel in the receipts of this exam. */
  idOf(checker: string, epoch: number, blinding: string): string {
    const { chainId, asked, provider } = this;
    return examId({ chainId, asked, checker, epoch, provider, blinding });
  }

  /** Whether the provider is examined in the current epoch. An epoch that is an exam stays one. */
  async isExamined(epoch: number): Promise<boolean> {
    const { known, clock } = this;
    if (known?.epoch === epoch && (known.isExamined || clock.now() - known.at < NO_LIFE)) {
      return known.isExamined;
    }
    const isExamined = await this.contracts.hardwareExams.isExamined(epoch, this.provider);
    this.known = { epoch, isExamined, at: clock.now() };
    return isExamined;
  }

  /** Whether the key is the operator of a checker that committed to this epoch, and so may be drawn. */
  async isChecker(checker: string, operator: string, epoch: number): Promise<boolean> {
    const [found, commitment] = await Promise.all([
      this.contracts.checkers.checkerOf(checker),
      this.contracts.checkers.committedTo(epoch, checker),
    ]);
    return found.operator.toLowerCase() === operator.toLowerCase() && commitment !== ZeroHash;
  }
}
