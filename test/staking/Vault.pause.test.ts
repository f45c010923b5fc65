// What a pause stops, and for how long. Vault.paused.test.ts walks through what it does not stop.
import { expect } from "chai";
import { DAY, freshChannels, openChannel } from "../support/channels.ts";
import { expectOnlyEvent } from "../support/expect.ts";
import { accountOf } from "../support/ledger.ts";
import { createJob, freshSystem, requestTo, time } from "../support/system.ts";

describe("Vault: pauses", () => {
  it("pauseModule stops new jobs until the second it names, and says from when it can be repeated", async () => {
    const system = await freshSystem();
    const { vault, escrow, client, addresses } = system;
    const now = BigInt(await time.latest()) + 10n;
    await time.setNextBlockTimestamp(now);
    const [until, pausableFrom] = [now + 7n * DAY, now + 37n * DAY];
    await expectOnlyEvent(vault, vault.pauseModule(addresses.escrow, 7n * DAY), "ModulePaused", [
      addresses.escrow,
      until,
      pausableFrom,
    ]);
    expect([...(await vault.pauseOf(addresses.escrow))]).to.deep.equal([until, pausableFrom]);
    const request = await requestTo(system, { submitDeadline: now + 7n * DAY + 600n });
    await time.setNextBlockTimestamp(until - 1n);
    await expect(escrow.connect(client).create(request))
      .to.be.revertedWithCustomError(vault, "ModulePausedUntil")
      .withArgs(addresses.escrow, until);
    await time.setNextBlockTimestamp(until);
    await escrow.connect(client).create(request);
    await time.setNextBlockTimestamp(pausableFrom);
    await vault.pauseModule(addresses.escrow, 1n);
    expect((await vault.pauseOf(addresses.escrow)).until).to.equal(pausableFrom + 1n);
  });

  it("resumeModule ends a pause at once, and brings the next one no nearer", async () => {
    const system = await freshSystem();
    const { vault, addresses } = system;
    await vault.pauseModule(addresses.escrow, 7n * DAY);
    const { pausableFrom } = await vault.pauseOf(addresses.escrow);
    await expectOnlyEvent(vault, vault.resumeModule(addresses.escrow), "ModuleResumed", [addresses.escrow]);
    expect([...(await vault.pauseOf(addresses.escrow))]).to.deep.equal([0n, pausableFrom]);
    await createJob(system);
  });

  it("each module is paused alone: with jobs paused channels open, and the other way round", async () => {
    const system = await freshChannels();
    const { vault, escrow, client, addresses } = system;
    await vault.pauseModule(addresses.escrow, DAY);
    await openChannel(system);
    await vault.resumeModule(addresses.escrow);
    await vault.pauseModule(addresses.channels, DAY);
    const { until } = await vault.pauseOf(addresses.channels);
    await escrow.connect(client).create(await requestTo(system));
    await expect(openChannel(system))
      .to.be.revertedWithCustomError(vault, "ModulePausedUntil")
      .withArgs(addresses.channels, until);
  });

  it("a pause keeps the money of a channel that does not open where it was", async () => {
    const system = await freshChannels();
    const { vault, client, addresses } = system;
    const before = await accountOf(system, addresses.ath, client.address);
    await vault.pauseModule(addresses.channels, DAY);
    await expect(openChannel(system)).to.be.revertedWithCustomError(vault, "ModulePausedUntil");
    expect(await accountOf(system, addresses.ath, client.address)).to.deep.equal(before);
    expect((await accountOf(system, addresses.ath, addresses.channels)).escrowed).to.equal(0n);
  });
});
