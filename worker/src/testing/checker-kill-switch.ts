import type { RpcProvider } from "../chain/rpc.ts";
import type { CheckerStorage } from "../checker/storage.ts";
import { Killed, mortalProvider } from "./kill-switch.ts";

/**
 * Makes a checker die like a killed process does: just after its n-th effect, from 1, which is a write to its database or a transaction that was sent. From that
 * instant on it can neither write nor reach the chain.
 */
export class CheckerKillSwitch {
  readonly #after: number;
  /** What it did so far: the names of writes, and "send". */
  readonly effects: string[] = [];
  isDead = false;

  constructor(after: number) {
    this.#after = after;
  }

  storage(real: CheckerStorage): CheckerStorage {
    return new Proxy(real, {
      get: (target, name: keyof CheckerStorage) => {
        if (name === "database") return target.database;
        const method = target[name].bind(target) as (...values: unknown[]) => unknown;
        return (...values: unknown[]) => {
          if (this.isDead) throw new Killed();
          const result = method(...values);
          // Notes and signs of life change nothing that is done.
          if (name.startsWith("put")) this.#count(name);
          return result;
        };
      },
    });
  }

  provider(real: RpcProvider): RpcProvider {
    return mortalProvider(
      real,
      () => this.isDead,
      (result) => result.finally(() => this.#count("send")),
    );
  }

  #count(effect: string): void {
    this.effects.push(effect);
    if (this.effects.length === this.#after) this.isDead = true;
  }
}
