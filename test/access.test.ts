// Which functions governance alone may call, read off the ABIs, so that a new one cannot be forgotten.
import { expect } from "chai";
import type { BaseContract } from "ethers";
import { RESTRICTED } from "./support/restricted.ts";
import { freshSystem } from "./support/system.ts";

/** Functions that change state and are open to everybody: each guards itself by whose account it touches. */
const OPEN: Record<keyof typeof RESTRICTED, readonly string[]> = {
  vault: [
    "approveModules",
    "approveStakeModules",
    "claimUnbonded",
    "deposit",
    "entrust",
    "entrustBalance",
    "entrustWithPermit",
    "lockStake",
    "multicall",
    "openWork",
    "penalise",
    "permit",
    "revokeModules",
    "revokeStakeModules",
    "setResting",
    "setSuspended",
    "settle",
    "settlePart",
    "slash",
    "stake",
    "unbond",
    "unlockStake",
    "withdraw",
  ],
  providers: [
    "convict",
    "deregister",
    "freeze",
    "liftFreeze",
    "pay",
    "penaliseFrozen",
    "register",
    "reinstate",
    "removeOffer",
    "setAwaitingExam",
    "setOffer",
    "update",
  ],
  currencies: [],
  fees: ["buy", "claim", "distribute"],
  insurance: [],
  escrow: [
    "challengeClosed",
    "challengeOpened",
    "collectFees",
    "create",
    "createPrivate",
    "decline",
    "expire",
    "finalize",
    "finalizeBatch",
    "refund",
    "submit",
  ],
  game: [
    "burnUnopened",
    "commit",
    "convictProven",
    "disputeOutput",
    "nameElement",
    "narrow",
    "open",
    "postTrace",
    "reclaim",
    "reveal",
    "revealTile",
    "step",
    "timeout",
    "withdraw",
  ],
  channels: [
    "addReceiptKey",
    "challengeClosed",
    "challengeOpened",
    "close",
    "collectFees",
    "finish",
    "multicall",
    "onEntrusted",
    "release",
    "removeReceiptKey",
    "rotateVoucherKey",
    "settle",
    "settleBatch",
    "settleWithReceipt",
    "startClosing",
  ],
  receipts: ["challengeClosed", "challengeOpened", "commitReport", "present", "reportEquivocation"],
  sources: ["challengeClosed", "challengeOpened", "convict", "delegateChallenge"],
  checkers: [
    "commit",
    "denounce",
    "draw",
    "hold",
    "join",
    "penalise",
    "punishMissing",
    "resign",
    "reveal",
    "setOperator",
    "topUp",
    "unhold",
  ],
  reports: ["announce", "commitReports", "enroll", "punishOmission", "retire", "revealReports", "score"],
  court: ["appeal", "claim", "execute", "lapse", "reinstate", "sweep"],
};

describe("access control", () => {
  for (const name of Object.keys(RESTRICTED) as (keyof typeof RESTRICTED)[]) {
    it(`${name}: every function that changes state is either governed or known to be open`, async () => {
      const contract: BaseContract = (await freshSystem())[name];
      const writing: string[] = [];
      contract.interface.forEachFunction((fragment) => {
        if (!["view", "pure"].includes(fragment.stateMutability)) writing.push(fragment.name);
      });
      const known = [...Object.keys(RESTRICTED[name]), ...OPEN[name], "setAuthority"];
      expect(writing.sort()).to.deep.equal(known.sort());
    });

    for (const [verb, call] of Object.entries(RESTRICTED[name])) {
      it(`${name}.${verb}: refused to everybody but governance`, async () => {
        const system = await freshSystem();
        for (const sender of [system.stranger, system.provider, system.client]) {
          await expect(call(system, sender))
            .to.be.revertedWithCustomError(system[name], "AccessManagedUnauthorized")
            .withArgs(sender.address);
        }
      });
    }

    it(`${name}.setAuthority: refused to everybody but the access manager`, async () => {
      const system = await freshSystem();
      for (const sender of [system.administrator, system.stranger]) {
        await expect(system[name].connect(sender).setAuthority(system.stranger))
          .to.be.revertedWithCustomError(system[name], "AccessManagedUnauthorized")
          .withArgs(sender.address);
      }
    });
  }

  it("models: nobody governs them", async () => {
    const { models } = await freshSystem();
    expect(models.interface.hasFunction("setAuthority")).to.equal(false);
  });
});
