import { connectContracts, deploymentOf, toAthanorError, type AthanorContracts } from "@athanor/sdk/protocol";
import { requiredRequests } from "@athanor/sdk/checkers";
import { getAddress } from "ethers";
import { ChainTime } from "../../chain/time.ts";
import { systemClock } from "../../clock.ts";
import { describeError, WorkerError } from "../../errors.ts";
import { askByChannel, DepositAboveBudget, openSession, recoverByChannel, sessionOf } from "./by-channel.ts";
import { askByJob, lostWith, nextIndex, recoverJob } from "./by-job.ts";
import { Clients, requireBuyers } from "./clients.ts";
import { connectivityOf } from "./connectivity.ts";
import { pricedQuestion, readCharges, type PricedQuestion } from "./cost.ts";
import { evidenceOf } from "./evidence.ts";
import { channelImpossible, faultOf, reasonOf, TOO_LATE } from "./failures.ts";
import { readStanding, type StandingOffer } from "./offers.ts";
import type { BuyerOptions, Measurement, Step, Target } from "./options.ts";
import { costOfAll, counted, isComplete, makePlan, nextDue, RETRY_AFTER } from "./planning.ts";
import { composedPrompts } from "./prompts.ts";
import { fieldsOf, Records } from "./records.ts";
import { settlePlan } from "./settle.ts";
import { measuresOf } from "./statistics.ts";
import { Stopwatch } from "./stopwatch.ts";
import type { Plan, StoredRequest } from "./store.ts";
import { Turns } from "./turns.ts";

const ANSWER_SECONDS = 300;
/** Milliseconds by which a timer may be late before it is this machine that slept. */
const SLEPT = 30_000;

/**
 * Asks providers as an ordinary client does, and measures. What it does is recorded before it is done: it may be ended at any point, and goes on where it was.
 *
 * @example
 * const step = await buyer.nextRequest(target);
 * if (step.state === "done") console.log(buyer.measurementOf(target));
 */
export class Buyer {
  readonly #options: BuyerOptions;
  readonly #contracts: AthanorContracts;
  readonly #clients: Clients;
  readonly #records: Records;
  readonly #stopwatch: Stopwatch;
  readonly #time = new ChainTime(systemClock);
  readonly #turns = new Turns();
  readonly #told = new Set<string>();
  /** When plans are settled again whose settling failed, seconds since 1970. */
  readonly #settleFrom = new Map<string, number>();

  private constructor(options: BuyerOptions, contracts: AthanorContracts) {
    this.#options = options;
    this.#contracts = contracts;
    this.#stopwatch = new Stopwatch(options.fetch);
    this.#clients = new Clients(options, this.#stopwatch, () => this.#time.now());
    const { provider, otherHosts = () => Promise.resolve([]) } = options;
    this.#records = new Records(options, connectivityOf(provider, otherHosts, options.fetch));
  }

  /** @throws WorkerError CONFIG_INVALID without an account, or with one that is the checker's own */
  static async connect(options: BuyerOptions): Promise<Buyer> {
    const { accounts, notBuyers, provider } = options;
    requireBuyers(accounts, notBuyers);
    const { chainId } = await provider.getNetwork();
    const deployment = options.deployment ?? deploymentOf(Number(chainId));
    const budgets = new Map([...options.budgets].map(([token, units]) => [getAddress(token), units]));
    return new Buyer({ ...options, deployment, budgets }, connectContracts(provider, deployment));
  }

