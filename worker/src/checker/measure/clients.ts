import { AthanorClient } from "@athanor/sdk";
import { ChannelClient } from "@athanor/sdk/channels";
import { getAddress, type Wallet } from "ethers";
import { WorkerError } from "../../errors.ts";
import type { BuyerOptions } from "./options.ts";
import type { Plan } from "./store.ts";
import type { Stopwatch } from "./stopwatch.ts";

/** The SDK's clients of the buyer's accounts, connected when they are needed. */
export class Clients {
  readonly #options: BuyerOptions;
  readonly #stopwatch: Stopwatch;
  readonly #now: () => number;
  readonly #jobs = new Map<string, Promise<AthanorClient>>();
  readonly #channels = new Map<string, Promise<ChannelClient>>();

  /** @param now seconds since 1970 by the chain's clock */
  constructor(options: BuyerOptions, stopwatch: Stopwatch, now: () => number) {
    this.#options = options;
    this.#stopwatch = stopwatch;
    this.#now = now;
  }

  /** Whether this program has the key of an account. */
  has(account: string): boolean {
    return this.#wallet(account) !== undefined;
  }

  ofAccount(account: string): Promise<AthanorClient> {
    return remembered(this.#jobs, account, () => AthanorClient.connect(this.#connection(account)));
  }

  /** One for each plan, because each has channels of its own. */
  ofPlan(plan: Plan): Promise<ChannelClient> {
    const { store, allowInsecureEndpoints } = this.#options;
    return remembered(this.#channels, `${plan.epoch} ${plan.provider}`, () =>
      ChannelClient.connect({
        ...this.#connection(plan.account),
        ...{ allowInsecureEndpoints, store: store.sessions(plan), requestStore: store.privateRequests },
        ...{ fetch: this.#stopwatch.fetch, now: this.#now },
      }),
    );
  }

  /** Lets go of what belongs to a plan that is settled. */
  forget({ epoch, provider }: Plan): void {
    this.#channels.delete(`${epoch} ${provider}`);
  }

  #wallet(account: string): Wallet | undefined {
    return this.#options.accounts.find(({ address }) => address === account);
  }

  #connection(account: string) {
    const { provider, deployment, modelSource, pollingInterval, confirmations } = this.#options;
    const wallet = this.#wallet(account);
    if (wallet === undefined) throw new RangeError(`no key of the account ${account}`);
    const signer = wallet.connect(provider);
    return { signer, deployment, modelSource, pollingInterval, confirmations };
  }
}

/** A connection that failed is tried again. */
function remembered<Client>(
  clients: Map<string, Promise<Client>>,
  name: string,
  connect: () => Promise<Client>,
): Promise<Client> {
  const known = clients.get(name);
  if (known !== undefined) return known;
  const connecting = connect();
  clients.set(name, connecting);
  connecting.catch(() => clients.delete(name));
  return connecting;
}

/** @throws WorkerError CONFIG_INVALID without an account, or with one that is the checker's own */
export function requireBuyers(accounts: readonly Wallet[], notBuyers: readonly string[]): void {
  const own = accounts.find(({ address }) => notBuyers.some((other) => getAddress(other) === address));
  if (accounts.length === 0 || own !== undefined) {
    const found =
      own === undefined ? "There is no account that buys" : `${own.address} is an account of the checker`;
    throw new WorkerError("CONFIG_INVALID", `${found}: who asks a provider must not be known as a checker.`, {
      remedy:
        "Name keystores of other accounts under keys.buyerKeystores, and give them money that nothing links to the checker.",
      details: { account: own?.address },
    });
  }
}
