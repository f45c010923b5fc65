import type { Checkers } from "@athanor/sdk/checkers";
import type { Chain } from "../chain/chain.ts";
import type { Clock } from "../clock.ts";
import type { CheckerConfig } from "../config/schema.ts";
import type { LazyModels } from "../disputes/models.ts";
import type { EventLog } from "../log/event-log.ts";
import type { CheckerMetrics } from "./checker-metrics.ts";
import type { DeriveSecret } from "./secrets.ts";
import type { CheckerStorage } from "./storage.ts";

/** Everything that a checker's duties work with; built once by the command. */
export interface CheckerContext {
  readonly chain: Chain;
  /** Sends with the operator's key, one transaction after another. */
  readonly checkers: Checkers;
  readonly operator: {
    readonly address: string;
    readonly derive: DeriveSecret;
    /** Sends the oldest transaction again that is not mined, for higher fees. Returns its hash; undefined when none is stuck. */
    readonly replaceStuck?: () => Promise<string | undefined>;
  };
  /** The owner account: what the contracts know the checker by. */
  readonly checker: string;
  readonly settings: CheckerConfig["checker"];
  /** Addresses of the configured tokens. */
  readonly tokens: readonly string[];
  readonly storage: CheckerStorage;
  readonly log: EventLog;
  readonly metrics: CheckerMetrics;
  readonly clock: Clock;
  /** Ends it: nothing new begins. */
  readonly signal: AbortSignal;
  /** Models that answers are recomputed with. */
  readonly models: LazyModels;
}
