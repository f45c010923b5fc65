import { Wallet } from "ethers";
import { channelIdOf } from "../../../sdk/src/channels/typed-data.ts";
import type { Settlement } from "../../../sdk/src/channels/provider-channel.ts";
import type { ChannelContract, ChannelTerms } from "../../../sdk/src/channels/types.ts";
import type { Burst } from "../conversation.ts";
import type { Lots } from "../lots.ts";
import type { ModelChannel } from "../model/channels.ts";
import {
  after,
  drawRequest,
  drawRequests,
  NOTHING_YET,
  type RequestKind,
  type ScriptedRequest,
  type Standing,
} from "../script.ts";
import { tokenOf, type TokenSymbol } from "../tokens.ts";
import type { Day, ProviderState } from "./day.ts";
import { CHANNEL_RULES } from "./rules.ts";
import { COLLECTOR } from "./setup.ts";

/** How a channel ends. */
export const ENDINGS = [
  "both close",
  "client vanishes",
  "answered late",
  "provider vanishes",
  "client closes",
  "expires",
  "released alone",
  "key removed",
  "left open",
] as const;
export type Ending = (typeof ENDINGS)[number];

/** What is drawn for a channel before it opens. */
export interface ChannelPlan {
  readonly client: string;
  readonly provider: ProviderState;
  readonly token: TokenSymbol;
  readonly requests: number;
  readonly ending: Ending;
  readonly from: "wallet" | "balance";
  readonly topsUp: boolean;
  readonly rotatesKey: boolean;
}

const DAY = 86_400;
/** Of one burst of requests, seconds. */
const LONGEST_BURST = 2_400;

/** A channel that is open, as those who use it know it. */
export class ChannelLife {
  readonly plan: ChannelPlan;
  readonly terms: ChannelTerms;
  readonly contract: ChannelContract;
  readonly model: ModelChannel;
  readonly lots: Lots;
  readonly bursts: readonly (readonly ScriptedRequest[])[];
  /** Where the conversation will stand when the burst that was begun is over. */
  standing: Standing = NOTHING_YET;
  /** What pays the provider, and where the conversation stood then. */
  settlement: Settlement | undefined;
  due: Standing = NOTHING_YET;
  /** Private keys of vouchers: the last is in use. */
  readonly voucherKeys: string[];
  /** Signed the receipt of `settlement`. */
  receiptKey: string;
  /** Requests that were begun. */
  asked = 0;
  readonly #day: Day;

  constructor(day: Day, plan: ChannelPlan) {
    const { chain, lots } = day;
    const { client, provider, token } = plan;
    this.#day = day;
    this.plan = plan;
    const salt = day.salt();
    const name = `channel ${salt}`;
    this.lots = lots.of(name);
    this.voucherKeys = [this.lots.bytes32("voucher key 1")];
    this.receiptKey = provider.receiptKeys.at(-1)!;
    this.contract = { chainId: 31_337n, escrow: chain.addressOf("channel escrow") };
    const { exitBounty } = tokenOf(token).channels;
    const isShort = plan.ending === "expires" || plan.ending === "released alone";
    const expiresAt = chain.time + (isShort ? 4 * LONGEST_BURST + 3 * 3_600 : 30 * DAY);
    this.terms = {
      client: chain.addressOf(client),
      salt,
      notice: CHANNEL_RULES.notice,
      provider: chain.addressOf(provider.name),
      receiptLife: CHANNEL_RULES.receiptLife,
      feeBasisPoints: day.terms.channelFees[token],
      token: chain.token(token),
      exitBounty,
      voucherKey: new Wallet(this.voucherKeys[0]!).address,
      expiresAt: BigInt(expiresAt),
      stakeLock: CHANNEL_RULES.stakePerChannel,
      workPerSecond: CHANNEL_RULES.workPerSecond,
    };
    this.bursts = this.#draw();
    this.model = {
      id: channelIdOf(this.terms, this.contract),
      ...{ name, client, provider: provider.name, token, exitBounty },
      feeBasisPoints: this.terms.feeBasisPoints,
      stakeLock: this.terms.stakeLock,
      notice: Number(this.terms.notice),
      receiptLife: Number(this.terms.receiptLife),
      deposit: exitBounty + costOfBursts(plan.topsUp ? this.bursts.slice(0, 1) : this.bursts),
      ...{ paid: 0n, closesAt: expiresAt, status: "Open" },
    };
  }

  isOpen(): boolean {
    return this.model.status === "Open" && !this.#day.isJailed(this.model);
  }

  /** The second in which the conversation of a burst is over. */
  async talk(
    burst: readonly ScriptedRequest[],
    changes: { settlesUp: boolean; lastAnswer?: Burst["lastAnswer"] },
  ): Promise<{ ends: number; settled: () => Promise<void> }> {
    const { chain, pool, computed } = this.#day;
    this.receiptKey = this.plan.provider.receiptKeys.at(-1)!;
    const interval = Math.max(1, Math.floor(LONGEST_BURST / Math.max(1, burst.length)));
    const begins = chain.time;
    const playing = pool.play({
      ...{ channel: this.model.id, terms: this.terms, contract: this.contract, deposit: this.model.deposit },
      ...{ requests: burst, begins, interval, modelRoot: computed.commitment.modelRoot, ...changes },
      ...{ voucherKey: this.voucherKeys.at(-1)!, receiptKey: this.receiptKey },
    });
    playing.catch(() => undefined);
    for (const request of burst) this.standing = after(this.standing, request);
    if (changes.settlesUp) {
      const { signed, acknowledged, receipts } = this.standing;
      const paid = { promised: acknowledged, covered: receipts, open: 0n };
      this.standing = { ...this.standing, signed: signed + 1, nonce: signed + 1, ...paid };
    }
    this.asked += burst.length;
    const expected = this.standing;
    const settled = async () => {
      const { settlement, refused } = await playing;
      this.settlement = settlement;
      this.due = expected;
      for (const { kind } of burst) this.#day.count(`request ${kind}`);
      this.#day.count("promise refused by the client's book", refused.ChannelOverspent ?? 0);
      this.#day.count("voucher refused by the provider's book", refused.VoucherRefused ?? 0);
      this.#day.count("answer refused by the provider's book", refused.AnswerRefused ?? 0);
      this.#day.count("receipt refused by the client's book", refused.ReceiptRefused ?? 0);
      this.#requireExpected(expected);
    };
    return Promise.resolve({ ends: begins + interval * burst.length + 1, settled });
  }

