// Which functions governance alone may call, read off the ABIs, so that a new one cannot be forgotten.
import { expect } from "chai";
import type { BaseContract } from "ethers";
import { channelParametersOf } from "./support/channels.ts";
import { parametersOf } from "./support/dispute.ts";
import { ATH, type System, type Signer, freshSystem } from "./support/system.ts";

type Calls = Record<string, (system: System, sender: Signer) => Promise<unknown>>;

const RESTRICTED: Record<
  "vault" | "providers" | "escrow" | "game" | "channels" | "receipts" | "sources",
  Calls
> = {
  vault: {
    addModule: ({ vault, stranger }, sender) => vault.connect(sender).addModule(stranger),
    setTokenAccepted: ({ vault, stranger }, sender) => vault.connect(sender).setTokenAccepted(stranger, true),
    setUnbondingPeriod: ({ vault }, sender) => vault.connect(sender).setUnbondingPeriod(15 * 86_400),
  },
  providers: {
    setHardwareClass: ({ providers }, sender) =>
      providers.connect(sender).setHardwareClass(0, { name: "A", minimumStakePerGpu: 1, open: true }),
    setDisputeGame: ({ providers, addresses }, sender) =>
      providers.connect(sender).setDisputeGame(addresses.vault),
    setFraudDeposit: ({ providers }, sender) => providers.connect(sender).setFraudDeposit(1),
  },
  escrow: {
    setParameters: ({ escrow }, sender) =>
      escrow.connect(sender).setParameters({
        stakePerJob: ATH,
        challengeWindow: 600,
        minimumResponseTime: 10,
        maximumResponseTime: 10,
        workPerSecond: 1,
      }),
    setDisputeGame: ({ escrow, addresses }, sender) => escrow.connect(sender).setDisputeGame(addresses.vault),
    setTokenTerms: ({ escrow, addresses }, sender) =>
      escrow.connect(sender).setTokenTerms(addresses.ath, {
        accepted: true,
        feeBasisPoints: 0,
        exitBounty: 0,
        minimumCharge: 0,
      }),
    withdrawFees: ({ escrow, addresses }, sender) =>
      escrow.connect(sender).withdrawFees(addresses.ath, 1, sender),
  },
  game: {
    setParameters: async ({ game }, sender) =>
      game.connect(sender).setParameters(await parametersOf({ game })),
  },
  channels: {
    setParameters: async ({ channels }, sender) =>
      channels.connect(sender).setParameters(await channelParametersOf({ channels })),
    setReceiptResults: ({ channels, addresses }, sender) =>
      channels.connect(sender).setReceiptResults(addresses.vault),
    setTokenTerms: ({ channels, addresses }, sender) =>
      channels
        .connect(sender)
        .setTokenTerms(addresses.ath, { accepted: true, feeBasisPoints: 0, exitBounty: 0 }),
    withdrawFees: ({ channels, addresses }, sender) =>
      channels.connect(sender).withdrawFees(addresses.ath, 1, sender),
  },
  receipts: {
    setDisputeGame: ({ receipts, addresses }, sender) =>
      receipts.connect(sender).setDisputeGame(addresses.vault),
  },
  sources: {
    setDisputeGame: ({ sources, addresses }, sender) =>
      sources.connect(sender).setDisputeGame(addresses.vault),
  },
};

/** Functions that change state and are open to everybody: each guards itself by whose account it touches. */
const OPEN: Record<keyof typeof RESTRICTED, readonly string[]> = {
  vault: [
    "approveModules",
    "approveStakeModules",
    "claimUnbonded",
    "deposit",
    "entrust",
    "entrustBalance",
    "lockStake",
    "multicall",
    "openWork",
    "permit",
    "revokeModules",
    "revokeStakeModules",
    "settle",
    "settlePart",
    "slash",
    "stake",
    "unbond",
    "unlockStake",
    "withdraw",
  ],
  providers: ["convict", "deregister", "register", "removeOffer", "setOffer", "update"],
  escrow: [
    "challengeClosed",
    "challengeOpened",
    "create",
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
  receipts: ["challengeClosed", "challengeOpened", "present", "reportEquivocation"],
  sources: ["challengeClosed", "challengeOpened", "convict"],
};

describe("access control", () => {
  for (const name of ["vault", "providers", "escrow", "game", "channels", "receipts", "sources"] as const) {
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
