import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { InvalidArgumentError } from "commander";
import { decimalNumber, existingFile, existingFolder, positiveInteger } from "./arguments.ts";

describe("command-line arguments", () => {
  const folder = mkdtempSync(join(tmpdir(), "athanor-arguments-"));
  const file = join(folder, "text.txt");
  writeFileSync(file, "");
  after(() => rmSync(folder, { recursive: true }));

  it("accepts whole numbers above zero", () => {
    expect(positiveInteger("1")).to.equal(1);
    expect(positiveInteger("4096")).to.equal(4_096);
  });

  for (const text of ["0", "-1", "1.5", "1e3", "", "ten", "9007199254740993"]) {
    it(`refuses "${text}" as a number of things`, () => {
      expect(() => positiveInteger(text)).to.throw(InvalidArgumentError, "a whole number above zero");
    });
  }

  it("accepts decimal numbers", () => {
    expect(["0", "0.7", "12.50"].map(decimalNumber)).to.deep.equal([0, 0.7, 12.5]);
  });

  for (const text of ["-1", ".5", "1.", "1e3", "", "warm", "NaN"]) {
    it(`refuses "${text}" as a decimal number`, () => {
      expect(() => decimalNumber(text)).to.throw(InvalidArgumentError, "such as 0.7");
    });
  }

  it("tells files from folders", () => {
    expect(existingFile(file)).to.equal(file);
    expect(existingFolder(folder)).to.equal(folder);
    expect(() => existingFile(folder)).to.throw(InvalidArgumentError, "There is no such file.");
    expect(() => existingFolder(file)).to.throw(InvalidArgumentError, "There is no such folder.");
    expect(() => existingFolder(join(folder, "absent"))).to.throw(
      InvalidArgumentError,
      "There is no such folder.",
    );
  });
});
