// Single faults of the escrow that its other tests would not notice.
import { expect } from "chai";
import { expectRefusal } from "../support/expect.ts";
import { closeChallenge, convict, openChallenge } from "../support/game.ts";
import {
  type OpenJob,
  type System,
  createJob,
  freshSystem,
  passWindow,
  submitResult,
  time,
} from "../support/system.ts";

/** First second in which the result can be final. */
async function windowEnd({ escrow }: System, { id, job }: OpenJob): Promise<bigint> {
  return BigInt.asUintN(40, (await escrow.jobState(id)) >> 8n) + BigInt(job.challengeWindow);
}

describe("JobEscrow.finalize and finalizeBatch: the window's last second", () => {
  it("is too early for a batch, and the next is not", async () => {
    const system = await freshSystem();
    const { escrow, stranger } = system;
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    const end = await windowEnd(system, opened);
    const batch = () => escrow.finalizeBatch([opened.job], [output], stranger);

    await time.setNextBlockTimestamp(end - 1n);
    await expect(batch()).not.to.emit(escrow, "JobFinalized");
    await time.setNextBlockTimestamp(end);
    await expect(batch()).to.emit(escrow, "JobFinalized");
  });

  it("is too early for a single result, and the next is not", async () => {
    const system = await freshSystem();
    const { escrow, stranger } = system;
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    const end = await windowEnd(system, opened);
    await time.setNextBlockTimestamp(end);
    await expect(escrow.finalize(opened.job, output, stranger)).to.emit(escrow, "JobFinalized");
  });
});

describe("JobEscrow.finalizeBatch: a challenged result", () => {
  it("waits for the challenge, however long ago its window ended", async () => {
    const system = await freshSystem();
    const { escrow, stranger } = system;
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    await openChallenge(system, opened, output);
    await passWindow(opened);
    await passWindow(opened);
    const batch = () => escrow.finalizeBatch([opened.job], [output], stranger);
    await expect(batch()).not.to.emit(escrow, "JobFinalized");
    await closeChallenge(system, opened);
    await expect(batch()).to.emit(escrow, "JobFinalized");
  });
});

describe("JobEscrow.finalize: a convicted provider", () => {
  it("cannot even end a job that pays it nothing", async () => {
    const system = await freshSystem();
    const { escrow, providers, provider, stranger, addresses, modelRoot } = system;
    const terms = { accepted: true, feeBasisPoints: 0, exitBounty: 0, minimumCharge: 0 };
    await escrow.setTokenTerms(addresses.ath, terms);
    await providers.connect(provider).setOffer(modelRoot, addresses.ath, 0, 0);
    const opened = await createJob(system);
    const output = await submitResult(system, opened);
    await convict(system);
    await passWindow(opened);
    await expectRefusal("ProviderJailed", {
      call: () => escrow.finalize(opened.job, output, stranger),
      by: system.vault,
      values: [provider.address],
    });
  });
});
