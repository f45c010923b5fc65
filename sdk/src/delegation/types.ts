import type { TokenInfo } from "../amounts/token-info.ts";
import type { ConnectOptions } from "../client/types.ts";
import type { ProviderScore } from "../protocol/scores.ts";

/** A runner that only reads suffices for what sends nothing. */
export type DelegationOptions = Omit<ConnectOptions, "modelSource" | "requestStore">;

export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
}

/** A pool as it is now. ATH amounts in units of 18 decimals, times in seconds since 1970. */
export interface PoolView {
  readonly address: string;
  /** The provider's name, unique. */
  readonly label: string;
  /** The provider's cold key. */
  readonly manager: string;
  /** What bears every loss first, ATH units. */
  readonly own: bigint;
  /** What the own part has to be for what is delegated; below it, the pool rests. */
  readonly requiredOwn: bigint;
  /** What the shares are worth, ATH units. */
  readonly delegated: bigint;
  /** What shares on their way out are worth, ATH units. */
  readonly leaving: bigint;
  /** ATH units that can be delegated now: what the own part still covers; 0 when the pool takes none. */
  readonly room: bigint;
  readonly shares: bigint;
  /** ATH units of 10^27 shares; 10^27 at first. It only falls, by slashes. */
  readonly price: bigint;
  readonly commission: PoolCommission;
  /** Whether it takes no new work. */
  readonly resting: boolean;
  /** Whether the provider was convicted. */
  readonly jailed: boolean;
  /** What checkers found of the provider; undefined while it has no score, and where the deployment has no checkers. */
  readonly score: ProviderScore | undefined;
  /** When it retired, for good; undefined while it goes on. */
  readonly retiredAt: number | undefined;
  /** Seconds until an exit is paid at the most, if everybody does what can be done. */
  readonly longestExit: number;
  readonly earnings: readonly PoolEarnings[];
}

/** In ten-thousandths of the delegators' earnings. */
export interface PoolCommission {
  readonly current: number;
  /** An announced rise; undefined when there is none. */
  readonly next: { readonly commission: number; readonly applicableAt: number } | undefined;
}

/** What a pool earns in one token, token units. */
export interface PoolEarnings {
  readonly token: TokenInfo;
  /** Came in since the last harvest. */
  readonly unharvested: bigint;
  /** Of the delegators', not yet released. */
  readonly unreleased: bigint;
  /** When all of it is released, seconds since 1970. */
  readonly releasedAt: number;
}

/** What an account has in a pool. */
export interface PoolPosition {
  readonly account: string;
  readonly shares: bigint;
  /** ATH units that the shares are worth now. */
  readonly worth: bigint;
  /** Token units that can be claimed now, for each token that the pool earns in. */
  readonly earned: readonly { readonly token: TokenInfo; readonly amount: bigint }[];
  readonly exits: readonly PoolExit[];
}

/** Shares on their way out, as far as they are not paid. */
export interface PoolExit {
  readonly id: bigint;
  readonly shares: bigint;
  /** ATH units that `claimExit` would pay now. */
  readonly payable: bigint;
  /** When all of it can be paid, seconds since 1970, 0 if it has left; undefined until all of it has begun to unbond. */
  readonly payableAt: number | undefined;
}

/** A mined transaction of a pool. */
export interface PoolTransaction {
  readonly transactionHash: string;
  readonly block: number;
  readonly gas: bigint;
}
