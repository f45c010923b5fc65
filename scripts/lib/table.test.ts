import { expect } from "chai";
import { formatTable } from "./table.ts";

describe("formatTable", () => {
  it("pads cells to the widest of their column and aligns numbers right", () => {
    const table = formatTable(
      [{ heading: "step" }, { heading: "gas", align: "right" }],
      [
        ["create", "101,203"],
        ["finalise", "9"],
      ],
    );
    expect(table.split("\n")).to.deep.equal([
      "step          gas",
      "────────  ───────",
      "create    101,203",
      "finalise        9",
    ]);
  });

  it("prints headings and rule alone when there are no rows", () => {
    expect(formatTable([{ heading: "a" }, { heading: "b" }], [])).to.equal("a  b\n─  ─");
  });

  it("refuses a row with a missing cell", () => {
    expect(() => formatTable([{ heading: "a" }, { heading: "b" }], [["1"]])).to.throw(
      RangeError,
      "a row has 1 cells, the table has 2 columns: 1",
    );
  });
});
