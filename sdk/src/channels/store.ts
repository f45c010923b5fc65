type Fields = Readonly<Record<string, string>>;

/** The acknowledged receipts of a channel, and what they cost together. */
export interface Acknowledged {
  /** Token units, in decimal digits. */
  readonly amount: string;
  readonly receipts: { readonly count: number; readonly peaks: readonly string[] };
}

/** What a side of a channel must not forget, as JSON: plain values only. */
export interface ChannelState extends Acknowledged {
  /** Of the last voucher that was signed, or taken. */
  readonly nonce: number;
  /** Token units that were put in, exit bounty included, in decimal digits. */
  readonly deposit: string;
  /** The last voucher, in the form of `encodeSigned`. */
  readonly voucher?: Fields | undefined;
  /** The receipt that answers it: not acknowledged yet for the provider, acknowledged by the next voucher for the client. */
  readonly receipt?: Fields | undefined;
  /** Of the provider: digests of the same receipt with earlier expiries. The client may have taken any of them. */
  readonly earlier?: readonly string[] | undefined;
  /** Of the client: vouchers since the last receipt that it took, oldest first. A receipt may still answer any of them. */
  readonly unanswered?: readonly Fields[] | undefined;
  /** Of the client: the receipt that it took last, and its book without it. A longer receipt of the same nonce takes its place. */
  readonly taken?: TakenReceipt | undefined;
}

export interface TakenReceipt {
  /** The voucher that it answers. */
  readonly voucher: Fields;
  readonly outputCount: number;
  readonly before: Acknowledged;
}

/**
 * Where a side keeps its channels. `save` is durable when it resolves, and refuses to go back: it replaces a state only by one whose `nonce` is not
 * lower, so that a restored backup or a second process signs nothing twice.
 */
export interface ChannelStore {
  load(channel: string): Promise<ChannelState | undefined>;
  /** @returns false if the stored state has a higher nonce, or is not `expected`; nothing is written then */
  save(channel: string, state: ChannelState, expected: ChannelState | undefined): Promise<boolean>;
}

/** A store that forgets when the process ends: for tests and tools that open and close a channel in one run. */
export function memoryStore(): ChannelStore {
  const states = new Map<string, string>();
  return {
    load: (channel) => {
      const found = states.get(channel);
      return Promise.resolve(found === undefined ? undefined : (JSON.parse(found) as ChannelState));
    },
    save: (channel, state, expected) => {
      const known = expected === undefined ? undefined : JSON.stringify(expected);
      const stored = states.get(channel);
      if (stored !== known) return Promise.resolve(false);
      if (stored !== undefined && (JSON.parse(stored) as ChannelState).nonce > state.nonce) {
        return Promise.resolve(false);
      }
      states.set(channel, JSON.stringify(state));
      return Promise.resolve(true);
    },
  };
}
