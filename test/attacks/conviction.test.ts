// Attacks around the moment of a conviction: leaving before it, being paid after it, gaining by it, coming back.
import { expect } from "chai";
import { JobStatus } from "../../sdk/src/generated/enums.ts";
import { expectRefusal } from "../support/expect.ts";
import { convict, openChallenge } from "../support/game.ts";
import { wealthOf } from "../support/ledger.ts";
import {
  ATH,
  type System,
  createJob,
  freshSystem,
  passWindow,
  profileOf,
  speakAs,
  submitResult,
  gpus,
} from "../support/system.ts";

/** A result that is challenged. */
async function challenged(system: System) {
  const opened = await createJob(system);
  const output = await submitResult(system, opened);
  await openChallenge(system, opened, output);
  return { opened, output };
}

async function removeOffers({ providers, provider, modelRoot, addresses }: System): Promise<void> {
  for (const token of [addresses.ath, addresses.stablecoin]) {
    await providers.connect(provider).removeOffer(modelRoot, token);
  }
}

describe("attack: leaving before the verdict", () => {
  it("no way out leads past the deposit: not deregistering, not unbonding, not the module's approval", async () => {
    const system = await freshSystem();
    const { providers, vault, provider } = system;
    await challenged(system);
    await removeOffers(system);
    await expectRefusal("WorkOpen", {
      call: () => providers.connect(provider).deregister(),
      by: providers,
      values: [provider.address, 1],
    });
    await expectRefusal("ApprovalInUse", {
      call: () => vault.connect(provider).revokeStakeModules(),
      by: vault,
      values: [provider.address, 6_100n * ATH],
    });
    await vault.connect(provider).unbond(3_900n * ATH);
    await convict(system, 2_500n * ATH);
    const { staked, locked } = await vault.stakeOf(provider);
    expect([staked, locked], "the deposit was still there").to.deep.equal([1_100n * ATH, 1_100n * ATH]);
    expect((await vault.unbondingOf(provider)).amount, "the rest is the provider's").to.equal(3_900n * ATH);
  });

  it("stake on its way out is taken where the rest does not suffice", async () => {
    const system = await freshSystem();
    const { vault, provider, addresses } = system;
    await challenged(system);
    // Only a module with a mistake frees what another locked; the slash finds the stake all the same.
    await vault.connect(await speakAs(addresses.escrow)).unlockStake(provider, 6_000n * ATH);
    await vault.connect(provider).unbond(9_900n * ATH);
    await convict(system);
    expect((await vault.stakeOf(provider)).staked).to.equal(0n);
    expect((await vault.unbondingOf(provider)).amount).to.equal(5_000n * ATH);
  });

  it("governance cannot lower the deposit of a provider, and the provider cannot take part in a lower one", async () => {
    const system = await freshSystem();
    const { providers, vault, provider, operator } = system;
    await challenged(system);
    await providers.setFraudDeposit(10n * ATH);
    await providers.connect(provider).update({ ...profileOf(operator), hardware: gpus(2) });
    await providers.connect(provider).update({ ...profileOf(operator), hardware: gpus(1) });
    await convict(system);
    expect((await vault.stakeOf(provider)).staked).to.equal(5_000n * ATH);
  });
});

describe("attack: being paid after the verdict", () => {
  it("a finished result loses the race: it is refunded, never final, by whichever call", async () => {
    const system = await freshSystem();
    const { escrow, vault, provider, operator, stranger, addresses } = system;
    const waiting = await createJob(system);
    const output = await submitResult(system, waiting);
    const { opened } = await challenged(system);
    await passWindow(waiting);
    const late = await createJob(system);
    await convict(system);
    const before = await wealthOf(system, addresses.ath, [provider.address]);
    await expectRefusal("ProviderJailed", {
      call: () => escrow.finalize(waiting.job, output, provider),
      by: escrow,
      values: [provider.address],
    });
    await escrow.finalizeBatch([waiting.job], [output], provider);
    // An answer after the verdict earns nothing either.
    const answer = await submitResult(system, late, [11], operator);
    await passWindow(late);
    await escrow.finalizeBatch([late.job], [answer], provider);
    for (const { job, id } of [waiting, opened, late]) {
      await escrow.connect(stranger).refund(job, stranger);
      expect(Number((await escrow.jobState(id)) & 0xffn)).to.equal(JobStatus.Refunded);
    }
    expect(await wealthOf(system, addresses.ath, [provider.address])).to.equal(before);
    expect((await vault.stakeOf(provider)).openWork).to.equal(0n);
  });

  it("a result that costs nothing does not become final either", async () => {
    const system = await freshSystem();
    const { escrow, providers, provider, modelRoot, addresses } = system;
    await escrow.setTokenTerms(addresses.ath, {
      accepted: true,
      feeBasisPoints: 0,
      exitBounty: ATH,
      minimumCharge: 0,
    });
    await providers.connect(provider).setOffer(modelRoot, addresses.ath, 0, 0);
    const free = await createJob(system);
    const output = await submitResult(system, free);
    await passWindow(free);
    await convict(system);
    await expectRefusal("ProviderJailed", {
      call: () => escrow.finalize(free.job, output, provider),
      by: escrow,
      values: [provider.address],
    });
  });

  it("a result that was final before the verdict stays paid", async () => {
    const system = await freshSystem();
    const { escrow, stranger } = system;
    const early = await createJob(system);
    const output = await submitResult(system, early);
    await passWindow(early);
    await escrow.finalize(early.job, output, stranger);
    await convict(system);
    await expectRefusal("JobNotOpen", {
      call: () => escrow.refund(early.job, stranger),
      by: escrow,
      values: [early.id, await escrow.jobState(early.id)],
    });
  });
});

describe("attack: convicting oneself for the payout", () => {
  for (const payout of [0n, 1n, 2_499n * ATH, 2_500n * ATH]) {
    it(`costs at least half of the deposit, with a payout of ${payout} ATH units`, async () => {
      const system = await freshSystem();
      const { ath, providers, provider, addresses } = system;
      const { opened } = await challenged(system);
      const supply = await ath.totalSupply();
      const everyone = async () =>
        wealthOf(system, addresses.ath, [provider.address, opened.job.client, await providers.disputeGame()]);
      const before = await everyone();
      await convict(system, payout);
      const lost = before - (await everyone());
      expect(lost).to.equal(5_000n * ATH - payout);
      expect(lost >= 2_500n * ATH).to.equal(true);
      expect(supply - (await ath.totalSupply()), "what nobody has is burned").to.equal(lost);
    });
  }
});

describe("attack: a thousand lies behind one deposit", () => {
  it("one conviction refunds every open job, and clients lose nothing by whichever order of calls", async () => {
    const system = await freshSystem();
    const { escrow, vault, client, otherClient, provider, stranger, addresses } = system;
    const clients = [client.address, otherClient.address];
    const before = await wealthOf(system, addresses.ath, clients);
    const jobs = [];
    for (let i = 0; i < 40; i += 1) {
      const opened = await createJob(system, { maxTokens: 3 }, i % 2 === 0 ? client : otherClient);
      if (i % 4 !== 0) await submitResult(system, opened);
      jobs.push(opened);
    }
    await convict(system);
    for (const { job } of jobs.reverse()) await escrow.connect(stranger).refund(job, stranger);
    expect(await wealthOf(system, addresses.ath, clients)).to.equal(before);
    const { openWork, locked } = await vault.stakeOf(provider);
    expect([openWork, locked]).to.deep.equal([0n, 1_000n * ATH]);
  });
});
