import { readLogs } from "@athanor/sdk/protocol";
import { expect } from "chai";
import { toBeHex, ZeroHash, zeroPadValue, type BaseContract } from "ethers";
import { rm } from "node:fs/promises";
import { absent, toEpoch, type TestChecker } from "../testing/checker.ts";
import { CheckerKillSwitch } from "../testing/checker-kill-switch.ts";
import { setUpCheckerWorld } from "../testing/checker-world.ts";

const STAKE = 10_000n * 10n ** 18n;
const DAY = 86_400;
/** Of a block, so little that each report is revealed by itself. */
const BLOCK_GAS = 600_000;

/** Everything that is on disk or on its way and was not before, from the commitment to an epoch to its pay. */
const effects = [
  ...["the commitment to the secret", "the request of a round", "the end of the round", "the draw"],
  ...["the first report on disk", "the second report on disk", "the commitment to reports on disk"],
  ...["the commitment to reports", "the collection of fees"],
  ...["the reveal of the secret", "the reveal of the last report", "the reveal of the first report"],
  ...["the first score", "the second score", "the claim"],
];
describe("a checker's crash", function () {
  this.timeout(120_000);
  const world = setUpCheckerWorld(2);
  const reports = () => world.providers.map(absent);
  const others = (work: (other: (typeof world.others)[number]) => Promise<void>) =>
    Promise.all(world.others.map(work));

  /** Plays until the pay of epoch 2 is claimed; when the checker dies, it is started again on the same database, or on an empty one. */
  async function play(
    kill: CheckerKillSwitch,
    losesDisk = false,
    inEpoch4 = () => Promise.resolve(),
  ): Promise<TestChecker> {
    const { chain, contracts, start } = world;
    await chain.contracts.ath.transfer(await contracts.checkerPay.fees(), 1_000n * 10n ** 18n);
    await chain.connection.provider.request({ method: "evm_setBlockGasLimit", params: [toBeHex(BLOCK_GAS)] });
    const database = world.database();
    let checker = await start({ database, kill });
    let isRestarted = false as boolean;
    const work = async () => {
      await checker.settle().catch((error: unknown) => {
        if (!kill.isDead) throw error;
      });
      if (!kill.isDead || isRestarted) return;
      checker.stop();
      if (losesDisk) for (const end of ["", "-wal", "-shm"]) await rm(`${database}${end}`, { force: true });
      checker = await start({ database, settings: { leaving: kill.effects.length > 1 } });
      isRestarted = true;
      await checker.settle();
    };
    await work();
    // Epoch 2 is the only one: it commits to no other.
    checker.stop();
    const settings = { leaving: true };
    checker = await start({ database, settings, ...(isRestarted ? {} : { kill }) });
    await others((other) => other.commit());
    await toEpoch(chain, 2);
    await work();
    await others((other) => other.report(reports()));
    await toEpoch(chain, 2, 0.95 * DAY);
    await work();
    await toEpoch(chain, 3);
    await work();
    await others((other) => other.reveal(reports()));
    await toEpoch(chain, 4, 0.6 * DAY);
    await work();
    await inEpoch4();
    await toEpoch(chain, 5);
    await work();
    return checker;
  }

  /** Events of epoch 2 about this checker. */
  async function count(contract: BaseContract, event: string): Promise<number> {
    const { chain, member } = world;
    const { interface: known } = contract;
    const address = await contract.getAddress();
    const filter = { address, topics: [known.getEvent(event)!.topicHash, toBeHex(2, 32)] };
    const { provider } = chain.connection.ethers;
    const own = zeroPadValue(member.owner.address, 32).toLowerCase();
    const logs = await readLogs(provider, filter, 0, await provider.getBlockNumber());
    return logs.filter(({ topics }) => topics.slice(2).includes(own)).length;
  }

  async function expectAllDone(): Promise<void> {
    const { chain, contracts, member } = world;
    const { checkers, qualityReports, checkerPay } = contracts;
    const { ath } = chain.contracts.deployment;
    expect(await count(checkers, "SecretCommitted"), "commitments").to.equal(1);
    expect(await count(checkers, "SecretRevealed"), "secrets").to.equal(1);
    expect(await count(qualityReports, "Reported"), "reports").to.equal(2);
    expect(await count(checkerPay, "PayClaimed"), "payments").to.equal(1);
    expect((await checkers.checkerOf(member.owner.address)).locked, "stake").to.equal(STAKE);
    expect(await checkerPay.sharesOf(2, member.owner.address), "shares").to.equal(2n);
    const paid = (await chain.contracts.ath.balanceOf(member.owner.address)) - 10_000n * 10n ** 18n;
    expect(paid, "paid").to.equal((await checkerPay.potOf(2, ath)) / 3n);
  }

  it("can come after each of its effects, which these are", async () => {
    const kill = new CheckerKillSwitch(Infinity);
    await play(kill);
    await expectAllDone();
    expect(kill.effects.map((effect) => (effect === "send" ? "send" : "disk"))).to.deep.equal(
      effects.map((name) => (name.endsWith("disk") ? "disk" : "send")),
    );
  });

  for (const [index, name] of effects.entries()) {
    it(`after ${name} costs no stake and no pay, and makes no move twice`, async () => {
      const kill = new CheckerKillSwitch(index + 1);
      await play(kill);
      expect(kill.isDead, "it died").to.equal(true);
      await expectAllDone();
    });
  }

  it("with the disk lost in the same epoch costs nothing: what was measured is measured again", async () => {
    await play(new CheckerKillSwitch(effects.indexOf("the commitment to reports") + 1), true);
    await expectAllDone();
  });

  it("with the disk lost after the epoch costs what one omission costs: the secret is revealed all the same", async () => {
    const { chain, contracts, member, providers } = world;
    const { checkers, qualityReports } = contracts;
    const owner = member.owner.address;
    const punished: string[] = [];
    const punish = async () => {
      for (const provider of providers) {
        await qualityReports
          .punishOmission(owner, provider)
          .catch((error: unknown) => punished.push(String(error)));
      }
    };
    const kill = new CheckerKillSwitch(effects.indexOf("the reveal of the secret") + 1);
    const last = await play(kill, true, punish);
    expect(await count(checkers, "SecretRevealed"), "secrets").to.equal(1);
    expect(await count(qualityReports, "Reported"), "reports").to.equal(0);
    expect((await checkers.checkerOf(owner)).locked, "a hundredth of the stake").to.equal(
      (STAKE * 99n) / 100n,
    );
    expect(punished, "once for all providers").to.have.length(1);
    const missed = last.log
      .of("checker.missed")
      .map(({ what, epoch }) => `${String(what)} of ${String(epoch)}`);
    expect(missed).to.deep.equal(["reports of 2", "own report of 2"]);
    expect(await checkers.secretOf(2, owner)).to.not.equal(ZeroHash);
    expect(await chain.contracts.ath.balanceOf(owner), "no pay").to.equal(10_000n * 10n ** 18n);
  });
});
