import { Checkers } from "@athanor/sdk/checkers";
import { Disputes } from "@athanor/sdk/disputes";
import { expect } from "chai";
import { Wallet } from "ethers";
import { Registry } from "prom-client";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DisputeMetrics } from "../disputes/dispute-metrics.ts";
import { readToken } from "../market/tokens.ts";
import type { ModelRunner } from "../model/runner.ts";
import {
  checkersOf,
  joinAsChecker,
  startChecker,
  toEpoch,
  type Member,
  type TestChecker,
} from "../testing/checker.ts";
import { eventually } from "../testing/eventually.ts";
import { setUpMarket } from "../testing/market.ts";
import { AuditMetrics } from "./audits/metrics.ts";
import type { CheckerContext } from "./context.ts";
import { openDuties } from "./open-duties.ts";

const DAY = 86_400;
const ATH = 10n ** 18n;
const bard = fileURLToPath(new URL("../../../models/bard/", import.meta.url));

describe("a checker's daemon, whole", function () {
  this.timeout(240_000);
  const market = setUpMarket();
  const started: TestChecker[] = [];
  const ending: (() => Promise<void>)[] = [];
  afterEach(async () => {
    for (const checker of started.splice(0)) checker.stop();
    for (const ended of ending.splice(0)) await ended();
  });

  /** Who is started again, on which database. */
  interface Restart {
    readonly member?: Member;
    readonly buyer: Wallet;
    readonly database: string;
  }

  /** All duties of a checker that buys with an account of its own. */
  async function start(again?: Restart): Promise<TestChecker> {
    const { chain } = market;
    const { deployment } = chain.contracts;
    const member = again?.member ?? (await joinAsChecker(chain));
    const buyer = again?.buyer ?? new Wallet(Wallet.createRandom().privateKey);
    const database = again?.database;
    if (again?.member === undefined) {
      await chain.fund(buyer.address, "1000");
      await chain.ath(buyer.address, 1_000);
    }
    const duties = async (context: CheckerContext) => {
      const { provider } = context.chain;
      const opened = await openDuties(context, {
        config: {
          checker: { ...context.settings, budgetPerEpoch: [{ number: "50", unit: "ATH" }] },
          chain: { rpcUrl: chain.rpc.url, chainId: chain.chainId, confirmations: 1, pollInterval: 20 },
        },
        ...{ rpc: provider, operator: member.operator, buyers: [buyer] },
        tokens: [await readToken(provider, deployment.ath)],
        roots: await context.models.roots(),
        disputesOf: (wallet) =>
          Disputes.connect({
            ...{ signer: wallet.connect(provider), deployment, model: context.models.get },
            pollingInterval: 20,
          }),
        disputeMetrics: new DisputeMetrics(new Registry()),
        auditMetrics: new AuditMetrics(new Registry()),
      });
      ending.push(opened.ended);
      return opened.duties;
    };
    const checker = await startChecker({
      ...{ chain, member, duties, models: [bard] },
      ...(database !== undefined && { database }),
    });
    started.push(checker);
    return checker;
  }

  /** Few requests and reports suffice, from epoch 2 on. */
  async function lowerRules(): Promise<void> {
    const { chain } = market;
    const { checkers, qualityReports } = await checkersOf(chain);
    const { vault, deployment } = chain.contracts;
    const reader = await Checkers.connect({ runner: vault.runner as never, deployment });
    await checkers.setParameters({ ...(await reader.rulesOf(0)), quorum: 3, requests: 2 });
    await qualityReports.enroll(market.owner.address);
  }

  const all = (work: (checker: TestChecker) => Promise<unknown>) => Promise.all(started.map(work));
  const measured = ({ log }: TestChecker) => log.of("checker.measured").length > 0;

  /** Rounds until all have measured; what they ask is due. */
  async function measure(): Promise<void> {
    const { chain } = market;
    await toEpoch(chain, 2);
    await all((checker) => checker.settle());
    const { checkers } = await checkersOf(chain);
    const last = Number(await checkers.startOf(3)) - 0.06 * DAY;
    await eventually(async () => {
      await all((checker) => checker.rounds.advance());
      // They ask at moments of their own choice.
      if ((await chain.now()) < last) await chain.pass(3_600);
      return started.every(measured);
    }, "all have measured");
    await all((checker) => checker.settle());
  }

  it("buys, measures, reports with evidence, scores, is paid, and gets its money back", async () => {
    const { chain } = market;
    await market.serve({ channels: {} });
    await lowerRules();
    for (let i = 0; i < 3; i++) await start();
    const { qualityReports, checkerPay } = await checkersOf(chain);
    await toEpoch(chain, 1);
    await all((checker) => checker.settle());
    await chain.contracts.ath.transfer(await checkerPay.fees(), 1_000n * ATH);
    await measure();
    await toEpoch(chain, 2, 0.95 * DAY);
    await all((checker) => checker.settle());
    await toEpoch(chain, 3);
    await all((checker) => checker.settle());
    await toEpoch(chain, 4);
    await all((checker) => checker.settle());
    await toEpoch(chain, 4, 0.55 * DAY);
    await all((checker) => checker.settle());
    const { uptime, reports, latency, throughput } = await qualityReports.mediansOf(2, market.owner.address);
    expect([uptime, reports]).to.deep.equal([10_000n, 3n]);
    expect(latency).to.be.greaterThan(0n);
    expect(throughput).to.be.greaterThan(0n);
    await toEpoch(chain, 5);
    await all((checker) => checker.settle());
    const paid = await Promise.all(
      started.map(async ({ owner }) => (await chain.contracts.ath.balanceOf(owner.address)) - 10_000n * ATH),
    );
    const pot = await checkerPay.potOf(2, chain.contracts.deployment.ath);
    const dust = pot - paid.reduce((sum, amount) => sum + amount, 0n);
    expect(pot).to.equal(400n * ATH);
    expect(dust >= 0n && dust < 3n, `all of the pot but ${dust} units`).to.equal(true);
    for (const { log } of started) {
      expect(log.of("result.right").length, "answers recomputed").to.be.greaterThan(1);
      expect(log.of("result.wrong")).to.deep.equal([]);
      expect(log.of("buyer.closed").length, "channels closed").to.be.greaterThan(0);
      expect(log.of("checker.missed")).to.deep.equal([]);
    }
  });

  it("challenges a wrong answer that it bought, also after a restart", async () => {
    const { chain, runner } = market;
    const wrong: ModelRunner = {
      ...runner,
      run: async ({ onToken, ...request }) => {
        const tokens: number[] = [...request.prefix];
        await runner.run({
          ...request,
          onToken: (token) => {
            const told = tokens.length === 1 ? (token + 1) % 50 : token;
            tokens.push(told);
            onToken(told);
          },
        });
        return tokens;
      },
    };
    await market.serve({ channels: {}, runners: [wrong] });
    await lowerRules();
    const database = join(market.folder.path, "whole.sqlite");
    const buyer = new Wallet(Wallet.createRandom().privateKey);
    const first = await start({ buyer, database });
    await toEpoch(chain, 1);
    await first.settle();
    await measure();
    await eventually(async () => {
      await first.rounds.advance();
      return first.log.of("result.wrong").length > 0;
    }, "a wrong answer found");
    first.stop();
    started.length = 0;
    const { owner, operator } = first;
    const checker = await start({ member: { owner, operator }, buyer, database });
    await eventually(async () => {
      await checker.rounds.advance();
      await chain.mine(1);
      return checker.log.of("dispute.move").length > 0;
    }, "a challenge");
  });
});