  /**
   * Does the next thing to measure a provider: decides how it is asked, sends one request when it is due, or finds out what became of one that was interrupted. Returns when that has
   * ended, after `answerSeconds` and a while at the latest. Calls for one provider wait for each other; those for others do not.
   *
   * @param options.atOnce sends it before it is due
   * @throws what the node of this side throws
   */
  nextRequest(target: Target, { atOnce = false } = {}): Promise<Step> {
    const provider = getAddress(target.provider);
    return this.#turns.run(`${target.epoch} ${provider}`, async () => {
      const step = await this.#step({ ...target, provider }, atOnce);
      // Recomputing takes long: the next request does not wait for it.
      if (step.state === "asked") void this.verifyBought();
      if (step.state === "stuck") this.#tellOnce(target, step.reason);
      return step;
    });
  }

  /** What the requests so far show; undefined while they show nothing, for a reason of this side. */
  measurementOf(target: Target): Measurement | undefined {
    const { store } = this.#options;
    const { epoch, blinding, requests: required } = target;
    const provider = getAddress(target.provider);
    const plan = store.plan(epoch, provider);
    if (plan === undefined) return undefined;
    const requests = store.requests(epoch, provider);
    const count = counted(requests);
    const nothing = { latency: 0, throughput: 0, uptime: 0, asked: 0, answered: 0, proven: 0 };
    if (plan.by === "nothing") return { ...nothing, evidence: "0x", spent: new Map() };
    if (count.length === 0) return undefined;
    const evidence = evidenceOf(plan, blinding, requests);
    const observed = count.map(({ state, timing }) => ({
      answered: state === "answered",
      timing: timing ?? undefined,
    }));
    const measures = measuresOf(observed, evidence.proven, required);
    if (measures === undefined) return undefined;
    const { uptime } = measures;
    const shown = uptime === 0 ? 0 : Math.max(1, requiredRequests({ uptime, requests: required }));
    return {
      ...measures,
      evidence: shown === 0 ? "0x" : evidence.encode(shown),
      spent: new Map([[plan.token, store.spent(epoch, plan.token, provider)]]),
      asked: count.length,
      answered: observed.filter(({ answered }) => answered).length,
      proven: evidence.proven,
    };
  }

  /**
   * Closes the channels of past epochs, takes back what was not spent, and ends their jobs, as far as that is possible now. To be called again and again.
   *
   * @param epoch those before it are over
   */
  async settle(epoch: number): Promise<void> {
    const { store, log } = this.#options;
    await this.verifyBought();
    const now = await this.#observe();
    for (const plan of store.unsettledPlans(epoch)) {
      const name = `${plan.epoch} ${plan.provider}`;
      if (now < (this.#settleFrom.get(name) ?? 0)) continue;
      try {
        await this.#settlePlan(plan, now);
      } catch (error) {
        this.#settleFrom.set(name, now + RETRY_AFTER);
        log.emit("warn", "buyer.failed", { ...describeError(error), ...fieldsOf(plan) });
      }
    }
  }

  async #settlePlan(plan: Plan, now: number): Promise<void> {
    const { account } = plan;
    if (!this.#clients.has(account)) {
      throw new WorkerError(
        "KEYSTORE_MISSING",
        `${account} has money in channels or jobs, and its key is not here.`,
        {
          remedy: "Keep its keystore under keys.buyerKeystores until its money is back.",
          details: { account },
        },
      );
    }
    const parts = { options: this.#options, clients: this.#clients, contracts: this.#contracts, plan, now };
    if (!(await this.#turns.run(account, () => settlePlan(parts)))) return;
    this.#options.store.setSettled(plan);
    this.#clients.forget(plan);
  }

  /** Has the answers looked at that nobody has looked at yet, one after another. */
  verifyBought(): Promise<void> {
    const { store, verifyReceipt, log, signal } = this.#options;
    return this.#turns.run("verify", async () => {
      const isEnded = () => signal?.aborted === true;
      if (isEnded()) return;
      for (const { key, answer } of store.unverified()) {
        if (isEnded()) return;
        try {
          await verifyReceipt?.(answer);
          store.setVerified(key);
        } catch (error) {
          log.emit("warn", "buyer.failed", { ...describeError(error), account: answer.account });
        }
      }
    });
  }

  // ------------------------------------------------------------------------------------------------ one step

  async #step(target: Target, atOnce: boolean): Promise<Step> {
    const { store, log } = this.#options;
    const { epoch, provider } = target;
    const now = await this.#observe();
    let plan = store.plan(epoch, provider);
    if (plan === undefined) {
      const made = await makePlan(this.#options, this.#contracts, target, now);
      if ("reason" in made) return { state: "stuck", reason: made.reason };
      plan = made;
      store.putPlan(plan);
      log.emit("info", "measure.planned", {
        ...fieldsOf(plan),
        by: plan.by,
        model: plan.model,
        token: plan.token,
      });
    }
    const requests = store.requests(epoch, provider);
    const open = requests.find(({ state }) => state === "sent");
    // Later than planned is in time, as long as the answer is there by the deadline.
    const isOver = now > Math.min(target.deadline, target.endsAt) - this.#answerSeconds && now > plan.until;
    if (open !== undefined) {
      await this.#recover(target, plan, open);
      const { state } = store.requests(epoch, provider)[open.number]!;
      return { state: state === "sent" && isOver ? "done" : "asked" };
    }
    if (isComplete(target, plan, requests) || isOver) return { state: "done" };
    const dueAt = nextDue(target, plan, requests);
    if (now < dueAt && !atOnce) return { state: "waiting", dueAt };
    return this.#ask(target, plan, requests, now);
  }

  async #ask(target: Target, plan: Plan, requests: readonly StoredRequest[], now: number): Promise<Step> {
    const { store } = this.#options;
    const { epoch, provider } = target;
    const [offer, block] = await Promise.all([
      readStanding(this.#contracts, provider, plan.model, plan.token),
      this.#options.provider.getBlockNumber(),
    ]);
    const number = requests.length;
    const row: Omit<StoredRequest, "limit"> = {
      ...{ number, state: "sent", by: plan.by === "channel" ? "channel" : "job", sentAt: now, block },
      ...{ token: plan.token, cost: null, mark: 0, jobId: null, timing: null, shown: null, reason: null },
    };
    if (offer === undefined) {
      // Clients cannot ask it either.
      store.addRequest(epoch, provider, { ...row, limit: 0n });
      this.#records.ended(
        plan,
        number,
        "unanswered",
        { code: "NoSuchOffer", detail: "its offer is gone" },
        0n,
      );
      return { state: "asked" };
    }
    const priced = await this.#affordable(target, plan, requests, number, offer);
    if (priced === undefined) {
      return { state: "stuck", reason: "the budget does not pay for another request" };
    }
    if (row.by === "job") {
      const mark = nextIndex(requests);
      if (mark === undefined) return { state: "stuck", reason: "the epoch has no salt left for another job" };
      await this.#askByJob(target, plan, { ...row, mark }, priced);
    } else await this.#askByChannel(target, plan, row, priced, offer);
    return { state: "asked" };
  }

  /** The next request, such that all that are left fit the budget of the epoch and this provider's part of it. */
  async #affordable(
    target: Target,
    plan: Plan,
    requests: readonly StoredRequest[],
    number: number,
    offer: StandingOffer,
  ): Promise<PricedQuestion | undefined> {
    const { store, budgets, prompts = composedPrompts } = this.#options;
    const { epoch, token, provider, by } = plan;
    const charges = await readCharges(this.#contracts, by, token);
    const budget = budgets.get(token) ?? 0n;
    const opening = by === "channel" && store.channels(plan).length === 0 ? charges.exitBounty : 0n;
    const share = budget / BigInt(target.providers ?? 1) - store.spent(epoch, token, provider) - opening;
    const rest = budget - store.spent(epoch, token) - opening;
    const left = share < rest ? share : rest;
    const remaining = Math.max(1, target.requests - counted(requests).length);
    const mostCost = left / BigInt(remaining);
    return left <= 0n ? undefined : pricedQuestion(target, number, prompts, offer, by, charges, mostCost);
  }

  async #askByChannel(
    target: Target,
    plan: Plan,
    row: Omit<StoredRequest, "limit">,
    priced: PricedQuestion,
    offer: StandingOffer,
  ): Promise<void> {
    const { store, signal } = this.#options;
    const { epoch, provider, model } = plan;
    store.addRequest(epoch, provider, { ...row, limit: priced.limit });
    const timer = new AbortController();
    let timeout: ReturnType<typeof setTimeout> | undefined;
    let startedAt = 0;
    try {
      const { workPerPosition } = await this.#contracts.modelRegistry.modelOf(model);
      const session =
        (await sessionOf(this.#clients, this.#options, plan)) ?? (await this.#open(target, plan, offer));
      const book = await store.sessions(plan).load(session.id);
      store.changeRequest(epoch, provider, row.number, { mark: book?.nonce ?? 0 });
      const { left } = await session.balance();
      if (left < priced.limit) await this.#turns.run(plan.account, () => session.topUp(8n * priced.limit));
      const combined = signal ? AbortSignal.any([signal, timer.signal]) : timer.signal;
      startedAt = performance.now();
      timeout = setTimeout(() => timer.abort(), this.#answerSeconds * 1_000);
      const answered = await askByChannel(session, this.#stopwatch, plan, priced, workPerPosition, combined);
      this.#records.answered(plan, row.number, answered);
    } catch (error) {
      if (signal?.aborted === true) return;
      const slept = startedAt > 0 && performance.now() - startedAt > this.#answerSeconds * 1_000 + SLEPT;
      const reason = timer.signal.aborted ? { code: TOO_LATE, detail: "no answer in time" } : reasonOf(error);
      if (error instanceof DepositAboveBudget || channelImpossible.has(reason.code)) {
        // What an ordinary client would do: it has no channel with this provider, and asks by jobs.
        store.putPlan({ ...plan, by: "job" });
        this.#records.ended(plan, row.number, "void", reason, 0n);
        return;
      }
      await this.#records.failed(
        plan,
        row.number,
        slept ? { code: "MachineSlept", detail: reason.detail } : reason,
      );
    } finally {
      clearTimeout(timeout);
    }
  }

  async #open(target: Target, plan: Plan, offer: StandingOffer) {
    const wanted = await costOfAll(this.#options, this.#contracts, target, plan, offer);
    const session = await this.#turns.run(plan.account, () =>
      openSession(this.#clients, this.#options, this.#contracts, target, plan, wanted),
    );
    this.#options.log.emit("info", "buyer.opened", { ...fieldsOf(plan), channel: session.id });
    return session;
  }

  async #askByJob(
    target: Target,
    plan: Plan,
    row: Omit<StoredRequest, "limit">,
    priced: PricedQuestion,
  ): Promise<void> {
    const { store, signal } = this.#options;
    const { epoch, provider, model } = plan;
    store.addRequest(epoch, provider, { ...row, limit: priced.limit });
    const onCreated = (jobId: string) => store.changeRequest(epoch, provider, row.number, { jobId });
    try {
      const { workPerPosition } = await this.#contracts.modelRegistry.modelOf(model);
      const options = { ...this.#options, answerSeconds: this.#answerSeconds };
      const asked = await askByJob(
        this.#clients,
        options,
        this.#turns,
        target,
        plan,
        priced,
        row.mark,
        onCreated,
      );
      const { duration, positions, ...answered } = asked;
      // All tokens come at once.
      const timing = { latency: duration, duration, positions, workPerPosition };
      this.#records.answered(plan, row.number, { ...answered, timing });
    } catch (error) {
      if (signal?.aborted !== true) {
        await this.#records.failed(plan, row.number, reasonOf(error), lostWith(error));
      }
    }
  }

  /** What became of a request whose end this process did not see. It is answered or does not count: nobody knows whether it was in time. */
  async #recover(target: Target, plan: Plan, row: StoredRequest): Promise<void> {
    const { store, signal } = this.#options;
    const timer = AbortSignal.timeout(this.#answerSeconds * 1_000);
    const combined = signal ? AbortSignal.any([signal, timer]) : timer;
    const interrupted = { code: row.reason ?? "Interrupted", detail: "this side lost sight of it" };
    try {
      if (row.by === "job") {
        const onCreated = (jobId: string) =>
          store.changeRequest(plan.epoch, plan.provider, row.number, { jobId });
        const answered = await recoverJob(this.#clients, this.#options, target, plan, row, onCreated);
        if (answered !== undefined) return this.#records.answered(plan, row.number, answered);
        return this.#records.ended(plan, row.number, "void", interrupted, 0n);
      }
      const session = await sessionOf(this.#clients, this.#options, plan);
      if (session === undefined) return this.#records.ended(plan, row.number, "void", interrupted, 0n);
      const found = await recoverByChannel(session, this.#options, plan, row.mark, combined);
      if ("answered" in found) return this.#records.answered(plan, row.number, found.answered);
      this.#records.ended(plan, row.number, "void", interrupted, found.isSigned ? null : 0n);
    } catch (error) {
      if (signal?.aborted === true) return;
      const reason = timer.aborted ? { code: TOO_LATE, detail: "it cannot be asked for" } : reasonOf(error);
      const lost = lostWith(error);
      if (row.by === "job" || faultOf(reason.code) === "own") {
        await this.#records.failed(plan, row.number, reason, lost);
      } else this.#records.ended(plan, row.number, "void", reason, null);
    }
  }

  #tellOnce({ epoch, provider }: Target, reason: string): void {
    const name = `${epoch} ${provider} ${reason}`;
    if (this.#told.has(name)) return;
    this.#told.add(name);
    this.#options.log.emit("warn", "measure.stuck", { epoch, provider, reason });
  }

  get #answerSeconds(): number {
    return this.#options.answerSeconds ?? ANSWER_SECONDS;
  }

  /** The newest block's time, seconds since 1970: epochs are the chain's. */
  async #observe(): Promise<number> {
    const block = await this.#options.provider.getBlock("latest");
    if (block === null) throw toAthanorError(new Error("the node has no block"));
    this.#time.observe(block);
    return block.timestamp;
  }
}
