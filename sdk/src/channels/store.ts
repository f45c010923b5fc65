/** What a side of a channel must not forget, as JSON: plain values only. */
export interface ChannelState {
  /** Of the last voucher that was signed, or taken. */
  readonly nonce: number;
  /** Token units acknowledged so far, in decimal digits. */
  readonly amount: string;
  /** Token units that were put in, exit bounty included, in decimal digits. */
  readonly deposit: string;
  readonly receipts: { readonly count: number; readonly peaks: readonly string[] };
  /** The last voucher, in the form of `encodeSigned`. */
  readonly voucher?: Readonly<Record<string, string>> | undefined;
  /** The receipt that answers it, unacknowledged. */
  readonly receipt?: Readonly<Record<string, string>> | undefined;
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
