import { attestationCommitment } from "@athanor/sdk/checkers";
import { AthanorError, decodeJobState, readJobs, toAthanorError } from "@athanor/sdk/protocol";
import { ZeroHash } from "ethers";
import type { CheckerContext } from "../context.ts";
import { makeMove } from "../moves.ts";
import { ownSecret } from "../own.ts";
import type { Assignment } from "./draw.ts";
import type { AuditMetrics } from "./metrics.ts";
import type { AuditStorage, StoredAudit } from "./storage.ts";

export interface AttestationContext {
  readonly checking: CheckerContext;
  readonly audits: AuditStorage;
  readonly metrics: AuditMetrics;
}

/** Why a revelation is refused that no later one brings about: it was not committed to, or too late; or the secret is not known. */
const LOST = new Set([
  "AttestationMismatch",
  "AttestedTooLate",
  "NotAuditable",
  "NotAudited",
  "NotDrawnForResult",
]);

/** What a checker says of results that it found right. Each move reads first whether it was made. */
export class Attestations {
  readonly #context: AttestationContext;

  constructor(context: AttestationContext) {
    this.#context = context;
  }

  /** Commits to the root that was computed, if that was not done. */
  async attest(audit: StoredAudit, { value, epoch }: Assignment): Promise<void> {
    const { checking } = this.#context;
    const { checkers, checker, operator, signal } = checking;
    const { jobId } = audit;
    if (await this.#endIfFalse(audit)) return;
    const { secret } = await ownSecret(checking, epoch);
    const positionsRoot = audit.positionsRoot!;
    const commitment = attestationCommitment({ value, jobId, checker, positionsRoot, secret });
    try {
      await checkers.contracts.resultAudits.attest.staticCall(commitment, { from: operator.address });
    } catch (error) {
      if (toAthanorError(error).code === "AlreadyAttested") return;
      throw error;
    }
    await makeMove(checking, "attest", { jobId, epoch }, () => checkers.attest(commitment, { signal }));
  }

  /** Shows what was committed to. */
  async reveal(audit: StoredAudit, { round, epoch }: Assignment): Promise<void> {
    const { checking } = this.#context;
    const { chain, checkers, checker, signal } = checking;
    const { jobId, createdBlock } = audit;
    if (await this.#endIfFalse(audit)) return;
    if ((await checkers.contracts.checkers.secretOf(epoch, checker)) === ZeroHash) {
      return this.end(audit, "NotDrawnForResult", "the secret of its epoch was not revealed");
    }
    const filter = { id: jobId };
    const [job] = await readJobs(chain.contracts, filter, createdBlock, createdBlock, { signal });
    if (job === undefined) return this.#context.audits.forget(jobId);
    const shown = { job: job.terms, round, checker, positionsRoot: audit.positionsRoot! };
    try {
      await makeMove(checking, "revealAttestation", { jobId, epoch }, () =>
        checkers.revealAttestation(shown, { signal }),
      );
    } catch (error) {
      if (!(error instanceof AthanorError) || !LOST.has(error.code)) throw error;
      this.end(audit, error.code, error.message);
    }
  }

  /** Has it counted for pay. */
  async count({ jobId }: StoredAudit, round: bigint): Promise<void> {
    const { checking } = this.#context;
    const { checkers, checker, signal } = checking;
    await makeMove(checking, "count", { jobId }, () => checkers.count({ jobId, round, checker }, { signal }));
  }

  /** Frees the stake that it holds, if the result is final. */
  async close(audit: StoredAudit): Promise<void> {
    const { checking } = this.#context;
    const { chain, checkers, checker, signal } = checking;
    const { jobId } = audit;
    const { status } = decodeJobState(await chain.contracts.jobEscrow.jobState(jobId));
    if (status !== "Finalized" && status !== "Refunded") return;
    if (await this.#endIfFalse(audit)) return;
    await makeMove(checking, "close", { jobId }, () => checkers.close(jobId, checker, { signal }));
  }

  /** Gives up an audit that cannot be paid any more, and says so. */
  end({ jobId }: StoredAudit, reason: string, message: string): void {
    const { audits, metrics, checking } = this.#context;
    audits.end(jobId);
    metrics.note("dropped");
    checking.log.emit("warn", "audit.dropped", { jobId, reason, message });
  }

  /** What was computed here cannot be right if the chain executed an element of it and got another one. */
  async #endIfFalse(audit: StoredAudit): Promise<boolean> {
    const { audits, metrics, checking } = this.#context;
    const { disputeGame } = checking.chain.contracts;
    const { jobId, positionsRoot } = audit;
    if (!(await disputeGame.isProvenWrong(jobId))) return false;
    if ((await disputeGame.resultOf(jobId)).positionsRoot !== positionsRoot) return false;
    audits.end(jobId);
    metrics.note("false");
    checking.log.emit("error", "audit.false", {
      ...{ jobId, positionsRoot },
      message:
        "a step of the dispute game proved wrong what this machine computed: its memory, its processor or its model's files are damaged; stop this checker and test them",
    });
    return true;
  }
}
