import type { BeaconRound } from "@athanor/sdk/checkers";
import { expect } from "chai";
import { Rounds } from "./rounds.ts";

/** A beacon whose rounds were requested in these seconds. */
function beaconOf(seconds: readonly number[]) {
  const reads: bigint[] = [];
  const readRound = (round = BigInt(seconds.length)): Promise<BeaconRound | undefined> => {
    reads.push(round);
    const requestedAt = seconds[Number(round) - 1];
    const found =
      requestedAt === undefined ? undefined : { round, value: "0x01", requestedAt, blockNumber: 1 };
    return Promise.resolve(found);
  };
  return { rounds: new Rounds({ readRound }), reads };
}

describe("rounds of the beacon", () => {
  it("the first that was requested in a second or later decides, as a search from the first one on finds it", async () => {
    for (const length of [0, 1, 2, 3, 7, 64, 100]) {
      // Several in one second, and gaps.
      const seconds = Array.from(
        { length },
        (_, index) => 10 * Math.floor(index / 2) + (index % 3 === 0 ? 0 : 1),
      );
      seconds.sort((left, right) => left - right);
      for (let second = 0; second <= 10 * length + 2; second += 1) {
        const expected = seconds.findIndex((requestedAt) => requestedAt >= second);
        const found = await beaconOf(seconds).rounds.firstSince(second);
        expect(found?.round, `${length} rounds, second ${second}`).to.equal(
          expected < 0 ? undefined : BigInt(expected + 1),
        );
      }
    }
  });

  it("each is read once, and few are for what is young", async () => {
    const { rounds, reads } = beaconOf(Array.from({ length: 1_000 }, (_, index) => 10 * index));
    for (const second of [9_990, 9_989, 9_900, 9_900, 9_905]) await rounds.firstSince(second);
    expect(new Set(reads).size).to.equal(reads.length);
    expect(reads.length).to.be.lessThan(20);
  });
});
