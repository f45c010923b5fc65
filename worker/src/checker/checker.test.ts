import { expect } from "chai";
import { getAddress, Wallet } from "ethers";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { executePlan } from "../register/execute-plan.ts";
import { absent, toEpoch, type TestChecker } from "../testing/checker.ts";
import { dutiesWith, nobodyAnswers, setUpCheckerWorld } from "../testing/checker-world.ts";
import { eventually } from "../testing/eventually.ts";
import { expectError } from "../testing/expect-error.ts";
import type { Measure } from "./duties/measurements.ts";
import { planJoining, planResigning } from "./plans.ts";
import { claimCheckerStorage, requireJoined } from "./prepare.ts";
import { runChecker } from "./run-checker.ts";
import { openCheckerStorage } from "./storage.ts";

const STAKE = 10_000n * 10n ** 18n;
const DAY = 86_400;

describe("a checker", function () {
  this.timeout(120_000);
  const world = setUpCheckerWorld(2);

  const others = (work: (other: (typeof world.others)[number]) => Promise<void>) =>
    Promise.all(world.others.map(work));
  const reports = () => world.providers.map(absent);

  /** What a checker sent for an epoch. */
  const moves = ({ log }: TestChecker, epoch: number) =>
    log
      .of("checker.move")
      .filter((move) => move["epoch"] === epoch)
      .map(({ move }) => String(move));

  /** Fees of so much ATH arrive. */
  async function payFees(amount: bigint): Promise<void> {
    const { chain, contracts } = world;
    await chain.contracts.ath.transfer(await contracts.checkerPay.fees(), amount);
  }

  it("commits, draws, measures, reports, reveals, scores, collects and claims, each once", async () => {
    const { chain, contracts, member, providers, start } = world;
    const { checkers, qualityReports, checkerPay } = contracts;
    const { ath } = chain.contracts.deployment;
    const checker = await start();
    await checker.settle();
    await others((other) => other.commit());

    await toEpoch(chain, 2);
    await payFees(1_000n * 10n ** 18n);
    await checker.settle();
    await others((other) => other.report(reports()));
    await toEpoch(chain, 2, 0.95 * DAY);
    await checker.settle();
    const pot = await checkerPay.potOf(2, ath);
    expect(pot, "collected").to.equal(400n * 10n ** 18n);

    await toEpoch(chain, 3);
    await checker.settle();
    await others((other) => other.reveal(reports()));
    await toEpoch(chain, 4, 0.6 * DAY);
    await checker.settle();
    for (const provider of providers) {
      const { reports: count, near, uptime } = await qualityReports.mediansOf(2, provider);
      expect([count, near, uptime]).to.deep.equal([3n, 3n, 0n]);
    }
    await toEpoch(chain, 5);
    await checker.settle();
    const paid = await chain.contracts.ath.balanceOf(member.owner.address);
    expect(paid - 10_000n * 10n ** 18n, "paid").to.equal(pot / 3n);
    expect((await checkers.checkerOf(member.owner.address)).locked, "nothing was punished").to.equal(STAKE);

    const moves = checker.log.of("checker.move").filter(({ epoch, provider }) => epoch === 2 || provider);
    const made = moves.map(({ move, provider }) =>
      provider === undefined ? move : `${String(move)} of a provider`,
    );
    expect(made).to.deep.equal([
      ...["commitSecret", "requestRound", "fixRound", "draw", "commitReports", "collect"],
      ...["revealSecret", "revealReports", "score of a provider", "score of a provider", "claim"],
    ]);
    expect(checker.log.of("checker.missed")).to.deep.equal([]);
    // The chain's clock is moved; this machine's is not.
    expect(checker.log.of("warning").map(({ message }) => message)).to.match(/^[^,]*seconds apart$/);
  });

  it("leaves an epoch without a seed as it is: draws nothing late, reveals nothing, owes nothing", async () => {
    const { chain, contracts, member, start } = world;
    const checker = await start();
    await checker.settle();
    await toEpoch(chain, 2, 0.5 * DAY);
    await checker.settle();
    await toEpoch(chain, 3);
    await checker.settle();
    expect(checker.log.of("checker.void")).to.deep.equal([{ epoch: 2 }]);
    const moves = checker.log.of("checker.move").filter(({ epoch }) => epoch === 2);
    expect(moves.map(({ move }) => move)).to.deep.equal(["commitSecret"]);
    expect(BigInt(await contracts.checkers.secretOf(2, member.owner.address))).to.equal(0n);
    expect(checker.log.of("checker.missed")).to.deep.equal([]);
  });

  it("draws when it comes late, as long as the first half lasts", async () => {
    const { chain, contracts, start } = world;
    const early = await start();
    await early.settle();
    early.stop();
    await toEpoch(chain, 2, 0.45 * DAY);
    const late = await start();
    await late.settle();
    expect(BigInt((await contracts.checkers.epochOf(2)).seed)).to.not.equal(0n);
  });

  it("reveals no secret in a block that may be undone: whoever learns one while its epoch goes on takes stake", async () => {
    const { chain, start } = world;
    const checker = await start({ confirmations: 1 });
    await checker.settle();
    await toEpoch(chain, 2);
    await checker.settle();
    checker.stop();
    const careful = await start({ confirmations: 12, settings: { leaving: true } });
    await toEpoch(chain, 3);
    await careful.rounds.advance();
    expect(moves(careful, 2)).to.deep.equal([]);
    await chain.mine(10);
    // Its transactions wait for as many blocks.
    const [revealed] = [careful.rounds.advance(), chain.mine(1)];
    const mining = setInterval(() => void chain.mine(1), 20);
    await revealed;
    clearInterval(mining);
    expect(moves(careful, 2)).to.deep.equal(["revealSecret"]);
  });

  it("commits to nothing without the stake in force, and goes on once it is there", async () => {
    const { chain, contracts, member, start } = world;
    const { checkers } = contracts;
    const { owner } = member;
    const down = await start();
    await down.settle();
    await toEpoch(chain, 2);
    await down.settle();
    down.stop();
    await toEpoch(chain, 4);
    await checkers.punishMissing(owner.address, 2);
    const checker = await start();
    await checker.settle();
    expect(moves(checker, 5)).to.deep.equal([]);
    const [warning] = checker.log.of("warning").filter(({ epoch }) => epoch === 5);
    expect(warning).to.include({
      message: "no commitment to the next epoch: 9800 ATH are locked, 10000 ATH are in force",
    });
    const { rpc } = chain;
    const { context } = checker;
    const plan = await planJoining(context.chain, context.checkers, owner.address, member.operator.address);
    await executePlan(context.chain.provider, owner, plan, () => undefined);
    expect((await checkers.checkerOf(owner.address)).locked).to.equal(STAKE);
    await checker.settle();
    expect(moves(checker, 5)).to.deep.equal(["commitSecret"]);
    expect(rpc.calls).to.include("eth_sendRawTransaction");
  });

  it("commits to nothing when the operator cannot pay an epoch's gas, or is about to leave", async () => {
    const { chain, member, start } = world;
    await chain.fund(member.operator.address, "0.0001");
    const poor = await start();
    await poor.settle();
    expect(moves(poor, 2)).to.deep.equal([]);
    const warnings = poor.log.of("warning").filter(({ epoch }) => epoch === 2);
    expect(warnings, "said once").to.have.length(1);
    expect(warnings[0]!["message"]).to.match(/^no commitment to the next epoch: the operator has 0\.0001 /);
    await chain.fund(member.operator.address);
    const leaving = await start({ settings: { leaving: true } });
    await leaving.settle();
    expect(leaving.log.of("checker.move")).to.deep.equal([]);
  });

  it("goes on when a provider that it reported on retired before the reports were revealed", async () => {
    const { chain, contracts, providers, providerKeys, start, modelRoot } = world;
    const { qualityReports } = contracts;
    const checker = await start();
    await checker.settle();
    await toEpoch(chain, 2);
    await checker.settle();
    const key = providerKeys.get(providers[1]!)!.connect(chain.connection.ethers.provider);
    const registry = chain.contracts.providerRegistry.connect(key);
    await registry.removeOffer(modelRoot, chain.contracts.deployment.ath);
    await qualityReports.retire(providers[1]!);
    await toEpoch(chain, 3);
    await checker.settle();
    expect(moves(checker, 2)).to.include("revealReports");
    expect(await qualityReports.reportCount(2, providers[0]!)).to.equal(1n);
    expect(await qualityReports.reportCount(2, providers[1]!)).to.equal(0n);
    expect(checker.log.of("checker.missed")).to.deep.equal([]);
  });

  it("reports on the others when one provider cannot be measured, and says what that costs", async () => {
    const { chain, contracts, providers, start } = world;
    const measure: Measure = (request) =>
      request.provider === providers[0] ? Promise.reject(new Error("no line")) : nobodyAnswers(request);
    const checker = await start({ duties: dutiesWith(measure) });
    await checker.settle();
    await toEpoch(chain, 2);
    await checker.settle();
    expect(moves(checker, 2), "the other may still be measured").to.not.include("commitReports");
    await toEpoch(chain, 2, 0.97 * DAY);
    await checker.settle();
    await toEpoch(chain, 3);
    await checker.settle();
    expect(await contracts.qualityReports.reportCount(2, providers[0]!)).to.equal(0n);
    expect(await contracts.qualityReports.reportCount(2, providers[1]!)).to.equal(1n);
    expect(checker.log.of("checker.missed").map(({ what }) => what)).to.deep.equal(["measurements"]);
  });

  it("shows what others left undone, if it is worth its gas", async () => {
    const { chain, contracts, member, otherOwners, start } = world;
    const { checkers } = contracts;
    const checker = await start();
    await checker.settle();
    await others((other) => other.commit());
    await toEpoch(chain, 2);
    await checker.settle();
    await toEpoch(chain, 3);
    await checker.settle();
    checker.stop();
    // The first reveals its secret and no report; the second nothing.
    await world.others[0]!.revealSecret();
    await toEpoch(chain, 4, 0.55 * DAY);
    const costly = await start({ settings: { faults: "worthwhile", coinInAth: 10n ** 30n } });
    await costly.settle();
    expect(moves(costly, 2).filter((move) => move.startsWith("punish"))).to.deep.equal([]);
    costly.stop();
    const cheap = await start({ settings: { faults: "worthwhile", coinInAth: 10n ** 18n } });
    await cheap.settle();
    expect(moves(cheap, 2).filter((move) => move.startsWith("punish"))).to.have.members([
      ...["punishOmission", "punishMissing"],
    ]);
    const locked = await Promise.all(
      [...otherOwners, member.owner.address].map(async (owner) => (await checkers.checkerOf(owner)).locked),
    );
    expect(locked).to.deep.equal([(STAKE * 99n) / 100n, (STAKE * 98n) / 100n, STAKE]);
  });

  it("sends a transaction that is stuck again, for higher fees, and never a second one", async () => {
    const { chain, contracts, member, start } = world;
    const checker = await start({ transactionTimeout: 200 });
    const pending = async () => {
      const request = { method: "eth_getBlockByNumber", params: ["pending", true] };
      const { transactions } = (await chain.connection.provider.request(request)) as {
        transactions: { from: string; nonce: string; hash: string; maxPriorityFeePerGas: string }[];
      };
      return transactions.filter(({ from }) => getAddress(from) === member.operator.address);
    };
    await chain.automine(false);
    try {
      await checker.rounds.advance();
      const [stuck, ...none] = await pending();
      expect(none).to.have.length(0);
      await checker.rounds.advance();
      const [next, ...others] = await pending();
      expect(others, "one transaction waits, not two").to.have.length(0);
      expect(next!.nonce).to.equal(stuck!.nonce);
      expect(next!.hash).to.not.equal(stuck!.hash);
      const least = (BigInt(stuck!.maxPriorityFeePerGas) * 11n) / 10n;
      expect(BigInt(next!.maxPriorityFeePerGas) > least, "nodes take it").to.equal(true);
    } finally {
      await chain.automine(true);
    }
    await chain.mine(1);
    await checker.settle();
    expect(BigInt(await contracts.checkers.committedTo(2, member.owner.address))).to.not.equal(0n);
    expect(await chain.transactionsOf(member.operator.address), "committed once").to.equal(1);
    expect(checker.log.of("transaction.bumped")).to.have.length(1);
  });

  it("waits out its node, and ends when asked to", async () => {
    const { chain, start } = world;
    const { context, log, registry } = await start();
    const stop = new AbortController();
    const own = { ...context, signal: stop.signal };
    const running = runChecker(own, dutiesWith(nobodyAnswers)(own), { pollInterval: 20 });
    await eventually(() => log.of("checker.move").length === 1, "the commitment");
    chain.rpc.fault = () => true;
    await eventually(() => log.of("chain.unreachable").length > 0, "the outage");
    chain.rpc.fault = () => false;
    await eventually(() => log.of("chain.reachable").length > 0, "the end of the outage");
    stop.abort();
    await running;
    expect(context.metrics.lastRound).to.be.a("number");
    const shown = await registry.metrics();
    expect(shown).to.contain('athanor_checker_moves_total{move="commitSecret"} 1\n');
    expect(shown)
      .to.contain("athanor_checker_epoch 1\n")
      .and.match(/athanor_checker_gas_used_total \d{5,}\n/);
  });

  it("plans what is missing, and nothing else: the stake, another operator, the way out", async () => {
    const { chain, member, start } = world;
    const { owner, operator } = member;
    const { context } = await start();
    const { checkers } = context;
    const ownerOf = (address: string) => planJoining(context.chain, checkers, owner.address, address);
    const nothing = await ownerOf(operator.address);
    expect(nothing.steps).to.deep.equal([]);
    expect(nothing.done).to.have.length(2);
    await expectError(() => ownerOf(owner.address), "KEY_MISMATCH", "the owner's own");
    const other = await checkers.readChecker(world.otherOwners[0]!);
    await expectError(() => ownerOf(other!.operator), "KEY_MISMATCH", "that of the checker");

    const fresh = Wallet.createRandom().address;
    const change = await ownerOf(fresh);
    expect(change.steps).to.have.length(1);
    await executePlan(context.chain.provider, owner, change, () => undefined);
    expect((await checkers.readChecker(owner.address))!.operator).to.equal(fresh);
    await expectError(() => requireJoined(checkers, owner.address, operator.address), "KEY_MISMATCH", fresh);

    // It never committed, and so it may leave at once.
    const leaving = await planResigning(context.chain, checkers, owner.address, await chain.now());
    await executePlan(context.chain.provider, owner, leaving, () => undefined);
    expect(await checkers.readChecker(owner.address)).to.equal(undefined);
    const left = await planResigning(context.chain, checkers, owner.address, await chain.now());
    expect(left.done.join(), "the rest waits for the vault").to.match(/10000 ATH are unbonding until/);
    await expectError(
      () => requireJoined(checkers, owner.address, operator.address),
      "NOT_REGISTERED",
      "is no checker on",
    );
  });

  it("takes a database for its own on one chain only, and refuses one that is none", async () => {
    const { folder, otherOwners, start } = world;
    const { context } = await start();
    const { chain, checkers, storage, checker } = context;
    const claim = (who: string) => claimCheckerStorage(storage, chain, checkers, who, "checker.sqlite");
    await claim(checker);
    await claim(checker);
    await expectError(() => claim(otherOwners[0]!), "STORAGE_FOREIGN", "belongs to another checker");
    const file = join(folder.path, "no-database.sqlite");
    await writeFile(
      file,
      "these are no pages of a database, but a text that is long enough to be taken for one",
    );
    await expectError(() => Promise.resolve().then(() => openCheckerStorage(file)), "STORAGE_CORRUPT", file);
  });
});