  /** Pays what the provider has been promised; with the receipt that is not acknowledged yet, if `withReceipt`. */
  async settle(withReceipt: boolean): Promise<void> {
    const day = this.#day;
    const { promised, open } = this.due;
    const { terms, model, plan } = this;
    if (!this.settlement) return;
    const { operator, receiptKeys } = plan.provider;
    if (withReceipt && open > 0n && this.receiptKey !== receiptKeys.at(-1)) {
      await day.refusal("receipt of a removed key refused", "InvalidSigner", operator, this.#withReceipt());
      const { settled } = await this.talk([], { settlesUp: false });
      await settled();
      day.count("receipt signed again with another key");
    }
    if (withReceipt && open > 0n && promised + open > model.paid) {
      await day.act("voucher settled with its receipt", operator, this.#withReceipt(), () =>
        day.model.channels.settle(model, promised + open),
      );
      return;
    }
    const { voucher } = this.settlement;
    const call = ["channel escrow", "settle", [terms, voucher.message, voucher.signature]] as const;
    if (promised > model.paid) {
      await day.act("voucher settled", plan.provider.operator, call, () =>
        day.model.channels.settle(model, promised),
      );
    } else {
      await day.refusal("older voucher refused on chain", "VoucherOutdated", plan.provider.operator, call);
    }
  }

  async finish(
    kind:
      | "channel finished after the notice"
      | "channel finished after its expiry"
      | "channel finished after a conviction",
  ): Promise<void> {
    const { model } = this.#day;
    await this.#day.act(kind, COLLECTOR, ["channel escrow", "finish", [this.terms]], (time) =>
      model.channels.close(this.model, time),
    );
  }

  async release(
    kind:
      | "channel released"
      | "channel released after a conviction"
      | "channel released late after a conviction"
      | "channel released without having been finished",
    by = COLLECTOR,
  ): Promise<void> {
    const { model, chain } = this.#day;
    const call = ["channel escrow", "release", [this.terms, chain.addressOf(by)]] as const;
    await this.#day.act(kind, by, call, (time) => model.channels.release(this.model, by, time));
  }

  /** The provider closes; with a settlement in the same transaction if something is owed. */
  async closeAsProvider(
    kind: "channel closed by both" | "channel closed by its provider",
    withReceipt: boolean,
  ): Promise<void> {
    if (this.settlement) await this.settle(withReceipt);
    const { model } = this.#day;
    const call = ["channel escrow", "close", [this.terms]] as const;
    await this.#day.act(kind, this.plan.provider.name, call, (time) =>
      model.channels.close(this.model, time),
    );
  }

  #withReceipt() {
    const { voucher, receipt } = this.settlement!;
    const [promise, answer] = [voucher, receipt!].map(({ message, signature }) => [message, signature]);
    return ["channel escrow", "settleWithReceipt", [this.terms, ...promise!, ...answer!]] as const;
  }

  #draw(): ScriptedRequest[][] {
    const { plan, lots } = this;
    const prices = this.#day.pricesOf(plan.provider, plan.token);
    const halves = plan.topsUp || plan.rotatesKey || plan.requests > 60 ? 2 : 1;
    const size = Math.ceil(plan.requests / halves);
    const bursts: ScriptedRequest[][] = [];
    for (let begun = 0; begun < plan.requests; begun += size) {
      const count = Math.min(size, plan.requests - begun);
      const isLast = begun + size >= plan.requests;
      // A burst ends with an ordinary request, so that its receipt can be settled; the last with what ends the channel.
      const last = drawRequest(lots, isLast ? lastKind(plan.ending) : "answered", prices);
      bursts.push([...drawRequests(lots, count - 1, prices, () => this.#day.nextRequestKind()), last]);
    }
    return bursts;
  }

  #requireExpected({ nonce, promised, covered, open }: Standing): void {
    const { voucher, receipt } = this.settlement ?? {};
    const { message } = voucher ?? {};
    const found = [
      message?.nonce ?? 0n,
      message?.amount ?? 0n,
      message?.receiptCount ?? 0n,
      receipt?.message.price ?? 0n,
    ];
    const expected = [BigInt(nonce), promised, BigInt(covered), open];
    if (String(found) !== String(expected)) {
      const what = `nonce, amount, receipts and open price are ${String(found)}, expected ${String(expected)}`;
      throw new Error(`${this.model.name}, seed ${this.#day.seed}: ${what}`);
    }
  }
}

function lastKind(ending: Ending): RequestKind {
  switch (ending) {
    case "client vanishes":
    case "provider vanishes":
    case "answered late":
      return ending;
    case "key removed":
      return "client vanishes";
    default:
      return "answered";
  }
}

/** What a client has to put down for requests: at most every limit, so that no voucher is refused for its deposit. */
export function costOfBursts(bursts: readonly (readonly ScriptedRequest[])[]): bigint {
  return bursts.flat().reduce((sum, { limit }) => sum + limit, 1n);
}
