import type { AthanorContracts } from "@athanor/sdk/protocol";
import type { Provider } from "ethers";

/** The chain as this worker uses it: read only. Writing is the outbox's. */
export interface Chain {
  readonly provider: Provider;
  /** Connected to `provider`. */
  readonly contracts: AthanorContracts;
  readonly chainId: bigint;
  /** Hash of block 0. */
  readonly genesis: string;
  /** Blocks, the event's own included, after which an event or a transaction counts. */
  readonly confirmations: number;
}
