import { expect } from "chai";
import { fetchedVersion, isNewEnough } from "./node.mjs";

describe("isNewEnough", () => {
  for (const version of ["22.18.0", "22.21.1", "24.11.0", "24.21.0", "26.0.0", "27.1.0", fetchedVersion]) {
    it(`takes Node.js ${version}`, () => expect(isNewEnough(version)).to.equal(true));
  }
  for (const version of ["18.20.8", "20.20.2", "22.17.1", "23.11.0", "24.10.0", "25.9.0"]) {
    it(`does not take Node.js ${version}`, () => expect(isNewEnough(version)).to.equal(false));
  }
});
