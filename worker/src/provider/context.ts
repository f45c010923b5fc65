import type { TokenInfo } from "@athanor/sdk";
import type { EncryptionKey } from "@athanor/sdk/private";
import type { Wallet } from "ethers";
import type { Chain } from "../chain/chain.ts";
import type { ChainTime } from "../chain/time.ts";
import type { Clock } from "../clock.ts";
import type { Archive } from "../contents/archive.ts";
import type { Config } from "../config/schema.ts";
import type { EventLog } from "../log/event-log.ts";
import type { ModelRunner } from "../model/runner.ts";
import type { Desk } from "../serve/desk.ts";
import type { OpenedJob } from "./open-job.ts";
import type { Storage } from "../storage/storage.ts";

/** A model that this provider serves. */
export interface ServedModel {
  readonly folder: string;
  readonly runner: ModelRunner;
  /** Positions a second, prompt and output alike, of one job alone. Measured at the start and after every job. */
  positionsPerSecond: number;
}

/** Everything that the provider's steps work with; built once by the command, passed to all of them. */
export interface ProviderContext {
  readonly chain: Chain;
  readonly time: ChainTime;
  readonly clock: Clock;
  readonly storage: Storage;
  /** Where prompts and answers are kept once they do not change any more. */
  readonly archive: Archive;
  readonly log: EventLog;
  /** Pays the gas and signs submissions. */
  readonly operator: Wallet;
  /** The provider's owner account. */
  readonly owner: string;
  readonly limits: Config["limits"];
  /** By model root. */
  readonly models: ReadonlyMap<string, ServedModel>;
  /** Runs the main loop at once instead of at the next poll. */
  readonly wake: () => void;
  /** Generations in progress, by job. */
  readonly running: Map<string, AbortController>;
  /** With which private requests are opened: the registered one first, then earlier ones. */
  readonly encryptionKeys: readonly EncryptionKey[];
  /** Requests of private jobs that are not computed yet, by job. Never stored: the database has only what is on chain. */
  readonly opened: Map<string, OpenedJob>;
  /** Symbols and decimals of the tokens seen so far, by address. */
  readonly tokens: Map<string, TokenInfo>;
  /** Serves channels; null where none are configured. */
  readonly desk: Desk | null;
}
