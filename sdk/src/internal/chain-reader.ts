import type {
  Block,
  ContractRunner,
  Filter,
  FilterByBlockHash,
  Log,
  Provider,
  TransactionReceipt,
} from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { isTransient } from "../errors/transport-error.ts";
import type { LogReader } from "../protocol/read-logs.ts";
import { retry } from "./retry.ts";

export interface ChainReaderOptions {
  /** Milliseconds between two looks at the chain. */
  readonly pollInterval: number;
  /** Milliseconds that one request to the node may take. */
  readonly requestTimeout: number;
  /** How often a request is attempted while the node fails for reasons that may go away. */
  readonly requestAttempts: number;
}

/**
 * Reads one chain: every request is bounded in time and repeated when the node fails, and nothing depends on subscriptions,
 * which nodes drop without saying so.
 */
export class ChainReader {
  readonly provider: Provider;
  readonly options: ChainReaderOptions;
  /** For contracts that only read. */
  readonly runner: ContractRunner & LogReader;
  /** False once the node has refused to show its pending block. */
  hasPendingBlock = true;

  constructor(provider: Provider, options: ChainReaderOptions) {
    this.provider = provider;
    this.options = options;
    this.runner = {
      provider,
      call: (transaction) => this.read("eth_call", () => provider.call(transaction)),
      resolveName: (name) => this.read("resolveName", () => provider.resolveName(name)),
      getLogs: (filter: Filter | FilterByBlockHash): Promise<Log[]> =>
        this.read("eth_getLogs", () => provider.getLogs(filter)),
    };
  }

  /** Asks the node for something, again when it fails for a reason that may go away. */
  read<T>(operation: string, attempt: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const { requestAttempts: attempts, requestTimeout: timeout, pollInterval } = this.options;
    // Who looks at the chain often has a node that stands it.
    const delay = Math.min(pollInterval, 250);
    return retry(attempt, { operation, attempts, timeout, delay, signal });
  }

  /** Asked once: a provider with a wrong URL never answers, and who connects wants to know soon. */
  async chainId(): Promise<bigint> {
    const { requestTimeout: timeout } = this.options;
    const once = { operation: "eth_chainId", attempts: 1, timeout, delay: 0 };
    return (await retry(() => this.provider.getNetwork(), once)).chainId;
  }

  async blockNumber(signal?: AbortSignal): Promise<number> {
    return this.read("eth_blockNumber", () => this.provider.getBlockNumber(), signal);
  }

  async block(block: number | string, signal?: AbortSignal): Promise<Block> {
    const found = await this.read("eth_getBlockByNumber", () => this.provider.getBlock(block), signal);
    if (!found) throw athanorError("RpcInvalidResponse", { details: `there is no block ${block}.` });
    return found;
  }

  /**
   * The timestamp that a transaction sent now would see, in seconds. On a chain that mines only when asked to, the
   * latest block may be hours old, so the pending block counts where the node has one.
   */
  async time(signal?: AbortSignal): Promise<number> {
    const latest = await this.block("latest", signal);
    if (!this.hasPendingBlock) return latest.timestamp;
    try {
      const pending = await this.read(
        "eth_getBlockByNumber",
        () => this.provider.getBlock("pending"),
        signal,
      );
      this.hasPendingBlock = pending !== null;
      return Math.max(latest.timestamp, pending?.timestamp ?? 0);
    } catch (error) {
      const failure = toAthanorError(error);
      if (failure.code === "Aborted" || isTransient(failure)) throw failure;
      this.hasPendingBlock = false;
      return latest.timestamp;
    }
  }

  receipt(hash: string, signal?: AbortSignal): Promise<TransactionReceipt | null> {
    return this.read("eth_getTransactionReceipt", () => this.provider.getTransactionReceipt(hash), signal);
  }
}
