import { decodeJobState, readLogs } from "@athanor/sdk/protocol";
import { getAddress } from "ethers";
import { firstBlockSince } from "../../chain/block-at.ts";
import type { RoundView } from "../duty.ts";
import { makeMove } from "../moves.ts";
import { isWorthwhile } from "../worthwhile.ts";
import type { AttestationContext } from "./attestations.ts";
import type { Rounds } from "./rounds.ts";
import type { ProvenWrong } from "./storage.ts";

/** Seconds after which a conviction about which no round decided is forgotten: no reorganisation undoes it any more, and the longest window is over. */
const FORGOTTEN_AFTER = 15 * 86_400;

/**
 * Punishes others' attestations to what a step proved wrong: all that were revealed by now. The own one never: who was wrong itself says so, and leaves the
 * finder's tenth to others.
 */
export async function punishFalseAttestations(
  { checking, audits }: AttestationContext,
  { epoch: current, now, startOf }: RoundView,
  rounds: Rounds,
): Promise<void> {
  const { chain, checkers, checker, log, signal } = checking;
  const { disputeGame, jobEscrow, resultAudits } = checkers.contracts;
  const own = getAddress(checker);
  const attested = resultAudits.interface.getEvent("Attested").topicHash;

  async function punish({ jobId, block }: ProvenWrong): Promise<void> {
    const { submittedAt } = decodeJobState(await jobEscrow.jobState(jobId));
    const round = submittedAt === 0 ? undefined : await rounds.firstSince(submittedAt);
    const epoch = round === undefined ? undefined : checkers.epochAt(round.requestedAt);
    if (epoch === undefined || !(await disputeGame.isProvenWrong(jobId))) {
      const { timestamp } = (await chain.provider.getBlock(block)) ?? { timestamp: 0 };
      if (now > timestamp + FORGOTTEN_AFTER) audits.dropProvenWrong(jobId);
      return;
    }
    // Before, none can be revealed.
    if (current < epoch + 2) return;
    const { positionsRoot } = await disputeGame.resultOf(jobId);
    const filter = { address: await resultAudits.getAddress(), topics: [attested, jobId] };
    const from = await firstBlockSince(chain, startOf(epoch + 2));
    const head = await chain.provider.getBlockNumber();
    for (const event of await readLogs(chain.provider, filter, from, head, { signal })) {
      const said = resultAudits.interface.parseLog(event)!.args as unknown as {
        checker: string;
        positionsRoot: string;
      };
      const liar = getAddress(said.checker);
      if (said.positionsRoot !== positionsRoot || liar === own) continue;
      const attestation = await checkers.attestationOf(jobId, liar);
      if (attestation === undefined || attestation.closed) continue;
      log.emit("warn", "audit.lie", { jobId, checker: liar, positionsRoot });
      if (!(await isWorthwhile(checking, attestation.penalty))) continue;
      await makeMove(checking, "punishAttestation", { jobId, checker: liar }, () =>
        checkers.punishAttestation(jobId, liar, { signal }),
      );
    }
    // Later, none can be revealed.
    if (current > epoch + 2) audits.dropProvenWrong(jobId);
  }

  for (const proven of audits.provenWrong()) await punish(proven);
}
