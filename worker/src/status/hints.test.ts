import { expect } from "chai";
import { hintsOf, type Circumstances } from "./hints.ts";

const offer = {
  provider: "0xa",
  modelRoot: `0x${"ab".repeat(32)}`,
  token: "0xb",
  inputMicrocents: 1n,
  outputMicrocents: 100n,
  cheapestOther: null,
};
const fine: Circumstances = {
  ...{
    registered: true,
    convicted: false,
    hindrances: [],
    court: [],
    offers: [offer],
    roomForJobs: 3,
    openJobs: 0,
    daemonAlive: true,
    gasJobs: 100,
  },
  ...{ operator: "0xc", uris: ["https://models.example/"] },
};

describe("hintsOf", () => {
  const cases: readonly [name: string, found: Circumstances, ...hints: RegExp[]][] = [
    ["nothing is wrong", fine, /^Nothing keeps jobs away/],
    [
      "nobody registered",
      { ...fine, registered: false, daemonAlive: false },
      /^The provider is not registered/,
    ],
    ["it was convicted", { ...fine, convicted: true, offers: [] }, /^convicted: .*athanor provider leave/],
    [
      "it rests, and no daemon runs",
      {
        ...fine,
        daemonAlive: false,
        hindrances: [{ what: "the provider rests", remedy: "To take work again, run: x" }],
      },
      /^The provider rests\. To take work again, run: x$/,
      /^No daemon/,
    ],
    [
      "a penalty is announced",
      { ...fine, court: ["A penalty of 100 ATH is announced."] },
      /^A penalty of 100 ATH is announced\.$/,
    ],
    [
      "no daemon runs and no offer stands",
      { ...fine, daemonAlive: false, offers: [] },
      /^No daemon/,
      /^No offer/,
    ],
    ["open jobs bind all stake", { ...fine, roomForJobs: 0, openJobs: 4 }, /bound by 4 open jobs/],
    ["the stake is too small", { ...fine, roomForJobs: 0 }, /does not cover one job/],
    ["the operator has no coin", { ...fine, gasJobs: 0 }, /cannot pay for gas.*0xc/],
    ["clients cannot find the model", { ...fine, uris: [""] }, /without the address of its files/],
    ["others are cheaper", { ...fine, offers: [{ ...offer, cheapestOther: 60n }] }, /40 % cheaper/],
    [
      "others are dearer",
      { ...fine, offers: [{ ...offer, cheapestOther: 101n }] },
      /^Nothing keeps jobs away/,
    ],
  ];
  for (const [name, found, ...hints] of cases) {
    it(`says so when ${name}`, () => {
      const given = hintsOf(found);
      expect(given).to.have.length(hints.length);
      hints.forEach((hint, index) => expect(given[index]).to.match(hint));
    });
  }
});
