import { expect } from "chai";
import { beginDay } from "./acts/setup.ts";
import { Unexplained } from "./compare.ts";
import { available } from "./model/ledger.ts";
import { FULL_DAY, runDay, SHORT_DAY, type DayResult } from "./run-day.ts";

const isAudit = process.env.ATHANOR_AUDIT === "1";
const size = isAudit ? FULL_DAY : SHORT_DAY;

describe("a simulated day", function () {
  this.timeout(0);
  let result: DayResult;

  it("explains every balance, stake and lock by the specification alone, to the last unit, until everybody has left", async () => {
    result = await runDay({ ...size, seed: "1" });
    expect(result.compared > 0).to.equal(true);
    const left = Object.values(result.totals).map((sums) => sums.left);
    expect(left).to.deep.equal([0n, 0n, 0n]);
  });

  it("has seen as many requests as it was asked for", () => {
    expect(result.requests.channels + result.requests.jobs >= size.requests).to.equal(true);
  });

  it("has seen everything happen that is on its list", () => {
    const never = Object.entries(result.counts).filter(([, times]) => times === 0);
    expect(never).to.deep.equal([]);
  });

  it("says whose balance it cannot explain, with the seed and what happened to it", async () => {
    const day = await beginDay("another", { clients: 1, providers: 8 }, 0);
    try {
      await day.compare("before");
      const [mine, yours] = [available("mUSD", "client 1"), available("mUSD", "provider 1")];
      day.model.ledger.move(1n, mine, yours, "is taken");
      const failure = await day.compare("afterwards").then(
        () => undefined,
        (error: unknown) => error as Unexplained,
      );
      expect(failure).to.be.instanceOf(Unexplained);
      const found = failure!.differences.map(({ what, expected, actual }) => [what, actual - expected]);
      expect(found).to.deep.equal([
        [mine, 1n],
        [yours, -1n],
      ]);
      expect(failure!.message).to.match(/^seed another, afterwards: 2 numbers are not explained\n/);
      expect(failure!.message).to.include(`-1 to ${yours}: is taken`);
    } finally {
      await day.pool.close();
      await day.chain.close();
    }
  });
});
