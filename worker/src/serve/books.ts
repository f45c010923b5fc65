import { ProviderChannel, type ChannelContract, type ChannelStore } from "@athanor/sdk/channels";
import type { Wallet } from "ethers";
import type { Storage } from "../storage/storage.ts";
import type { StoredChannel } from "../storage/channels.ts";

/** The worker's database as the store of its books. */
export function bookStore(storage: Storage): ChannelStore {
  return {
    load: (channel) => Promise.resolve(storage.channel(channel)?.book ?? undefined),
    save(channel, state, expected) {
      if (expected !== undefined && expected.nonce > state.nonce) return Promise.resolve(false);
      return Promise.resolve(storage.saveBook(channel, state, expected ?? null));
    },
  };
}

/** The books of this provider's channels. One object a channel, so that its changes happen one after another. */
export class Books {
  private readonly open = new Map<string, { readonly key: string; readonly book: ProviderChannel }>();
  private readonly contract: ChannelContract;
  private readonly signer: Wallet;
  private readonly store: ChannelStore;
  private readonly now: () => number;

  /** @param now seconds since 1970, by the chain's clock: receipts expire by it */
  constructor(contract: ChannelContract, signer: Wallet, storage: Storage, now: () => number) {
    this.contract = contract;
    this.signer = signer;
    this.store = bookStore(storage);
    this.now = now;
  }

  of({ id, terms, chain }: StoredChannel): ProviderChannel {
    const known = this.open.get(id);
    if (known?.key === chain.voucherKey) return known.book;
    const { contract, signer, store, now } = this;
    const book = new ProviderChannel({ terms, contract, signer, store, now, voucherKey: chain.voucherKey });
    this.open.set(id, { key: chain.voucherKey, book });
    return book;
  }

  forget(id: string): void {
    this.open.delete(id);
  }
}
