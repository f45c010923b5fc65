import type { Provider } from "ethers";

/** Whether it is sure that this machine's own network and node work, when somebody else is silent. */
export interface Connectivity {
  isSure(): Promise<boolean>;
}

/** Seconds: chains that go on make blocks more often. */
const FRESH = 120;
const PATIENCE = 10_000;
const MOST_HOSTS = 3;

/**
 * The chain must answer. If its newest block is fresh, the node hears others, and that is enough. If it is not, as on a chain that makes blocks only when there is something
 * to put in, another host must answer, anything at all; where no other is known, the chain alone has to do.
 *
 * @param others addresses of other hosts: endpoints of other providers, or what the operator names
 */
export function connectivityOf(
  provider: Provider,
  others: () => Promise<readonly string[]>,
  fetch: typeof globalThis.fetch = globalThis.fetch,
  now: () => number = () => Date.now() / 1_000,
): Connectivity {
  const answers = (url: string) =>
    fetch(url, { method: "HEAD", redirect: "manual", signal: AbortSignal.timeout(PATIENCE) }).then(
      () => true,
      () => false,
    );
  return {
    async isSure() {
      try {
        const block = await provider.getBlock("latest");
        if (block === null) return false;
        if (block.timestamp >= now() - FRESH) return true;
        const hosts = [...(await others())].sort(() => Math.random() - 0.5).slice(0, MOST_HOSTS);
        return hosts.length === 0 || (await Promise.all(hosts.map(answers))).includes(true);
      } catch {
        return false;
      }
    },
  };
}
