import { expect } from "chai";
import { lastMoment } from "../moves.ts";
import { commitFrom } from "./measurements.ts";

describe("the time at which a checker commits to its reports", () => {
  for (const epochLength of [600, 3_600, 86_400, 604_800]) {
    for (const commitBefore of [null, 1_000, 86_400_000]) {
      it(`lies in the epoch, and before nothing is sent any more: epochs of ${epochLength} s, commitBefore ${commitBefore}`, () => {
        const context = { checkers: { epochLength }, settings: { commitBefore } };
        const from = commitFrom(context, { epoch: 1, startOf: (epoch) => epoch * epochLength });
        expect(from).to.be.greaterThan(1.5 * epochLength);
        expect(from).to.be.at.most(2 * epochLength - lastMoment(context) - 60);
      });
    }
  }
});
