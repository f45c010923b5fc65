// Longer than 400 lines: one provider, started once, is asked, robbed of answers, and asked again by all of these.
import { generate } from "@athanor/engine";
import { loadModel } from "@athanor/engine/node";
import { channelSalt, jobSalt } from "@athanor/sdk/checkers";
import { Channels } from "@athanor/sdk/channels";
import { EncryptionKey } from "@athanor/sdk/private";
import { expect } from "chai";
import { id, randomBytes, Wallet } from "ethers";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually } from "../../testing/eventually.ts";
import { expectError } from "../../testing/expect-error.ts";
import { isQuestion, setUpMarket } from "../../testing/market.ts";
import { gate } from "../../testing/slow-runner.ts";
import { measureDue, measureProvider } from "./measure-provider.ts";
import type { BoughtAnswer } from "./store.ts";

const ATH = 10n ** 18n;
type Body = ConstructorParameters<typeof Response>[0];
const bard = fileURLToPath(new URL("../../../../models/bard/", import.meta.url));

describe("measuring a provider", function () {
  this.timeout(180_000);
  const market = setUpMarket();
  let databases = 0;
  const database = () => join(market.folder.path, `buyer-${++databases}.sqlite`);
  const refusal = (status: number, code: string, headers: Record<string, string> = {}) =>
    Promise.resolve(
      new Response(JSON.stringify({ error: { code, message: "no", remedy: "none" } }), { status, headers }),
    );
  /** What a hostile provider sends in place of an answer. */
  const lines = (body: Body) =>
    Promise.resolve(new Response(body, { headers: { "content-type": "application/x-ndjson" } }));
  const channelsOf = async (account: string) => {
    const { contracts } = market.chain;
    const channels = await Channels.connect({
      runner: contracts.vault.runner!,
      deployment: contracts.deployment,
    });
    return channels.list({ client: account });
  };
  const allChannels = async () =>
    (await Promise.all(market.accounts.map(({ address }) => channelsOf(address)))).flat();
  const allJobs = async () => {
    const { jobEscrow } = market.chain.contracts;
    return jobEscrow.queryFilter(jobEscrow.filters.JobCreated());
  };
  const moneyOf = async () => {
    const all = market.accounts.map(
      async ({ address }) => (await market.wallet(address)) + (await market.available(address)),
    );
    return (await Promise.all(all)).reduce((sum, amount) => sum + amount, 0n);
  };

  it("asks through one channel where it has an endpoint, shows a receipt for each answer, and takes back what is left", async () => {
    await market.serve({ channels: {} });
    const before = await moneyOf();
    const { buyer, store } = await market.buyer();
    const target = await market.target();
    const found = (await measureProvider(buyer, target))!;
    expect(found).to.include({ uptime: 10_000, asked: 4, answered: 4, proven: 4 });
    expect(found.latency).to.be.greaterThan(0);
    expect(found.throughput).to.be.greaterThan(0);
    expect(await measureProvider(buyer, target), "nothing is bought again").to.deep.equal(found);

    const [channel, ...others] = await allChannels();
    expect(others).to.have.length(0);
    expect(channel!.terms.salt).to.equal(channelSalt(target));
    const { account } = store.plan(target.epoch, target.provider)!;
    expect(channel!.terms.client).to.equal(account);

    await buyer.settle(target.epoch + 1);
    expect(store.unsettledPlans(99)).to.deep.equal([]);
    expect(await market.available(account)).to.equal(0n);
    // What was paid, and the bounty of whoever releases the channel.
    const [spent] = [...found.spent.values()];
    expect(before - (await moneyOf())).to.equal(spent);
    const { ath, deployment } = market.chain.contracts;
    expect(await ath.allowance(account, deployment.vault)).to.equal(0n);
  });

  it("asks by jobs where it has none, and ends those that nobody else ends", async () => {
    const { stop } = await market.serve();
    const before = await moneyOf();
    const { buyer, store } = await market.buyer();
    const target = await market.target({ requests: 2 });
    const found = (await measureProvider(buyer, target))!;
    expect(found).to.include({ uptime: 10_000, asked: 2, answered: 2, proven: 2 });
    const salts = (await allJobs()).map(({ args }) => args.job.salt);
    expect(salts).to.deep.equal([0, 1].map((index) => jobSalt({ ...target, index })));

    await stop();
    await buyer.settle(target.epoch + 1);
    expect(store.unsettledPlans(99), "the window is open").to.have.length(1);
    await market.chain.pass(20_000);
    await buyer.settle(target.epoch + 1);
    expect(store.unsettledPlans(99)).to.deep.equal([]);
    const { account } = store.plan(target.epoch, target.provider)!;
    expect(await market.available(account)).to.equal(0n);
    // It ended them itself, and has the bounties back.
    const bounties = (await allJobs()).reduce((sum, { args }) => sum + args.job.exitBounty, 0n);
    expect(before - (await moneyOf())).to.equal([...found.spent.values()][0]! - bounties);
  });

  it("asks at moments of its own choice, one request a call, and never before they are due", async () => {
    await market.serve({ channels: {} });
    const { buyer } = await market.buyer();
    const target = await market.target({ requests: 2 });
    for (let asked = 0; asked < 2; asked++) {
      const step = await buyer.nextRequest(target);
      if (step.state === "waiting") {
        expect(await measureDue(buyer, target)).to.equal(undefined);
        expect(buyer.measurementOf(target)?.asked ?? 0).to.equal(asked);
        const now = await market.chain.now();
        expect(step.dueAt).to.be.greaterThan(now).and.lessThan(target.deadline);
        await market.chain.pass(step.dueAt - now);
        expect(await buyer.nextRequest(target)).to.deep.equal({ state: "asked" });
      }
      expect(buyer.measurementOf(target)!.asked).to.equal(asked + 1);
    }
    expect(await buyer.nextRequest(target)).to.deep.equal({ state: "done" });
    expect(await measureDue(buyer, target)).to.include({ uptime: 10_000 });
  });

  it("takes another account for a provider that knows one, and never one of the checker's own", async () => {
    await market.serve({ channels: {} });
    const { buyer, store } = await market.buyer();
    const first = await market.target({ requests: 1 });
    const second = { ...first, epoch: first.epoch + 1, blinding: id("another epoch") };
    for (const target of [first, second]) await buyer.nextRequest(target, { atOnce: true });
    const accounts = [first, second].map(({ epoch, provider }) => store.plan(epoch, provider)!.account);
    expect(new Set(accounts).size).to.equal(2);
    const own = { notBuyers: [market.accounts[1]!.address.toLowerCase()] };
    await expectError(() => market.buyer(own), "CONFIG_INVALID", market.accounts[1]!.address);
    await expectError(() => market.buyer({ accounts: [] }), "CONFIG_INVALID", "no account");
  });

  it("hands each answer over with all that recomputing it takes, again after a restart until somebody looked at it", async () => {
    await market.serve({ channels: {} });
    const file = database();
    const seen: BoughtAnswer[] = [];
    const failing = await market.buyer(
      { verifyReceipt: () => Promise.reject(new Error("out of memory")) },
      file,
    );
    const target = await market.target({ requests: 2 });
    await measureProvider(failing.buyer, target);
    await failing.buyer.verifyBought();
    expect(failing.store.unverified()).to.have.length(2);
    failing.stop();
    const verifyReceipt = (answer: BoughtAnswer) => Promise.resolve(void seen.push(answer));
    const { buyer, store } = await market.buyer({ verifyReceipt }, file);
    await buyer.verifyBought();
    await buyer.verifyBought();
    expect(seen).to.have.length(2);
    expect(store.unverified()).to.have.length(0);
    const model = await loadModel(bard);
    for (const answer of seen) {
      if (answer.kind !== "receipt") throw new Error("a receipt was expected");
      expect(answer.tokens).to.deep.equal((await generate(model, answer.request)).tokens);
      expect(answer.receipt.message.outputCount).to.equal(BigInt(answer.tokens.length));
    }
  });

  it("asks sealed where the provider takes that, as clients do, and its answers can be recomputed all the same", async () => {
    await market.serve({ channels: {}, encryptionKeys: [await EncryptionKey.fromSeed(randomBytes(32))] });
    const seen: BoughtAnswer[] = [];
    const verifyReceipt = (answer: BoughtAnswer) => Promise.resolve(void seen.push(answer));
    const { buyer } = await market.buyer({ verifyReceipt });
    const found = await measureProvider(buyer, await market.target({ requests: 1 }));
    expect(found).to.include({ uptime: 10_000, proven: 1 });
    await buyer.verifyBought();
    const [answer] = seen;
    if (answer?.kind !== "receipt") throw new Error("a receipt was expected");
    expect(answer.request.secret).to.have.length(32);
    expect(answer.tokens).to.deep.equal((await generate(await loadModel(bard), answer.request)).tokens);
  });

  describe("that does not answer", () => {
    it("counts every second answer of one that gives every second", async () => {
      await market.serve({ channels: {} });
      let questions = 0;
      market.tamper = (request) =>
        isQuestion(request) && ++questions % 2 === 0 ? refusal(422, "RequestRefused") : undefined;
      const { buyer, log } = await market.buyer();
      const found = await measureProvider(buyer, await market.target());
      expect(found).to.include({ uptime: 5_000, asked: 4, answered: 2, proven: 2 });
      const told = log.of("measure.unanswered").map(({ code }) => code);
      expect(told).to.deep.equal(["ProviderRefused", "ProviderRefused"]);
    });

    it("asks one again that is busy, and counts the wait; one that stays busy did not answer", async () => {
      await market.serve({ channels: {} });
      let refusals = 0;
      market.tamper = (request) =>
        isQuestion(request) && refusals++ === 0
          ? refusal(503, "ProviderBusy", { "retry-after": "0" })
          : undefined;
      const { buyer } = await market.buyer({ answerSeconds: 60 });
      const target = await market.target({ requests: 1 });
      const found = (await measureProvider(buyer, target))!;
      expect(found).to.include({ uptime: 10_000, asked: 1 });
      // The wait before the second try.
      expect(found.latency).to.be.at.least(250);
      const impatient = await market.buyer({ answerSeconds: 1 });
      market.tamper = (request) =>
        isQuestion(request) ? refusal(503, "ProviderBusy", { "retry-after": "0" }) : undefined;
      const other = { ...target, epoch: target.epoch + 1, blinding: id("busy") };
      expect(await measureProvider(impatient.buyer, other)).to.include({
        uptime: 0,
        asked: 1,
        evidence: "0x",
      });
    });

    it("reports one that is gone with uptime 0, no evidence, and no cost", async () => {
      await market.serve({ channels: {} });
      await market.closeEndpoint();
      const { buyer, log } = await market.buyer();
      const found = (await measureProvider(buyer, await market.target()))!;
      expect(found).to.deep.include({ latency: 0, throughput: 0, uptime: 0, evidence: "0x", asked: 4 });
      expect([...found.spent.values()]).to.deep.equal([0n]);
      expect(log.of("measure.unanswered")[0]).to.include({ code: "ProviderUnreachable" });
      expect(await allChannels()).to.have.length(0);
    });

    it("does not count answers of a slow one that come too late, and pays those that it settles", async () => {
      const slow = gate(market.runner);
      await market.serve({ channels: {}, runners: [slow] });
      const { buyer, store } = await market.buyer({ answerSeconds: 2 });
      const target = await market.target({ requests: 1 });
      expect(await measureProvider(buyer, target)).to.include({ uptime: 0, asked: 1, answered: 0 });
      const [request] = store.requests(target.epoch, target.provider);
      expect(request).to.include({ state: "unanswered", reason: "AnswerTooLate", cost: null });
      expect(slow.requests).to.have.length(1);
      // What may still be settled counts as spent.
      expect(store.spent(target.epoch, request!.token)).to.be.greaterThan(request!.limit - 1n);
      slow.allow(10_000);
      await buyer.settle(target.epoch + 1);
      await eventually(async () => {
        await buyer.settle(target.epoch + 1);
        return store.unsettledPlans(99).length === 0;
      }, "settled");
    });

    it("refunds jobs that nobody answers", async () => {
      const before = await moneyOf();
      const { buyer, store } = await market.buyer();
      const target = await market.target({ requests: 1 });
      const measuring = measureProvider(buyer, target);
      await eventually(async () => (await allJobs()).length === 1, "the job is there");
      await market.chain.pass(400);
      expect(await measuring).to.deep.include({ uptime: 0, asked: 1, evidence: "0x" });
      await buyer.settle(target.epoch + 1);
      expect(store.unsettledPlans(99)).to.deep.equal([]);
      expect(await moneyOf()).to.equal(before);
    });

    it("reports one that offers nothing, and says nothing of one that offers in other tokens only", async () => {
      const { chain } = market;
      const stranger = new Wallet(id("a provider of another token"));
      await chain.registerProvider(stranger, new Wallet(id("its own operator")).address, [
        [market.runner.commitment.modelRoot, chain.stablecoin],
      ]);
      const { buyer } = await market.buyer();
      const elsewhere = await market.target({ provider: stranger.address });
      expect(await measureProvider(buyer, elsewhere)).to.equal(undefined);
      expect(await buyer.nextRequest(elsewhere)).to.deep.include({ state: "stuck" });
      const nobody = await market.target({ provider: new Wallet(id("nobody")).address });
      expect(await measureProvider(buyer, nobody)).to.deep.include({ uptime: 0, evidence: "0x", asked: 0 });
    });
  });

  describe("when the fault is the checker's own", () => {
    it("does not count what its node had no part in, and measures all when it is back", async () => {
      await market.serve({ channels: {} });
      const { buyer, store } = await market.buyer();
      const target = await market.target({ requests: 2 });
      await buyer.nextRequest(target, { atOnce: true });
      market.chain.rpc.fault = () => true;
      const failed: unknown = await buyer
        .nextRequest(target, { atOnce: true })
        .catch((error: unknown) => error);
      expect(failed).to.be.instanceOf(Error);
      market.chain.rpc.fault = () => false;
      expect(await measureProvider(buyer, target)).to.include({ uptime: 10_000, asked: 2 });
      const states = store.requests(target.epoch, target.provider).map(({ state }) => state);
      expect(states.filter((state) => state === "unanswered")).to.have.length(0);
    });

    it("counts an answer whose receipt it could not check for lack of a node, once the node is back", async () => {
      await market.serve({ channels: {} });
      const { buyer, store } = await market.buyer();
      const target = await market.target({ requests: 2 });
      market.tamper = (request, honest) => {
        if (!isQuestion(request)) return undefined;
        market.chain.rpc.fault = () => true;
        return honest();
      };
      await buyer.nextRequest(target, { atOnce: true });
      expect(store.requests(target.epoch, target.provider)[0]).to.include({ state: "sent" });
      market.chain.rpc.fault = () => false;
      market.tamper = () => undefined;
      expect(await measureProvider(buyer, target)).to.include({ uptime: 10_000, asked: 2, answered: 2 });
      const [interrupted] = store.requests(target.epoch, target.provider);
      expect(interrupted).to.include({ state: "answered", timing: null });
    });

    it("does not report a provider that is silent while nothing else can be heard", async () => {
      await market.serve({ channels: {} });
      await market.closeEndpoint();
      const { buyer, store } = await market.buyer();
      const target = await market.target({ requests: 2 });
      // The node answers until the provider was asked in vain, and not when it is asked for the chain then.
      market.chain.rpc.fault = (method) =>
        method === "eth_getBlockByNumber" && store.requests(target.epoch, target.provider).length > 0;
      await measureProvider(buyer, target).catch(() => undefined);
      expect(store.requests(target.epoch, target.provider)[0]).to.include({ state: "void", cost: 0n });
      expect(buyer.measurementOf(target)).to.equal(undefined);
    });

    it("does not count what it has no money for, and says so", async () => {
      await market.serve({ channels: {} });
      const { buyer } = await market.buyer({ accounts: [new Wallet(id("a poor buyer"))] });
      const target = await market.target();
      expect(await buyer.nextRequest(target)).to.deep.include({ state: "stuck" });
      expect(await measureProvider(buyer, target)).to.equal(undefined);
    });
  });

  describe("with a budget", () => {
    it("never spends more, makes requests shorter for it, and keeps to it over a restart", async () => {
      await market.serve({ channels: {} });
      const file = database();
      const { deployment } = market.chain.contracts;
      // The bounty of a channel, and the price of some hundred tokens.
      const budget = ATH + 300n * 10n ** 12n;
      const budgets = new Map([[deployment.ath.toLowerCase(), budget]]);
      const first = await market.buyer({ budgets }, file);
      const target = await market.target();
      expect(await measureProvider(first.buyer, target)).to.include({ asked: 4, uptime: 10_000 });
      const spent = first.store.spent(target.epoch, deployment.ath);
      expect(spent).to.be.at.most(budget);
      first.stop();
      const second = await market.buyer({ budgets }, file);
      const more = { ...target, requests: 64 };
      const found = (await measureProvider(second.buyer, more))!;
      expect(second.store.spent(target.epoch, deployment.ath)).to.be.at.most(budget);
      expect(found.asked).to.be.lessThan(64);
      expect(await second.buyer.nextRequest(more, { atOnce: true })).to.deep.include({ state: "stuck" });
      expect(second.log.of("measure.stuck"), "said once").to.have.length(1);
      // It claims no more than it can show.
      expect(found.uptime).to.equal(Math.floor((found.proven * 10_000) / 64));
    });

    it("does not let a provider bind more money than it: then it asks by jobs", async () => {
      await market.serve({ channels: {} });
      market.tamper = (request, honest) =>
        request.method === "GET" && request.url.endsWith("/athanor/v1")
          ? honest().then(async (response) => {
              const offer = (await response.json()) as { tokens: { minimumDeposit: string }[] };
              for (const token of offer.tokens) token.minimumDeposit = String(900n * ATH);
              return new Response(JSON.stringify(offer), { headers: { "content-type": "application/json" } });
            })
          : undefined;
      const { buyer, store } = await market.buyer();
      const target = await market.target({ requests: 1 });
      expect(await measureProvider(buyer, target)).to.include({ uptime: 10_000, asked: 1, proven: 1 });
      expect(store.plan(target.epoch, target.provider)!.by).to.equal("job");
      expect(await allChannels()).to.have.length(0);
    });
  });

  describe("after a restart", () => {
    it("takes the answer that was on its way, buys nothing twice, and goes on in the same channel", async () => {
      await market.serve({ channels: {} });
      const file = database();
      const first = await market.buyer({}, file);
      const target = await market.target({ requests: 3 });
      await first.buyer.nextRequest(target, { atOnce: true });
      // The provider computes the second answer, and the buyer is killed before a line of it arrives.
      let isAnswered = false;
      market.tamper = (request, honest) =>
        isQuestion(request)
          ? honest().then(async (response) => {
              await response.text();
              isAnswered = true;
              return new Promise<Response>(() => undefined);
            })
          : undefined;
      void first.buyer.nextRequest(target, { atOnce: true }).catch(() => undefined);
      await eventually(() => isAnswered, "the provider answered");
      first.stop();
      market.tamper = () => undefined;

      const second = await market.buyer({}, file);
      expect(second.store.requests(target.epoch, target.provider)[1]).to.include({ state: "sent" });
      const found = await measureProvider(second.buyer, target);
      expect(found).to.include({ uptime: 10_000, asked: 3, answered: 3, proven: 3 });
      const requests = second.store.requests(target.epoch, target.provider);
      expect(requests.map(({ state }) => state)).to.deep.equal(["answered", "answered", "answered"]);
      // Nobody timed it.
      expect(requests.map(({ timing }) => timing !== null)).to.deep.equal([true, false, true]);
      const [channel, ...others] = await allChannels();
      expect(others).to.have.length(0);
      await second.buyer.settle(target.epoch + 1);
      const { paid } = await (
        await Channels.connect({
          runner: market.chain.contracts.vault.runner!,
          deployment: market.chain.contracts.deployment,
        })
      ).read(channel!.terms);
      expect(paid).to.equal(requests.reduce((sum, { cost }) => sum + cost!, 0n));
    });

    it("finds the channel whose opening was the last thing that it did", async () => {
      await market.serve({ channels: {} });
      const file = database();
      const first = await market.buyer({}, file);
      const target = await market.target({ requests: 2 });
      let isOpening = false;
      market.tamper = (request) => {
        if (!request.url.includes("/deposit")) return undefined;
        isOpening = true;
        return new Promise<Response>(() => undefined);
      };
      void first.buyer.nextRequest(target, { atOnce: true }).catch(() => undefined);
      await eventually(() => isOpening, "the deposit is on chain");
      first.stop();
      market.tamper = () => undefined;
      const second = await market.buyer({}, file);
      expect(await measureProvider(second.buyer, target)).to.include({ uptime: 10_000, asked: 2 });
      expect(await allChannels()).to.have.length(1);
    });

    it("says what it has when the time is over, though one request cannot be cleared up", async () => {
      await market.serve({ channels: {} });
      const file = database();
      const first = await market.buyer({}, file);
      const target = await market.target({ requests: 2 });
      await first.buyer.nextRequest(target, { atOnce: true });
      // A job that the chain does not know: a look for it fails, again and again.
      const { store } = first;
      store.addRequest(target.epoch, target.provider, {
        ...store.requests(target.epoch, target.provider)[0]!,
        ...{ number: 1, state: "sent", timing: null, shown: null, by: "job", jobId: id("no job") },
      });
      expect(await measureDue(first.buyer, target)).to.equal(undefined);
      await market.chain.pass(target.deadline - (await market.chain.now()));
      expect(await measureDue(first.buyer, target)).to.include({ asked: 1, answered: 1, uptime: 5_000 });
    });

    it("takes back the deposit of a channel without the provider, step by step as the notice allows", async () => {
      await market.serve({ channels: {} });
      const file = database();
      const before = await moneyOf();
      const first = await market.buyer({}, file);
      const target = await market.target({ requests: 1 });
      const found = (await measureProvider(first.buyer, target))!;
      await market.closeEndpoint();
      await first.buyer.settle(target.epoch + 1);
      expect(first.store.unsettledPlans(99), "the notice runs").to.have.length(1);
      first.stop();
      const second = await market.buyer({}, file);
      await second.buyer.settle(target.epoch + 1);
      expect(second.store.unsettledPlans(99), "it still runs").to.have.length(1);
      const [channel] = await allChannels();
      await market.chain.pass(Number(channel!.terms.notice) + 10);
      await second.buyer.settle(target.epoch + 1);
      expect(second.store.unsettledPlans(99)).to.have.length(0);
      expect(before - (await moneyOf())).to.be.at.most([...found.spent.values()][0]!);
    });

    it("follows the job that it had sent, and does not send it again", async () => {
      const file = database();
      const first = await market.buyer({}, file);
      const target = await market.target({ requests: 2 });
      void first.buyer.nextRequest(target, { atOnce: true }).catch(() => undefined);
      await eventually(async () => (await allJobs()).length === 1, "the job is there");
      first.stop();
      await market.serve();
      const second = await market.buyer({}, file);
      const found = await measureProvider(second.buyer, target);
      expect(found).to.include({ uptime: 10_000, asked: 2, answered: 2, proven: 2 });
      expect(await allJobs()).to.have.length(2);
    });
  });

  describe("that is hostile", () => {
    const endless = (text: string) =>
      new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new TextEncoder().encode(text)),
      });
    const waiting = `${JSON.stringify({ type: "waiting", ahead: 1 })}\n`;
    const token = (first: number) => `${JSON.stringify({ type: "tokens", first, chunk: "AAAAAQ==" })}\n`;
    const attacks: readonly [name: string, body: () => Body][] = [
      ["that lets clients wait without end", () => endless(waiting)],
      ["that sends garbage", () => "<html>"],
      ["that sends a line without end", () => endless("a".repeat(10_000))],
      ["that sends a huge answer", () => Array.from({ length: 2_000 }, (_, first) => token(first)).join("")],
      ["that bursts a first token, and has no answer", () => token(0)],
      [
        "that bursts a first token, and then keeps silent",
        () =>
          new ReadableStream({
            start: (controller) => controller.enqueue(new TextEncoder().encode(token(0))),
          }),
      ],
    ];

    it("shows itself as one that does not answer, whatever it sends, and gains no latency by it", async () => {
      await market.serve({ channels: {} });
      const { buyer, store, log } = await market.buyer({ answerSeconds: 1 });
      let body: (() => Body) | undefined;
      market.tamper = (request) => (isQuestion(request) && body ? lines(body()) : undefined);
      const target = await market.target({ requests: attacks.length });
      for (const [name, attack] of attacks) {
        body = attack;
        await buyer.nextRequest(target, { atOnce: true });
        expect(store.requests(target.epoch, target.provider).at(-1), name).to.include({
          state: "unanswered",
        });
      }
      expect(log.of("measure.void")).to.have.length(0);
      expect(buyer.measurementOf(target)).to.deep.include({
        latency: 0,
        throughput: 0,
        uptime: 0,
        evidence: "0x",
      });
    });

    it("that closes the channel under the checker's hands has not answered", async () => {
      const daemon = await market.serve({ channels: {} });
      const { buyer } = await market.buyer({ answerSeconds: 5 });
      const target = await market.target({ requests: 2 });
      await buyer.nextRequest(target, { atOnce: true });
      const [channel] = await allChannels();
      const { contracts } = market.chain;
      const own = contracts.channelEscrow.connect(market.owner.connect(contracts.vault.runner!.provider));
      await (await own.close(channel!.terms)).wait();
      await eventually(() => daemon.storage.channel(channel!.id)?.stage !== "open", "the daemon knows");
      expect(await measureProvider(buyer, target)).to.include({ asked: 2, answered: 1, uptime: 5_000 });
      expect(await allChannels()).to.have.length(1);
    });
  });
});
