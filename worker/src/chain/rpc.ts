import { FetchRequest, JsonRpcProvider, Network, type Provider } from "ethers";

/** A provider that also takes raw requests. */
export type RpcProvider = Provider & { send(method: string, params: unknown[]): Promise<unknown> };

const REQUEST_TIMEOUT = 15_000;

/** A JSON-RPC connection that fails soon and lets its user decide when to try again. */
export function openRpc(url: string, chainId: number): JsonRpcProvider {
  const request = new FetchRequest(url);
  request.timeout = REQUEST_TIMEOUT;
  // ethers would otherwise repeat throttled requests by itself, for minutes.
  request.setThrottleParams({ maxAttempts: 1 });
  const network = Network.from(chainId);
  return new JsonRpcProvider(request, network, {
    // Without a static network, ethers retries its detection for ever and prints to the console.
    staticNetwork: network,
    // A cached answer would hide what our own transaction just changed.
    cacheTimeout: -1,
    batchMaxCount: 20,
    // For those who wait for a transaction; the daemon polls by itself.
    pollingInterval: 500,
  });
}
