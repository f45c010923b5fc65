import { burstPositions, MOST_BURST_POSITIONS, MOST_BURST_REQUESTS } from "@athanor/sdk/channels";
import { expect } from "chai";
import { id } from "ethers";
import { sizeBurst, type BurstDemand } from "./size-burst.ts";

const demand: BurstDemand = {
  ...{ claim: 480_000_000_000n, workPerPosition: 7_000_000_000n, contextLength: 4_096 },
  ...{ requests: 8, seconds: 10 },
};
const sized = (changes: Partial<BurstDemand> = {}) => {
  const burst = sizeBurst({ ...demand, ...changes });
  return { ...burst, positions: burstPositions({ ...burst, seed: id(""), modelRoot: id("") }) };
};

describe("the size of a burst", () => {
  it("is what hardware that is as fast as claimed computes in the time", () => {
    // 480 billion / 7 billion × 10 s are 686 positions.
    const { count, promptTokens, outputTokens, positions } = sized();
    expect([count, promptTokens, outputTokens]).to.deep.equal([8, 76, 9]);
    expect(positions).to.be.within(670, 690);
  });

  it("grows with the claim in requests at once, then in their length, and ends where a provider refuses", () => {
    expect(sized({ claim: 480_000_000_000_000n })).to.include({
      count: 2_381,
      promptTokens: 255,
      outputTokens: 32,
    });
    const large = sized({ claim: 10n ** 18n });
    expect(large).to.include({ count: 3_641, promptTokens: 255, outputTokens: 32 });
    expect(large.positions).to.be.at.most(MOST_BURST_POSITIONS);
    const small = sized({ claim: 10n ** 18n, contextLength: 100 });
    expect(small.count).to.equal(MOST_BURST_REQUESTS);
    expect(small.promptTokens + small.outputTokens).to.be.at.most(100);
  });

  it("never has fewer requests than a report shows, nor one without prompt or answer", () => {
    expect(sized({ claim: 1n })).to.include({ count: 8, promptTokens: 1, outputTokens: 1 });
    expect(sized({ claim: 1n, requests: 64 })).to.include({ count: 64, promptTokens: 1, outputTokens: 1 });
    expect(sized({ workPerPosition: 0n }).positions).to.be.at.most(MOST_BURST_POSITIONS);
  });
});
