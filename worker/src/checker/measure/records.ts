import type { Answered } from "./by-channel.ts";
import type { Connectivity } from "./connectivity.ts";
import { faultOf, type Reason } from "./failures.ts";
import type { BuyerOptions } from "./options.ts";
import type { BoughtAnswer, Plan } from "./store.ts";

type Outcome = Omit<Answered, "bought"> & { readonly bought: BoughtAnswer | undefined };

/** Writes down what became of requests, and tells it. */
export class Records {
  readonly #options: Pick<BuyerOptions, "store" | "log">;
  readonly #connectivity: Connectivity;

  constructor(options: Pick<BuyerOptions, "store" | "log">, connectivity: Connectivity) {
    this.#options = options;
    this.#connectivity = connectivity;
  }

  answered(plan: Plan, number: number, { timing, cost, shown, bought }: Outcome): void {
    const { store, log } = this.#options;
    const { epoch, provider } = plan;
    // First: an answer that counts is one that is looked at.
    if (bought !== undefined) store.putBought(epoch, provider, number, bought);
    const change = { state: "answered", timing: timing ?? null, cost, shown, reason: null } as const;
    store.changeRequest(epoch, provider, number, change);
    const [latency, duration] = [timing?.latency, timing?.duration].map((time) => time && Math.round(time));
    log.emit("info", "measure.answered", { ...fieldsOf(plan), number, cost, latency, duration });
  }

  /**
   * Judges a failure: the provider's counts; this side's does not, and what may be out is looked for again.
   *
   * @param lost token units that a job cost which came to nothing
   */
  async failed(plan: Plan, number: number, reason: Reason, lost = 0n): Promise<void> {
    const { store } = this.#options;
    const fault = faultOf(reason.code);
    const isProviders = fault === "provider" || (fault === "silence" && (await this.#connectivity.isSure()));
    const isOut = await this.#mayBeOut(plan, number);
    if (isProviders) {
      // A job without an answer is refunded; a voucher may still be settled.
      const { by } = store.requests(plan.epoch, plan.provider)[number]!;
      return this.ended(plan, number, "unanswered", reason, by === "job" || !isOut ? lost : null);
    }
    if (!isOut) return this.ended(plan, number, "void", reason, 0n);
    store.changeRequest(plan.epoch, plan.provider, number, { reason: reason.code });
    this.#tell(plan, number, "interrupted", reason);
  }

  /** @param cost token units; null while nobody knows: then the most that it can be counts */
  ended(plan: Plan, number: number, state: "unanswered" | "void", reason: Reason, cost: bigint | null): void {
    this.#options.store.changeRequest(plan.epoch, plan.provider, number, {
      state,
      reason: reason.code,
      cost,
    });
    this.#tell(plan, number, state, reason);
  }

  /** Whether a voucher was signed, or a job may have been sent, for a request. */
  async #mayBeOut(plan: Plan, number: number): Promise<boolean> {
    const { store } = this.#options;
    const row = store.requests(plan.epoch, plan.provider)[number]!;
    if (row.by === "job") return true;
    const sessions = store.sessions(plan);
    const books = await Promise.all(store.channels(plan).map(({ id }) => sessions.load(id)));
    return books.some((book) => (book?.nonce ?? 0) > row.mark);
  }

  #tell(plan: Plan, number: number, became: "unanswered" | "void" | "interrupted", reason: Reason): void {
    const { log } = this.#options;
    const fields = { ...fieldsOf(plan), number, became, ...reason };
    if (became === "unanswered") log.emit("info", "measure.unanswered", fields);
    else log.emit("warn", "measure.void", fields);
  }
}

/** What is told of a plan with everything. */
export const fieldsOf = ({ epoch, provider, account }: Plan) => ({ epoch, provider, account });
