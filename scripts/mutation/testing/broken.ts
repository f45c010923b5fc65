// A test that no contract passes.
import { expect } from "chai";

describe("a broken test", () => {
  it("fails", () => expect(1).to.equal(2));
});
