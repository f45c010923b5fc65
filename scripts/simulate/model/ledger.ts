/** A place where units are, such as "ATH available to client 3". */
export type Place = string;

const REMEMBERED = 8;

/**
 * Every unit of every token, and where it is. Units only move from place to place, so nothing can appear or be lost here; what each place should hold is what the
 * chain is compared with.
 */
export class Ledger {
  readonly #units = new Map<Place, bigint>();
  readonly #events = new Map<Place, string[]>();
  /** Seconds since 1970, of the transaction that is being accounted for. */
  time = 0;

  /** Puts units where they are when the day begins. */
  begin(place: Place, amount: bigint): void {
    this.#units.set(place, this.at(place) + amount);
    this.#remember(place, `begins with ${amount}`);
  }

  at(place: Place): bigint {
    return this.#units.get(place) ?? 0n;
  }

  /** @throws RangeError where there are not that many: the model itself is wrong */
  move(amount: bigint, from: Place, to: Place, why: string): void {
    const left = this.at(from) - amount;
    if (amount < 0n || left < 0n) throw new RangeError(`${why}: ${from} has ${this.at(from)}, not ${amount}`);
    if (amount === 0n) return;
    this.#units.set(from, left);
    this.#units.set(to, this.at(to) + amount);
    this.#remember(from, `-${amount} to ${to}: ${why}`);
    this.#remember(to, `+${amount} from ${from}: ${why}`);
  }

  /** All places of which the name begins so. */
  placesOf(prefix: string): Place[] {
    return [...this.#units.keys()].filter((place) => place.startsWith(prefix));
  }

  /** What all places hold together of which the name begins so. */
  sumOf(prefix: string): bigint {
    return this.placesOf(prefix).reduce((sum, place) => sum + this.at(place), 0n);
  }

  /** The last that happened at a place, the latest last. */
  eventsOf(place: Place): readonly string[] {
    return this.#events.get(place) ?? [];
  }

  #remember(place: Place, event: string): void {
    const events = this.#events.get(place) ?? [];
    events.push(`at ${this.time}: ${event}`);
    if (events.length > REMEMBERED) events.shift();
    this.#events.set(place, events);
  }
}

/** Outside the vault. */
export const wallet = (token: string, owner: string): Place => `${token} wallet of ${owner}`;
/** In the vault, free. */
export const available = (token: string, owner: string): Place => `${token} available to ${owner}`;
/** In the vault, bound. */
export const escrowed = (token: string, owner: string): Place => `${token} escrowed of ${owner}`;
export const staked = (owner: string): Place => `staked by ${owner}`;
export const unbonding = (owner: string): Place => `unbonding of ${owner}`;
export const burnt = (token: string): Place => `${token} burnt`;
/** The chain's coin, wei. What the dispute game owes is part of what it has. */
export const coin = (owner: string): Place => `coin of ${owner}`;
/** The part of the game's coin that an owner may withdraw. */
export const credit = (owner: string): Place => `coin credited to ${owner}`;
/** The part of the game's coin that is bonds. */
export const bonds = "coin bonded";
