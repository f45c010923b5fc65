import type { BeaconRound, Checkers } from "@athanor/sdk/checkers";

/** The beacon's rounds as one look at the chain finds them. Each is read once, however many results wait for it. */
export class Rounds {
  readonly #checkers: Pick<Checkers, "readRound">;
  readonly #known = new Map<bigint, Promise<BeaconRound>>();
  #latest: Promise<BeaconRound | undefined> | undefined;

  constructor(checkers: Pick<Checkers, "readRound">) {
    this.#checkers = checkers;
  }

  /** The last round; undefined before the first. */
  latest(): Promise<BeaconRound | undefined> {
    return (this.#latest ??= this.#checkers.readRound());
  }

  /** The first round that was requested in this second since 1970 or later, fixed or not: the one that decides. */
  async firstSince(second: number): Promise<BeaconRound | undefined> {
    const latest = await this.latest();
    if (latest === undefined || latest.requestedAt < second) return undefined;
    // Backwards in growing steps, since what waits is young; then by halves.
    let late = latest;
    let early = 0n;
    for (let step = 1n; late.round > 1n; step *= 2n) {
      const before = await this.#read(late.round > step ? late.round - step : 1n);
      if (before.requestedAt < second) {
        early = before.round;
        break;
      }
      late = before;
    }
    while (late.round - early > 1n) {
      const middle = await this.#read((late.round + early) / 2n);
      if (middle.requestedAt < second) early = middle.round;
      else late = middle;
    }
    return late;
  }

  #read(round: bigint): Promise<BeaconRound> {
    let found = this.#known.get(round);
    if (found === undefined) {
      found = this.#checkers.readRound(round).then((read) => {
        if (read === undefined) throw new Error(`the beacon has no round ${round} any more`);
        return read;
      });
      this.#known.set(round, found);
    }
    return found;
  }
}
