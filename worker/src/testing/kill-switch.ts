import type { JobStateName } from "../jobs/states.ts";
import type { Storage } from "../storage/storage.ts";
import type { RpcProvider } from "../chain/rpc.ts";

/** The instant at which a process dies: just after a state is on disk, or just after a transaction of a kind was sent. */
export type Death = { readonly after: JobStateName } | { readonly afterSending: number };

export class Killed extends Error {
  readonly code = "KILLED";
}

/** A connection that a dead process does not have any more. @param onSend is given what sending a transaction returned, and returns it */
export function mortalProvider(
  real: RpcProvider,
  isDead: () => boolean,
  onSend: (result: Promise<unknown>) => Promise<unknown>,
): RpcProvider {
  return new Proxy(real, {
    get: (target, name: keyof RpcProvider) => {
      const value = Reflect.get(target, name) as unknown;
      if (typeof value !== "function") return value;
      const method = value.bind(target) as (...values: unknown[]) => unknown;
      return (...values: unknown[]) => {
        if (isDead()) throw new Killed();
        const result = method(...values);
        return name === "broadcastTransaction" ? onSend(result as Promise<unknown>) : result;
      };
    },
  });
}

/**
 * Makes a daemon die like a killed process does: from that instant on it can neither write nor reach the chain, and nothing that
 * it was about to do happens.
 */
export class KillSwitch {
  private readonly death: Death;
  private sent = 0;
  isDead = false;

  constructor(death: Death) {
    this.death = death;
  }

  storage(real: Storage): Storage {
    let dying = false;
    let depth = 0;
    const settle = () => {
      // A write inside a transaction reaches the disk when the transaction ends.
      if (dying && depth === 0) this.isDead = true;
    };
    const noteState = (state: unknown) => {
      if ("after" in this.death && state === this.death.after) dying = true;
    };
    return new Proxy(real, {
      get: (target, name: keyof Storage) => {
        const method = target[name].bind(target) as (...values: unknown[]) => unknown;
        return (...values: unknown[]) => {
          if (this.isDead && name !== "close") throw new Killed();
          if (name === "atomically") depth++;
          let result: unknown;
          try {
            result = method(...values);
          } finally {
            if (name === "atomically") depth--;
          }
          if (name === "addJob") noteState("seen");
          if (name === "changeJob") noteState((values[1] as { state?: string }).state);
          settle();
          return result;
        };
      },
    });
  }

  provider(real: RpcProvider): RpcProvider {
    return mortalProvider(
      real,
      () => this.isDead,
      (result) => {
        if (!("afterSending" in this.death) || ++this.sent !== this.death.afterSending) return result;
        return result.finally(() => (this.isDead = true));
      },
    );
  }
}
