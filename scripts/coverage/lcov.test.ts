import { expect } from "chai";
import { parseLcov } from "./lcov.ts";

describe("parseLcov", () => {
  it("counts covered lines and names the missed ones, file by file", () => {
    const report = [
      "TN:",
      "SF:contracts/Vault.sol",
      "DA:10,3",
      "DA:11,0",
      "DA:12,1",
      "LH:2",
      "LF:3",
      "end_of_record",
      "TN:",
      "SF:contracts/AthToken.sol",
      "DA:7,2",
      "end_of_record",
      "",
    ].join("\n");
    expect(parseLcov(report)).to.deep.equal([
      { file: "contracts/Vault.sol", covered: 2, missed: [11] },
      { file: "contracts/AthToken.sol", covered: 1, missed: [] },
    ]);
  });

  it("finds nothing in an empty report", () => expect(parseLcov("")).to.deep.equal([]));
});
