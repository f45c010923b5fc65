import { athanorError } from "../errors/athanor-error.ts";
import { Mutex } from "../internal/mutex.ts";
import { ReceiptTree } from "./receipt-tree.ts";
import type { ChannelState, ChannelStore } from "./store.ts";
import { channelIdOf } from "./typed-data.ts";
import type { ChannelContract, ChannelTerms } from "./types.ts";

/** One side's book of a channel, kept in a store: every change is durable before anything that follows from it leaves this side. */
export class ChannelLedger {
  readonly id: string;
  readonly terms: ChannelTerms;
  readonly contract: ChannelContract;
  readonly #store: ChannelStore;
  readonly #mutex = new Mutex();

  constructor(terms: ChannelTerms, contract: ChannelContract, store: ChannelStore) {
    this.id = channelIdOf(terms, contract);
    this.terms = terms;
    this.contract = contract;
    this.#store = store;
  }

  /** Token units that can be promised. */
  spendableOf(state: ChannelState): bigint {
    return BigInt(state.deposit) - this.terms.exitBounty;
  }

  async read(): Promise<ChannelState> {
    return (await this.#store.load(this.id)) ?? EMPTY;
  }

  /** Reads, decides, writes, one at a time; what `change` returns beside the state is handed out only when the state is stored. */
  update<Result>(change: (state: ChannelState) => Promise<readonly [ChannelState, Result]>): Promise<Result> {
    return this.#mutex.run(async () => {
      const stored = await this.#store.load(this.id);
      const [next, result] = await change(stored ?? EMPTY);
      if (!(await this.#store.save(this.id, next, stored))) {
        throw athanorError("ChannelStateMoved", { channel: this.id, nonce: next.nonce });
      }
      return result;
    });
  }

  /** The most that was put in so far, as the chain says. */
  noteDeposit(deposit: bigint): Promise<void> {
    return this.update((state) => Promise.resolve([{ ...state, deposit: String(deposit) }, undefined]));
  }
}

const EMPTY: ChannelState = { nonce: 0, amount: "0", deposit: "0", receipts: ReceiptTree.empty().save() };
