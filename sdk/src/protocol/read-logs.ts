import type { ContractRunner, Log, Provider } from "ethers";
import { athanorError } from "../errors/athanor-error.ts";
import { toAthanorError } from "../errors/to-athanor-error.ts";
import { throwIfAborted } from "../internal/abort.ts";

export interface LogFilter {
  readonly address: string;
  /** As in eth_getLogs: null matches anything, a list matches any of its members. */
  readonly topics: readonly (string | readonly string[] | null)[];
}

/** What reads logs: a provider, or something that asks one again when it fails. */
export type LogReader = Pick<Provider, "getLogs">;

export interface ReadLogsOptions {
  /** Blocks asked for at once at first; halved when the node refuses. Default 10,000. */
  readonly chunkSize?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * All logs from one block to another, both included, in chunks that the node accepts.
 *
 * @throws AthanorError `RpcUnavailable`, `RpcRateLimited`, … when a single block is refused too
 */
export async function readLogs(
  reader: LogReader,
  filter: LogFilter,
  fromBlock: number,
  toBlock: number,
  options: ReadLogsOptions = {},
): Promise<Log[]> {
  const logs: Log[] = [];
  let size = options.chunkSize ?? 10_000;
  for (let start = fromBlock; start <= toBlock;) {
    throwIfAborted(options.signal);
    const end = Math.min(toBlock, start + size - 1);
    try {
      const topics = filter.topics.map((topic) =>
        Array.isArray(topic) ? [...(topic as string[])] : (topic as string),
      );
      logs.push(
        ...(await reader.getLogs({ address: filter.address, topics, fromBlock: start, toBlock: end })),
      );
      start = end + 1;
    } catch (error) {
      const failure = toAthanorError(error);
      // Nodes word their limit on blocks and results in many ways; unreadable refusals are taken for one.
      const tooLarge = failure.code === "RpcRangeTooLarge" || failure.code === "Unexpected";
      if (start === end || !tooLarge) throw failure;
      size = Math.ceil((end - start + 1) / 2);
    }
  }
  return logs;
}

/** The reader behind a contract: its runner if that reads logs, otherwise the runner's provider. */
export function logReaderOf(contract: { readonly runner: ContractRunner | null }): LogReader {
  const { runner } = contract;
  if (runner && "getLogs" in runner) return runner as unknown as LogReader;
  if (runner?.provider) return runner.provider;
  throw athanorError("InvalidArgument", {
    name: "contracts",
    found: "connected to nothing",
    expected: "contracts connected to a provider",
  });
}
